"""The table of states. Pure: nothing here reads or writes the database.

    open {new, ongoing, escalating, regressed}  --resolve-->  resolved  --reopen, regress-->            open
    open                                        --mute-->     muted     --reopen, unmute, escalate-->   open
                                                              muted     --resolve-->                    resolved
    open, resolved, muted                       --merge-->    merged     (and back by undoing it: issues/merging/)
    open {new, ongoing, regressed}  --escalate-->  open {escalating}  --settle, subside-->  open {ongoing}

A resolved issue cannot be muted, and resolving a muted issue ends its muting: the two never hold together.
"""

import enum
from collections.abc import Collection
from typing import NamedTuple

from issues.models.issues import Review, State, Substate


class Action(enum.StrEnum):
    RESOLVE = "resolve"
    MUTE = "mute"
    REOPEN = "reopen"
    SETTLE = "settle"  # a person has seen it: an open issue is no longer new, escalating or regressed
    REGRESS = "regress"  # it happened again after it was resolved
    UNMUTE = "unmute"  # what it was muted until has come
    ESCALATE = (
        "escalate"  # it happens far more often than it used to (issues/escalation/), or a person says so
    )
    SUBSIDE = "subside"  # it no longer does
    AGE = "age"  # it has been new or regressed for long
    MERGE = "merge"  # it is part of another issue now


PEOPLES = (Action.RESOLVE, Action.MUTE, Action.REOPEN, Action.SETTLE)
SYSTEMS = (Action.REGRESS, Action.UNMUTE, Action.ESCALATE, Action.SUBSIDE, Action.AGE)


class Status(NamedTuple):
    """A state and its substate; only an open issue has one, the others have ""."""

    state: State
    substate: str


class IllegalTransition(Exception):
    """The action does not apply to an issue in this state. The message is meant for people."""


OPEN = [Status(State.OPEN, substate.value) for substate in Substate]
RESOLVED, MUTED = Status(State.RESOLVED, ""), Status(State.MUTED, "")
MERGED = Status(State.MERGED, "")
ONGOING, REGRESSED = Status(State.OPEN, Substate.ONGOING), Status(State.OPEN, Substate.REGRESSED)
ESCALATING, NEW = Status(State.OPEN, Substate.ESCALATING), Status(State.OPEN, Substate.NEW)

TRANSITIONS: dict[tuple[Action, Status], Status] = {
    **{(Action.RESOLVE, status): RESOLVED for status in [*OPEN, MUTED]},
    **{(Action.MUTE, status): MUTED for status in OPEN},
    **{(Action.REOPEN, status): ONGOING for status in [RESOLVED, MUTED]},
    **{(Action.SETTLE, status): ONGOING for status in OPEN if status != ONGOING},
    (Action.REGRESS, RESOLVED): REGRESSED,
    (Action.UNMUTE, MUTED): ONGOING,
    **{(Action.ESCALATE, status): ESCALATING for status in [*OPEN, MUTED] if status != ESCALATING},
    (Action.SUBSIDE, ESCALATING): ONGOING,
    **{(Action.AGE, status): ONGOING for status in [NEW, REGRESSED]},
    **{(Action.MERGE, status): MERGED for status in [*OPEN, RESOLVED, MUTED]},
}

# What the system's changes ask a person to look at. A person's own change asks for nothing.
ASKS = {
    Action.REGRESS: Review.REGRESSED,
    Action.UNMUTE: Review.UNMUTED,
    Action.ESCALATE: Review.ESCALATING,
}


def after(action: Action, status: Status, *, review: str = "", may_escalate: bool = True) -> Status:
    """The status that the action leads to. `review`: what a person is to look at, which an ongoing issue too is settled by. `may_escalate`:
    False where the issue is muted for something else than until it escalates. Raises IllegalTransition."""
    if action is Action.SETTLE and status == ONGOING and review:
        return ONGOING
    found = TRANSITIONS.get((action, status))
    if found is None or (action is Action.ESCALATE and status == MUTED and not may_escalate):
        now = f"{status.state.value} ({status.substate})" if status.substate else status.state.value
        raise IllegalTransition(f"An issue that is {now} cannot be changed by {action.value!r}.")
    return found


def review_after(action: Action, review: str) -> str:
    """What a person is to look at after the action. Time leaves it: nobody has looked."""
    return review if action in (Action.AGE, Action.SUBSIDE) else ASKS.get(action, "")


def applies(action: Action, status: Status, *, review: str = "", may_escalate: bool = True) -> bool:
    try:
        after(action, status, review=review, may_escalate=may_escalate)
    except IllegalTransition:
        return False
    return True


def legal(status: Status, *, review: str = "", among: Collection[Action] = PEOPLES) -> list[Action]:
    """What applies, in the order of `among`."""
    return [action for action in among if applies(action, status, review=review)]
