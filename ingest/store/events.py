"""Storing events: one transaction, set-based, idempotent by the app's own event id, queued for the pipeline.

Locks are taken in one order everywhere (end users, conversations, event keys, events), each sorted, so that requests with
the same rows wait for each other but never in a circle.
"""

import datetime as dt
import functools
import operator
import uuid
from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ingest.counts import rollups
from ingest.incoming.merging import MERGED_FIELDS, MergeTooLarge, merge
from ingest.incoming.values import (
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingSpan,
    IncomingUser,
)
from ingest.limits import usage
from ingest.models import Event, EventKey, Project
from ingest.store.event_rows import insert_events, withdraw_sums
from ingest.store.feedback import link_signals, store_signals
from ingest.store.people import People, conversation_id, end_user_id, ensure_people, store_users
from ingest.store.preparing import prepare_events
from ingest.store.queueing import enqueue
from ingest.store.rows import insert_rows, json_text
from ingest.store.span_sums import with_sums
from ingest.store.spans import (
    SpanRow,
    refresh_span_summary,
    span_rows,
    spans_of,
    store_attachments,
    store_rows,
    store_spans,
)
from raindrop.ids import id_at

__all__ = [
    "IncomingAttachment", "IncomingEvent", "IncomingSignal", "IncomingSpan", "IncomingUser", "MergeTooLarge", "StoreReport",
    "conversation_id", "end_user_id", "finish_silent_partials", "refresh_span_summary", "report_stored", "store_bounded", "store_events",
    "store_signals", "store_users",
]  # fmt: skip

# A partial event that hears nothing more becomes final after this long. Later parts still reach it, as revisions.
SILENCE: dt.timedelta = settings.PARTIAL_SILENCE
SILENT_BATCH = 1000
MAX_SILENT_BATCHES = 200  # of a call: what a worker has done long before its time is over


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What became of events, in their order."""

    event_ids: list[str]
    repeated: list[bool]  # the same event was stored already, and nothing was done
    queued: set[uuid.UUID]  # internal ids of the events that were put into the pipeline's queue


def store_events(*, project: Project, events: list[IncomingEvent]) -> list[str]:
    """As `report_stored`; returns the event ids alone, in order."""
    return report_stored(project=project, events=events).event_ids


def report_stored(
    *,
    project: Project,
    events: list[IncomingEvent],
    prepared: bool = False,
    moved: list[rollups.Occurrence] | None = None,
) -> StoreReport:
    """Stores events and parts of events, redacted, and queues those that are final.

    An event without an id gets one. A part whose event id is known is merged into that event (ingest/incoming/merging.py); when nothing
    differs, nothing happens. `prepared`: the events come from `prepare_events`. `moved`: a list that gets what the roll-ups must forget,
    for a caller whose transaction has more of that; else this function tells them. Raises MergeTooLarge, and then stores nothing."""
    now = timezone.now()
    if not prepared:
        events = prepare_events(project, events)
    former: set[_Owner] = set()
    while True:
        try:
            with transaction.atomic():
                report, forgotten = _store(project, events, former, now)
                if moved is None:
                    taken = rollups.TakenBack(forgotten, Event._meta.db_table, "project_id")
                    rollups.take_back([taken])  # last: see ingest/counts/rollups.py
        except _OwnersChanged as found:  # rare; the next try locks these people before it locks events
            former |= found.owners
        else:
            if moved is not None:
                moved += forgotten
            return report


def _store(
    project: Project, events: list[IncomingEvent], former: set["_Owner"], now: dt.datetime
) -> tuple[StoreReport, list[rollups.Occurrence]]:
    """Tries once. Returns the report, and what the roll-ups must forget. `former` are locked: counted events may move away
    from them. Raises _OwnersChanged when an event moves away from an owner that is not among them."""
    if former:
        rollups.hold_people(former)
    people = ensure_people(project, events, now)
    first: dict[str, IncomingEvent] = {}
    later: list[IncomingEvent] = []
    for event in events:
        if first.setdefault(event.event_id, event) is not event:
            later.append(event)
    ids = _claim_keys(project, first, now)
    fresh = [event for event in first.values() if event.event_id in ids]
    later = [event for event in first.values() if event.event_id not in ids] + later
    spans = [(ids[e.event_id], span) for e in fresh for span in spans_of(project, e, e.event_id)]
    rows = span_rows(project, spans, default_time=now)
    summed = _summed(fresh, ids, rows, merged={event.event_id for event in later})
    insert_events(project, [summed.get(ids[event.event_id], event) for event in fresh], ids, people, now)
    changed, spans_changed, moved, touched = _merge_known(project, later, people, former, now)
    changed |= {ids[event.event_id] for event in fresh if not event.is_pending}
    spans_changed |= _store_parts(project, fresh, ids, rows, summed.keys())
    withdraw_sums([event for event in fresh if ids[event.event_id] in summed.keys() & spans_changed], ids)
    refresh_span_summary(spans_changed)
    enqueue((project.id, event_id) for event_id in sorted(changed, key=operator.attrgetter("int")))
    if any(event.signals for event in events):
        signals = [signal for event in events for signal in _signals_of(event, now)]
        store_signals(project=project, signals=signals, queued=changed)
    transaction.on_commit(functools.partial(usage.count_events, project.id, len(fresh)), robust=True)
    known = {id(event) for event in later if event.event_id not in touched}
    report = StoreReport(
        [event.event_id for event in events], [id(event) in known for event in events], changed
    )
    return report, moved


def store_bounded(
    *,
    project: Project,
    events: list[IncomingEvent],
    prepared: bool = False,
    moved: list[rollups.Occurrence] | None = None,
) -> set[uuid.UUID]:
    """As `report_stored`; where the properties would be too many together with what is there, without them. Returns our ids of the
    events that were queued."""
    store = functools.partial(report_stored, project=project, prepared=prepared, moved=moved)
    try:
        with transaction.atomic():
            return store(events=events).queued
    except MergeTooLarge:
        queued: set[uuid.UUID] = set()
        for event in events:
            try:
                with transaction.atomic():
                    queued |= store(events=[event]).queued
            except MergeTooLarge:
                event.properties, event.feature_flags = {}, {}
                if event.fills:  # nothing is withdrawn either
                    event.fills = event.fills | {"properties": {}, "feature_flags": {}}
                queued |= store(events=[event]).queued
        return queued


def finish_silent_partials(*, now: dt.datetime, silence: dt.timedelta = SILENCE) -> int:
    """Makes partial events final that have had no part for `silence`, and queues them, SILENT_BATCH in one transaction. Returns
    how many. To be called every minute or so."""
    finished = 0
    for _ in range(MAX_SILENT_BATCHES):
        number = _finish_silent(now - silence)
        finished += number
        if number < SILENT_BATCH:
            break
    return finished


def _finish_silent(before: dt.datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_event SET is_pending = false WHERE id IN (
                 SELECT id FROM ingest_event WHERE is_pending AND received_at < %s
                 ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED)
               RETURNING project_id, id""",
            [before, SILENT_BATCH],
        )
        rows = cursor.fetchall()
        enqueue(sorted(rows))
    return len(rows)


