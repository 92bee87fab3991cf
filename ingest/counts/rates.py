"""How often something (a signal, an issue) holds over time, of all the project's events, from the roll-ups."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from ingest.counts import rollups
from raindrop.statistics import wilson

Interval = Literal["day", "hour"]


@dataclass(frozen=True, slots=True)
class RatePoint:
    """One day or hour (UTC). `rate` is of the project's events in it, (`low`, `high`) its 95 % Wilson interval; all None
    when the project had no events. `users` is None for hours."""

    start: dt.datetime
    events: int
    users: int | None
    rate: float | None
    low: float | None
    high: float | None


def rate_series(
    subject: uuid.UUID, *, project: uuid.UUID, interval: Interval, start: dt.datetime, end: dt.datetime
) -> list[RatePoint]:
    """One point for each day or hour that [start, end) touches, zeros filled in."""
    subjects = [subject, project]
    if interval == "day":
        last = (end - dt.timedelta(microseconds=1)).astimezone(dt.UTC).date()
        points = rollups.daily(subjects, start=start.astimezone(dt.UTC).date(), end=last)
    else:
        points = {one: rollups.hourly(one, start=start, end=end) for one in subjects}
    return [
        _rate_point(own, everything.events)
        for own, everything in zip(points[subject], points[project], strict=True)
    ]


def _rate_point(point: rollups.Point, everything: int) -> RatePoint:
    # What holds on an event is counted before the event is, so that for a moment there may be more of it.
    trials = max(point.events, everything)
    interval = wilson(point.events, trials)
    if interval is None:
        return RatePoint(point.start, point.events, point.users, None, None, None)
    return RatePoint(point.start, point.events, point.users, point.events / trials, *interval)
