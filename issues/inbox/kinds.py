"""The kinds of this app: issues that changed by themselves or are new, and problems that emerge."""

import uuid
from collections.abc import Sequence

from django.urls import reverse

from ingest.models import Project, User
from issues.inbox.items import MOST_OF_KIND, Item, Kind, register_kind
from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from issues.models.issues import Review, State
from issues.states.doors import apply_to_many
from issues.states.transitions import Action
from issues.states.words import words_for
from signals.clusters.changing import change_cluster
from signals.models import Cluster, ClusterKind, ClusterStatus

EMERGING = "emerging"


def waiting_issues(project: Project) -> list[Item]:
    rows = list(
        Issue.objects.in_project(project)
        .filter(state=State.OPEN)
        .exclude(review="")
        .select_related("created_by")
        .order_by("-substate_changed_at")[:MOST_OF_KIND]
    )
    changes = Activity.objects.filter(issue__in=rows, kind=ActivityKind.STATE, actor=None)
    last = {entry.issue_id: entry for entry in changes.order_by("issue_id", "-id").distinct("issue_id")}
    return [_issue_item(project, issue, last.get(issue.pk)) for issue in rows]


def _issue_item(project: Project, issue: Issue, change: Activity | None) -> Item:
    if change is not None and issue.review != Review.NEW:
        why, at = words_for(change.data), change.created_at
    else:
        by = f" by {issue.created_by.username}" if issue.created_by else ""
        why, at = f"It was opened{by}, and nobody has marked it as seen.", issue.created_at
    path = reverse("issue", args=[project.slug, issue.number])
    return Item("issue", str(issue.number), issue.title, path, issue.review, why, at, issue.pk)


def review_issues(project: Project, keys: Sequence[str], user: User | None) -> tuple[int, uuid.UUID | None]:
    numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 10]
    batch = apply_to_many(Issue.objects.in_project(project).filter(number__in=numbers), Action.SETTLE, user)
    return len(batch.changed), batch.undo if batch.changed else None


def emerging_problems(project: Project) -> list[Item]:
    rows = Cluster.objects.filter(
        project=project, kind=ClusterKind.PROBLEM, is_emerging=True, is_gone=False, status=ClusterStatus.NEW
    ).order_by("-refreshed_at")[:MOST_OF_KIND]
    return [
        Item(
            "cluster", str(row.pk), row.plain_label, reverse("cluster", args=[project.slug, row.pk]), EMERGING,
            row.emerging_reason or "It is met by more users than before.", row.refreshed_at, row.pk,
        )
        for row in rows
    ]  # fmt: skip


def review_problems(project: Project, keys: Sequence[str], user: User | None) -> tuple[int, uuid.UUID | None]:
    """They are known from now on. `user` is not kept: a cluster has no history of people."""
    ids = []
    for key in keys:
        try:
            ids.append(uuid.UUID(key))
        except ValueError:
            continue
    rows = list(Cluster.objects.filter(project=project, pk__in=ids, status=ClusterStatus.NEW))
    for row in rows:
        change_cluster(cluster=row, status=ClusterStatus.KNOWN)
    return len(rows), None


def register() -> None:
    register_kind(Kind("issue", waiting_issues, review_issues))
    register_kind(Kind("cluster", emerging_problems, review_problems))