# -- steps of store_events

_Owner = tuple[uuid.UUID | None, uuid.UUID | None]  # an event's end user and conversation


class _OwnersChanged(Exception):
    """Counted events got another user or conversation, and the former ones are not locked."""

    def __init__(self, owners: set[_Owner]) -> None:
        super().__init__()
        self.owners = owners


def _claim_keys(project: Project, events: dict[str, IncomingEvent], now: dt.datetime) -> dict[str, uuid.UUID]:
    """Event id -> our id, of those that are new. The insert decides: of two requests with one id, the second waits for
    the first, and then finds the id taken. Our ids sort as the events came, where their times do not tell."""
    ids = {event_id: id_at(event.timestamp or now) for event_id, event in events.items()}
    return dict(
        insert_rows(
            EventKey._meta.db_table,
            {"project_id": "uuid", "event_id": "text", "event_uuid": "uuid"},
            [(project.id, event_id, ids[event_id]) for event_id in sorted(events)],
            conflict="ON CONFLICT (project_id, event_id) DO NOTHING",
            returning="event_id, event_uuid",
        )
    )


def _signals_of(event: IncomingEvent, now: dt.datetime) -> list[IncomingSignal]:
    return [
        msgspec.structs.replace(
            signal, event_id=event.event_id, timestamp=signal.timestamp or event.timestamp or now
        )
        for signal in event.signals
    ]


def _summed(
    events: list[IncomingEvent], ids: dict[str, uuid.UUID], rows: list[SpanRow], *, merged: set[str]
) -> dict[uuid.UUID, IncomingEvent]:
    """By id, the new events with what their spans say, so that their rows are written once. Without those in `merged`: other parts of them come
    in the same batch, and a part that is late fills in what the event lacks before its spans are asked."""
    of_event: dict[uuid.UUID | None, list[SpanRow]] = {}
    for row in rows:
        of_event.setdefault(row.event_id, []).append(row)
    return {
        event_id: with_sums(event, of_event[event_id])
        for event in events
        if (event_id := ids[event.event_id]) in of_event
        and event.sums is None
        and event.event_id not in merged
    }


