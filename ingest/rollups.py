"""Counting: a subject's events and end users per hour, day and of all time.

`record` and `retract` are called in the transaction that inserts or deletes what they count, with exactly the rows that were
inserted or deleted; that is what keeps the counts exact when a batch runs twice. They come last in that
transaction, because they lock rows that every batch wants, and take those locks in one order.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from ingest.models import Day, Event, Hour, Total


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of a subject."""

    subject: uuid.UUID
    project: uuid.UUID
    timestamp: dt.datetime
    end_user: uuid.UUID | None


def count_events(events: list[Event]) -> None:
    """The pipeline's roll-up stage: counts each event once under its project, its end user and its conversation."""
    ids = [event.id for event in events]
    with transaction.atomic(), connection.cursor() as cursor:
        hold_people((event.end_user_id, event.conversation_id) for event in events)
        cursor.execute(
            """UPDATE ingest_event SET counted = true WHERE id IN (
                 SELECT id FROM ingest_event WHERE id = ANY(%s) AND NOT counted AND NOT is_pending ORDER BY id FOR UPDATE)
               RETURNING project_id, end_user_id, conversation_id, timestamp""",
            [ids],
        )
        rows = cursor.fetchall()
        _touch("ingest_enduser", "first_seen", "last_seen", [(row[1], row[3]) for row in rows])
        _touch("ingest_conversation", "started_at", "last_message_at", [(row[2], row[3]) for row in rows])
        record(Occurrence(project, project, timestamp, end_user) for project, end_user, _, timestamp in rows)


def hold_people(pairs: Iterable[tuple[uuid.UUID | None, uuid.UUID | None]]) -> None:
    """Locks end users and conversations, given in pairs, until the transaction ends: before the events of theirs, each by id,
    which is the order of every writer (ingest/store.py)."""
    pairs = list(pairs)
    with connection.cursor() as cursor:
        for place, table in enumerate(("ingest_enduser", "ingest_conversation")):
            wanted = sorted({row_id for pair in pairs if (row_id := pair[place]) is not None})
            cursor.execute(
                f"SELECT 1 FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [wanted]
            )


def record(occurrences: Iterable[Occurrence]) -> None:
    """Adds the occurrences to the counts. Call it in the transaction that inserted what they count."""
    tally = _Tally(occurrences)
    if not tally.total:
        return
    new_users = _upsert(
        """INSERT INTO ingest_subjectuser AS t (subject, end_user_id, project_id, events, first_seen, last_seen)
           SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::timestamptz[], %s::timestamptz[])
           ON CONFLICT (subject, end_user_id) DO UPDATE SET events = t.events + EXCLUDED.events,
             first_seen = least(t.first_seen, EXCLUDED.first_seen), last_seen = greatest(t.last_seen, EXCLUDED.last_seen)
           RETURNING subject, xmax = 0""",
        [(s, u, tally.project[s], n, *tally.user_seen[s, u]) for (s, u), n in sorted(tally.user.items())],
    )
    new_day_users = _upsert(
        """INSERT INTO ingest_dayuser AS t (subject, start, end_user_id, project_id, events)
           SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::uuid[], %s::int[])
           ON CONFLICT (subject, start, end_user_id) DO UPDATE SET events = t.events + EXCLUDED.events
           RETURNING subject, start, xmax = 0""",
        [(s, day, u, tally.project[s], n) for (s, day, u), n in sorted(tally.day_user.items())],
    )
    users = _count_new(new_users)
    day_users = _count_new(new_day_users)
    _upsert(
        """INSERT INTO ingest_hour AS t (subject, start, project_id, events)
           SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::int[])
           ON CONFLICT (subject, start) DO UPDATE SET events = t.events + EXCLUDED.events RETURNING 1""",
        [(s, hour, tally.project[s], n) for (s, hour), n in sorted(tally.hour.items())],
    )
    _upsert(
        """INSERT INTO ingest_day AS t (subject, start, project_id, events, users)
           SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::int[], %s::int[])
           ON CONFLICT (subject, start) DO UPDATE SET events = t.events + EXCLUDED.events, users = t.users + EXCLUDED.users
           RETURNING 1""",
        [(s, day, tally.project[s], n, day_users[s, day]) for (s, day), n in sorted(tally.day.items())],
    )
    _upsert(
        """INSERT INTO ingest_total AS t (subject, project_id, events, users, first_seen, last_seen)
           SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[])
           ON CONFLICT (subject) DO UPDATE SET events = t.events + EXCLUDED.events, users = t.users + EXCLUDED.users,
             first_seen = least(t.first_seen, EXCLUDED.first_seen), last_seen = greatest(t.last_seen, EXCLUDED.last_seen)
           RETURNING 1""",
        [(s, tally.project[s], n, users[s,], *tally.seen[s]) for s, n in sorted(tally.total.items())],
    )


