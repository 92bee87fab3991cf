"""Tools that models call wrongly: by a name that does not exist or is nearly another's, or with arguments that the tool refuses. Pure."""

import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from signals.tools.calls import EXAMPLES, Call

# What refuses arguments: Python's TypeError and json, pydantic, JSON Schema, and JSON-RPC's code for invalid params (MCP).
ARGUMENTS = re.compile(
    r"unexpected (?:keyword )?argument|missing (?:\d+ |a )?required|field required|required (?:property|parameter|argument|field)"
    r"|(?:invalid|unknown|unrecogni[sz]ed|unexpected|wrong) (?:keyword )?(?:argument|parameter|param|property|input field)s?\b"
    r"|(?:is|are) (?:a )?required(?: property| parameter)?\b|validation errors? for|additional properties|is not of type|input should be"
    r"|does not match (?:the |its )?schema|(?:invalid|malformed|could not parse|cannot parse) (?:json|arguments)|-32602\b"
    # Arguments that are no JSON: further down it is a file of the tool's own that is broken.
    r"|expecting (?:value|property name|'.' delimiter)[^:]*: line 1 column",
    re.IGNORECASE,
)
# What knows no such tool; JSON-RPC's code for an unknown method (MCP).
NO_SUCH_TOOL = re.compile(
    r"(?:unknown|no such|unrecogni[sz]ed|undefined|invalid) (?:tool|function|method)\b|-32601\b"
    r"|\b(?:tool|function|method) (?:[\"'`]?[\w.-]+[\"'`]? )?(?:was |is )?"
    r"(?:not found|not available|not defined|not registered|does not exist|doesn't exist|not a valid tool)",
    re.IGNORECASE,
)
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ALIKE = 0.5  # of the words of two names are the same: it may stand for the other
TIMES = 2  # switches from one name to another that are told: once may be chance
MOST = 12


class Why(StrEnum):
    NO_SUCH_TOOL = "no such tool"
    CALLED_NEXT = "called next"
    SAME_WORDS = "nearly the same name"


@dataclass(frozen=True, slots=True)
class Confused:
    """`name` was called where `other` was meant, `times` in so many `conversations`; 0 where the two names only lie near each other.
    `other`: "" of a tool that does not exist and is like none that does. `events`: the newest, our ids."""

    name: str
    other: str
    why: Why
    times: int
    conversations: int
    events: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class WrongArguments:
    """Calls of the tool that failed by their arguments. `example`: what the newest said."""

    name: str
    calls: int
    conversations: int
    example: str
    events: tuple[uuid.UUID, ...]


def wrong_arguments(calls: Sequence[Call], messages: Mapping[uuid.UUID, str]) -> list[WrongArguments]:
    """`calls` oldest first; `messages`: what the failed ones say, by span. The most frequent first."""
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.failed and ARGUMENTS.search(messages.get(call.span, "")):
            by_name[call.name].append(call)
    found = [
        WrongArguments(name, len(some), _talks(some), messages[some[-1].span], _newest(some))
        for name, some in by_name.items()
    ]
    return sorted(found, key=lambda one: (-one.calls, one.name))[:MOST]


def confused_names(calls: Sequence[Call], messages: Mapping[uuid.UUID, str]) -> list[Confused]:
    """Names that do not exist; names after whose failure the model called a like one; names that differ in nothing that a model weighs.
    Arguments as of `wrong_arguments`. Those that happened first, the most frequent before the others."""
    unknown = _unknown(calls, messages)
    names = {call.name for call in calls} - unknown.keys()
    found = [
        Confused(name, _likest(name, names), Why.NO_SUCH_TOOL, len(some), _talks(some), _newest(some))
        for name, some in unknown.items()
    ]
    for (name, other), some in _switches(calls, messages, names).items():
        if len(some) >= TIMES:
            found.append(Confused(name, other, Why.CALLED_NEXT, len(some), _talks(some), _newest(some)))
    told = {frozenset((one.name, one.other)) for one in found}
    for name, other in combinations(sorted(names), 2):
        if same_words(name, other) and frozenset((name, other)) not in told:
            found.append(Confused(name, other, Why.SAME_WORDS, 0, 0, ()))
    return sorted(found, key=lambda one: (-one.times, one.name, one.other))[:MOST]


def same_words(one: str, other: str) -> bool:
    """Whether the names differ only in case, in the order of words, in what joins them, or in a plural."""
    return sorted(map(_singular, _words(one))) == sorted(map(_singular, _words(other)))


def _unknown(calls: Sequence[Call], messages: Mapping[uuid.UUID, str]) -> dict[str, list[Call]]:
    """Names whose every call failed, and that were said not to exist."""
    worked = {call.name for call in calls if not call.failed}
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.name not in worked and NO_SUCH_TOOL.search(messages.get(call.span, "")):
            found[call.name].append(call)
    return found


def _switches(
    calls: Sequence[Call], messages: Mapping[uuid.UUID, str], names: set[str]
) -> dict[tuple[str, str], list[Call]]:
    """By (name, the like name that the conversation called next) the calls that were refused for their arguments."""
    found: dict[tuple[str, str], list[Call]] = defaultdict(list)
    last: dict[uuid.UUID, Call] = {}
    for call in calls:
        before = last.get(call.talk)
        last[call.talk] = call
        if (
            before is None
            or not before.failed
            or before.name == call.name
            or not {before.name, call.name} <= names
        ):
            continue
        if ARGUMENTS.search(messages.get(before.span, "")) and _likeness(before.name, call.name) >= ALIKE:
            found[before.name, call.name].append(before)
    return found


def _likest(name: str, names: set[str]) -> str:
    near = max(sorted(names), key=lambda other: _likeness(name, other), default="")
    return near if near and _likeness(name, near) >= ALIKE else ""


def _likeness(one: str, other: str) -> float:
    """The share of the words of both names that both have."""
    mine, its = ({_singular(word) for word in _words(name)} for name in (one, other))
    return len(mine & its) / max(1, len(mine | its))


def _words(name: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(name)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _talks(calls: Sequence[Call]) -> int:
    return len({call.talk for call in calls})


def _newest(calls: Sequence[Call]) -> tuple[uuid.UUID, ...]:
    return tuple(dict.fromkeys(call.event for call in reversed(calls)))[:EXAMPLES]
