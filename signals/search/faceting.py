"""What the events that a query finds have of a field: how many events, and of how many users, for each value."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.expressions import RawSQL

from ingest.models import Event
from signals.search.fields.registry import Field, all_fields, find_field
from signals.search.finding import find_events, looks_into_texts
from signals.search.language.nodes import Comparison, Node, Text
from signals.search.scope import Scope

# Of more events than that, only so many of the newest are looked at: docs/benchmarks.md, "Searching a million events".
MOST = 10_000
# The same where texts or JSON must be read to find them.
MOST_READ = 5_000


@dataclass(frozen=True, slots=True)
class Facet:
    """`events` of the events have the value, of `users` different end users. `query` is the condition that selects them."""

    value: str
    events: int
    users: int
    query: str


def facet_field(name: str, scope: Scope) -> tuple[Field, str]:
    """The field of that name and its key. Raises ValueError, which says what there is."""
    found = find_field(name)
    if found is None or not found[0].has_facets:
        names = (
            field.name + (".NAME" if field.needs_key else "") for field in all_fields() if field.has_facets
        )
        raise ValueError(f"by must be one of {', '.join(names)}, not {name[:80]!r}")
    field, key = found
    try:
        field.check_key(key, scope)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error
    return field, key


def newest_found(node: Node, scope: Scope) -> tuple[QuerySet[Event], dt.datetime | None]:
    """The newest of the events that a query finds, about MOST or MOST_READ of them, and the moment from which on they are; all of them and None
    where there are no more. Raises QueryError."""
    events = find_events(node, scope)
    return _read_once(events) if looks_into_texts(node) else newest_of(events, most=MOST)


def _read_once(events: QuerySet[Event]) -> tuple[QuerySet[Event], dt.datetime | None]:
    """As `newest_of`, known by their ids: to look for them again takes as long as to count them. One array is sent: as many parameters as events
    take longer to write and to read than the statement takes."""
    found = list(events.order_by("-timestamp", "-id").values_list("pk", "timestamp")[: MOST_READ + 1])
    known = Event.objects.filter(pk__in=RawSQL("SELECT unnest(%s::uuid[])", [[event for event, _ in found]]))
    return known, found[-1][1] if len(found) > MOST_READ else None


def newest_of(events: QuerySet[Event], *, most: int) -> tuple[QuerySet[Event], dt.datetime | None]:
    """The newest of the events, about `most` of them, and the moment from which on they are; all of them and None where there are no more."""
    cut = events.order_by("-timestamp", "-id").values_list("timestamp", flat=True)[most : most + 1]
    for moment in cut:
        return events.filter(timestamp__gte=moment), moment
    return events, None


def count_facets(events: QuerySet[Event], *, by: str, scope: Scope, limit: int) -> list[Facet]:
    """The `limit` values that most of the events have, those with most events first. An event with several values counts for each.

    `events` are of the scope's project. Raises ValueError for a field that there is not.
    """
    field, key = facet_field(by, scope)
    events = events.order_by()
    rows = field.grouped(events, key=key, scope=scope)
    if rows is not None:
        return [_facet(by, *one) for one in _most(field, rows, limit, scope)]
    found = sorted(_one_by_one(field, key, events, scope), key=lambda one: (-one[1], one[0]))
    return [_facet(by, *one) for one in found[:limit]]


def _most(field: Field, rows: QuerySet[Any], limit: int, scope: Scope) -> list[tuple[Any, int, int]]:
    """(value, events, users) of the `limit` values with most events, these first."""
    event, user = ("pk", "end_user") if rows.model is Event else ("event", "event__end_user")
    grouped = rows.order_by().values("value")
    totals = grouped.annotate(events=Count(event, distinct=True), users=Count(user, distinct=True))
    counts = totals.order_by("-events", "value").values_list("value", "events", "users")
    if (names := field.names(scope)) is None:
        return list(counts[:limit])
    found = [(names[value], *numbers) for value, *numbers in counts if value in names]
    return sorted(found, key=lambda one: (-one[1], one[0]))[:limit]


def _one_by_one(
    field: Field, key: str, events: QuerySet[Event], scope: Scope
) -> Iterator[tuple[str, int, int]]:
    """(value, events, users) of the values that the newest events have (registry.NEWEST)."""
    for value, _ in field.known(scope, key=key):
        test = field.test(Text(value), operator="", key=key, scope=scope)
        found = events.filter(field.where(test, key=key, scope=scope))
        counts = found.aggregate(events=Count("pk", distinct=True), users=Count("end_user", distinct=True))
        if counts["events"]:
            yield value, counts["events"], counts["users"]


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:g}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _facet(by: str, value: Any, events: int, users: int) -> Facet:
    text = _written(value)
    return Facet(text, events, users, str(Comparison(by, "", (Text(text),))))
