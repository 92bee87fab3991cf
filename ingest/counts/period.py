"""A stretch of time up to now, and the equally long one before it. All sums come from the roll-ups.

Every page that names a period means the same events by it: those from `start` to before `until`. The overview's number, the
chart's bars added up, and the list behind them are therefore one number (once the pipeline has counted the events).
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from ingest.counts import rollups
from ingest.models import Conversation, Day, Hour, Project

DAYS = {"24h": 1, "7d": 7, "14d": 14, "30d": 30, "90d": 90}
DEFAULT = "14d"
COUNT_LIMIT = 50_000  # an index range is counted so far, and no further


@dataclass(frozen=True, slots=True)
class Period:
    """`start` lies on a full hour (24h) or on midnight UTC (the others: calendar days, today included). `end` is now, `until` the
    end of the hour or the day that is not over: an event that a sender's clock dates a little ahead belongs to it."""

    key: str
    start: dt.datetime
    end: dt.datetime

    @classmethod
    def named(cls, key: str, *, now: dt.datetime | None = None) -> Self:
        """The period of that key; the default one for a key that is not known (it comes from a URL)."""
        key = key if key in DAYS else DEFAULT
        now = (now or timezone.now()).astimezone(dt.UTC)
        if key == "24h":
            start = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=23)
        else:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            start = midnight - dt.timedelta(days=DAYS[key] - 1)
        return cls(key, start, now)

    @property
    def until(self) -> dt.datetime:
        return self.start + dt.timedelta(days=DAYS[self.key])

    @property
    def is_hourly(self) -> bool:
        return self.key == "24h"

    @property
    def previous(self) -> tuple[dt.datetime, dt.datetime]:
        """The same stretch before this one, as far into its last day as now is into today."""
        length = dt.timedelta(days=DAYS[self.key])
        return self.start - length, self.end - length

    def labels(self) -> list[str]:
        """One per bucket of `series`."""
        if self.is_hourly:
            return [f"{self.start + dt.timedelta(hours=i):%H:00}" for i in range(24)]
        return [f"{self.start + dt.timedelta(days=i):%d %b}" for i in range(DAYS[self.key])]

    def series(self, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
        """Events per hour (24h) or per day, for each subject."""
        ids = list(subjects)
        if not self.is_hourly:
            points = rollups.daily(ids, start=self.start.date(), end=self.end.date())
            return {subject: [point.events for point in found] for subject, found in points.items()}
        rows = Hour.objects.filter(subject__in=ids, start__gte=self.start, start__lt=self.until).values_list(
            "subject", "start", "events"
        )
        found = {(subject, start): events for subject, start, events in rows}
        hours = [self.start + dt.timedelta(hours=i) for i in range(24)]
        return {subject: [found.get((subject, hour), 0) for hour in hours] for subject in ids}

    def rates(self, subjects: Iterable[uuid.UUID], *, project: uuid.UUID) -> dict[uuid.UUID, list[float]]:
        """As `series`, the share of the project's events instead of their number: what a trend is drawn from, because a day with
        twice the traffic, or one that is not over, has other counts and the same rate."""
        found = self.series([project, *subjects])
        return {
            subject: shares(events, found[project]) for subject, events in found.items() if subject != project
        }

    def sums(self, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
        """Events of each subject that has any: what `series` adds up to."""
        return sums_between(subjects, self.start, self.until)

    def previous_sums(self, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
        return sums_between(subjects, *self.previous)

    def users(self, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
        """Distinct end users of each subject that has any."""
        return rollups.users_since(subjects, self.start)

    def conversations(self, project: Project) -> int:
        """Conversations whose last message lies in it; at most COUNT_LIMIT."""
        return conversations_between(project, self.start, self.until)

    def previous_conversations(self, project: Project) -> int:
        return conversations_between(project, *self.previous)

    def daily_users_change(self, subject: uuid.UUID) -> float | None:
        """By how much the mean of users per full day moved against the period before. None where days are too coarse."""
        if self.is_hourly:
            return None
        today, days = self.end.date(), DAYS[self.key]
        rows = dict(
            Day.objects.filter(
                subject=subject, start__gte=self.previous[0].date(), start__lt=today
            ).values_list("start", "users")
        )
        first = self.start.date()
        now = sum(users for day, users in rows.items() if day >= first)
        before = sum(users for day, users in rows.items() if day < first and day < today - dt.timedelta(days))
        return change(now, before)


def conversations_between(project: Project, start: dt.datetime, end: dt.datetime) -> int:
    """Conversations whose last message lies there; at most COUNT_LIMIT."""
    found = Conversation.objects.filter(
        project=project, last_message_at__gte=start, last_message_at__lt=end, events_count__gt=0
    )
    return found.order_by("-last_message_at")[:COUNT_LIMIT].count()


def shares(events: Sequence[int], everything: Sequence[int]) -> list[float]:
    """Bucket by bucket, 0 where there was nothing. What holds on an event is counted a moment before the event is, hence the bound."""
    return [min(1.0, n / all_) if all_ else float(n > 0) for n, all_ in zip(events, everything, strict=True)]


def change(now: float, before: float) -> float | None:
    """The relative change, such as 0.25 for a quarter more; None when there was nothing before."""
    return (now - before) / before if before else None


def begins_with(subjects: Iterable[uuid.UUID], *, events: int) -> dt.datetime | None:
    """The last midnight since which the subjects have at least so many events together; None: they have fewer."""
    days = Day.objects.filter(subject__in=list(subjects)).values("start").order_by("-start")
    for day, of_day in days.annotate(n=Sum("events")).values_list("start", "n"):
        events -= of_day
        if events <= 0:
            return dt.datetime.combine(day, dt.time(), dt.UTC)
    return None


def events_since(subjects: Iterable[uuid.UUID], midnight: dt.datetime) -> dict[uuid.UUID, int]:
    """Events of each subject that has any from that day on, those ahead of now too."""
    found: dict[uuid.UUID, int] = defaultdict(int)
    _add(found, Day.objects.filter(subject__in=list(subjects), start__gte=midnight.date()))
    return dict(found)


def sums_between(subjects: Iterable[uuid.UUID], start: dt.datetime, end: dt.datetime) -> dict[uuid.UUID, int]:
    """Events of the hours that begin from `start` to before `end`, by subject. Whole days are read as days: 24 times fewer rows."""
    ids = list(subjects)
    first, last = _midnight(start), _midnight(end)
    if first < start:
        first += dt.timedelta(days=1)
    found: dict[uuid.UUID, int] = defaultdict(int)
    if first < last:
        days = Day.objects.filter(subject__in=ids, start__gte=first.date(), start__lt=last.date())
        _add(found, days)
        hours = Q(start__gte=start, start__lt=first) | Q(start__gte=last, start__lt=end)
    else:
        hours = Q(start__gte=start, start__lt=end)
    if first >= last or start < first or last < end:
        _add(found, Hour.objects.filter(hours, subject__in=ids))
    return dict(found)


def _add(found: dict[uuid.UUID, int], rows: QuerySet[Any]) -> None:
    for subject, events in rows.values("subject").annotate(n=Sum("events")).values_list("subject", "n"):
        found[subject] += events


def _midnight(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
