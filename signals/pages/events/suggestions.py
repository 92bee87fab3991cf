"""What the events list may be narrowed by further: facets, with the events that have each value."""

from collections import Counter
from dataclasses import dataclass

from signals.dimensions.breakdown import MOST_VALUES
from signals.dimensions.facts import count_properties
from signals.pages.events.filters import EventFilters
from signals.search.faceting import count_facets, newest_of
from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Comparison, Node, Text, all_of
from signals.search.language.parsing import parse
from signals.search.scope import Scope

NEWEST = 2000  # of the events that pass the filters, the newest: which properties there are
COUNTED = 5_000  # of those, whose values are counted
VALUES = 6
PROPERTIES = 5
# Field -> heading, in the order of the page.
FIELDS = {
    "signal": "Signal",
    "intent": "Intent",
    "model": "Model",
    "agent": "Agent",
    "tool": "Tool called",
    "tool.failed": "Tool that failed",
    "event": "Event",
    "release": "Release",
    "language": "Language",
    "user": "User",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One condition that the query may get: what is shown, the events that have it, and the query with it."""

    text: str
    events: int
    query: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`groups` are (heading, suggestions), those with most events first. `of`: so many of the newest events were counted; None: all."""

    of: int | None
    groups: list[tuple[str, list[Suggestion]]]


def count_suggestions(filters: EventFilters) -> Suggestions:
    """Counted over the events that pass the filters, of many over the newest COUNTED, which may take long. Only of valid filters. A value that
    all of them have narrows nothing and is left out."""
    (events, since), scope = newest_of(filters.matching(), most=COUNTED), Scope(filters.project)
    total = events.order_by().count()
    groups = []
    for name, heading in {**FIELDS, **_properties(filters)}.items():
        if find_field(name) is None:
            continue
        facets = count_facets(events, by=name, scope=scope, limit=VALUES + 1)
        found = [
            Suggestion(one.value, one.events, _with(filters, parse(one.query)))
            for one in facets
            if one.events < total
        ]
        groups.append((heading, found[:VALUES]))
    return Suggestions(
        None if since is None else total, [(heading, values) for heading, values in groups if values]
    )


def sample_suggestions(filters: EventFilters) -> Suggestions:
    """The same over the newest events alone: models, event names, users and properties."""
    newest = filters.matching().order_by("-timestamp", "-id")
    rows = list(newest.values_list("model", "name", "properties", "end_user__user_id")[:NEWEST])
    counts = count_properties(properties for _, _, properties, _ in rows)
    groups = [
        ("Model", "model", Counter(model for model, *_ in rows if model)),
        ("Event", "event", Counter(name for _, name, *_ in rows if name)),
        ("User", "user", Counter(user for *_, user in rows if user)),
    ]
    properties = [(name, values) for name, values in counts.items() if len(values) <= MOST_VALUES]
    properties.sort(key=lambda pair: (-pair[1].total(), pair[0]))
    groups += [(name, f"prop.{name}", values) for name, values in properties[:PROPERTIES]]
    found = [
        (
            heading,
            [
                Suggestion(value, events, _with(filters, Comparison(field, "", (Text(value),))))
                for value, events in sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
                if events < len(rows)
            ][:VALUES],
        )
        for heading, field, values in groups
    ]
    return Suggestions(len(rows), [(heading, values) for heading, values in found if values])


def _properties(filters: EventFilters) -> dict[str, str]:
    """Field -> heading of the properties that most of the newest events have, but for those with many different values: ids, texts."""
    newest = filters.matching().order_by("-timestamp", "-id").values_list("properties", flat=True)[:NEWEST]
    counts = count_properties(newest)
    found = [
        (name, values)
        for name, values in counts.items()
        if len(values) <= MOST_VALUES and name not in ("release", "agent")
    ]
    found.sort(key=lambda pair: (-pair[1].total(), pair[0]))
    return {f"prop.{name}": name for name, _ in found[:PROPERTIES]}


def _with(filters: EventFilters, condition: Node) -> str:
    """The list's query with one more condition."""
    query = str(all_of([filters.query, condition]))
    try:
        parse(query)
    except QueryError:  # it is as long as a query may be
        return str(condition)
    return query
