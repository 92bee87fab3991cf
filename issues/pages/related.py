"""Issues and problems that hold on the same events as an issue."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from issues.models import Issue, IssueMatch
from issues.models.issues import State
from signals.models import Cluster, ClusterKind, ClusterMember

SHOWN = 5
LEAST = 3  # events together
SAME = 0.8  # of the events of both: then the two may be one problem


@dataclass(frozen=True, slots=True)
class RelatedIssue:
    """`together`: of the newest matches of the issue, those that the other one holds on too; `share` of them."""

    issue: Issue
    together: int
    share: float
    may_be_same: bool


def related_issues(issue: Issue, newest: Sequence[uuid.UUID]) -> list[RelatedIssue]:
    """Most events together first. `newest`: events of the issue's newest matches."""
    rows = IssueMatch.objects.filter(project=issue.project_id, event__in=newest).exclude(issue=issue)
    rows = rows.exclude(issue__state=State.MERGED)
    together = dict(
        rows.values("issue").annotate(n=Count("id")).order_by("-n").values_list("issue", "n")[:SHOWN]
    )
    others = Issue.objects.with_counts().in_bulk([pk for pk, n in together.items() if n >= LEAST])
    found = []
    for pk, n in together.items():
        if other := others.get(pk):
            share = n / len(newest)
            total: int = getattr(other, "events", 0)
            found.append(RelatedIssue(other, n, share, share >= SAME and n >= SAME * min(total, len(newest))))
    return found


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
