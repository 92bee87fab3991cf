"""Merging an issue into another, and taking it out again.

A merged issue keeps all that is its own: number, definitions, labels, history, matches and their counts; its classifier or its source goes on
deciding. Only its state is `merged`, so that it is in no list, asks for nothing and is told of to nobody. What matches it matches the other one
too (issues/classifier/merged_issues.py).
"""

import uuid
from typing import Any

from django.db import transaction

from ingest.counts import rollups
from ingest.models import Job, User
from issues.classifier.merged_issues import join_history
from issues.merging.history import refill
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.states.doors import merge_state, unmerge_state
from raindrop import live


class CannotMerge(Exception):
    """The two cannot be merged, or the issue is not merged. The message is meant for people. `conflicts`: it is not wrong by itself, but the
    state of an issue does not allow it now."""

    def __init__(self, message: str, *, conflicts: bool) -> None:
        super().__init__(message)
        self.conflicts = conflicts


def merge_issue(
    *, issue: Issue, into: Issue, user: User | None, reason: dict[str, Any] | None = None
) -> Job | None:
    """Returns the job that gives `into` the matches, None where they are few and it has them. Raises CannotMerge."""
    _merge(issue, into, user, reason or {})
    return refill(into, matches=rollups.totals([issue.pk])[issue.pk].events, user=user)


def unmerge_issue(*, issue: Issue, user: User | None, reason: dict[str, Any] | None = None) -> Job | None:
    """The issue is as it was before it was merged, with what has matched it since. Returns the job that takes its matches off the other one,
    None where that is done. Raises CannotMerge."""
    into = _unmerge(issue, user, reason or {})
    return refill(into, matches=rollups.totals([issue.pk])[issue.pk].events, user=user)


@transaction.atomic
def _merge(issue: Issue, into: Issue, user: User | None, reason: dict[str, Any]) -> None:
    if issue.pk == into.pk:
        raise CannotMerge("An issue cannot be merged into itself.", conflicts=False)
    if issue.project_id != into.project_id:
        raise CannotMerge("Issues of two projects cannot be merged.", conflicts=False)
    locked = _lock(issue, into)
    child, parent = locked[issue.pk], locked[into.pk]
    if child.merged_into_id is not None:
        raise CannotMerge(f"#{child.number} is merged already. Take it out first.", conflicts=True)
    if parent.merged_into_id is not None:
        raise CannotMerge(
            f"#{parent.number} is itself merged into another issue. Merge into that one.", conflicts=True
        )
    total = rollups.totals([child.pk])[child.pk]
    both = IssueMatch.objects.filter(
        issue=child, event__in=IssueMatch.objects.filter(issue=parent).values("event")
    )
    merge_state(issue=child, into=parent, user=user, reason=reason)
    _note(
        parent, ActivityKind.MERGED, child, user, {**reason, "events": total.events, "users": total.users, "together": both.count()}
    )  # fmt: skip


@transaction.atomic
def _unmerge(issue: Issue, user: User | None, reason: dict[str, Any]) -> Issue:
    child = Issue.objects.select_for_update().get(pk=issue.pk)
    if child.merged_into is None:
        raise CannotMerge(f"#{child.number} is not merged into another issue.", conflicts=True)
    parent = child.merged_into
    unmerge_state(issue=child, user=user, reason=reason)
    _note(parent, ActivityKind.UNMERGED, child, user, reason)
    return parent


def let_go(issue_id: uuid.UUID) -> None:
    """The issue is about to be deleted, in this transaction: those that are merged into it are issues of their own again, and the one that
    it is merged into loses its matches."""
    issue = Issue.objects.select_related("merged_into").get(pk=issue_id)
    for child in Issue.objects.select_for_update().filter(merged_into=issue).order_by("pk"):
        unmerge_state(
            issue=child, user=None, reason={"why": f"#{issue.number}, which it was merged into, was deleted."}
        )
    if issue.merged_into is not None:
        parent = issue.merged_into
        unmerge_state(issue=issue, user=None, reason={})
        for _ in join_history(parent):
            pass


def _lock(*issues: Issue) -> dict[uuid.UUID, Issue]:
    """In the order in which every writer of matches takes them."""
    rows = Issue.objects.select_for_update().filter(pk__in=[issue.pk for issue in issues]).order_by("pk")
    return {row.pk: row for row in rows}


def _note(issue: Issue, kind: ActivityKind, other: Issue, user: User | None, data: dict[str, Any]) -> None:
    told = {"issue": other.number, "title": other.title, **data}
    Activity.objects.create(issue=issue, kind=kind, actor=user, data=told)
    live.changed([issue.project_id])
