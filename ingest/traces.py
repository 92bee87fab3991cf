"""Storing traces: spans at once, in the transaction that is acknowledged; their events when the trace is over.

A trace is over ROOT_GRACE after its root ended, or after SILENCE without a span (OpenTrace). Spans that come later open it
again, and its events are made once more: the same ones, with what the late spans add. What the app itself sent for
an event is never overwritten: a trace fills in what is missing, or what an earlier look at the trace had filled in.
"""

import datetime as dt
import logging
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from ingest import flushing
from ingest.cleaning import clean_text
from ingest.earlier_turns import keep_turns
from ingest.evaluations import attach_evaluations, keep_evaluations, waits
from ingest.feedback import store_signals
from ingest.handoffs import link_children
from ingest.health_counts import OTLP, count
from ingest.incoming import IncomingEvent, IncomingSignal
from ingest.merging import MergeTooLarge
from ingest.models import Event, EventKey, OpenTrace, Project, Span
from ingest.otlp import raindrop_sdk
from ingest.otlp.assembly import TraceEvent, assemble, root_end
from ingest.otlp.logs import is_genai, map_log, response_id
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.raw import Decoded, RawLog, RawSpan
from ingest.otlp.redacted import redact
from ingest.otlp.stored import from_row, moment, to_span
from ingest.people import conversation_id, end_user_id
from ingest.queueing import enqueue
from ingest.receipts import Receipt, note_kept
from ingest.redaction_settings import redactor_for
from ingest.rows import insert_rows
from ingest.session_signals import once_a_session
from ingest.spans import refresh_span_summary, store_spans
from ingest.store import store_events

logger = logging.getLogger(__name__)

ROOT_GRACE: dt.timedelta = settings.TRACE_GRACE
SILENCE: dt.timedelta = settings.TRACE_SILENCE
# A trace that never falls silent shows its events after this long all the same.
LONGEST_OPEN = dt.timedelta(hours=1)
BATCH = 100  # traces in one transaction
MAX_SPANS = 20_000  # of one trace that are looked at, the earliest
RETRY_AFTER = dt.timedelta(minutes=5)
MAX_ATTEMPTS = 5
GIVEN_UP_RETRY = dt.timedelta(hours=6)  # after that many: perhaps a newer version can
OTHER_PROJECT = "raindrop.project_id names another project than the key's"


@dataclass(slots=True)
class Finished:
    traces: int = 0
    events: int = 0
    no_text: int = 0
    failed: int = 0


def store_traces(*, project: Project, decoded: Decoded[RawSpan]) -> Receipt:
    """Stores the spans of one request and opens their traces. Idempotent by (trace id, span id)."""
    receipt = Receipt(rejected=Counter(decoded.rejected))
    spans = []
    for raw in decoded.items:
        if raindrop_sdk.is_noise(raw):
            receipt.ignored += 1
            receipt.of(raw.scope_name).ignored += 1
        elif not _is_ours(mapped := map_span(raw), project):
            receipt.reject(OTHER_PROJECT, raw.scope_name)
        else:
            spans.append(mapped)
            if mapped.unknown:
                receipt.unknown_scopes[mapped.scope] += 1
    _store(project, spans, receipt)
    return receipt


def store_logs(*, project: Project, decoded: Decoded[RawLog]) -> Receipt:
    """Stores the GenAI events among a request's logs; other logs are ignored."""
    receipt = Receipt(rejected=Counter(decoded.rejected))
    wanted = [log for log in decoded.items if is_genai(log)]
    receipt.ignored = len(decoded.items) - len(wanted)
    for log in decoded.items:
        if not is_genai(log):
            receipt.of(log.scope_name).ignored += 1
    _find_spans(project, [log for log in wanted if not log.trace_id], receipt)
    records = []
    for log in wanted:
        if waits(log):
            continue
        record = map_log(log)
        if isinstance(record, MappedSpan):
            records.append(record)
        else:
            receipt.reject(record, log.scope_name)
    _store(project, records, receipt)
    keep_evaluations(project=project, logs=[log for log in wanted if waits(log)], receipt=receipt)
    return receipt


def finish_open_traces(now: dt.datetime) -> Finished:
    """Makes the events of the traces that are over by `now`. To be called every few seconds; safe to run twice at once."""
    finished = Finished()
    while keys := _finish_due(now, finished):
        if len(keys) < BATCH:
            break
    flushing.flush_if_due()  # the supervisor, which calls this, has no thread for it
    return finished


# -- storing spans


def _is_ours(span: MappedSpan, project: Project) -> bool:
    return span.project in {"", "default", project.slug}


