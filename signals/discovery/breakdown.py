"""Where a signal holds more often than elsewhere: its newest matches beside the newest events, by what an event says of itself."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ingest.models import Event
from raindrop.statistics import wilson
from signals.models import SignalDefinition, SignalMatch

MATCHES = 1000
EVENTS = 2000
VALUES = 6  # shown of a dimension
DIMENSIONS = 6  # of the properties, those that most matches have
MOST_VALUES = 50  # a property with more different values is an id, or text
LONGEST = 80

Facts = tuple[str, str, Any]  # model, event name, properties


@dataclass(frozen=True, slots=True)
class Value:
    """Of the matches read `matches` have it, which is `share` of them (95 % Wilson interval `low` to `high`); of the events read,
    `usual` of them. `lift` is share / usual, None where no event read has it."""

    name: str
    matches: int
    share: float
    low: float
    high: float
    usual: float
    lift: float | None

    @property
    def stands_out(self) -> bool:
        """The interval lies off the usual share."""
        return self.low > self.usual or self.high < self.usual


@dataclass(frozen=True, slots=True)
class Dimension:
    name: str
    is_property: bool
    values: list[Value]


def breakdown_of(
    signal: SignalDefinition, *, since: dt.datetime, among: Collection[str] | None = None
) -> list[Dimension]:
    """Of the newest MATCHES matches and EVENTS events from `since` on. `among`: only matches on these events count. A dimension
    that no event has is left out."""
    matches = SignalMatch.objects.filter(signal=signal, project=signal.project_id, timestamp__gte=since)
    if among is not None:
        matches = matches.filter(event_id__in=among)
    ids = list(matches.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:MATCHES])
    columns = ("model", "name", "properties")
    held = list(Event.objects.filter(project=signal.project_id, id__in=ids).values_list(*columns))
    every = Event.objects.filter(project=signal.project_id, timestamp__gte=since, is_pending=False)
    usual = list(every.order_by("-timestamp", "-id").values_list(*columns)[:EVENTS])
    return compare(held, usual)


def compare(held: list[Facts], usual: list[Facts]) -> list[Dimension]:
    """Models and event names first, then properties, those that most matches have before the others."""
    if not held:
        return []
    counted = count_values(held)
    base = count_values(usual)
    properties = [name for name in counted if name[0] and len(counted[name]) <= MOST_VALUES]
    properties.sort(key=lambda name: (-counted[name].total(), name))
    chosen = [name for name in ((False, "Model"), (False, "Event")) if name in counted] + properties[
        :DIMENSIONS
    ]
    return [
        Dimension(name, is_property, _values(counted[is_property, name], base.get((is_property, name), Counter()),
                                             len(held), len(usual)))
        for is_property, name in chosen
    ]  # fmt: skip


def _values(held: Counter[str], usual: Counter[str], of: int, of_usual: int) -> list[Value]:
    made = []
    for name, n in sorted(held.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES]:
        low, high = wilson(n, of) or (0.0, 1.0)
        base = usual[name] / of_usual if of_usual else 0.0
        made.append(Value(name, n, n / of, low, high, base, n / of / base if base else None))
    return made


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
        yield (False, "Model"), model
    if name:
        yield (False, "Event"), name
    if isinstance(properties, dict):
        for key, value in properties.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, str | int | float) and 0 < len(text) <= LONGEST and len(key) <= LONGEST:
                yield (True, key), text
