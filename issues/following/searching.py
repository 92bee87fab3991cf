"""A deep search that a person starts from a signal, a cluster or a query: the issue learns from labels, and what it started from finds candidates.

What remembers the start is an upper app, which registers itself here when it is ready.
"""

from collections.abc import Callable

from django.db import transaction

from ingest.models import Project, User
from issues.actions import create_issue
from issues.following.sources import Source
from issues.models import Issue

_kept_by: list[Callable[[Issue, Source], object]] = []


def when_search_starts(keep: Callable[[Issue, Source], object]) -> None:
    """`keep(issue, source)` runs in the transaction that makes the issue. For `AppConfig.ready()`."""
    if keep not in _kept_by:
        _kept_by.append(keep)


@transaction.atomic
def begin_search(
    *, project: Project, title: str, description: str, source: Source | None, user: User | None
) -> Issue:
    """A new issue that a classifier decides, its search started from `source` (None or one without a kind: from the text alone)."""
    issue = create_issue(project=project, title=title, description=description, user=user)
    if source is not None and source.kind:
        for keep in _kept_by:
            keep(issue, source)
    return issue
