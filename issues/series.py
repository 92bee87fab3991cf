"""How often an issue happens over time, from the roll-ups."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from ingest import rollups
from issues.models import Issue
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


def issue_series(
    issue: Issue, *, interval: Interval, start: dt.datetime, end: dt.datetime
) -> list[RatePoint]:
    """One point for each day or hour that [start, end) touches, zeros filled in."""
    subjects = [issue.pk, issue.project_id]
    if interval == "day":
        last = (end - dt.timedelta(microseconds=1)).astimezone(dt.UTC).date()
        points = rollups.daily(subjects, start=start.astimezone(dt.UTC).date(), end=last)
    else:
        points = {subject: rollups.hourly(subject, start=start, end=end) for subject in subjects}
    return [
        _rate_point(own, everything.events)
        for own, everything in zip(points[issue.pk], points[issue.project_id], strict=True)
    ]


def _rate_point(point: rollups.Point, everything: int) -> RatePoint:
    # An event is scored before it is counted for its project, so that for a moment there may be more matches.
    trials = max(point.events, everything)
    interval = wilson(point.events, trials)
    if interval is None:
        return RatePoint(point.start, point.events, point.users, None, None, None)
    return RatePoint(point.start, point.events, point.users, point.events / trials, *interval)
