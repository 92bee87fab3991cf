"""Making the events of the traces that are over (ingest/tracing/traces.py says when).

When spans of a trace come later, its events are made once more: the same ones, with what the late spans add, and an event that is
none of its own any more is merged into the one that has its spans (ingest/tracing/surplus_events.py). What the app itself sent for an event
is never overwritten: a trace fills in what is missing, or what an earlier look at the trace had filled in.
"""

import datetime as dt
import logging
import math
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from ingest.counts.rollups import Occurrence, TakenBack, take_back
from ingest.health.counts import OTLP, count
from ingest.incoming.cleaning import clean_text
from ingest.incoming.values import MAX_INTEGER, IncomingEvent, IncomingSignal, SpanSums
from ingest.models import Event, EventKey, OpenTrace, Project, Span
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.stored import from_row, moment
from ingest.otlp.traces.assembly import TraceEvent, assemble, root_end
from ingest.store.events import store_bounded
from ingest.store.feedback import store_signals, take_back_signals
from ingest.store.merged_events import revive
from ingest.store.people import conversation_id, end_user_id
from ingest.store.queueing import enqueue
from ingest.store.spans import refresh_span_summary
from ingest.tracing.empty_events import count_empty
from ingest.tracing.evaluations import attach_evaluations
from ingest.tracing.handoffs import link_children
from ingest.tracing.one_call_twice import unite_tool_calls
from ingest.tracing.plain_spans import add_plain_spans
from ingest.tracing.session_signals import once_a_session
from ingest.tracing.surplus_events import Surplus, hold_surplus, merge_surplus, parts_of, surplus_of

logger = logging.getLogger(__name__)

BATCH = 100  # traces in one transaction
MAX_SPANS = 20_000  # of one trace that are looked at, the earliest
# A trace with its root, in which a span's parent is missing, is waited for so long after its first span came.
CHILD_GRACE = max(dt.timedelta(seconds=10), settings.TRACE_GRACE)
RETRY_AFTER = dt.timedelta(minutes=5)
MAX_ATTEMPTS = 5
GIVEN_UP_RETRY = dt.timedelta(hours=6)  # after that many: perhaps a newer version can


@dataclass(slots=True)
class FinishCounts:
    traces: int = 0
    events: int = 0
    failed: int = 0


def finish_open_traces(
    now: dt.datetime, *, deadline: float = math.inf, only: tuple[uuid.UUID, Sequence[str]] | None = None
) -> FinishCounts:
    """Makes the events of the traces that are over by `now`; begins no further batch after `deadline` (time.monotonic()). To be
    called every few seconds; safe to run twice at once. `only`: of these (project, trace ids)."""
    finished = FinishCounts()
    while len(_finish_due(now, finished, only)) == BATCH and time.monotonic() < deadline:
        pass
    return finished


def _finish_due(
    now: dt.datetime, finished: FinishCounts, only: tuple[uuid.UUID, Sequence[str]] | None
) -> list[tuple[uuid.UUID, str]]:
    """One batch. When it fails as a whole, its traces are tried one by one, so that a bad one fails alone."""
    keys: list[tuple[uuid.UUID, str]] = []
    try:
        with transaction.atomic():
            keys = _claim(now, only)
            _finish(keys, now, finished)
    except Exception as error:
        logger.warning("Making the events of %s traces failed, trying one by one: %s", len(keys), error)
        for key in keys:
            _finish_alone(key, now, finished)
    return keys


def _finish_alone(key: tuple[uuid.UUID, str], now: dt.datetime, finished: FinishCounts) -> None:
    project_id, trace_id = key
    rows = OpenTrace.objects.filter(project_id=project_id, trace_id=trace_id)
    try:
        with transaction.atomic():
            if rows.select_for_update(skip_locked=True).exists():
                _finish([key], now, finished)
    except Exception:
        logger.exception("The events of trace %s cannot be made", trace_id)
        finished.failed += 1
        with transaction.atomic():
            row = rows.select_for_update().first()
            if row:  # never dropped: its spans were acknowledged
                given_up = row.attempts + 1 >= MAX_ATTEMPTS
                rows.update(
                    attempts=F("attempts") + 1, due_at=now + (GIVEN_UP_RETRY if given_up else RETRY_AFTER)
                )
                if row.attempts + 1 == MAX_ATTEMPTS:
                    count(
                        project_id=project_id,
                        key_id=None,
                        scope=OTLP,
                        outcome="rejected",
                        reason="its events cannot be made",
                    )


def _claim(now: dt.datetime, only: tuple[uuid.UUID, Sequence[str]] | None) -> list[tuple[uuid.UUID, str]]:
    due = OpenTrace.objects.filter(due_at__lte=now)
    if only is not None:
        project, trace_ids = only
        due = due.filter(project=project, trace_id__in=trace_ids)
    rows = due.order_by("due_at", "project_id", "trace_id").select_for_update(skip_locked=True)
    return list(rows.values_list("project_id", "trace_id")[:BATCH])


