"""What an alert can be triggered by. A trigger is registered where its condition is known: in this app, or in one above it from its
`AppConfig.ready()`."""

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.models import Project
from issues.models import AlertRule


class Over(enum.StrEnum):
    """What a rule's query is asked of."""

    ISSUES = "issues"
    EVENTS = "events"
    SIGNAL = "signal"  # one signal's key
    TOOLS = "tools"  # names, with *
    CLUSTERS = "clusters"  # words
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Number:
    """A rule's threshold. `default` None: the rule must say it."""

    says: str
    default: float | None = None
    least: float = 0
    most: float = 1e12
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One subject of which the condition holds now. `text` says why, with the numbers, which `data` has once more. `occurrence`: which time it
    is, where it has a name of its own: the same one is never told twice, however often it is found."""

    subject: str
    title: str
    text: str
    path: str
    data: Mapping[str, Any] = field(default_factory=dict)
    occurrence: str = ""


Check = Callable[[AlertRule, dt.datetime], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Trigger:
    """`check(rule, now)`: of which subjects the condition holds; None where the rule is raised by what happens (`raising.raise_alert`).
    `check_query(project, query)` raises QueryError or ValueError, with a message for people. `window`: seconds where a rule says none;
    None: it takes no window. `is_throttled`: a rule of it may say how often it speaks at most. `is_personal`: only people have rules of it, for their own e-mail."""

    name: str
    title: str
    over: Over
    check_query: Callable[[Project, str], None]
    threshold: Number | None = None
    window: int | None = None
    check: Check | None = None
    seconds: float = 10  # between two checks, at least
    is_throttled: bool = True
    is_personal: bool = False


_triggers: dict[str, Trigger] = {}


def register_trigger(trigger: Trigger) -> None:
    """Raises ValueError for a name that is taken."""
    if trigger.name in _triggers:
        raise ValueError(f"The trigger {trigger.name!r} is registered twice.")
    _triggers[trigger.name] = trigger


def find_trigger(name: str) -> Trigger | None:
    return _triggers.get(name)


def all_triggers() -> list[Trigger]:
    """Those that a team's rule may have, in the order in which they were registered."""
    return [trigger for trigger in _triggers.values() if not trigger.is_personal]


def checked_triggers() -> list[str]:
    """The names of those that time brings about."""
    return [trigger.name for trigger in _triggers.values() if trigger.check is not None]
