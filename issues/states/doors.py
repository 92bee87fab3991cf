"""The doors through which a state changes: one issue, many at once, and back again.

Each change, whoever makes it, writes an Activity, whose data say why and how often the issue had happened by then, and is told to the
observers (`on_change`): they write alerts and the rows of escalations. The activity's actor is null when the system or a program made it.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.counts import rollups
from ingest.models import Project, User
from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from issues.models.issues import IssueQuerySet, State, Substate
from issues.states.terms import MuteTerms, ResolveTerms
from issues.states.transitions import (
    ASKS,
    Action,
    IllegalTransition,
    Status,
    after,
    legal,
    review_after,
)
from issues.states.words import words_for
from raindrop import live
from raindrop.ids import new_id

Terms = MuteTerms | ResolveTerms
UNDO = "undo"  # the action in an activity's data
UNMERGE = "unmerge"  # likewise
UNDO_WITHIN = dt.timedelta(days=1)
_FIELDS = (
    "state", "substate", "terms", "review", "state_changed_at", "substate_changed_at", "updated_at", "merged_into",
)  # fmt: skip


def status_of(issue: Issue) -> Status:
    return Status(State(issue.state), issue.substate if issue.state == State.OPEN else "")


def mute_terms(issue: Issue) -> MuteTerms:
    return MuteTerms.from_json(issue.terms if issue.state == State.MUTED else {})


def resolve_terms(issue: Issue) -> ResolveTerms:
    return ResolveTerms.from_json(issue.terms if issue.state == State.RESOLVED else {})


def legal_actions(issue: Issue) -> list[Action]:
    """What a person may do now, for the buttons."""
    return legal(status_of(issue), review=issue.review)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one issue; `by` None: the system's, or a program's. `words`: why, for people."""

    issue: Issue
    before: Status
    after: Status
    by: User | None
    activity: Activity
    words: str

    @property
    def is_undone(self) -> bool:
        """An earlier change is taken back."""
        return self.activity.data["action"] in (UNDO, UNMERGE)


_observers: list[Callable[[Change], None]] = []


def on_change(tell: Callable[[Change], None]) -> None:
    """`tell(change)` runs in the transaction of each change: for rooms above this one. For `AppConfig.ready()`."""
    _observers.append(tell)


# -- the door for one


def regress_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: opens an issue that is (still) resolved; False when somebody else was first."""
    return change_by_system(issue=issue, action=Action.REGRESS, reason=reason)


def escalate_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: an open issue, or one that is muted until it escalates, is escalating. False where that does not apply, as to one
    that is escalating already. `reason`: the numbers, and `why` in a sentence for people."""
    return change_by_system(issue=issue, action=Action.ESCALATE, reason=reason)


