"""Clocks that are ahead: what claims to come from the future would stand on top of every list until its time comes.

Such a time is set to the time of receipt, and the property `raindrop.sent_at` keeps what was sent. Only of what arrives over HTTP: a file
keeps its times.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.otlp.raw import SENT_AT, RawLog, RawSpan
from ingest.otlp.stored import moment

# Clocks of servers are within seconds, of phones within minutes.
TOLERANCE = dt.timedelta(minutes=10)
TOLERANCE_NS = int(TOLERANCE.total_seconds()) * 10**9


def set_back_spans(spans: Iterable[RawSpan], *, received_ns: int) -> None:
    """Moves the spans that are ahead, those of one trace by the same amount, so that the last of them ends at the time of receipt."""
    ahead: dict[str, list[RawSpan]] = {}
    for span in spans:
        if span.end_ns > received_ns + TOLERANCE_NS:
            ahead.setdefault(span.trace_id, []).append(span)
    for members in ahead.values():
        shift = max(span.end_ns for span in members) - received_ns
        for span in members:
            span.attributes[SENT_AT] = moment(span.start_ns).isoformat()
            span.start_ns, span.end_ns = max(0, span.start_ns - shift), span.end_ns - shift
            for event in span.events:
                event.time_ns = max(0, event.time_ns - shift)


def set_back_logs(logs: Iterable[RawLog], *, received_ns: int) -> None:
    for log in logs:
        if log.time_ns > received_ns + TOLERANCE_NS:
            log.time_ns = received_ns


def set_back_items(items: Sequence[IncomingEvent] | Sequence[IncomingSignal], *, now: dt.datetime) -> None:
    for item in items:
        if item.timestamp and item.timestamp > now + TOLERANCE:
            item.properties = {**item.properties, SENT_AT: item.timestamp.isoformat()}
            item.timestamp = now