def _finish(keys: Iterable[tuple[uuid.UUID, str]], now: dt.datetime, finished: FinishCounts) -> None:
    """Makes the events of claimed traces, or puts off those that are waited for. Called in the transaction that claimed them."""
    by_project: dict[uuid.UUID, list[str]] = {}
    for project_id, trace_id in keys:
        by_project.setdefault(project_id, []).append(trace_id)
    projects = Project.objects.in_bulk(list(by_project))
    for project_id, trace_ids in sorted(by_project.items()):
        rows = OpenTrace.objects.filter(project_id=project_id, trace_id__in=trace_ids)
        put_off: set[str] = set()
        if project := projects.get(project_id):
            young = set(rows.filter(opened_at__gt=now - CHILD_GRACE).values_list("trace_id", flat=True))
            put_off = _make_events(project, trace_ids, young, finished)
        rows.exclude(trace_id__in=put_off).delete()
        if put_off:
            rows.update(due_at=F("opened_at") + CHILD_GRACE)
        finished.traces += len(trace_ids) - len(put_off)


def _make_events(project: Project, trace_ids: list[str], young: set[str], finished: FinishCounts) -> set[str]:
    """Returns the ids of the traces among the young that wait for a child's parent, and have no events yet."""
    attach_evaluations(project, trace_ids)
    add_plain_spans(project, trace_ids)
    rows: dict[str, list[Span]] = {trace_id: [] for trace_id in trace_ids}
    place = Window(
        RowNumber(), partition_by=[F("trace_id")], order_by=[F("started_at").asc(), F("span_id").asc()]
    )
    found = Span.objects.filter(project=project, trace_id__in=trace_ids).annotate(place=place)
    for row in found.filter(place__lte=MAX_SPANS).order_by("started_at", "span_id").iterator():
        rows[row.trace_id].append(row)
    events: list[TraceEvent] = []
    incoming: list[IncomingEvent] = []
    empty: list[tuple[TraceEvent, list[MappedSpan]]] = []
    told: list[TraceEvent] = []  # of the same traces, by an earlier look
    surplus: list[Surplus] = []
    new_ids: list[str] = []  # that the earlier look did not know
    put_off: set[str] = set()
    for trace_id, members in rows.items():
        mapped = [(span, row.event_id is not None) for row in members if (span := from_row(row))]
        spans = [span for span, _ in mapped]
        if trace_id in young and _lacks_a_parent(spans):
            put_off.add(trace_id)
            continue
        made = assemble(spans)
        before = {event.event_id: event for event in assemble(span for span, linked in mapped if linked)}
        events += made
        told += before.values()
        surplus += surplus_of(before.values(), made)
        new_ids += [event.event_id for event in made if before and event.event_id not in before]
        empty += [(event, spans) for event in made if event.no_text and event.event_id not in before]
        incoming += [incoming_event(project, event, before.get(event.event_id)) for event in made]
    if not events:
        return put_off
    held = hold_surplus(project, surplus, incoming)
    if new_ids:
        revive(project, [clean_text(event_id) for event_id in new_ids])
    moved: list[Occurrence] = []
    queued = store_bounded(project=project, events=[*incoming, *parts_of(held)], moved=moved)
    queued |= _attach(project, events, queued)
    _take_back_signals(project, told, events)
    taken = merge_surplus(project, held)
    count_empty(project, empty)
    link_children(project, [trace_id for trace_id in trace_ids if trace_id not in put_off])
    store_trace_signals(project, events, queued=queued)
    take_back(
        [TakenBack(moved, Event._meta.db_table, "project_id"), *taken]
    )  # last: see ingest/counts/rollups.py
    finished.events += len(events)
    return put_off


def _lacks_a_parent(spans: list[MappedSpan]) -> bool:
    here = {span.span_id for span in spans}
    parents = {span.parent_span_id for span in spans}
    return root_end(spans) is not None and not parents <= here | {""}


def store_trace_signals(project: Project, events: list[TraceEvent], *, queued: set[uuid.UUID]) -> None:
    """Stores the feedback that the traces hold, once their events are stored. `queued`: our ids of events that this transaction has
    queued, and need not be queued again."""
    signals = once_a_session(
        project, ((_convo_id(event), signal) for event in events for signal in _signals(event))
    )
    if signals:
        store_signals(project=project, signals=signals, queued=queued)


def _take_back_signals(project: Project, told: list[TraceEvent], events: list[TraceEvent]) -> None:
    """Deletes the feedback that an earlier look at the traces found and that they do not tell, or of another event."""
    before = [signal for event in told for signal in _signals(event)]
    if before:
        now = [signal for event in events for signal in _signals(event)]
        take_back_signals(project=project, signals=[signal for signal in before if signal not in now])