def retract(occurrences: Iterable[Occurrence]) -> None:
    """Takes occurrences back that were recorded. first_seen and last_seen stay as they are: see `set_seen`."""
    tally = _Tally(occurrences)
    if not tally.total:
        return
    gone_users = _change(
        "ingest_subjectuser",
        {"subject": "uuid", "end_user_id": "uuid"},
        """UPDATE ingest_subjectuser t SET events = t.events - g.n
           FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS g(subject, end_user, n)
           WHERE t.subject = g.subject AND t.end_user_id = g.end_user RETURNING t.subject, t.events <= 0""",
        [(s, u, n) for (s, u), n in sorted(tally.user.items())],
    )
    gone_day_users = _change(
        "ingest_dayuser",
        {"subject": "uuid", "start": "date", "end_user_id": "uuid"},
        """UPDATE ingest_dayuser t SET events = t.events - g.n
           FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::int[]) AS g(subject, start, end_user, n)
           WHERE t.subject = g.subject AND t.start = g.start AND t.end_user_id = g.end_user
           RETURNING t.subject, t.start, t.events <= 0""",
        [(s, day, u, n) for (s, day, u), n in sorted(tally.day_user.items())],
    )
    users = _count_new(gone_users)
    day_users = _count_new(gone_day_users)
    subjects = sorted(tally.total)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ingest_subjectuser WHERE subject = ANY(%s) AND events <= 0", [subjects])
        cursor.execute("DELETE FROM ingest_dayuser WHERE subject = ANY(%s) AND events <= 0", [subjects])
    _change(
        "ingest_hour",
        {"subject": "uuid", "start": "timestamptz"},
        """UPDATE ingest_hour t SET events = greatest(0, t.events - g.n)
           FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[]) AS g(subject, start, n)
           WHERE t.subject = g.subject AND t.start = g.start RETURNING 1""",
        [(s, hour, n) for (s, hour), n in sorted(tally.hour.items())],
    )
    _change(
        "ingest_day",
        {"subject": "uuid", "start": "date"},
        """UPDATE ingest_day t SET events = greatest(0, t.events - g.n), users = greatest(0, t.users - g.users)
           FROM unnest(%s::uuid[], %s::date[], %s::int[], %s::int[]) AS g(subject, start, n, users)
           WHERE t.subject = g.subject AND t.start = g.start RETURNING 1""",
        [(s, day, n, day_users[s, day]) for (s, day), n in sorted(tally.day.items())],
    )
    _change(
        "ingest_total",
        {"subject": "uuid"},
        """UPDATE ingest_total t SET events = greatest(0, t.events - g.n), users = greatest(0, t.users - g.users)
           FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS g(subject, n, users)
           WHERE t.subject = g.subject RETURNING 1""",
        [(s, n, users[s,]) for s, n in sorted(tally.total.items())],
    )


def set_seen(*, subject: uuid.UUID, first: dt.datetime | None, last: dt.datetime | None) -> None:
    """Sets a subject's first and last occurrence, after a `retract` may have taken them."""
    Total.objects.filter(subject=subject).update(first_seen=first, last_seen=last)


def forget(subject: uuid.UUID) -> None:
    """Deletes all counts of a subject that is itself deleted."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("subjectuser", "dayuser", "hour", "day", "total"):
            cursor.execute(f"DELETE FROM ingest_{table} WHERE subject = %s", [subject])


# -- reading


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket of a series. `users` is None for hours, which keep no distinct users."""

    start: dt.datetime
    events: int
    users: int | None


def totals(subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, Total]:
    """Of all time, by subject; a subject that has met nothing has a row of zeros."""
    wanted = list(subjects)
    found = {total.subject: total for total in Total.objects.filter(subject__in=wanted)}
    return {subject: found.get(subject) or Total(subject=subject) for subject in wanted}


def daily(subjects: Iterable[uuid.UUID], *, start: dt.date, end: dt.date) -> dict[uuid.UUID, list[Point]]:
    """One point per day from `start` to `end`, both included, zeros filled in, for each subject."""
    wanted = list(subjects)
    days = [start + dt.timedelta(days=i) for i in range((end - start).days + 1)]
    rows = Day.objects.filter(subject__in=wanted, start__range=(start, end)).values_list(
        "subject", "start", "events", "users"
    )
    found = {(subject, day): (events, users) for subject, day, events, users in rows}
    return {
        subject: [
            Point(dt.datetime.combine(day, dt.time(), dt.UTC), *found.get((subject, day), (0, 0)))
            for day in days
        ]
        for subject in wanted
    }


