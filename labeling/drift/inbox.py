"""What waits in the inbox of issues: open issues whose new events look unlike the labelled ones."""

from collections.abc import Sequence
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from ingest.models import Project, User
from issues.inbox.items import MOST_OF_KIND, Item, Kind, register_kind
from issues.models.issues import State
from labeling.models import Drift

DRIFT = "drift"


def waiting_drifts(project: Project, user: User | None) -> list[Item]:
    rows = Drift.objects.filter(
        project=project, found_at__isnull=False, reviewed_at=None, issue__state=State.OPEN
    )
    return [_item(project, row) for row in rows.select_related("issue").order_by("-found_at")[:MOST_OF_KIND]]


def _item(project: Project, row: Drift) -> Item:
    assert row.found_at is not None
    path = reverse("issue-review", args=[project.slug, row.issue.number])
    why = f"{row.in_words} Answer some of them: the queue asks."
    return Item(DRIFT, str(row.issue.number), row.issue.title, path, DRIFT, why, row.found_at, row.issue_id)


def review_drifts(project: Project, keys: Sequence[str], user: User | None) -> tuple[int, UUID | None]:
    """They leave the inbox, and come back when an issue that had recovered drifts anew."""
    numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 10]
    rows = Drift.objects.filter(
        project=project, issue__number__in=numbers, found_at__isnull=False, reviewed_at=None
    )
    return rows.update(reviewed_at=timezone.now()), None


def register() -> None:
    register_kind(Kind(DRIFT, waiting_drifts, review_drifts))