def incoming_event(project: Project, event: TraceEvent, before: TraceEvent | None = None) -> IncomingEvent:
    """The event as the store takes it, without its spans. `before`: the same event as an earlier look at its trace made it."""
    made = IncomingEvent(
        event_id=clean_text(event.event_id),
        name=event.name,
        user_id=event.user_id or None,
        convo_id=_convo_id(event),
        timestamp=moment(event.start_ns),
        model=event.model or None,
        input=event.input or None,
        output=event.output or None,
        properties=event.properties,
        feature_flags=event.feature_flags,
        trace_id=event.trace_id,
        latency_ms=event.latency_ms,
        fills={},
        sums=SpanSums(
            tool_calls=event.tool_calls,
            tool_errors=event.tool_errors,
            input_tokens=_counted(event.tokens.input),
            output_tokens=_counted(event.tokens.output),
            cost_usd=event.cost,
        ),
    )
    if before:
        convo_id = _convo_id(before)
        made.fills = {
            "name": before.name,
            "model": before.model,
            "input": before.input,
            "output": before.output,
            "latency_ms": before.latency_ms,
            "timestamp": moment(before.start_ns),
            "properties": before.properties,
            "feature_flags": before.feature_flags,
            "end_user_id": end_user_id(project, before.user_id) if before.user_id else None,
            "conversation_id": conversation_id(project, convo_id) if convo_id else None,
        }
        # The spans tell the sums of their event; here they are only withdrawn.
        for field, number in (("input_tokens", before.tokens.input), ("output_tokens", before.tokens.output)):
            if getattr(event.tokens, field.removesuffix("_tokens")) is None:
                made.fills[field] = _counted(number)
        if event.cost is None:
            made.fills["cost_usd"] = before.cost
    return made


def _counted(tokens: int | None) -> int | None:
    return None if tokens is None else min(tokens, MAX_INTEGER)


def _convo_id(event: TraceEvent) -> str | None:
    """Without a conversation of its own, a trace is one; but the app knows better about an event that it names."""
    return event.convo_id or (None if event.named else event.trace_id)


def _attach(project: Project, events: list[TraceEvent], queued: set[uuid.UUID]) -> set[uuid.UUID]:
    """Links the spans to their events, and queues the final events on which something changed, but those in `queued`. Returns what
    it queued."""
    names = {clean_text(event.event_id) for event in events}
    keys = dict(
        EventKey.objects.filter(project=project, event_id__in=names).values_list("event_id", "event_uuid")
    )
    links = [
        (
            event.trace_id,
            span_id,
            uid,
            event.corrected_kinds.get(span_id),
            "error" if span_id in event.failed_spans else None,
            event.counts.get(span_id, 0),
        )
        for event in events
        if (uid := keys.get(clean_text(event.event_id)))
        for span_id in event.span_ids
    ]
    if not links:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_span s SET event_id = v.event_id, kind = coalesce(v.kind, s.kind),
                 status = coalesce(v.status, s.status), counts = v.counts
               FROM (SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::smallint[])
                     AS u(trace_id, span_id, event_id, kind, status, counts)) v, ingest_span old
               WHERE s.project_id = %s AND s.trace_id = v.trace_id AND s.span_id = v.span_id AND old.id = s.id
                 AND (s.event_id IS DISTINCT FROM v.event_id OR s.kind <> coalesce(v.kind, s.kind)
                   OR s.status <> coalesce(v.status, s.status) OR s.counts IS DISTINCT FROM v.counts)
               RETURNING s.event_id, old.event_id""",
            [*map(list, zip(*links, strict=True)), project.id],
        )
        changed = {event for row in cursor.fetchall() for event in row if event is not None}
    unite_tool_calls(
        project,
        (uid for event in events if event.may_tell_twice and (uid := keys.get(clean_text(event.event_id)))),
    )
    # Spans that changed in place keep their link, so that the sums are taken anew for all.
    touched = changed | set(keys.values())
    refresh_span_summary(touched)
    final = set(Event.objects.filter(id__in=touched - queued, is_pending=False).values_list("id", flat=True))
    enqueue((project.id, event_id) for event_id in sorted(final))
    return final


def _in_stored_order(value: Any) -> Any:
    """The maps in it as jsonb gives them back, since a signal's fingerprint is made of the text: a trace that is made of its rows
    tells the same signals as when it came."""
    if not isinstance(value, dict):
        return [_in_stored_order(item) for item in value] if isinstance(value, list) else value
    keys = sorted(value, key=lambda key: (len(key.encode(errors="replace")), key))
    return {key: _in_stored_order(value[key]) for key in keys}


def _signals(event: TraceEvent) -> list[IncomingSignal]:
    found = []
    for signal in event.signals:
        properties = _in_stored_order(signal.properties)
        human = signal.source == "human"
        if human and "explanation" in properties:
            properties["comment"] = properties["explanation"]  # where feedback has its text on the wire
        found.append(
            IncomingSignal(
                event_id=event.event_id,
                name=signal.name,
                signal_type="feedback" if human else "default" if signal.source == "approval" else "standard",
                sentiment=signal.sentiment,
                properties=properties,
                timestamp=moment(signal.at_ns or event.start_ns),
            )
        )
    return found