def _find_spans(project: Project, logs: list[RawLog], receipt: Receipt) -> None:
    """Gives evaluations that name no span the ids of the one whose response they judge."""
    wanted = {response_id(log) for log in logs} - {""}
    if not wanted:
        return
    with connection.cursor() as cursor:  # in the words of the index span_of_response
        cursor.execute(
            """SELECT attributes ->> 'gen_ai.response.id', trace_id, span_id FROM ingest_span
               WHERE project_id = %s AND left(attributes ->> 'gen_ai.response.id', 200) = ANY(%s)
                 AND attributes ? 'gen_ai.response.id' ORDER BY id""",
            [project.id, [one[:200] for one in wanted]],
        )
        found = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    for log in logs:
        log.trace_id, log.span_id = found.get(response_id(log), ("", ""))


def _store(project: Project, spans: list[MappedSpan], receipt: Receipt) -> None:
    by_trace: dict[str, list[MappedSpan]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    # Traces that this request alone does not explain: is there more of them here already?
    asked = [
        t for t, members in by_trace.items() if root_end(members) is None or all(s.unknown for s in members)
    ]
    known = _known_traces(project, asked)
    for trace_id, members in list(by_trace.items()):
        if trace_id not in known and all(span.unknown for span in members):
            receipt.ignored += len(members)
            for span in members:  # perhaps a dialect that nobody knows: its attributes tell which
                ignored = receipt.of(span.scope)
                ignored.ignored += 1
                ignored.unmapped.update(span.attributes.keys())
            del by_trace[trace_id]
    redactor = redactor_for(project)
    kept = [redact(span, redactor) for members in by_trace.values() for span in members]
    receipt.accepted += len(kept)
    written: set[tuple[str, str]] = set()
    if kept:
        with (
            transaction.atomic()
        ):  # the trace before its spans: `finish_open_traces` takes its locks in this order
            _open(project, by_trace, known, timezone.now())
            store_spans(project, [(None, to_span(span)) for span in kept], written=written)
            keep_turns(project=project, spans=kept, now=timezone.now())
    note_kept(receipt, kept, written, project)


def _known_traces(project: Project, trace_ids: Sequence[str]) -> dict[str, bool]:
    """Trace id -> whether events were made of it, for those that have spans."""
    if not trace_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT trace_id, bool_or(event_id IS NOT NULL) FROM ingest_span
               WHERE project_id = %s AND trace_id = ANY(%s) GROUP BY trace_id""",
            [project.id, list(trace_ids)],
        )
        return dict(cursor.fetchall())


def _open(
    project: Project, by_trace: dict[str, list[MappedSpan]], known: dict[str, bool], now: dt.datetime
) -> None:
    rows = []
    for trace_id in sorted(by_trace):
        end = root_end(by_trace[trace_id])
        if end is not None:
            rows.append(
                (
                    project.id,
                    trace_id,
                    now,
                    True,
                    min(max(now, moment(end) + ROOT_GRACE), now + ROOT_GRACE),
                    0,
                )
            )
        else:  # a late span of a trace that has its events, or one of a trace that goes on
            finished = known.get(trace_id, False)
            rows.append((project.id, trace_id, now, finished, now + (ROOT_GRACE if finished else SILENCE), 0))
    insert_rows(
        OpenTrace._meta.db_table,
        {"project_id": "uuid", "trace_id": "text", "opened_at": "timestamptz", "root_ended": "boolean",
         "due_at": "timestamptz", "attempts": "smallint"},
        rows,
        conflict=f"""ON CONFLICT (project_id, trace_id) DO UPDATE SET
            root_ended = t.root_ended OR EXCLUDED.root_ended, attempts = 0,
            due_at = CASE WHEN EXCLUDED.root_ended THEN EXCLUDED.due_at WHEN t.root_ended THEN t.due_at
                     ELSE least(EXCLUDED.due_at, t.opened_at + interval '{int(LONGEST_OPEN.total_seconds())} seconds') END""",
    )  # fmt: skip


# -- making events


def _finish_due(now: dt.datetime, finished: Finished) -> list[tuple[uuid.UUID, str]]:
    """One batch. When it fails as a whole, its traces are tried one by one, so that a bad one fails alone."""
    keys: list[tuple[uuid.UUID, str]] = []
    try:
        with transaction.atomic():
            keys = _claim(now)
            _finish(keys, finished)
    except Exception as error:
        logger.warning("Making the events of %s traces failed, trying one by one: %s", len(keys), error)
        for key in keys:
            _finish_alone(key, now, finished)
    return keys


def _finish_alone(key: tuple[uuid.UUID, str], now: dt.datetime, finished: Finished) -> None:
    project_id, trace_id = key
    rows = OpenTrace.objects.filter(project_id=project_id, trace_id=trace_id)
    try:
        with transaction.atomic():
            if rows.select_for_update(skip_locked=True).exists():
                _finish([key], finished)
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


def _claim(now: dt.datetime) -> list[tuple[uuid.UUID, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT project_id, trace_id FROM ingest_opentrace WHERE due_at <= %s
               ORDER BY due_at, project_id, trace_id LIMIT %s FOR UPDATE SKIP LOCKED""",
            [now, BATCH],
        )
        return list(cursor.fetchall())


