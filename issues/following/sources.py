"""What an issue may follow: read from what a caller asks for, checked, and written down again."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from ingest.models import Project
from issues.models import Issue
from issues.models.issues import Follows
from signals.catalogue.installing import ensure_signals
from signals.explicit.sent import signal_key
from signals.models import Cluster, SignalDefinition
from signals.search.binding import HAS, bind
from signals.search.fields.columns import Time
from signals.search.fields.registry import find_field
from signals.search.finding import check_patterns
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Ago, And, Comparison, Leaf, Meaning, Node, Text, leaves
from signals.search.language.parsing import parse
from signals.search.scope import Scope
from signals.taxonomy.joining import joined_to

ISSUE = "issue"  # the field of the query language by which a query names an issue
PASSING = "state"  # how far the pipeline is: over before a match could be counted
MOST_MERGES = 20  # of a cluster into another, in a row


class UnknownSource(ValueError):
    """There is no such signal or cluster in the project. The message is meant for people."""


@dataclass(frozen=True, slots=True)
class Source:
    """Of the three, what `kind` names is set; of CLASSIFIER none."""

    kind: Follows = Follows.CLASSIFIER
    signal: SignalDefinition | None = None
    cluster: Cluster | None = None
    query: str = ""

    @property
    def name(self) -> str:
        """As it is remembered when the signal or the cluster is deleted."""
        return self.signal.key if self.signal else str(self.cluster.pk) if self.cluster else ""


def read_source(project: Project, choice: Mapping[str, Any] | None, *, issue: Issue | None = None) -> Source:
    """`choice`: {"signal": KEY}, {"query": TEXT}, {"cluster": ID}, or None for a classifier. `issue`: the one that is to follow it, where it is
    there already. Raises UnknownSource and QueryError."""
    if choice is None:
        return Source()
    [(kind, value)] = choice.items()
    if kind == Follows.SIGNAL:
        return Source(Follows.SIGNAL, signal=find_signal(project, value))
    if kind == Follows.CLUSTER:
        return Source(Follows.CLUSTER, cluster=find_cluster(project, value))
    check_query(project, value, issue=issue)
    return Source(Follows.QUERY, query=value.strip())


def find_signal(project: Project, key: str) -> SignalDefinition:
    """By its key, its id, or the name that the app sends; a name that is joined to a built-in signal is that signal. Raises
    UnknownSource."""
    ensure_signals(project)  # a project that has no event yet
    key = key.replace("\x00", "")
    mine = SignalDefinition.objects.filter(project=project)
    found = mine.filter(key=key).first() or _by_id(mine, key)
    if found is None and (short := signal_key(key)):
        found = mine.filter(key=f"{short}_sent").first() or mine.filter(key=short).first()
    if found is None:
        raise UnknownSource(f"There is no signal {key[:80]!r} in this project.")
    joined = joined_to(found)
    return (mine.filter(key=joined).first() if joined else None) or found


def find_cluster(project: Project, key: str) -> Cluster:
    """By its id; one that was merged is the one that it was merged into. Raises UnknownSource."""
    found: Cluster | None = _by_id(Cluster.objects.filter(project=project), key)
    if found is None:
        raise UnknownSource(f"There is no cluster {key[:80]!r} in this project.")
    return as_merged(found)


def as_merged(cluster: Cluster) -> Cluster:
    for _ in range(MOST_MERGES):
        if cluster.merged_into is None:
            break
        cluster = cluster.merged_into
    return cluster


def _by_id(rows: Any, key: str) -> Any:
    try:
        return rows.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        return None


# -- queries


def check_query(project: Project, query: str, *, issue: Issue | None = None) -> Node:
    """The query's tree. Raises QueryError for one that is empty, is wrong, moves with the clock, or comes back to the issue itself."""
    node = parse(query)
    if node == And():
        raise QueryError("An empty query finds every event: write what the issue is about.")
    check_patterns(node)
    now = timezone.now()
    scope = Scope(project, now=now)
    later = Scope(project, now=now + dt.timedelta(days=400, hours=1))
    for leaf, _ in leaves(node):
        start, end = leaf.span
        if isinstance(leaf, Meaning):
            raise QueryError(
                "A meaning finds what is near it, and that is too loose to decide: an issue needs conditions, such as words or signal:x.",
                start=start,
                end=end,
            )
        bound = bind(leaf, scope)
        if isinstance(leaf, Ago) or _moves(leaf, bound, bind(leaf, later)):
            raise QueryError(
                "This moves with the clock, and an issue keeps its history: write a date, such as since:2026-11-01.",
                start=start,
                end=end,
            )
        if _names(leaf, PASSING):
            raise QueryError(
                f"{PASSING} says how far the pipeline is, which is over before an issue is counted.",
                start=start,
                end=end,
            )
        if issue is not None and _comes_back(leaf, issue, {issue.pk}):
            raise QueryError(
                f"The query asks for this issue itself (issue:{issue.number}), so that nothing would decide it.",
                start=start,
                end=end,
            )
    return node


