"""What the events list may be narrowed by further: the values that its newest events have, each with how many have it."""

from collections import Counter
from dataclasses import dataclass

from signals.discovery.breakdown import MOST_VALUES, count_values
from signals.pages.events.filters import EventFilters

READ = 2000  # of the events that pass the filters, the newest
VALUES = 6
PROPERTIES = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One filter of the list: its parameter and value, what is shown, and the events read that have it."""

    name: str
    value: str
    text: str
    events: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`of` events were read; `groups` are (heading, suggestions), those with most events first."""

    of: int
    groups: list[tuple[str, list[Suggestion]]]


def suggest(filters: EventFilters) -> Suggestions:
    """Models, event names, users and the properties that most events have. Only of valid filters. A value that all events read
    have narrows nothing and is left out."""
    newest = filters.matching().order_by("-timestamp", "-id")
    rows = list(newest.values_list("model", "name", "properties", "end_user__user_id")[:READ])
    counted = count_values([(model, name, properties) for model, name, properties, _ in rows])
    groups = [
        ("Model", "model", "", counted.pop((False, "Model"), Counter())),
        ("Event", "event", "", counted.pop((False, "Event"), Counter())),
        ("User", "user", "", Counter(user for *_, user in rows if user)),
    ]
    properties = [(name, values) for (_, name), values in counted.items() if len(values) <= MOST_VALUES]
    properties.sort(key=lambda pair: (-pair[1].total(), pair[0]))
    groups += [(name, "property", f"{name}=", values) for name, values in properties[:PROPERTIES]]
    found = [
        (
            heading,
            [
                Suggestion(parameter, prefix + value, value, events)
                for value, events in sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
                if events < len(rows)
            ][:VALUES],
        )
        for heading, parameter, prefix, values in groups
    ]
    return Suggestions(len(rows), [(heading, values) for heading, values in found if values])
