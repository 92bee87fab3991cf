"""What an issue's state is, and every way it changes: one pure table, a door for one issue and a door for many.

    open {new, ongoing, escalating, regressed}  --resolve-->  resolved  --reopen, regress-->  open
    open                                        --mute-->     muted     --reopen, resolve-->  open, resolved
    open {new, ongoing, regressed}              --escalate--> open {escalating}  --settle, subside-->  open {ongoing}

A resolved issue cannot be muted, and resolving a muted issue ends its muting: the two never hold together. Each change
writes an Activity, whose actor is null when the system made it; its data say why, in numbers.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from ingest.models import User
from issues.models import Activity, Issue
from issues.models.activity import ActivityKind
from issues.models.issues import IssueQuerySet, State, Substate
from raindrop import live
from raindrop.web.plurals import counted


class Action(enum.StrEnum):
    RESOLVE = "resolve"
    MUTE = "mute"
    REOPEN = "reopen"
    SETTLE = "settle"  # seen: an open issue is no longer new, escalating or regressed
    REGRESS = "regress"  # the system's: it happened again after it was resolved
    ESCALATE = "escalate"  # the system's: it happens far more often than it used to (issues/escalation/)
    SUBSIDE = "subside"  # the system's: it no longer does


# What only the system does.
SYSTEMS = frozenset({Action.REGRESS, Action.ESCALATE, Action.SUBSIDE})


class Status(NamedTuple):
    """A state and its substate; only an open issue has one, the others have ""."""

    state: State
    substate: str


class IllegalTransition(Exception):
    """The action does not apply to an issue in this state. The message is meant for people."""


OPEN = [Status(State.OPEN, substate.value) for substate in Substate]
RESOLVED, MUTED = Status(State.RESOLVED, ""), Status(State.MUTED, "")
ONGOING, REGRESSED = Status(State.OPEN, Substate.ONGOING), Status(State.OPEN, Substate.REGRESSED)
ESCALATING = Status(State.OPEN, Substate.ESCALATING)

TRANSITIONS: dict[tuple[Action, Status], Status] = {
    **{(Action.RESOLVE, status): RESOLVED for status in [*OPEN, MUTED]},
    **{(Action.MUTE, status): MUTED for status in OPEN},
    **{(Action.REOPEN, status): ONGOING for status in [RESOLVED, MUTED]},
    **{(Action.SETTLE, status): ONGOING for status in OPEN if status != ONGOING},
    (Action.REGRESS, RESOLVED): REGRESSED,
    **{(Action.ESCALATE, status): ESCALATING for status in OPEN if status != ESCALATING},
    (Action.SUBSIDE, ESCALATING): ONGOING,
}


def after(action: Action, status: Status) -> Status:
    """The status that the action leads to. Raises IllegalTransition."""
    try:
        return TRANSITIONS[action, status]
    except KeyError:
        now = f"{status.state.value} ({status.substate})" if status.substate else status.state.value
        raise IllegalTransition(f"An issue that is {now} cannot be changed by {action.value!r}.") from None


def status_of(issue: Issue) -> Status:
    return Status(State(issue.state), issue.substate if issue.state == State.OPEN else "")


def legal_actions(issue: Issue) -> list[Action]:
    """What a person may do now, for the buttons."""
    status = status_of(issue)
    return [action for action in Action if action not in SYSTEMS and (action, status) in TRANSITIONS]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one issue; `by` None: the system's. `words`: why, for people."""

    issue: Issue
    before: Status
    after: Status
    by: User | None
    activity: Activity
    words: str


_observers: list[Callable[[Change], None]] = []


def on_change(tell: Callable[[Change], None]) -> None:
    """`tell(change)` runs in the transaction of each change: for rooms above this one. For `AppConfig.ready()`."""
    _observers.append(tell)


# -- the door for one


def resolve_issue(*, issue: Issue, user: User | None) -> Issue:
    """It is fixed. The next match of an event that happens later opens it again. Raises IllegalTransition."""
    return apply_action(issue=issue, action=Action.RESOLVE, user=user)


