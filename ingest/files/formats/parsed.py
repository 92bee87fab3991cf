"""What a format makes of one line, and what it is given."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingest.incoming.cleaning import parse_trace_id
from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.otlp.raw import RawLog, RawSpan

# (conversation, its length in seconds) -> when it starts, for data that has no times of its own.
StartOf = Callable[[str, float], dt.datetime]


class BadLine(ValueError):
    """What is wrong with a line, in words for the person who imports it. The only error that a format raises."""


@dataclass(slots=True)
class Line:
    value: dict[str, Any]
    raw: bytes  # the same, as it stands in the file
    start_of: StartOf
    keep_labels: bool = False


@dataclass(slots=True)
class ParsedLine:
    """`dated`: the times are the data's own, so that `--redate` has to move them. Spans and logs always are."""

    events: list[IncomingEvent] = field(default_factory=list)
    spans: list[RawSpan] = field(default_factory=list)
    logs: list[RawLog] = field(default_factory=list)
    signals: list[IncomingSignal] = field(default_factory=list)
    dated: bool = True
    complaints: Counter[str] = field(default_factory=Counter)  # parts of the line that cannot be taken

    def add(self, other: "ParsedLine") -> None:
        self.events += other.events
        self.spans += other.spans
        self.logs += other.logs
        self.signals += other.signals
        self.complaints += other.complaints

    @property
    def trace_ids(self) -> set[str]:
        return {span.trace_id for span in self.spans} | {log.trace_id for log in self.logs if log.trace_id}


def trace_of(own_id: str) -> str:
    """The 32 hex digits under which a trace is stored, whatever its id looks like: a UUID without its dashes, else a hash."""
    return parse_trace_id(own_id) or digest(own_id)[:32]


def digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode(errors="surrogatepass")).hexdigest()
