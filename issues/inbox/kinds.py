"""The kinds of this app: issues that changed by themselves or are new, problems that emerge, and notes that name somebody."""

import uuid
from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone

from ingest.models import Project, User
from issues.inbox.items import MOST_OF_KIND, Item, Kind, read_ids, register_kind
from issues.models import Activity, Issue, Mention
from issues.models.activity import ActivityKind
from issues.models.issues import Review, State
from issues.states.doors import apply_to_many
from issues.states.transitions import Action
from issues.states.words import words_for
from signals.clusters.changing import change_cluster
from signals.models import Cluster, ClusterKind, ClusterStatus

EMERGING, MENTIONED = "emerging", "mentioned"
MOST_WORDS = 300


def waiting_issues(project: Project, user: User | None) -> list[Item]:
    """Without the new issues that this person has opened: who opened one has seen it."""
    found = Issue.objects.in_project(project).filter(state=State.OPEN).exclude(review="")
    if user:
        found = found.exclude(review=Review.NEW, created_by=user)
    rows = list(found.select_related("created_by").order_by("-substate_changed_at")[:MOST_OF_KIND])
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


def emerging_problems(project: Project, user: User | None) -> list[Item]:
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
    rows = list(Cluster.objects.filter(project=project, pk__in=read_ids(keys), status=ClusterStatus.NEW))
    for row in rows:
        change_cluster(cluster=row, status=ClusterStatus.KNOWN)
    return len(rows), None


def mentions(project: Project, user: User | None) -> list[Item]:
    """Notes that name this person, and that were not seen."""
    rows = Mention.objects.filter(user=user, seen_at=None, activity__issue__project=project)
    rows = rows.select_related("activity__issue", "activity__actor").order_by("-activity__created_at")
    return [_mention_item(project, row) for row in rows[:MOST_OF_KIND]] if user else []


def _mention_item(project: Project, row: Mention) -> Item:
    note, issue = row.activity, row.activity.issue
    who = note.actor.username if note.actor else "A program"
    words = " ".join(note.data["text"].split())
    path = reverse("issue", args=[project.slug, issue.number])
    return Item(
        "mention",
        str(row.pk),
        issue.title,
        path,
        MENTIONED,
        f"{who}: {words}"[:MOST_WORDS],
        note.created_at,
        issue.pk,
    )


def review_mentions(project: Project, keys: Sequence[str], user: User | None) -> tuple[int, uuid.UUID | None]:
    """Only one's own."""
    rows = Mention.objects.filter(
        pk__in=read_ids(keys), user=user, seen_at=None, activity__issue__project=project
    )
    return (rows.update(seen_at=timezone.now()) if user else 0), None


def register() -> None:
    register_kind(Kind("mention", mentions, review_mentions))
    register_kind(Kind("issue", waiting_issues, review_issues))
    register_kind(Kind("cluster", emerging_problems, review_problems))
