"""What the write path takes in, after it was checked: the values that `ingest/store/events.py` stores.

Everything has a default, so that any way in (HTTP, a file, a trace) fills in only what it knows. None means "was not
sent": when parts of one event are merged, it changes nothing.
"""

import datetime as dt
from typing import Any

import msgspec

MAX_ID = 512  # characters of an event, user, conversation or attachment id, and of a name
MAX_KEYS = 1000
MAX_DEPTH = 32
MAX_INTEGER = 2**31 - 1  # PostgreSQL's
# Bit flags of IncomingSpan.counts and Span.counts: what of a span counts in its event's sums.
TOKENS, COST, TIME = 1, 2, 4


class IncomingAttachment(msgspec.Struct, kw_only=True):
    type: str = "text"
    value: str = ""
    role: str = ""
    name: str = ""
    language: str = ""
    attachment_id: str = ""


class IncomingSpan(msgspec.Struct, kw_only=True):
    """One step. Without ids it gets ids that follow from its event and its place in the event's list."""

    name: str = ""
    kind: str = "other"
    status: str = "unset"
    error: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    input: str = ""
    output: str = ""
    model: str = ""
    provider: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    attributes: dict[str, Any] = {}
    counts: int | None = None  # as Span.counts


class IncomingSignal(msgspec.Struct, kw_only=True):
    event_id: str = ""
    name: str = ""
    signal_type: str = "default"
    sentiment: str = ""
    attachment_id: str = ""
    properties: dict[str, Any] = {}
    timestamp: dt.datetime | None = None
    unread: tuple[str, ...] = ()


class SpanSums(msgspec.Struct, kw_only=True, frozen=True):
    """What `refresh_span_summary` would find of an event's spans, known beforehand. Its latency is the event's own."""

    tool_calls: int = 0
    tool_errors: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class IncomingEvent(msgspec.Struct, kw_only=True):
    """One event, or with `is_pending` a part of one. `event_id` "" gets one; `timestamp` None is now.

    Its `signals` are about it, whatever event id they name; without a time they have the event's.
    """

    event_id: str = ""
    name: str | None = None
    user_id: str | None = None
    convo_id: str | None = None
    timestamp: dt.datetime | None = None
    model: str | None = None
    input: str | None = None
    output: str | None = None
    properties: dict[str, Any] = {}
    feature_flags: dict[str, Any] = {}
    attachments: list[IncomingAttachment] = []
    trace_id: str = ""
    is_pending: bool = False
    spans: list[IncomingSpan] = []
    signals: list[IncomingSignal] = []
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None
    # Not None: when the event is there already, fill in only what is missing, or what still holds the value given here
    # (column -> what this same source said before). Does not end a pending event.
    fills: dict[str, Any] | None = None
    sums: SpanSums | None = (
        None  # of an event that is new, so that its spans need not be summed; ignored for one that is here
    )
    unread: tuple[
        str, ...
    ] = ()  # fields that were sent with it and that nobody reads (ingest/decoding/unread.py)


class IncomingUser(msgspec.Struct, kw_only=True):
    user_id: str
    traits: dict[str, Any] = {}
    unread: tuple[str, ...] = ()
