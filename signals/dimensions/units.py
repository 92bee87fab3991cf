"""Conversations as the search for causes reads them."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from ingest.counts.waiting import processed
from ingest.models import Event, Project
from signals.dimensions.facts import Facts, facts_of
from signals.dimensions.finding import Unit
from signals.dimensions.names import Value

# Events up to which a page waits: about a second.
AT_ONCE = 5000


def newest_events(
    project: Project, *, since: dt.datetime, most: int = AT_ONCE
) -> tuple[list[uuid.UUID], bool]:
    """Of the processed events from `since` on the newest, at most `most`; and whether there are more."""
    newest = processed(Event.objects.filter(timestamp__gte=since), project=project.pk)
    ids = list(newest.order_by("-timestamp", "-id").values_list("id", flat=True)[: most + 1])
    return ids[:most], len(ids) > most


def units_among(
    project: Project,
    event_ids: Collection[uuid.UUID],
    *,
    held: Collection[uuid.UUID],
    without: Collection[str],
) -> list[Unit]:
    """The conversations of these events, of which those in `held` have the problem. `without`: dimensions by which it is defined."""
    talks = _talks(facts_of(project, event_ids, without=without))
    return [_unit(events, held) for events in talks]


def units_of_each(
    facts: Mapping[uuid.UUID, Facts], helds: Iterable[Collection[uuid.UUID]]
) -> Iterator[list[Unit]]:
    """As units_among for each of `helds`, of what was read once: in the same order each time, with the same values."""
    talks = _talks(facts)
    plain = [_unit(events, ()) for events in talks]
    places = {event: place for place, events in enumerate(talks) for event, _ in events}
    for held in helds:
        units = list(plain)
        for place in {places[event] for event in held if event in places}:
            units[place] = _unit(talks[place], held)
        yield units


def _talks(facts: Mapping[uuid.UUID, Facts]) -> list[list[tuple[uuid.UUID, Facts]]]:
    found: dict[uuid.UUID, list[tuple[uuid.UUID, Facts]]] = defaultdict(list)
    for event, one in facts.items():
        found[one.conversation or event].append((event, one))
    return list(found.values())


def _unit(events: list[tuple[uuid.UUID, Facts]], held: Collection[uuid.UUID]) -> Unit:
    values: set[Value] = set()
    for _, one in events:
        values |= one.values
    mine = [one for event, one in events if event in held]
    return Unit(
        frozenset(values),
        events=len(mine),
        users=frozenset(one.user for one in mine if one.user),
        first=min((one.at for one in mine), default=None),
    )
