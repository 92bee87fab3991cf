"""The one breakdown: where some events (a signal's matches, a cluster's members, an issue's matches) stand out from all events of the project.

For each value of a dimension: events, users, rate, lift against all events, and an interval. The pages and the API read the same.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ingest.counts.waiting import processed
from ingest.models import Event, Project
from raindrop.statistics import Z90, wilson
from signals.dimensions.facts import Facts, facts_of
from signals.dimensions.names import CALLED, EVENT, MODEL, PROPERTY, RELEASE, part_of, query_of, title_of
from signals.dimensions.names import Value as Pair

MATCHES, EVENTS = 2000, 3000  # the newest that are read: of what is broken down, and of the project
VALUES = 100  # of one dimension
SHOWN = 6  # of each on a page
PROPERTIES = 6  # on a page: those that most of the events have
MOST_VALUES = 50  # a property with more different values is an id, or text
ON_PAGES = frozenset(
    [MODEL, EVENT, CALLED, RELEASE, "property"]
)  # what a page shows, as names.part_of names it


@dataclass(frozen=True, slots=True)
class Value:
    """Of the events broken down `events` have it, by `users` different users; that is `rate` of them (90 % Wilson interval `low` to `high`).
    Of all events read `usual` have it. `query` finds all events that have it."""

    name: str
    events: int
    users: int
    rate: float
    low: float
    high: float
    usual: float
    query: str

    @property
    def lift(self) -> float | None:
        """rate / usual; None where no event read has it."""
        return self.rate / self.usual if self.usual else None

    @property
    def stands_out(self) -> bool:
        """The interval lies off the usual rate."""
        return self.low > self.usual or self.high < self.usual

    def as_item(self) -> dict[str, Any]:
        """As the API answers it: `low` and `high` are of the lift."""
        return {
            "value": self.name, "events": self.events, "users": self.users, "rate": self.rate, "lift": self.lift,
            "low": self.low / self.usual if self.usual else None, "high": self.high / self.usual if self.usual else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dimension:
    """`key`: as the API names it."""

    key: str
    values: list[Value]

    @property
    def name(self) -> str:
        return title_of(self.key)


@dataclass(frozen=True, slots=True)
class Base:
    """Events that others are compared with, counted once: how many they are, and how many have each value of a dimension."""

    events: int
    counts: Counter[Pair]

    @classmethod
    def of(cls, rows: Sequence[Facts]) -> Self:
        return cls(len(rows), Counter(value for row in rows for value in row.values))


def break_down(
    ids: Sequence[uuid.UUID], *, by: str, project: Project, since: dt.datetime | None = None
) -> list[Value]:
    """Values of the dimension `by` among the events `ids`, the newest first, of which MATCHES count, against the newest EVENTS of the project
    from `since` on (None: of all time). VALUES at most, those that most of `ids` have first."""
    held, base = _read(ids, project=project, parts=[part_of(by)], since=since)
    return _values(by, _Tally.of(held), base, most=VALUES)


def break_down_for_page(
    ids: Sequence[uuid.UUID], *, project: Project, since: dt.datetime | None = None
) -> list[Dimension]:
    """The same of the dimensions that a page shows. One that all of `ids` leave empty is left out."""
    return dimensions_for_page(*_read(ids, project=project, parts=ON_PAGES, since=since))


def dimensions_for_page(held: Sequence[Facts], base: Base) -> list[Dimension]:
    """Models, event names and tools first, then properties, those that most of `held` have before the others. `held` and `base` are read
    with ON_PAGES."""
    tally = _Tally.of(held)
    properties = [
        name
        for name, values in tally.events.items()
        if (name == RELEASE or name.startswith(PROPERTY)) and len(values) <= MOST_VALUES
    ]
    properties.sort(key=lambda name: (-tally.events[name].total(), title_of(name)))
    first = [name for name in (MODEL, EVENT, CALLED) if name in tally.events]
    shown = first + properties[:PROPERTIES]
    return [Dimension(name, _values(name, tally, base, most=SHOWN)) for name in shown]


@dataclass(frozen=True, slots=True)
class _Tally:
    """`events`: by dimension how many of `total` events have each value."""

    total: int
    events: dict[str, Counter[str]]
    users: dict[Pair, set[uuid.UUID]]

    @classmethod
    def of(cls, rows: Sequence[Facts]) -> Self:
        events: dict[str, Counter[str]] = defaultdict(Counter)
        users: dict[Pair, set[uuid.UUID]] = defaultdict(set)
        for row in rows:
            for dimension, value in row.values:
                events[dimension][value] += 1
                if row.user is not None:
                    users[dimension, value].add(row.user)
        return cls(len(rows), dict(events), users)


def _values(dimension: str, tally: _Tally, base: Base, *, most: int) -> list[Value]:
    found = []
    values = tally.events.get(dimension, Counter())
    for value, events in sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:most]:
        pair = (dimension, value)
        low, high = wilson(events, tally.total, z=Z90) or (0.0, 1.0)
        usual = base.counts[pair] / base.events if base.events else 0.0
        people = len(tally.users.get(pair, ()))
        found.append(Value(value, events, people, events / tally.total, low, high, usual, query_of([pair])))
    return found


def _read(
    ids: Sequence[uuid.UUID], *, project: Project, parts: Collection[str], since: dt.datetime | None
) -> tuple[list[Facts], Base]:
    mine = list(ids[:MATCHES])
    if not mine:
        return [], Base(0, Counter())
    every = processed(Event.objects.all(), project=project.pk)
    if since is not None:
        every = every.filter(timestamp__gte=since)
    newest = list(every.order_by("-timestamp", "-id").values_list("id", flat=True)[:EVENTS])
    facts = facts_of(project, {*mine, *newest}, parts=parts)
    return [facts[event] for event in mine if event in facts], Base.of(
        [facts[event] for event in newest if event in facts]
    )
