"""What a refresh groups, gathered from a project's events: observations of problems, and what conversations are about."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q

from ingest.models import Event, Project
from signals.clusters.evidence import key_of, read_evidence
from signals.clusters.plan import first_messages
from signals.discovery.observations import Observation
from signals.models import Facet

CHUNK = 1000
EVENTS = 100_000  # the newest: older ones are given to the clusters, and found none by
SAME = 20  # observations that say the same are grouped as so many at most
MOST = 10_000  # observations grouped; each different one costs an embedding, together 5 to 10 s
INTENTS = 10_000  # conversations grouped
# So many conversations that a reader (an LLM) read tell intents better than all first messages.
ENOUGH_READ = 200
FIELDS = (
    "id", "event_id", "project_id", "conversation_id", "end_user_id", "timestamp", "tool_errors", "revision", "input", "output",
)  # fmt: skip


@dataclass(slots=True)
class Kind:
    """Evidence that says the same. `some`: at most SAME observations, of different people first. `events`: all that have it, `units`: the
    conversation of each."""

    some: list[Observation] = field(default_factory=list)
    events: list[uuid.UUID] = field(default_factory=list)
    units: list[uuid.UUID] = field(default_factory=list)
    people: set[uuid.UUID] = field(default_factory=set)

    def add(self, observation: Observation) -> None:
        person = observation.user or observation.unit
        if len(self.some) < SAME and (person not in self.people or len(self.some) < 3):
            self.some.append(observation)
        self.people.add(person)
        self.events.append(observation.event)
        self.units.append(observation.unit)


@dataclass(slots=True)
class Wish:
    """What a conversation is about. `text`: of its first message, which is `event`; the reader's words where `is_read`."""

    text: str
    event: uuid.UUID
    user: uuid.UUID | None
    unit: uuid.UUID
    is_read: bool


@dataclass(slots=True)
class Collected:
    """`events` were looked at of `total`. `kinds`: by key."""

    total: int
    events: int = 0
    kinds: dict[str, Kind] = field(default_factory=dict)
    wishes: dict[uuid.UUID, Wish] = field(default_factory=dict)

    @property
    def is_sampled(self) -> bool:
        return self.events < self.total or len(self.observations()) < sum(
            len(one.some) for one in self.kinds.values()
        )

    def observations(self) -> list[Observation]:
        """At most MOST: what several people met first, then the newest."""
        kinds = sorted(
            self.kinds.values(), key=lambda one: (len(one.people) < 2, -one.some[0].at.timestamp())
        )
        found: list[Observation] = []
        for one in kinds:
            if len(found) + len(one.some) > MOST:
                break
            found += one.some
        return found

    def intents(self) -> list[Wish]:
        """At most INTENTS, drawn at random from all: those that were read, where there are enough of them."""
        read = [one for one in self.wishes.values() if one.is_read]
        chosen = (
            read
            if len(read) >= ENOUGH_READ or 2 * len(read) >= len(self.wishes)
            else [one for one in self.wishes.values() if not one.is_read]
        )
        if len(chosen) > INTENTS:
            chosen = random.Random(0).sample(chosen, INTENTS)  # noqa: S311  # the same each time
        return sorted(chosen, key=lambda one: one.event)


def collect(project: Project, *, total: int, report: Callable[[int], None]) -> Collected:
    """Newest events first. `report` is told how many were read, and may raise."""
    found = Collected(total)
    for events in newest_first(project):
        read = read_evidence(events)
        for observations in read.problems.values():
            for one in observations:
                found.kinds.setdefault(key_of(one), Kind()).add(one)
        _add_wishes(found, events)
        found.events += len(events)
        report(found.events)
        if found.events >= EVENTS:
            break
    return found


def newest_first(project: Project) -> Iterator[list[Event]]:
    """The project's events in chunks, with their texts."""
    rows = Event.objects.filter(project=project, is_pending=False).only(*FIELDS).order_by("-timestamp", "-id")
    last: Event | None = None
    while True:
        older = rows
        if last is not None:
            older = rows.filter(
                Q(timestamp__lt=last.timestamp) | Q(timestamp=last.timestamp, id__lt=last.id),
                timestamp__lte=last.timestamp,
            )
        events = list(older[:CHUNK])
        if events:
            yield events
        if len(events) < CHUNK:
            return
        last = events[-1]


def _add_wishes(found: Collected, events: Sequence[Event]) -> None:
    """Once a conversation: what the reader said, else its first message; of an event without one its own."""
    fresh = {event.conversation_id for event in events if event.conversation_id} - found.wishes.keys()
    facets = {
        facet.conversation_id: facet
        for facet in Facet.objects.filter(project=events[0].project_id, conversation__in=fresh).exclude(
            intent=""
        )
    }
    first = first_messages(fresh)
    unread = [event for conversation, event in first.items() if conversation not in facets]
    texts = dict(Event.objects.filter(id__in=unread).values_list("id", "input"))
    for event in events:
        conversation = event.conversation_id
        unit = conversation or event.id
        if unit in found.wishes:
            continue
        if conversation is not None and conversation in facets:
            facet = facets[conversation]
            found.wishes[unit] = Wish(
                facet.intent, first.get(conversation, facet.event_id), event.end_user_id, unit, True
            )
        elif conversation is not None and (told := first.get(conversation)) in texts:
            found.wishes[unit] = Wish(texts[told], told, event.end_user_id, unit, False)
        elif conversation is None and event.input.strip():
            found.wishes[unit] = Wish(event.input, event.id, event.end_user_id, unit, False)


def tools_of(units: Sequence[uuid.UUID]) -> list[set[str]]:
    """The names of the tools that were called in each conversation, or in the event that has none."""
    found: dict[uuid.UUID, set[str]] = {unit: set() for unit in units}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT coalesce(e.conversation_id, e.id), s.name FROM ingest_event e JOIN ingest_span s ON s.event_id = e.id
               WHERE (e.conversation_id = ANY(%s) OR (e.id = ANY(%s) AND e.conversation_id IS NULL)) AND e.tool_calls > 0
                 AND s.kind = 'tool' AND s.name <> ''""",
            [list(units), list(units)],
        )
        for unit, name in cursor.fetchall():
            found[unit].add(name)
    return [found[unit] for unit in units]
