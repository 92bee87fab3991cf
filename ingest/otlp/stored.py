"""A mapped span as a row of the span table, and back: a trace is assembled again from its rows when late spans come."""

import datetime as dt
from dataclasses import asdict
from typing import Any, cast

from ingest.incoming.values import IncomingSpan
from ingest.models import Span
from ingest.otlp.attributes import whole
from ingest.otlp.mapped import Kind, MappedSpan, Tokens, TraceSignal
from ingest.otlp.message_rows import from_json, to_json

# Where the span's attributes hold what has no column.
PRIVATE = "raindrop.span"
KEPT = (
    "convo_id", "user_id", "event_id", "event_name", "properties", "feature_flags", "scope", "log", "unknown", "kind", "aside", "follows", "tool_call_id",
)  # fmt: skip
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_span(mapped: MappedSpan) -> IncomingSpan:
    tool = mapped.kind == "tool"
    private: dict[str, Any] = {name: value for name in KEPT if (value := getattr(mapped, name))}
    if mapped.signals:
        private["signals"] = [asdict(signal) for signal in mapped.signals]
    tokens = mapped.tokens
    if not (tokens.cache_read is tokens.cache_write is tokens.reasoning is None):
        private["tokens"] = {key: value for key, value in asdict(tokens).items() if value is not None}
    return IncomingSpan(
        name=mapped.name,
        kind=mapped.kind,
        status=mapped.status,
        error=mapped.error,
        trace_id=mapped.trace_id,
        span_id=mapped.span_id,
        parent_span_id=mapped.parent_span_id,
        started_at=moment(mapped.start_ns),
        ended_at=moment(mapped.end_ns),
        input=mapped.tool_arguments if tool else to_json(mapped.input_messages),
        output=mapped.tool_result if tool else to_json(mapped.output_messages),
        model=mapped.model,
        provider=mapped.provider,
        input_tokens=mapped.tokens.input,
        output_tokens=mapped.tokens.output,
        cost_usd=mapped.cost,
        attributes=mapped.attributes | {PRIVATE: private},
    )


def from_row(row: Span) -> MappedSpan | None:
    """None for a span that came by another way than a trace."""
    private = row.attributes.get(PRIVATE)
    if not isinstance(private, dict):
        return None
    kind = cast(Kind, private.get("kind", row.kind))
    tool = kind == "tool"
    tokens = private.get("tokens") or {}
    return MappedSpan(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        start_ns=nanoseconds(row.started_at),
        end_ns=nanoseconds(row.ended_at),
        status=row.status,
        name=row.name,
        kind=kind,
        model=row.model,
        provider=row.provider,
        input_messages=[] if tool else from_json(row.input, "user"),
        output_messages=[] if tool else from_json(row.output, "assistant"),
        tool_arguments=row.input if tool else "",
        tool_result=row.output if tool else "",
        error=row.error,
        tokens=Tokens(
            input=row.input_tokens,
            output=row.output_tokens,
            cache_read=whole(tokens.get("cache_read")),
            cache_write=whole(tokens.get("cache_write")),
            reasoning=whole(tokens.get("reasoning")),
        ),
        cost=row.cost_usd,
        convo_id=private.get("convo_id", ""),
        user_id=private.get("user_id", ""),
        event_id=private.get("event_id", ""),
        event_name=private.get("event_name", ""),
        properties=private.get("properties", {}),
        feature_flags=private.get("feature_flags", {}),
        signals=[TraceSignal(**signal) for signal in private.get("signals", ())],
        attributes={key: value for key, value in row.attributes.items() if key != PRIVATE},
        scope=private.get("scope", ""),
        log=private.get("log", ""),
        unknown=bool(private.get("unknown")),
        aside=bool(private.get("aside")),
        follows=private.get("follows", ""),
        tool_call_id=private.get("tool_call_id", ""),
        response_id=str(row.attributes.get("gen_ai.response.id", "")),
    )


def moment(ns: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=ns // 1000)


def nanoseconds(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1) * 1000
