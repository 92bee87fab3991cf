"""GenAI events that arrive as OTLP logs. Each becomes a record that hangs on its span like a child, so that the order of
arrival does not matter and a repeated delivery is the same record."""

import hashlib

import orjson

from ingest.otlp.attributes import first_text
from ingest.otlp.dialects import semconv
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.raw import RawLog, RawSpan

NO_TRACE = "the log belongs to no trace"
NO_NAME = "the evaluation has no gen_ai.evaluation.name"


def is_genai(log: RawLog) -> bool:
    return log.event_name in semconv.MESSAGE_EVENTS or log.event_name in {
        semconv.OPERATION_DETAILS,
        semconv.EVALUATION,
    }


def response_id(log: RawLog) -> str:
    """By which an evaluation that names no span finds it."""
    return first_text(log.attributes, ("gen_ai.response.id",))


def map_log(log: RawLog) -> MappedSpan | str:
    """The record, or in words why there is none. `is_genai` must hold."""
    fields = {**log.attributes, **log.body} if isinstance(log.body, dict) else dict(log.attributes)
    trace_id, span_id = log.trace_id, log.span_id
    if not trace_id and log.event_name == semconv.OPERATION_DETAILS:
        trace_id = digest(response_id(log), fields)  # a call of its own, that nobody traced
    if not trace_id:
        return NO_TRACE
    mapped = map_span(
        RawSpan(
            trace_id=trace_id,
            span_id=digest(trace_id, span_id, log.event_name, log.body, log.attributes)[:16],
            parent_span_id=span_id,
            name=log.event_name,
            kind="internal",
            start_ns=log.time_ns,
            end_ns=log.time_ns,
            status_code="unset",
            status_message="",
            attributes={"gen_ai.event.name": log.event_name} | fields if span_id else fields,
            events=[],
            resource=log.resource,
            scope_name=log.scope_name,
            scope_version=log.scope_version,
        )
    )
    mapped.unknown = False
    if not span_id and log.event_name != semconv.EVALUATION:  # it stands for its span
        mapped.kind = "llm"
        return mapped
    mapped.log, mapped.kind = log.event_name, "other"
    mapped.tokens, mapped.cost = type(mapped.tokens)(), None  # the span's own business
    if log.event_name == semconv.EVALUATION:
        signal = semconv.evaluation(fields)
        if signal is None:
            return NO_NAME
        signal.at_ns = log.time_ns
        mapped.signals = [signal]
        mapped.input_messages = mapped.output_messages = []
        mapped.error, mapped.status = "", "unset"
        mapped.response_id = ""
        mapped.attributes.pop("gen_ai.response.id", None)  # it is the judged span's, by which that is found
    elif log.event_name != semconv.OPERATION_DETAILS:
        payload = {**log.attributes, **log.body} if isinstance(log.body, dict) else log.body or log.attributes
        messages = semconv.message_event(log.event_name, payload)
        outputs = log.event_name in semconv.OUTPUT_EVENTS
        mapped.input_messages, mapped.output_messages = ([], messages) if outputs else (messages, [])
        for name in ("content", "message", "tool_calls", "role", "id"):
            mapped.attributes.pop(name, None)
    return mapped


def digest(*parts: object) -> str:
    """32 hex digits, the same for the same parts."""
    try:
        text = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)
    except TypeError:  # nested too deeply, or an integer beyond 64 bits
        text = repr(parts).encode(errors="replace")
    return hashlib.sha256(text).hexdigest()[:32]
