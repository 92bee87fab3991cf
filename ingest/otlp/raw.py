"""What both encodings are decoded into: plain spans and logs, with nothing in them that PostgreSQL refuses."""

import base64
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ingest.incoming.cleaning import sound_text

MAX_DEPTH = 32
# 2100-01-01 (ingest.incoming.cleaning.LATEST). A time outside (0, MAX_NS) counts as absent.
MAX_NS = 4_102_444_800 * 10**9
# On a span whose clock was ahead: the start that was sent (ingest/decoding/clocks.py).
SENT_AT = "raindrop.sent_at"
NO_TRACE = "0" * 32
NO_SPAN = "0" * 16


class BadOtlp(Exception):
    """The whole request is unreadable; the text tells the sender why."""


@dataclass(slots=True)
class RawSpanEvent:
    name: str
    time_ns: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class RawSpan:
    trace_id: str  # 32 lower-case hex digits
    span_id: str  # 16
    parent_span_id: str  # 16, or empty at a root
    name: str
    kind: str  # one of KINDS
    start_ns: int
    end_ns: int
    status_code: str  # one of STATUSES
    status_message: str
    attributes: dict[str, Any]
    events: list[RawSpanEvent]
    resource: dict[str, Any]
    scope_name: str
    scope_version: str


@dataclass(slots=True)
class RawLog:
    trace_id: str  # empty when the log belongs to no trace
    span_id: str
    time_ns: int
    event_name: str
    body: Any
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope_name: str
    scope_version: str


T = TypeVar("T")


@dataclass(slots=True)
class DecodeResult(Generic[T]):
    """`rejected` and `warnings` count reasons, in words for the sender."""

    items: list[T] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def rejected_count(self) -> int:
        return sum(self.rejected.values())


KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")

NO_TRACE_ID = "trace_id is missing or is not 16 bytes"
NO_SPAN_ID = "span_id is missing or is not 8 bytes"
LOGS_AS_TRACES = (
    "None of the spans has an id. OTLP logs posted to the traces path look like this: send logs to /v1/logs."
)


def clean_float(number: float) -> float | None:
    return number if math.isfinite(number) else None


def clean_json(value: Any, depth: int = 0) -> Any:
    """Any parsed JSON, with sound text and numbers, cut at MAX_DEPTH. Texts keep their length: they may hold JSON."""
    if isinstance(value, str):
        return sound_text(value)
    if isinstance(value, float):
        return clean_float(value)
    if depth >= MAX_DEPTH:
        return None if isinstance(value, dict | list) else value
    if isinstance(value, dict):
        return {sound_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item, depth + 1) for item in value]
    return value


def bytes_text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def time_range(start: int, end: int, received_ns: int) -> tuple[int, int]:
    """A missing edge (0) takes the other; with neither, the time of arrival is all that is known. Times that can only be seconds,
    milli- or microseconds (hand-written exporters) are taken as such: in nanoseconds they would lie before 1973."""
    start, end = _in_ns(start), _in_ns(end)
    start = start if 0 < start < MAX_NS else 0
    end = end if 0 < end < MAX_NS else 0
    start = start or end or received_ns
    return start, max(start, end)


def _in_ns(time: int) -> int:
    while 10**9 <= time < 10**17:
        time *= 1000
    return time