def _store_parts(
    project: Project,
    events: list[IncomingEvent],
    ids: dict[str, uuid.UUID],
    rows: list[SpanRow],
    summed: Collection[uuid.UUID],
) -> set[uuid.UUID]:
    """What hangs on events that are new: attachments, spans (`rows`), and signals and spans that were there before them. Returns
    the events whose spans are still to be summed: also of the `summed` those of which a span was there, since it may tell something else."""
    if not events:
        return set()
    store_attachments(project, ((ids[e.event_id], a) for e in events for a in e.attachments))
    of_traces = {ids[e.event_id] for e in events if e.sums}
    changed = {
        span.event_id
        for span in store_rows(rows)
        if span.event_id is not None
        and span.event_id not in of_traces
        and not (span.is_new and span.event_id in summed)
    }
    link_signals({e.event_id: ids[e.event_id] for e in events}, project)
    # Of a trace that makes its events itself (`fills`), it alone knows which of its spans are whose.
    traces = {e.trace_id: ids[e.event_id] for e in events if e.trace_id and e.fills is None}
    return changed | (_link_spans(project, traces) if traces else set())


def _link_spans(project: Project, traces: dict[str, uuid.UUID]) -> set[uuid.UUID]:
    """Links the spans that were there before their event, by the trace that the event names."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_span s SET event_id = v.id FROM unnest(%s::text[], %s::uuid[]) AS v(trace_id, id)
               WHERE s.project_id = %s AND s.trace_id = v.trace_id AND s.event_id IS NULL RETURNING s.event_id""",
            [list(traces), list(traces.values()), project.id],
        )
        return {row[0] for row in cursor.fetchall()}


def _merge_known(
    project: Project, parts: list[IncomingEvent], people: People, former: set[_Owner], now: dt.datetime
) -> tuple[set[uuid.UUID], set[uuid.UUID], list[rollups.Occurrence], set[str]]:
    """Merges parts into events that exist, in order. Returns (the final events that changed; the events whose spans changed; what the
    roll-ups must forget, because an event got another user or conversation after it was counted; the app's own ids of all events that
    changed). Raises _OwnersChanged."""
    if not parts:
        return set(), set(), [], set()
    event_ids = sorted({part.event_id for part in parts})
    keys = dict(
        EventKey.objects.filter(project=project, event_id__in=event_ids).values_list("event_id", "event_uuid")
    )
    rows = {
        row.id: row for row in Event.objects.filter(id__in=keys.values()).order_by("id").select_for_update()
    }
    # Two ids may be of one event (ingest/store/merged_events.py).
    events = {event_id: rows[uid] for event_id, uid in keys.items() if uid in rows}
    ids = {event_id: event.id for event_id, event in events.items()}
    before = {row.id: (row.end_user_id, row.conversation_id, row.timestamp) for row in rows.values()}
    parts = [part for part in parts if part.event_id in ids]  # an event that was deleted stays deleted
    changed = store_attachments(project, ((ids[p.event_id], a) for p in parts for a in p.attachments))
    spans = [(ids[p.event_id], span) for p in parts for span in spans_of(project, p, p.event_id)]
    spans_changed = store_spans(project, spans, default_time=now)
    for part in parts:
        event = events[part.event_id]
        if merge(
            event,
            _json_cleaned(part),
            end_user=people.end_user(part),
            conversation=people.conversation(part),
        ):
            changed.add(event.id)
            if part.trace_id and part.fills is None:
                spans_changed |= _link_spans(project, {part.trace_id: event.id})
        if event.is_pending:
            event.received_at = now  # the silence is counted from the last part
    moved = [
        row
        for row in rows.values()
        if row.counted and before[row.id] != (row.end_user_id, row.conversation_id, row.timestamp)
    ]
    owners = [before[row.id][:2] for row in moved]
    if not set(owners) <= former:
        raise _OwnersChanged(set(owners))
    old = [before[row.id] for row in moved]
    forgotten = [rollups.Occurrence(project.id, project.id, at, user, talk) for user, talk, at in old]
    for row in moved:
        row.counted = False  # the pipeline counts it again
    to_save = [row for row in rows.values() if row.is_pending or row.id in changed]
    Event.objects.bulk_update(to_save, MERGED_FIELDS)
    if owners:
        rollups.uncount_people(owners)
    final = {row.id for row in rows.values() if not row.is_pending}
    touched = {event_id for event_id, uid in ids.items() if uid in changed | spans_changed}
    return (changed | spans_changed) & final, spans_changed, forgotten, touched


def _json_cleaned(part: IncomingEvent) -> IncomingEvent:
    """With maps that are plain JSON: they are compared with what the database holds."""
    told = part.fills
    if told and (maps := {name: told[name] for name in ("properties", "feature_flags") if told.get(name)}):
        told = told | msgspec.json.decode(json_text(maps))
    if not (part.properties or part.feature_flags or told):
        return part
    return msgspec.structs.replace(
        part,
        properties=msgspec.json.decode(json_text(part.properties)),
        feature_flags=msgspec.json.decode(json_text(part.feature_flags)),
        fills=told,
    )