def mute_issue(*, issue: Issue, user: User | None) -> Issue:
    """It is known, still counted, and stays quiet. Raises IllegalTransition."""
    return apply_action(issue=issue, action=Action.MUTE, user=user)


def reopen_issue(*, issue: Issue, user: User | None, substate: Substate = Substate.ONGOING) -> Issue:
    """Back to open, from resolved or muted. Raises IllegalTransition."""
    return apply_action(issue=issue, action=Action.REOPEN, user=user, substate=substate)


def settle_issue(*, issue: Issue, user: User | None) -> Issue:
    """Somebody has seen it: from new, escalating or regressed to ongoing. Raises IllegalTransition."""
    return apply_action(issue=issue, action=Action.SETTLE, user=user)


def regress_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: opens an issue that is (still) resolved; False when somebody else was first."""
    return _if_legal(issue, Action.REGRESS, reason)


def escalate_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: marks an open issue as escalating; False when it is so already, or is not open any more."""
    return _if_legal(issue, Action.ESCALATE, reason)


def subside_issue(*, issue: Issue, reason: dict[str, Any]) -> bool:
    """The system's: ends an escalation; False when it has ended otherwise."""
    return _if_legal(issue, Action.SUBSIDE, reason)


def _if_legal(issue: Issue, action: Action, reason: dict[str, Any]) -> bool:
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
) -> Issue:
    """Any action, on the row as it now stands; `issue` is brought up to date. Raises IllegalTransition."""
    # no_key: scoring holds a key lock on the row while it writes matches (issues/classifier/matching.py), and need not wait.
    locked = Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    [changed] = _apply([locked], action, user=user, substate=substate, reason=reason)
    for field in ("state", "substate", "state_changed_at", "updated_at"):
        setattr(issue, field, getattr(changed, field))
    return issue


# -- the door for many


@transaction.atomic
def apply_to_many(issues: IssueQuerySet, action: Action | str, user: User | None) -> tuple[int, int]:
    """The action on each issue to which it applies: (how many changed, to how many it did not apply)."""
    action = Action(action)
    ids = [issue.pk for issue in issues]  # a frozen list of ids: what the person saw
    locked = list(Issue.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    legal = [issue for issue in locked if (action, status_of(issue)) in TRANSITIONS]
    _apply(legal, action, user=user)
    return len(legal), len(locked) - len(legal)


def _apply(
    locked: list[Issue],
    action: Action,
    *,
    user: User | None,
    substate: Substate | None = None,
    reason: dict[str, Any] | None = None,
) -> list[Issue]:
    now = timezone.now()
    changes = []
    for issue in locked:
        before = status_of(issue)
        status = after(action, before)
        if substate is not None and status.state == State.OPEN:
            status = Status(State.OPEN, substate.value)
        data = {
            "action": action.value,
            "from": before.state.value,
            "to": status.state.value,
            "substate": status.substate,
            **(reason or {}),
        }
        issue.state, issue.substate, issue.updated_at = status.state, status.substate, now
        if before.state != status.state:
            issue.state_changed_at = now
        activity = Activity(issue=issue, kind=ActivityKind.STATE, actor=user, data=data)
        changes.append(Change(issue, before, status, user, activity, words_for(data)))
    Issue.objects.bulk_update(locked, ["state", "substate", "state_changed_at", "updated_at"])
    Activity.objects.bulk_create(change.activity for change in changes)
    for change in changes:
        for tell in _observers:
            tell(change)
    live.changed(issue.project_id for issue in locked)
    return locked


def words_for(data: dict[str, Any]) -> str:
    """Why the state changed, from an activity's data, in a sentence for people."""
    if data.get("why"):
        return str(data["why"])
    if data["action"] == Action.REGRESS:
        return f"It happened again after it was resolved: {counted(data.get('events', 1), 'event')}."
    return f"It is {data['to']}{' (' + data['substate'] + ')' if data['substate'] else ''} now."
