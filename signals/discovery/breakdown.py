"""The one breakdown: where some events (a signal's matches, a group of them, an issue's matches) stand out from all events of the project.

For each value of a dimension: events, users, rate, lift against all events, and an interval.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ingest.models import Event, Span
from ingest.models.events import SpanKind
from raindrop.statistics import wilson

MATCHES = 1000
EVENTS = 2000
VALUES = 6  # shown of a dimension
DIMENSIONS = 6  # of the properties, those that most matches have
MOST_VALUES = 50  # a property with more different values is an id, or text
LONGEST = 80
MODEL, EVENT, TOOLS = "Model", "Event", "Tools called"  # dimensions that are no property
PARAMETERS = {MODEL: "model", EVENT: "event", TOOLS: "tool"}  # of the events list

Facts = tuple[str, str, Any]  # model, event name, properties


@dataclass(frozen=True, slots=True)
class Row:
    """What a breakdown reads of one event. `user`: the end user's id, None without one."""

    facts: Facts
    user: uuid.UUID | None = None
    tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """Of the events broken down `events` have it, by `users` different users; that is `rate` of them (95 % Wilson interval `low` to
    `high`). Of all events read `usual` have it. `lift` is rate / usual, None where no event read has it. `parameters` select it in
    the events list, and are empty where no filter does."""

    name: str
    events: int
    users: int
    rate: float
    low: float
    high: float
    usual: float
    lift: float | None
    parameters: dict[str, str]

    @property
    def stands_out(self) -> bool:
        """The interval lies off the usual rate."""
        return self.low > self.usual or self.high < self.usual


@dataclass(frozen=True, slots=True)
class Dimension:
    name: str
    is_property: bool
    values: list[Value]

    @property
    def key(self) -> str:
        """As the API names the dimension."""
        if self.is_property:
            return self.name if self.name == "release" else f"property.{self.name}"
        return {MODEL: "model", EVENT: "event", TOOLS: "tool.called"}[self.name]


def break_down(
    ids: Collection[uuid.UUID], *, project: uuid.UUID, since: dt.datetime | None = None
) -> list[Dimension]:
    """Of the events `ids`, of which the caller takes MATCHES at most, against the newest EVENTS of the project from `since` on (None:
    of all time). A dimension that all of `ids` leave empty is left out."""
    if not ids:
        return []
    every = Event.objects.filter(project=project, is_pending=False)
    if since is not None:
        every = every.filter(timestamp__gte=since)
    usual = list(every.order_by("-timestamp", "-id").values_list("id", flat=True)[:EVENTS])
    return compare(_rows(project, ids), _rows(project, usual))


def _rows(project: uuid.UUID, ids: Collection[uuid.UUID]) -> list[Row]:
    return [row for _, row in read_rows(project, ids)]


def read_rows(project: uuid.UUID, ids: Collection[uuid.UUID]) -> Iterator[tuple[uuid.UUID, Row]]:
    """What `compare` reads of each event of the project among `ids`, in two queries."""
    tools: dict[uuid.UUID, set[str]] = defaultdict(set)
    called = Span.objects.filter(project=project, event_id__in=ids, kind=SpanKind.TOOL).exclude(name="")
    for event, name in called.values_list("event_id", "name").distinct():
        tools[event].add(name)
    events = Event.objects.filter(project=project, id__in=ids)
    for pk, model, name, properties, user in events.values_list(
        "id", "model", "name", "properties", "end_user_id"
    ):
        yield pk, Row((model, name, properties), user, frozenset(tools.get(pk, ())))


@dataclass(frozen=True, slots=True)
class Base:
    """Events that others are compared with, counted once: how many they are, and how many have each value of a dimension."""

    events: int
    counts: dict[tuple[bool, str], Counter[str]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        return cls(len(rows), _count(rows))


def compare(held: list[Row], usual: list[Row] | Base) -> list[Dimension]:
    """Models, event names and tools first, then properties, those that most of `held` have before the others."""
    if not held:
        return []
    users: dict[tuple[bool, str, str], set[uuid.UUID]] = defaultdict(set)
    for row in held:
        if row.user is not None:
            for (is_property, dimension), value in _values_of(row):
                users[is_property, dimension, value].add(row.user)
    counts, base = _count(held), usual if isinstance(usual, Base) else Base.of(usual)
    properties = [name for name in counts if name[0] and len(counts[name]) <= MOST_VALUES]
    properties.sort(key=lambda name: (-counts[name].total(), name))
    chosen = [name for name in ((False, MODEL), (False, EVENT), (False, TOOLS)) if name in counts]
    found = []
    for is_property, name in chosen + properties[:DIMENSIONS]:
        most = sorted(counts[is_property, name].items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES]
        others = base.counts.get((is_property, name), Counter())
        values = []
        for value, n in most:
            low, high = wilson(n, len(held)) or (0.0, 1.0)
            rate, elsewhere = n / len(held), others[value] / base.events if base.events else 0.0
            lift = rate / elsewhere if elsewhere else None
            people = len(users[is_property, name, value])
            parameters = _parameters(is_property, name, value)
            values.append(Value(value, n, people, rate, low, high, elsewhere, lift, parameters))
        found.append(Dimension(name, is_property, values))
    return found


def _parameters(is_property: bool, dimension: str, value: str) -> dict[str, str]:
    if is_property:  # the list takes name=value, and cuts at the first sign
        return {} if "=" in dimension else {"property": f"{dimension}={value}"}
    return {PARAMETERS[dimension]: value}


def _count(rows: Iterable[Row]) -> dict[tuple[bool, str], Counter[str]]:
    found: dict[tuple[bool, str], Counter[str]] = {}
    for row in rows:
        for dimension, value in _values_of(row):
            found.setdefault(dimension, Counter())[value] += 1
    return found


def _values_of(row: Row) -> Iterator[tuple[tuple[bool, str], str]]:
    yield from _facts(row.facts)
    for tool in row.tools:
        yield (False, TOOLS), tool


def count_values(rows: Iterable[Facts]) -> dict[tuple[bool, str], Counter[str]]:
    """(is a property, dimension) -> how often each value. Texts longer than LONGEST, lists and objects are left out."""
    found: dict[tuple[bool, str], Counter[str]] = {}
    for row in rows:
        for dimension, value in _facts(row):
            found.setdefault(dimension, Counter())[value] += 1
    return found


def _facts(row: Facts) -> Iterator[tuple[tuple[bool, str], str]]:
    model, name, properties = row
    if model:
        yield (False, MODEL), model
    if name:
        yield (False, EVENT), name
    if isinstance(properties, dict):
        for key, value in properties.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, str | int | float) and 0 < len(text) <= LONGEST and len(key) <= LONGEST:
                yield (True, key), text