def subside_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: ends an escalation; False when it has ended otherwise."""
    return change_by_system(issue=issue, action=Action.SUBSIDE, reason=reason)


def change_by_system(*, issue: Issue, action: Action, reason: dict[str, Any]) -> bool:
    """False when the action does not apply (any more)."""
    try:
        apply_action(issue=issue, action=action, user=None, reason=reason)
    except IllegalTransition:
        return False
    return True


@transaction.atomic
def apply_action(
    *,
    issue: Issue,
    action: Action,
    user: User | None,
    substate: Substate | None = None,
    reason: dict[str, Any] | None = None,
    terms: Terms | None = None,
) -> Issue:
    """Any action, on the row as it now stands; `issue` is brought up to date. `terms`: of a muting or a resolution. `reason`: what the activity
    keeps of it; `via` names the program that acts. Raises IllegalTransition."""
    # no_key: scoring holds a key lock on the row while it writes matches (issues/classifier/matching.py), and need not wait.
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    [changed] = _apply([locked], action, user=user, substate=substate, reason=reason, terms=terms)
    for field in _FIELDS:
        setattr(issue, field, getattr(changed, field))
    return issue


# -- the door for many


@dataclass(frozen=True, slots=True)
class Batch:
    """What an action on many issues came to. `undo` takes all of it back at once."""

    undo: uuid.UUID
    changed: list[Issue]
    refused: list[Issue]  # those to which it does not apply


@transaction.atomic
def apply_to_many(
    issues: IssueQuerySet | Sequence[Issue],
    action: Action | str,
    user: User | None,
    *,
    terms: Terms | None = None,
    reason: dict[str, Any] | None = None,
) -> Batch:
    """The action on each issue to which it applies. `reason`: as of `apply_action`."""
    action = Action(action)
    ids = [issue.pk for issue in issues]  # a frozen list of ids: what the person saw
    locked = list(Issue.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    fits = {issue.pk for issue in locked if _applies(issue, action)}
    changed = [issue for issue in locked if issue.pk in fits]
    batch = new_id()
    _apply(changed, action, user=user, terms=terms, reason=reason, batch=batch)
    return Batch(batch, changed, [issue for issue in locked if issue.pk not in fits])


@transaction.atomic
def undo_many(
    *, project: Project, batch: uuid.UUID, user: User | None, reason: dict[str, Any] | None = None
) -> tuple[list[Issue], list[Issue]]:
    """Takes an action on many back: (the issues that are as they were before, those that changed again since and stay). Two empty lists
    for a batch that is not of this project, is older than a day, or is taken back already."""
    since = timezone.now() - UNDO_WITHIN
    done = {
        entry.issue_id: entry
        for entry in Activity.objects.filter(batch=batch, issue__project=project, created_at__gte=since)
    }
    locked = list(Issue.objects.select_for_update(no_key=True).filter(pk__in=done).order_by("pk"))
    last = {
        entry.issue_id: entry
        for entry in Activity.objects.filter(issue__in=locked, kind=ActivityKind.STATE).order_by("id")
    }
    undone, kept = [], []
    for issue in locked:
        entry = last[issue.pk]
        if entry.pk == done[issue.pk].pk:
            undone.append(issue)
        elif entry.data.get("undoes") != str(batch):
            kept.append(issue)
    now, changes, happened = timezone.now(), [], _happened(undone)
    for issue in undone:
        why = {**(reason or {}), "undoes": str(batch), **happened[issue.pk]}
        changes.append(_as_before(issue, done[issue.pk], UNDO, user, now, reason=why))
    _store(undone, changes)
    return undone, kept


def _as_before(
    issue: Issue, done: Activity, action: str, user: User | None, now: dt.datetime, *, reason: dict[str, Any]
) -> Change:
    """As the issue was before the change that `done` tells of. What happened in between is looked at as if it had never changed, hence
    the time of then."""
    before, was = status_of(issue), done.data["before"]
    status = Status(State(was["state"]), was["substate"])
    issue.state_changed_at = dt.datetime.fromisoformat(was["state_changed_at"])
    return _set(
        issue, before, status, action, user, now, terms=was["terms"], review=was["review"], reason=reason
    )


# -- the door of merging (issues/merging/), which holds the rows locked


def merge_state(*, issue: Issue, into: Issue, user: User | None, reason: dict[str, Any]) -> None:
    """Raises IllegalTransition where it is merged already."""
    issue.merged_into = into
    _apply([issue], Action.MERGE, user=user, reason={**reason, "into": into.number})


def unmerge_state(*, issue: Issue, user: User | None, reason: dict[str, Any]) -> None:
    """The issue, which is merged, is in the state in which it was."""
    changes = Activity.objects.filter(issue=issue, kind=ActivityKind.STATE, data__action=Action.MERGE.value)
    why = {**reason, **_happened([issue])[issue.pk]}
    issue.merged_into = None
    _store(
        [issue],
        [_as_before(issue, changes.order_by("-id")[0], UNMERGE, user, timezone.now(), reason=why)],
    )


def _applies(issue: Issue, action: Action) -> bool:
    try:
        _after(issue, action)
    except IllegalTransition:
        return False
    return True


def _after(issue: Issue, action: Action) -> Status:
    status = status_of(issue)
    return after(action, status, review=issue.review, may_escalate=mute_terms(issue).escalating)


def _apply(
    locked: list[Issue],
    action: Action,
    *,
    user: User | None,
    substate: Substate | None = None,
    reason: dict[str, Any] | None = None,
    terms: Terms | None = None,
    batch: uuid.UUID | None = None,
) -> list[Issue]:
    now, changes, happened = timezone.now(), [], _happened(locked)
    for issue in locked:
        before, status = status_of(issue), _after(issue, action)
        if substate is not None and status.state == State.OPEN:
            status = Status(State.OPEN, substate.value)
        conditions = terms.as_json() if terms and status.state != State.OPEN else {}
        why = {**(reason or {}), **happened[issue.pk]}
        if conditions:
            why["terms"] = conditions
        if batch or action is Action.MERGE:
            why["before"] = {
                "state": before.state.value, "substate": before.substate, "terms": issue.terms, "review": issue.review,
                "state_changed_at": issue.state_changed_at.isoformat(),
            }  # fmt: skip
        if before.state != status.state:
            issue.state_changed_at = now
        # A person's own change asks for nothing, also where it is one that the system makes as a rule.
        review = "" if user is not None and action in ASKS else review_after(action, issue.review)
        changes.append(
            _set(issue, before, status, action.value, user, now, terms=conditions, review=review, reason=why, batch=batch)
        )  # fmt: skip
    _store(locked, changes)
    return locked


def _happened(issues: list[Issue]) -> dict[uuid.UUID, dict[str, Any]]:
    """How often each issue had happened, and to whom, when it changed."""
    found = rollups.totals(issue.pk for issue in issues)
    return {
        subject: {"counts": {"events": total.events, "users": total.users}}
        for subject, total in found.items()
    }


def _set(
    issue: Issue,
    before: Status,
    status: Status,
    action: str,
    user: User | None,
    now: dt.datetime,
    *,
    terms: dict[str, Any],
    review: str,
    reason: dict[str, Any],
    batch: uuid.UUID | None = None,
) -> Change:
    """The issue's fields, and the activity that says so; neither is stored yet."""
    data = {
        "action": action,
        "from": before.state.value,
        "to": status.state.value,
        "substate": status.substate,
        **reason,
    }
    issue.state, issue.substate, issue.updated_at = status.state, status.substate, now
    issue.terms, issue.review = terms, review
    if before != status:
        issue.substate_changed_at = now
    activity = Activity(issue=issue, kind=ActivityKind.STATE, actor=user, data=data, batch=batch)
    return Change(issue, before, status, user, activity, words_for(data))


