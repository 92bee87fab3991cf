"""`--redate` for data that has times of its own: each conversation is moved as a whole, so that its inner distances stay. Pure.

Where a conversation begins is known only when all has been read (an observation comes before its trace, a trace does not know the
session's first one), so all files are read once before the import.
"""

import datetime as dt
from collections.abc import Iterator

from ingest.formats.parsed import Parsed, trace_of
from ingest.incoming import IncomingEvent, IncomingSignal, IncomingSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.raw import RawSpan
from ingest.otlp.stored import nanoseconds
from ingest.redating import Rhythm

Key = tuple[str, str]
Dated = IncomingEvent | IncomingSpan | IncomingSignal
NONE = dt.timedelta()


class Shifts:
    """`learn` from every line, then `settle`, then `move` every line."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self._ranges: dict[Key, tuple[int, int]] = {}  # nanoseconds: the first, the last
        self._conversation_of: dict[str, str] = {}  # trace -> conversation
        self._shifts: dict[Key, dt.timedelta] = {}

    def learn(self, parsed: Parsed) -> None:
        for span in parsed.spans:
            self._widen(("trace", span.trace_id), span.start_ns, span.end_ns)
            if span.trace_id not in self._conversation_of and (convo_id := map_span(span).convo_id):
                self._conversation_of[span.trace_id] = convo_id
        for log in parsed.logs:
            if log.trace_id:
                self._widen(("trace", log.trace_id), log.time_ns, log.time_ns)
        if parsed.dated:
            for event in parsed.events:
                moments = [nanoseconds(moment) for moment in _moments(event)]
                self._widen(_key(event), min(moments), max(moments))

    def settle(self) -> None:
        """From now on it is known by how much each conversation moves."""
        ranges: dict[Key, tuple[int, int]] = {}
        for key, (low, high) in self._ranges.items():
            whole = self._whole(key)
            known = ranges.get(whole, (low, high))
            ranges[whole] = min(low, known[0]), max(high, known[1])
        for key, (low, high) in ranges.items():
            length = dt.timedelta(microseconds=(high - low) // 1000)
            start = min(self.rhythm.moment(key[1]), self.rhythm.end - length)
            self._shifts[key] = start - _moment(low)
        self._ranges = {}

    def move(self, parsed: Parsed) -> None:
        """Changes the times of what a line holds."""
        for span in parsed.spans:
            _move_span(span, self._shift(("trace", span.trace_id)) // dt.timedelta(microseconds=1) * 1000)
        for log in parsed.logs:
            log.time_ns += self._shift(("trace", log.trace_id)) // dt.timedelta(microseconds=1) * 1000
        for signal in parsed.signals:
            _move(signal, self._shift(("trace", trace_of(signal.event_id))))
            if signal.timestamp:  # a verdict may come days later
                signal.timestamp = min(signal.timestamp, self.rhythm.end)
        if parsed.dated:
            for event in parsed.events:
                shift = self._shift(_key(event))
                items: list[Dated] = [event, *event.spans, *event.signals]
                for item in items:
                    _move(item, shift)

    def _widen(self, key: Key, low: int, high: int) -> None:
        known = self._ranges.get(key)
        self._ranges[key] = (min(low, known[0]), max(high, known[1])) if known else (low, high)

    def _whole(self, key: Key) -> Key:
        if key[0] == "trace" and (convo_id := self._conversation_of.get(key[1])):
            return "conversation", convo_id
        return key

    def _shift(self, key: Key) -> dt.timedelta:
        return self._shifts.get(self._whole(key), NONE)


def _key(event: IncomingEvent) -> Key:
    return ("conversation", event.convo_id) if event.convo_id else ("event", event.event_id)


def _moments(event: IncomingEvent) -> Iterator[dt.datetime]:
    for name in ("timestamp", "started_at", "ended_at"):
        for item in (event, *event.spans, *event.signals):
            if (moment := getattr(item, name, None)) is not None:
                yield moment


def _move(item: Dated, shift: dt.timedelta) -> None:
    for name in ("timestamp", "started_at", "ended_at"):
        if (moment := getattr(item, name, None)) is not None:
            setattr(item, name, moment + shift)


def _move_span(span: RawSpan, nanoseconds: int) -> None:
    span.start_ns += nanoseconds
    span.end_ns += nanoseconds
    for event in span.events:
        event.time_ns += nanoseconds


def _moment(ns: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=ns // 1000)
