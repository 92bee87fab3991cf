"""What spans say of their event, summed before either is stored. Pure; `refresh_span_summary` sums the same in the database."""

import datetime as dt
import functools
import operator
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from ingest.incoming.values import COST, MAX_INTEGER, TIME, TOKENS, IncomingEvent, SpanSums
from ingest.store.spans import SpanRow

Number = TypeVar("Number", int, float)
_MICROSECOND = dt.timedelta(microseconds=1)


def with_sums(event: IncomingEvent, rows: Iterable[SpanRow]) -> IncomingEvent:
    """The event, new and without `sums`, with what its spans say: all of them, in the order of their trace_id and span_id, in which they are stored.
    What no span tells stays as the event says; a model that the event names stays, too."""
    rows = list(rows)
    input_tokens = _sum(row.input_tokens for row in rows if _mask(row) & TOKENS)
    output_tokens = _sum(row.output_tokens for row in rows if _mask(row) & TOKENS)
    cost = _sum(row.cost_usd for row in rows if _mask(row) & COST)
    latency = _latency_ms(rows)
    tools = [row for row in rows if row.kind == "tool"]
    sums = SpanSums(
        tool_calls=len(tools),
        tool_errors=sum(row.status == "error" for row in tools),
        input_tokens=event.input_tokens if input_tokens is None else min(input_tokens, MAX_INTEGER),
        output_tokens=event.output_tokens if output_tokens is None else min(output_tokens, MAX_INTEGER),
        cost_usd=event.cost_usd if cost is None else cost,
    )
    return msgspec.structs.replace(
        event,
        sums=sums,
        model=event.model or _model(rows),
        latency_ms=event.latency_ms if latency is None else latency,
    )


def _mask(row: SpanRow) -> int:
    if row.counts is not None:
        return row.counts
    return TOKENS | COST | TIME if row.kind == "llm" else TIME


def _sum(values: Iterable[Number | None]) -> Number | None:
    """From left to right, as PostgreSQL adds floats: `sum` carries what rounding takes away. None where no value is known."""
    known = [value for value in values if value is not None]
    return functools.reduce(operator.add, known) if known else None


def _model(rows: list[SpanRow]) -> str:
    """Of the LLM call that began last; of several that began at once, the first by its ids."""
    named = [row for row in rows if row.kind == "llm" and row.model]
    return max(named, key=lambda row: row.started_at).model if named else ""


def _latency_ms(rows: list[SpanRow]) -> float | None:
    timed = [row for row in rows if _mask(row) & TIME]
    if not timed or all(row.kind == "tool" for row in rows):
        return None
    spent = max(row.ended_at for row in timed) - min(row.started_at for row in timed)
    return spent // _MICROSECOND / 1000