def _moves(leaf: Leaf, now: list[Any], later: list[Any]) -> bool:
    return any(isinstance(one.field, Time) for one in now) and [one.tests for one in now] != [
        one.tests for one in later
    ]


def _names(leaf: Leaf, field: str) -> bool:
    """Whether the condition is one on that field, or asks whether an event has it."""
    if not isinstance(leaf, Comparison):
        return False
    names = [leaf.name]
    if leaf.name.lower() == HAS:
        names = [value.text for value in leaf.values if isinstance(value, Text)]
    return any(found[0].name == field for name in names if (found := find_field(name)))


def asks_for_issues(query: str) -> bool:
    """Whether what the query finds depends on other issues' matches. A query that is wrong by now depends on none."""
    try:
        return any(_names(leaf, ISSUE) for leaf, _ in leaves(parse(query)))
    except QueryError:
        return False


def _holds_still(query: str, scope: Scope) -> bool:
    """Whether all that the query names is there."""
    try:
        for leaf, _ in leaves(parse(query)):
            bind(leaf, scope)
    except QueryError:
        return False
    return True


def _comes_back(leaf: Leaf, issue: Issue, seen: set[uuid.UUID]) -> bool:
    if not _names(leaf, ISSUE):
        return False
    assert isinstance(leaf, Comparison)
    if leaf.name.lower() == HAS:
        return True  # of any issue, this one among them
    for other in _issues_of(leaf, issue):
        if other.pk == issue.pk:
            return True
        if other.pk not in seen and other.follows == Follows.QUERY:
            seen.add(other.pk)
            if any(_comes_back(part, issue, seen) for part, _ in leaves(parse(other.query))):
                return True
    return False


def _issues_of(leaf: Comparison, issue: Issue) -> Iterator[Issue]:
    numbers = [value.text.rpartition("-")[2].lstrip("#") for value in leaf.values if isinstance(value, Text)]
    yield from Issue.objects.filter(
        project=issue.project_id, number__in=[int(number) for number in numbers if number.isdecimal()]
    )


# -- writing it down


def follows_item(issue: Issue, scope: Scope) -> dict[str, Any] | None:
    """As the API takes it, with `gone` where there is nothing to follow any more. The issue with its signal and its cluster loaded."""
    if not issue.follows:
        return None
    if issue.follows == Follows.QUERY:
        return {"query": issue.query} | ({} if _holds_still(issue.query, scope) else {"gone": True})
    if issue.follows == Follows.SIGNAL:
        key = issue.signal.key if issue.signal else issue.follows_name
        return {"signal": key} | ({} if issue.signal else {"gone": True})
    gone = issue.cluster is None or as_merged(issue.cluster).is_gone
    return {"cluster": issue.follows_name} | ({"gone": True} if gone else {})