def hourly(subject: uuid.UUID, *, start: dt.datetime, end: dt.datetime) -> list[Point]:
    """One point per hour from `start` to before `end`, zeros filled in."""
    first = start.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    found = dict(
        Hour.objects.filter(subject=subject, start__gte=first, start__lt=end).values_list("start", "events")
    )
    hours = max(0, -(-int((end - first).total_seconds()) // 3600))
    starts = [first + dt.timedelta(hours=i) for i in range(hours)]
    return [Point(hour, found.get(hour, 0), None) for hour in starts]


# -- inside


class _Tally:
    """Occurrences added up by every key that is counted."""

    def __init__(self, occurrences: Iterable[Occurrence]) -> None:
        self.project: dict[uuid.UUID, uuid.UUID] = {}
        self.total: dict[uuid.UUID, int] = defaultdict(int)
        self.hour: dict[tuple[uuid.UUID, dt.datetime], int] = defaultdict(int)
        self.day: dict[tuple[uuid.UUID, dt.date], int] = defaultdict(int)
        self.user: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
        self.day_user: dict[tuple[uuid.UUID, dt.date, uuid.UUID], int] = defaultdict(int)
        self.seen: dict[uuid.UUID, tuple[dt.datetime, dt.datetime]] = {}
        self.user_seen: dict[tuple[uuid.UUID, uuid.UUID], tuple[dt.datetime, dt.datetime]] = {}
        for occurrence in occurrences:
            subject, moment = occurrence.subject, occurrence.timestamp.astimezone(dt.UTC)
            self.project[subject] = occurrence.project
            self.total[subject] += 1
            self.hour[subject, moment.replace(minute=0, second=0, microsecond=0)] += 1
            self.day[subject, moment.date()] += 1
            first, last = self.seen.get(subject, (moment, moment))
            self.seen[subject] = (min(first, moment), max(last, moment))
            if (user := occurrence.end_user) is not None:
                self.user[subject, user] += 1
                self.day_user[subject, moment.date(), user] += 1
                first, last = self.user_seen.get((subject, user), (moment, moment))
                self.user_seen[subject, user] = (min(first, moment), max(last, moment))


def _upsert(sql: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Runs a statement over the rows turned into one array per column; returns what it returns."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])
        return list(cursor.fetchall())


def _change(
    table: str, key: dict[str, str], sql: str, rows: list[tuple[object, ...]]
) -> list[tuple[object, ...]]:
    """As `_upsert`, of an UPDATE of rows that are there, after they are locked in the order of their key (column -> type, the first
    values of each row): the UPDATE itself, which is a join, would take them in any."""
    keys = ", ".join(f"t.{column}" for column in key)
    arrays = ", ".join(f"%s::{kind}[]" for kind in key.values())
    _upsert(
        f"""SELECT 1 FROM {table} t WHERE ({keys}) IN (SELECT * FROM unnest({arrays}))
            ORDER BY {keys} FOR UPDATE""",
        [row[: len(key)] for row in rows],
    )
    return _upsert(sql, rows)


def _count_new(rows: list[tuple[object, ...]]) -> dict[tuple[object, ...], int]:
    """How many rows of each key end in true."""
    counts: dict[tuple[object, ...], int] = defaultdict(int)
    for *key, flag in rows:
        counts[tuple(key)] += bool(flag)
    return counts


def _touch(table: str, first: str, last: str, seen: list[tuple[uuid.UUID | None, dt.datetime]]) -> None:
    """Moves the first and last time, and the event count, of the end users or conversations given."""
    tally: dict[uuid.UUID, tuple[dt.datetime, dt.datetime, int]] = {}
    for row_id, moment in seen:
        if row_id is not None:
            low, high, count = tally.get(row_id, (moment, moment, 0))
            tally[row_id] = (min(low, moment), max(high, moment), count + 1)
    _upsert(
        f"""UPDATE {table} t SET events_count = t.events_count + g.n,
              {first} = CASE WHEN t.events_count = 0 THEN g.low ELSE least(t.{first}, g.low) END,
              {last} = CASE WHEN t.events_count = 0 THEN g.high ELSE greatest(t.{last}, g.high) END
            FROM (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[]) AS g(id, low, high, n)
                  ORDER BY 1) g WHERE t.id = g.id RETURNING 1""",
        [(row_id, *values) for row_id, values in sorted(tally.items())],
    )
