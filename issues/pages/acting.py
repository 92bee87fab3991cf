"""The actions of the issue pages' buttons: `resolve`, `mute`, `mute-1w`, `resolve-next`..., and what each is bound to."""

import datetime as dt
from collections.abc import Callable

from ingest.models import Project
from issues.states.arrival import read_resolution
from issues.states.doors import Terms
from issues.states.terms import MuteTerms
from issues.states.transitions import PEOPLES, Action

NEXT = "next"
DAY = 86400


def _for(days: int) -> Callable[[dt.datetime], MuteTerms]:
    return lambda now: MuteTerms(until=now + dt.timedelta(days=days))


# What stands in the menu beside Mute: the words, and the terms.
MUTES: dict[str, tuple[str, Callable[[dt.datetime], MuteTerms]]] = {
    "1d": ("For a day", _for(1)),
    "1w": ("For a week", _for(7)),
    "4w": ("For four weeks", _for(28)),
    "10e1h": ("Until 10 events in an hour", lambda _: MuteTerms(events=10, window=3600)),
    "100e1d": ("Until 100 events in a day", lambda _: MuteTerms(events=100, window=DAY)),
    "10u1d": ("Until 10 users in a day", lambda _: MuteTerms(users=10, window=DAY)),
    "escalating": ("Until it escalates", lambda _: MuteTerms(escalating=True)),
}
MUTE_MENU = [(f"{Action.MUTE.value}-{key}", label) for key, (label, _) in MUTES.items()]
RESOLVE_MENU = [(f"{Action.RESOLVE.value}-{NEXT}", "In the next release")]
BUTTONS = {action.value for action in PEOPLES} | {name for name, _ in MUTE_MENU + RESOLVE_MENU}


def read_action(name: str, *, project: Project, now: dt.datetime) -> tuple[Action, Terms | None]:
    """Of a button among BUTTONS. Raises ValueError, whose message is meant for people, where the project's releases have no order."""
    action, _, how = name.partition("-")
    if action == Action.MUTE and how:
        return Action.MUTE, MUTES[how][1](now)
    if action == Action.RESOLVE and how == NEXT:
        return Action.RESOLVE, read_resolution(project.pk, NEXT)
    return Action(action), None