def _finish(keys: Iterable[tuple[uuid.UUID, str]], finished: Finished) -> None:
    """Makes the events of claimed traces. Called in the transaction that claimed them."""
    by_project: dict[uuid.UUID, list[str]] = {}
    for project_id, trace_id in keys:
        by_project.setdefault(project_id, []).append(trace_id)
    projects = Project.objects.in_bulk(list(by_project))
    for project_id, trace_ids in sorted(by_project.items()):
        if project := projects.get(project_id):
            _make_events(project, trace_ids, finished)
        OpenTrace.objects.filter(project_id=project_id, trace_id__in=trace_ids).delete()
        finished.traces += len(trace_ids)


def _make_events(project: Project, trace_ids: list[str], finished: Finished) -> None:
    attach_evaluations(project, trace_ids)
    rows: dict[str, list[Span]] = {trace_id: [] for trace_id in trace_ids}
    place = Window(
        RowNumber(), partition_by=[F("trace_id")], order_by=[F("started_at").asc(), F("span_id").asc()]
    )
    found = Span.objects.filter(project=project, trace_id__in=trace_ids).annotate(place=place)
    for row in found.filter(place__lte=MAX_SPANS).order_by("started_at", "span_id").iterator():
        rows[row.trace_id].append(row)
    events: list[TraceEvent] = []
    incoming: list[IncomingEvent] = []
    for members in rows.values():
        mapped = [(span, row.event_id is not None) for row in members if (span := from_row(row))]
        made = assemble(span for span, _ in mapped)
        before = {event.event_id: event for event in assemble(span for span, linked in mapped if linked)}
        events += made
        incoming += [_incoming(project, event, before.get(event.event_id)) for event in made]
    if not events:
        return
    _store_bounded(project, incoming)
    _attach(project, events)
    link_children(project, trace_ids)
    signals = once_a_session(
        project, ((_convo_id(event), signal) for event in events for signal in _signals(event))
    )
    if signals:
        store_signals(project=project, signals=signals)
    finished.events += len(events)
    finished.no_text += sum(event.no_text for event in events)


def _incoming(project: Project, event: TraceEvent, before: TraceEvent | None) -> IncomingEvent:
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
    )
    if before:
        convo_id = _convo_id(before)
        made.fills = {
            "name": before.name,
            "model": before.model,
            "input": before.input,
            "output": before.output,
            "latency_ms": before.latency_ms,
            "end_user_id": end_user_id(project, before.user_id) if before.user_id else None,
            "conversation_id": conversation_id(project, convo_id) if convo_id else None,
        }
    return made


def _convo_id(event: TraceEvent) -> str | None:
    """Without a conversation of its own, a trace is one; but the app knows better about an event that it names."""
    return event.convo_id or (None if event.named else event.trace_id)


def _store_bounded(project: Project, events: list[IncomingEvent]) -> None:
    """Stores the events; where the properties would be too many together with what is there, without them."""
    try:
        with transaction.atomic():
            store_events(project=project, events=events)
    except MergeTooLarge:
        for event in events:
            try:
                with transaction.atomic():
                    store_events(project=project, events=[event])
            except MergeTooLarge:
                event.properties, event.feature_flags = {}, {}
                store_events(project=project, events=[event])


def _attach(project: Project, events: list[TraceEvent]) -> None:
    """Links the spans to their events, and queues the final events on which something changed."""
    names = {clean_text(event.event_id) for event in events}
    keys = dict(
        EventKey.objects.filter(project=project, event_id__in=names).values_list("event_id", "event_uuid")
    )
    links = [
        (event.trace_id, span_id, uid, event.corrected_kinds.get(span_id))
        for event in events
        if (uid := keys.get(clean_text(event.event_id)))
        for span_id in event.span_ids
    ]
    if not links:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_span s SET event_id = v.event_id, kind = coalesce(v.kind, s.kind)
               FROM (SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::text[])
                     AS u(trace_id, span_id, event_id, kind)) v, ingest_span old
               WHERE s.project_id = %s AND s.trace_id = v.trace_id AND s.span_id = v.span_id AND old.id = s.id
                 AND (s.event_id IS DISTINCT FROM v.event_id OR s.kind <> coalesce(v.kind, s.kind))
               RETURNING s.event_id, old.event_id""",
            [*map(list, zip(*links, strict=True)), project.id],
        )
        changed = {event for row in cursor.fetchall() for event in row if event is not None}
    # Spans that changed in place keep their link, so that the sums are taken anew for all.
    touched = changed | set(keys.values())
    refresh_span_summary(touched)
    final = Event.objects.filter(id__in=touched, is_pending=False).order_by("id").values_list("id", flat=True)
    enqueue((project.id, event_id) for event_id in final)


def _signals(event: TraceEvent) -> list[IncomingSignal]:
    found = []
    for signal in event.signals:
        properties = dict(signal.properties)
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
