"""Our own event shape in a file: one wire event a line, which may also hold its `spans` and `signals`."""

import json
from typing import Any

import msgspec

from ingest.decoding.json_bodies import FieldError, Text, WireEvent, WireSignal, to_event, to_signal
from ingest.incoming.cleaning import parse_timestamp, parse_trace_id
from ingest.incoming.values import MAX_ID, IncomingEvent, IncomingSpan
from ingest.models.events import SpanKind, SpanStatus


class LineSpan(msgspec.Struct):
    name: Text = None
    kind: str | None = None
    status: str | None = None
    error: Any = None
    trace_id: str | None = None
    span_id: Text = None
    parent_span_id: Text = None
    started_at: Any = None
    ended_at: Any = None
    input: Any = None
    output: Any = None
    model: Text = None
    provider: Text = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    attributes: dict[str, Any] | None = None


class EventLine(WireEvent):
    spans: list[LineSpan] | None = None
    signals: list[WireSignal] | None = None


def parse_event_line(value: dict[str, Any]) -> IncomingEvent:
    """Raises FieldError. The event must name its id: importing a file twice must not double it."""
    try:
        line = msgspec.convert(value, EventLine)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise FieldError(path.strip("`").lstrip("$."), message) from None
    except UnicodeEncodeError:
        raise FieldError(
            "", "A field's name holds half of a surrogate pair, which is no character."
        ) from None
    event = to_event(line, partial=False)
    if not event.event_id:
        raise FieldError("event_id", "Missing.")
    event.spans = [_span(index, span) for index, span in enumerate(line.spans or [])]
    for signal in line.signals or []:
        signal.event_id = event.event_id
        event.signals.append(to_signal(signal))
    return event


def _span(index: int, line: LineSpan) -> IncomingSpan:
    field = f"spans[{index}]"
    kind, status = (line.kind or "other").lower(), (line.status or "unset").lower()
    if kind not in SpanKind.values:
        raise FieldError(f"{field}.kind", f"Expected one of {', '.join(SpanKind.values)}.")
    if status not in SpanStatus.values:
        raise FieldError(f"{field}.status", f"Expected one of {', '.join(SpanStatus.values)}.")
    try:
        started = parse_timestamp(line.started_at) if line.started_at is not None else None
        ended = parse_timestamp(line.ended_at) if line.ended_at is not None else None
    except ValueError as error:
        raise FieldError(f"{field}.started_at", str(error)) from None
    return IncomingSpan(
        name=_text(line.name)[:MAX_ID],
        kind=kind,
        status=status,
        error=_text(line.error),
        trace_id=parse_trace_id(line.trace_id),
        span_id=_text(line.span_id)[:MAX_ID],
        parent_span_id=_text(line.parent_span_id)[:MAX_ID],
        started_at=started,
        ended_at=ended,
        input=_text(line.input),
        output=_text(line.output),
        model=_text(line.model)[:MAX_ID],
        provider=_text(line.provider)[:MAX_ID],
        input_tokens=_count(f"{field}.input_tokens", line.input_tokens),
        output_tokens=_count(f"{field}.output_tokens", line.output_tokens),
        cost_usd=line.cost_usd,
        attributes=line.attributes or {},
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _count(field: str, value: int | None) -> int | None:
    if value is not None and not 0 <= value < 2**31:
        raise FieldError(field, "Expected a number of tokens.")
    return value
