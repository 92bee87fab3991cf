"""Issues and problems that hold on the same events as an issue."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Min

from issues.models import Issue, IssueMatch
from issues.models.issues import State
from signals.models import Cluster, ClusterKind, ClusterMember

SHOWN = 5
LEAST = 3  # events together
SAME = 0.8  # of the events of each: then the two may be one problem


@dataclass(frozen=True, slots=True)
class RelatedIssue:
    """`together`: of the newest matches of the issue, those that the other one holds on too; `share` of them. `share_of_other`: of the other's
    matches of the same time; None where they are fewer than SAME of one of the two, so that nobody is told that they may be one problem."""

    issue: Issue
    together: int
    share: float
    share_of_other: float | None

    @property
    def may_be_same(self) -> bool:
        return self.share_of_other is not None


def related_issues(issue: Issue, newest: Sequence[uuid.UUID]) -> list[RelatedIssue]:
    """Most events together first. `newest`: events of the issue's newest matches."""
    rows = IssueMatch.objects.filter(project=issue.project_id, event__in=newest).exclude(issue=issue)
    rows = rows.exclude(issue__state=State.MERGED)
    together = dict(
        rows.values("issue").annotate(n=Count("id")).order_by("-n").values_list("issue", "n")[:SHOWN]
    )
    others = Issue.objects.in_bulk([pk for pk, n in together.items() if n >= LEAST])
    return [
        RelatedIssue(others[pk], n, n / len(newest), _share_of_other(issue, others[pk], newest, n))
        for pk, n in together.items()
        if pk in others
    ]


def _share_of_other(issue: Issue, other: Issue, newest: Sequence[uuid.UUID], together: int) -> float | None:
    """At most together / SAME of its matches are counted: with more of them the two are not the same."""
    if together < SAME * len(newest):
        return None
    matches = IssueMatch.objects.filter(issue=other)
    # Older matches of an issue that has more than the newest were not compared: neither are the other's.
    older = IssueMatch.objects.filter(issue=issue).order_by("-timestamp", "-id")[len(newest) :]
    if older.exists():
        own = IssueMatch.objects.filter(issue=issue, event__in=newest)
        matches = matches.filter(timestamp__gte=own.aggregate(first=Min("timestamp"))["first"])
    enough = int(together / SAME)
    n = matches[: enough + 1].count()
    return together / n if 0 < n <= enough else None


def related_problems(issue: Issue, newest: Sequence[uuid.UUID]) -> list[tuple[Cluster, int]]:
    """The clusters of problems that most of these events are in; not the one that the issue follows."""
    rows = ClusterMember.objects.filter(
        project=issue.project_id, event__in=newest, cluster__kind=ClusterKind.PROBLEM, cluster__is_gone=False
    ).exclude(cluster=issue.cluster_id)
    counts = dict(
        rows.values("cluster")
        .annotate(n=Count("event", distinct=True))
        .order_by("-n")
        .values_list("cluster", "n")[:SHOWN]
    )
    clusters = Cluster.objects.in_bulk([pk for pk, n in counts.items() if n >= LEAST])
    return [(clusters[pk], n) for pk, n in counts.items() if pk in clusters]
