"""`--redate`: what has times of its own is moved as one, by whole days, so that order, distances and hours stay; of what has none, the
conversations of one release lie together. Pure.

By how much is known only when all has been read, so all files are read once before the import.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ingest.files.formats.parsed import ParsedLine
from ingest.files.redating import Rhythm
from ingest.incoming.values import IncomingEvent, IncomingSignal, IncomingSpan
from ingest.otlp.raw import RawSpan
from ingest.otlp.stored import nanoseconds

Dated = IncomingEvent | IncomingSpan | IncomingSignal
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
WHOLE = (0.0, 1.0)


class Shifts:
    """`learn` from every line (`learn_release` from those that surely have no times), then `settle`, then `move` every line."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self.shift = dt.timedelta()
        self._last: int | None = None  # nanoseconds
        self._releases: Counter[str] = (
            Counter()
        )  # of conversations without times, in the order of their appearance
        self._shares: dict[str, tuple[float, float]] = {}

    def learn(self, parsed: ParsedLine) -> None:
        for span in parsed.spans:
            self._widen(span.end_ns)
        for log in parsed.logs:
            self._widen(log.time_ns)
        if parsed.dated:
            for event in parsed.events:
                for moment in _moments(event):
                    self._widen(nanoseconds(moment))

    def learn_release(self, line: dict[str, Any]) -> None:
        if release := release_of(line):
            self._releases[release] += 1

    def settle(self) -> None:
        """From now on it is known how far things move: the last moment of all lies before the end, by less than a day (an hour, where the
        span is shorter than a day)."""
        if self._last is not None:
            unit = DAY if self.rhythm.end - self.rhythm.start >= DAY else HOUR
            self.shift = (self.rhythm.end - _moment(self._last)) // unit * unit
        done, total = 0, self._releases.total()
        for release, count in self._releases.items():
            self._shares[release] = done / total, (done + count) / total
            done += count

    def share(self, line: dict[str, Any]) -> tuple[float, float]:
        """Where in the span a conversation without times lies: its release's share, after those of the releases before it in the file."""
        return self._shares.get(release_of(line), WHOLE)

    def move(self, parsed: ParsedLine) -> None:
        """Changes the times of what a line holds."""
        shift = self.shift
        ns = shift // dt.timedelta(microseconds=1) * 1000
        for span in parsed.spans:
            _move_span(span, ns)
        for log in parsed.logs:
            log.time_ns += ns
        for signal in parsed.signals:
            _move(signal, shift)
            if signal.timestamp:  # a verdict may come days later
                signal.timestamp = min(signal.timestamp, self.rhythm.end)
        if parsed.dated:
            for event in parsed.events:
                items: list[Dated] = [event, *event.spans, *event.signals]
                for item in items:
                    _move(item, shift)

    def _widen(self, moment: int) -> None:
        self._last = moment if self._last is None else max(self._last, moment)


def release_of(line: dict[str, Any]) -> str:
    """What a line of the conversation shape says of its release."""
    properties = line.get("properties")
    return str(properties.get("release") or "") if isinstance(properties, dict) else ""


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
