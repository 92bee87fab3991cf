"""Events that a trace no longer tells of: late spans showed that they are part of others. They are merged into those.

Two agents whose common root comes after the silence are two events by then, and with it one.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.counts.rollups import TakenBack, hold_people
from ingest.incoming.cleaning import clean_text
from ingest.incoming.values import IncomingEvent
from ingest.models import Event, EventKey, Project, Span
from ingest.otlp.traces.assembly import TraceEvent
from ingest.store.merged_events import merge_events
from ingest.store.people import conversation_id, end_user_id


@dataclass(frozen=True, slots=True)
class Surplus:
    """`told`: the event as an earlier look at its trace made it. `heir`: the id of the event that has its spans now."""

    told: TraceEvent
    heir: str


def surplus_of(before: Iterable[TraceEvent], made: Iterable[TraceEvent]) -> list[Surplus]:
    """Of two looks at one trace. Only events to which this server gave their id: what the app names, it may tell of itself."""
    made = list(made)
    here = {event.event_id for event in made}
    owners = {span_id: event.event_id for event in made for span_id in event.span_ids}
    found = []
    for event in before:
        if not event.named and event.event_id not in here:
            heirs = Counter(owners[span_id] for span_id in event.span_ids if span_id in owners)
            if heirs:
                found.append(Surplus(event, heirs.most_common(1)[0][0]))
    return found


def hold_surplus(
    project: Project, surplus: Sequence[Surplus], incoming: Sequence[IncomingEvent]
) -> list[tuple[Event, Surplus]]:
    """Locks the surplus events, together with the events that are about to be stored and with the people of both: each kind in one
    statement, which is the order of every writer. Without those of which the app itself told something: they stay."""
    if not surplus:
        return []
    told = {clean_text(one.told.event_id): one for one in surplus}
    names = [*told, *(event.event_id for event in incoming)]
    keys = EventKey.objects.filter(project=project, event_id__in=names)
    events = Event.objects.filter(id__in=list(keys.values_list("event_uuid", flat=True)))
    hold_people(
        [
            *events.values_list("end_user_id", "conversation_id"),
            *(
                (
                    end_user_id(project, event.user_id) if event.user_id else None,
                    conversation_id(project, event.convo_id) if event.convo_id else None,
                )
                for event in incoming
            ),
        ]
    )
    held = {event.event_id: event for event in events.order_by("id").select_for_update()}
    return [
        (held[name], one)
        for name, one in told.items()
        if name in held and _is_of_trace(project, held[name], one.told)
    ]


def _is_of_trace(project: Project, event: Event, told: TraceEvent) -> bool:
    """Whether the event says nothing but what its trace told."""
    return (
        not event.is_pending
        and all(
            getattr(event, name) in ("", clean_text(getattr(told, name)))
            for name in ("name", "input", "output")
        )
        and (
            event.end_user_id is None
            or (told.user_id != "" and event.end_user_id == end_user_id(project, told.user_id))
        )
    )


def parts_of(held: Iterable[tuple[Event, Surplus]]) -> list[IncomingEvent]:
    """What the surplus events hold besides, as parts of their heirs: properties that others set (ingest/tracing/handoffs.py)."""
    return [
        IncomingEvent(
            event_id=clean_text(one.heir),
            properties=_besides(event.properties, one.told.properties),
            feature_flags=_besides(event.feature_flags, one.told.feature_flags),
            fills={},
        )
        for event, one in held
    ]


def _besides(held: Mapping[str, object], told: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in held.items() if key not in told}


def merge_surplus(project: Project, held: Sequence[tuple[Event, Surplus]]) -> list[TakenBack]:
    """Merges those of the held events that have no spans left, once the spans are with their new events. What it returns is as that of
    `merge_events`."""
    if not held:
        return []
    with_spans = set(
        Span.objects.filter(event__in=[event.id for event, _ in held]).values_list("event_id", flat=True)
    )
    keys: dict[str, uuid.UUID] = dict(
        EventKey.objects.filter(
            project=project, event_id__in=[clean_text(one.heir) for _, one in held]
        ).values_list("event_id", "event_uuid")
    )
    return merge_events(
        project,
        [
            (event, into)
            for event, one in held
            if event.id not in with_spans and (into := keys.get(clean_text(one.heir))) not in (None, event.id)
        ],
    )
