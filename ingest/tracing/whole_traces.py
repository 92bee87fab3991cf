"""Traces that are whole within one request: their events are made in the transaction that stores them.

Their spans are written once, with their event, and never read back: that costs a third of making the events later
(ingest/tracing/trace_events.py), which is left to the traces that come in parts.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

from django.db import InterfaceError, OperationalError, transaction

from ingest.incoming.cleaning import clean_text
from ingest.incoming.values import IncomingEvent, IncomingSpan
from ingest.models import EventKey, Project, WaitingEvaluation
from ingest.otlp.dialects.raindrop_sdk import CHILD_EVENT
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.stored import to_span
from ingest.otlp.traces.assembly import TraceEvent, assemble
from ingest.store.events import store_bounded
from ingest.store.preparing import clean_event
from ingest.store.spans import refresh_span_summary
from ingest.tracing.evaluations import MAX_ID
from ingest.tracing.handoffs import link_children
from ingest.tracing.one_call_twice import unite_tool_calls
from ingest.tracing.trace_events import incoming_event, store_trace_signals

logger = logging.getLogger(__name__)

# Of one request; of larger ones the rest is made later, so that no request holds its locks for long.
MAX_TRACES = 1000
MAX_SPANS = 500  # of one trace: assembling a larger one takes longer than a request should
MAX_WORDS = 100_000  # characters of a span's messages: longer ones are perhaps cut where they are stored (otlp/message_rows.py)


def may_be_whole(spans: Sequence[MappedSpan]) -> bool:
    """Whether a root is among the spans of one trace, and all that the others hang on."""
    if len(spans) > MAX_SPANS:
        return False
    here = {span.span_id for span in spans}
    parents = {span.parent_span_id for span in spans}
    return (
        any(not span.parent_span_id and not span.log for span in spans)
        and parents - here <= {""}
        and not all(span.unknown for span in spans)
        and not any(_is_long(span) for span in spans)
    )


def _is_long(span: MappedSpan) -> bool:
    size = 0
    for message in (*span.input_messages, *span.output_messages):
        size += len(message.text) + len(message.reasoning)
        size += sum(len(call.arguments) for call in message.tool_calls)
        size += sum(len(result.text) for result in message.tool_results)
    return size > MAX_WORDS


def make_whole(project: Project, traces: dict[str, list[MappedSpan]]) -> set[str]:
    """Stores the spans of these traces (trace id -> redacted spans) together with their events; returns the ids of the traces for
    which it did. The others need a later look: a question or an answer may still come, or something waits for them. To be called
    in a transaction that holds the traces' rows of OpenTrace, and only with traces of which nothing is stored. Where making the
    events fails, nothing is stored, and all are left."""
    chosen = dict(list(traces.items())[:MAX_TRACES])
    try:
        with transaction.atomic():
            return _make(project, chosen)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.warning("Making the events of %s traces at once failed, they wait: %s", len(chosen), error)
        return set()


def _make(project: Project, traces: dict[str, list[MappedSpan]]) -> set[str]:
    waited_for = _waited_for(project, (span for spans in traces.values() for span in spans))
    events: list[TraceEvent] = []
    incoming: list[IncomingEvent] = []
    launching: list[str] = []
    made: set[str] = set()
    for trace_id, spans in traces.items():
        if any(span.response_id[:MAX_ID] in waited_for for span in spans):
            continue
        for (
            span
        ) in spans:  # the times that its row will have, so that a later look at the trace finds the same
            span.start_ns -= span.start_ns % 1000
            span.end_ns -= span.end_ns % 1000
        told = assemble(spans)
        by_id = {span.span_id: span for span in spans}
        attached = {span_id for event in told for span_id in event.span_ids}
        if attached != by_id.keys() or not all(event.input and event.output for event in told):
            continue
        for event in told:
            whole = incoming_event(project, event)
            whole.spans = [_span_of(event, by_id[span_id]) for span_id in event.span_ids]
            incoming.append(clean_event(whole))
        events += told
        made.add(trace_id)
        if any(CHILD_EVENT in span.attributes for span in spans):
            launching.append(trace_id)
    if events:
        queued = store_bounded(project=project, events=incoming, prepared=True)
        _unite_calls(project, events)
        if launching:
            link_children(project, launching)
        store_trace_signals(project, events, queued=queued)
    return made


def _unite_calls(project: Project, events: list[TraceEvent]) -> None:
    names = [clean_text(event.event_id) for event in events if event.may_tell_twice]
    if names:
        keys = EventKey.objects.filter(project=project, event_id__in=names)
        event_ids = list(keys.values_list("event_uuid", flat=True))
        unite_tool_calls(project, event_ids)
        refresh_span_summary(event_ids)


def _waited_for(project: Project, spans: Iterable[MappedSpan]) -> Collection[str]:
    """Those of the spans' response ids, cut at MAX_ID, for which an evaluation waits."""
    response_ids = {span.response_id[:MAX_ID] for span in spans if span.response_id}
    found = WaitingEvaluation.objects.filter(project=project, response_id__in=response_ids)
    return set(found.values_list("response_id", flat=True))


def _span_of(event: TraceEvent, span: MappedSpan) -> IncomingSpan:
    row = to_span(span)
    row.kind = event.corrected_kinds.get(span.span_id, row.kind)
    row.status = "error" if span.span_id in event.failed_spans else row.status
    row.counts = int(event.counts.get(span.span_id, 0))
    return row
