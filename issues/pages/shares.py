"""The share of events that have any of some signals, of the newest events of a stretch of time.

No roll-up holds it: one event may have several of them, and which signals are negative changes. So the newest hours are looked at that have as
many events together as are asked for: how many they have is in the roll-ups, and which of them have a signal is an index range of its matches.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db import connection

from ingest.counts.period import Period
from ingest.models import Hour, Project

SHARE_OF = 5000  # events looked at for a headline: within 1.5 % of the share of all (95 %); 5 ms
BUCKETS = 14_000  # events looked at for a chart, of all its buckets together: 15 ms
LEAST_OF_BUCKET = 200
# An hour of more than so many times the events that are asked for is not looked at whole.
HOT = 4
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The `events` (more than none) of a project from `since` to before `until` that are in the roll-ups."""

    since: dt.datetime
    until: dt.datetime
    events: int


def newest_window(project: Project, start: dt.datetime, end: dt.datetime) -> Window | None:
    """The newest hours that begin there and have SHARE_OF events together. None without events."""
    hours = Hour.objects.filter(subject=project.id, start__gte=start, start__lt=end, events__gt=0)
    window = _newest(hours.order_by("-start").values_list("start", "events").iterator(), SHARE_OF)
    return _cooled(project, [window], SHARE_OF)[0] if window else None


def share_with(signals: list[uuid.UUID], window: Window | None) -> float | None:
    """The share of its events that has any of the signals; None without events."""
    return _counts(signals, [window])[0] / window.events if window else None


def bucket_windows(project: Project, period: Period, buckets: int) -> list[Window | None]:
    """For each of the buckets of the chart its newest hours, of BUCKETS events in all. None of a bucket without events."""
    step = HOUR if period.is_hourly else dt.timedelta(days=1)
    rows = Hour.objects.filter(
        subject=project.id, start__gte=period.start, start__lt=period.until, events__gt=0
    )
    by_bucket: list[list[tuple[dt.datetime, int]]] = [[] for _ in range(buckets)]
    for hour, events in rows.order_by("-start").values_list("start", "events"):
        by_bucket[(hour - period.start) // step].append((hour, events))
    most = max(LEAST_OF_BUCKET, BUCKETS // buckets)
    found = [_newest(hours, most) for hours in by_bucket]
    cooled = iter(_cooled(project, [window for window in found if window], most))
    return [next(cooled) if window else None for window in found]


def events_with(signals: list[uuid.UUID], windows: Sequence[Window | None], events: list[int]) -> list[int]:
    """Of each bucket's `events`, how many have any of the signals: the share of its window's times their number. Exact where the window is all of
    the bucket."""
    there = [window for window in windows if window]
    counts = iter(_counts(signals, there))
    return [
        round(next(counts) / window.events * every) if window else 0
        for window, every in zip(windows, events, strict=True)
    ]


def _newest(hours: Iterable[tuple[dt.datetime, int]], most: int) -> Window | None:
    """Of the hours, newest first, the first that have `most` events together."""
    window = None
    for start, events in hours:
        window = Window(
            start, window.until if window else start + HOUR, events + (window.events if window else 0)
        )
        if window.events >= most:
            break
    return window


def _cooled(project: Project, windows: list[Window], most: int) -> list[Window]:
    """The windows; of one that has far more than `most` events the newest `most` of these, which are counted by their rows."""
    hot = [place for place, window in enumerate(windows) if window.events > HOT * most]
    if not hot:
        return windows
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT w.place, min(e.timestamp), count(*)
               FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[]) AS w(place, since, until),
                 LATERAL (SELECT timestamp FROM ingest_event WHERE project_id = %s AND counted AND timestamp >= w.since AND timestamp < w.until
                          ORDER BY timestamp DESC, id DESC LIMIT %s) e
               GROUP BY w.place""",
            [hot, [windows[i].since for i in hot], [windows[i].until for i in hot], project.id, most],
        )
        rows = {place: (since, events) for place, since, events in cursor.fetchall()}
    return [
        replace(window, since=rows[place][0], events=rows[place][1]) if place in rows else window
        for place, window in enumerate(windows)
    ]


def _counts(signals: list[uuid.UUID], windows: Sequence[Window]) -> list[int]:
    """How many events of each window have any of the signals: at most all, for a match is stored a moment before its event is counted."""
    if not signals or not windows:
        return [0] * len(windows)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT w.place, count(DISTINCT m.event_id)
               FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[]) AS w(place, since, until)
               JOIN signals_signalmatch m ON m.signal_id = ANY(%s) AND m.timestamp >= w.since AND m.timestamp < w.until
               GROUP BY w.place""",
            [
                list(range(len(windows))),
                [window.since for window in windows],
                [window.until for window in windows],
                signals,
            ],
        )
        found = dict(cursor.fetchall())
    return [min(window.events, found.get(place, 0)) for place, window in enumerate(windows)]