def _store(issues: list[Issue], changes: list[Change]) -> None:
    Issue.objects.bulk_update(issues, list(_FIELDS))
    Activity.objects.bulk_create(change.activity for change in changes)
    for change in changes:
        for tell in _observers:
            tell(change)
    live.changed({issue.project_id for issue in issues})


# -- what time alone brings about

AGED_AFTER = dt.timedelta(days=7)
AGED_AT_ONCE = 500


def age_issues(*, now: dt.datetime) -> int:
    """Open issues that have been new or regressed for AGED_AFTER are ongoing; who has not looked at one still has it in the
    inbox. Returns how many. Safe to run twice at once."""
    old = Issue.objects.filter(state=State.OPEN, substate_changed_at__lte=now - AGED_AFTER)
    ids = list(
        old.filter(substate__in=[Substate.NEW, Substate.REGRESSED]).values_list("pk", flat=True)[
            :AGED_AT_ONCE
        ]
    )
    changed = 0
    for pk in ids:
        with transaction.atomic():
            found = Issue.objects.select_for_update(no_key=True).filter(pk=pk).first()
            if found and found.substate_changed_at <= now - AGED_AFTER and _applies(found, Action.AGE):
                why = {"days": AGED_AFTER.days, "was": found.substate}
                _apply([found], Action.AGE, user=None, reason=why)
                changed += 1
    return changed
