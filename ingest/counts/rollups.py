"""Counting: a subject's events and end users per hour, day and of all time.

`record` is called in the transaction that inserts or deletes what it counts, with exactly the rows that were inserted or
deleted; that is what keeps the counts exact when a batch runs twice. It comes last in that transaction and once, because it
locks rows that every batch wants: table by table, each in the order of its key, which is the order of every writer.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from ingest.counts.last_hours import lower_last_hours, read_last_hours, write_rows
from ingest.models import Day, Event, Hour, Total

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_Pair = tuple[uuid.UUID | None, uuid.UUID | None]  # an event's end user and conversation
# Their tables, the event's column for each, and the columns of the first and the last time.
_PEOPLE = (
    ("ingest_enduser", "end_user_id", "first_seen", "last_seen"),
    ("ingest_conversation", "conversation_id", "started_at", "last_message_at"),
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of a subject. `conversation` is counted where it is given: not of clusters."""

    subject: uuid.UUID
    project: uuid.UUID
    timestamp: dt.datetime
    end_user: uuid.UUID | None
    conversation: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Rows that were deleted from `table`, whose `column` is the subject that they were counted under."""

    rows: list[Occurrence]
    table: str
    column: str


def count_events(events: list[Event]) -> None:
    """The pipeline's roll-up stage: counts each event once under its project, its end user and its conversation."""
    ids = [event.id for event in events]
    held = {(event.end_user_id, event.conversation_id) for event in events}
    while not (found := _count(ids, held)) <= held:
        held |= found


def _count(event_ids: list[uuid.UUID], held: set[_Pair]) -> set[_Pair]:
    """One try, with these people locked. Returns whose the events are: does nothing when those are others, because events were given to
    them since they were loaded."""
    with transaction.atomic(), connection.cursor() as cursor:
        hold_people(held)
        cursor.execute(
            """UPDATE ingest_event SET counted = true WHERE id IN (
                 SELECT id FROM ingest_event WHERE id = ANY(%s) AND NOT counted AND NOT is_pending ORDER BY id FOR UPDATE)
               RETURNING project_id, end_user_id, conversation_id, timestamp""",
            [event_ids],
        )
        rows = cursor.fetchall()
        found = {(row[1], row[2]) for row in rows}
        if not found <= held:
            transaction.set_rollback(True)
            return found
        _touch("ingest_enduser", "first_seen", "last_seen", [(row[1], row[3]) for row in rows])
        _touch("ingest_conversation", "started_at", "last_message_at", [(row[2], row[3]) for row in rows])
        record(
            Occurrence(project, project, timestamp, end_user, conversation)
            for project, end_user, conversation, timestamp in rows
        )
    return found


def hold_people(pairs: Iterable[_Pair]) -> None:
    """Locks end users and conversations, given in pairs, until the transaction ends: before the events of theirs, each by id,
    which is the order of every writer (ingest/store/events.py)."""
    pairs = list(pairs)
    with connection.cursor() as cursor:
        for place, (table, *_) in enumerate(_PEOPLE):
            ids = sorted({row_id for pair in pairs if (row_id := pair[place]) is not None})
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])


def record(added: Iterable[Occurrence] = (), *, removed: Iterable[Occurrence] = ()) -> None:
    """Adds occurrences to the counts, and takes back others that were added before. Call it in the transaction that inserted the
    former and deleted the latter. First and last seen of a subject, and the last hour of a user's day, stay when they are taken back: see `look_again`."""
    tally = _Tally(added, removed)
    if not tally.total:
        return
    met = write_rows(
        """INSERT INTO ingest_subjectuser AS t (subject, end_user_id, project_id, events, last_hour)
           SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::timestamptz[])
           ON CONFLICT (subject, end_user_id) DO UPDATE SET events = t.events + EXCLUDED.events,
             last_hour = greatest(t.last_hour, EXCLUDED.last_hour)
           RETURNING subject, end_user_id, (xmax = 0)::int, (events <= 0)::int""",
        [(s, u, tally.project[s], n, tally.user_hour.get((s, u), NEVER)) for (s, u), n in sorted(tally.user.items())],
    )  # fmt: skip
    met_that_day = write_rows(
        """INSERT INTO ingest_dayuser AS t (subject, start, end_user_id, project_id, events, last_hour)
           SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::uuid[], %s::int[], %s::smallint[])
           ON CONFLICT (subject, start, end_user_id) DO UPDATE SET events = t.events + EXCLUDED.events,
             last_hour = greatest(t.last_hour, EXCLUDED.last_hour)
           RETURNING subject, start, end_user_id, (xmax = 0)::int, (events <= 0)::int""",
        [
            (s, day, u, tally.project[s], n, tally.day_hour.get((s, day, u), 0))
            for (s, day, u), n in sorted(tally.day_user.items())
        ],
    )
    talks = write_rows(
        """INSERT INTO ingest_subjectconversation AS t (subject, conversation_id, project_id, events)
           SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[])
           ON CONFLICT (subject, conversation_id) DO UPDATE SET events = t.events + EXCLUDED.events
           RETURNING subject, conversation_id, (xmax = 0)::int, (events <= 0)::int""",
        [(s, c, tally.project[s], n) for (s, c), n in sorted(tally.conversation.items())],
    )
    users: dict[uuid.UUID, int] = defaultdict(int)
    for subject, _, new, gone in met:
        users[subject] += new - gone
    conversations: dict[uuid.UUID, int] = defaultdict(int)
    for subject, _, new, gone in talks:
        conversations[subject] += new - gone
    day_users: dict[tuple[uuid.UUID, dt.date], int] = defaultdict(int)
    for subject, day, _, new, gone in met_that_day:
        day_users[subject, day] += new - gone
    write_rows(
        """INSERT INTO ingest_hour AS t (subject, start, project_id, events)
           SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::int[])
           ON CONFLICT (subject, start) DO UPDATE SET events = t.events + EXCLUDED.events RETURNING 1""",
        [(s, hour, tally.project[s], n) for (s, hour), n in sorted(tally.hour.items())],
    )
    write_rows(
        """INSERT INTO ingest_day AS t (subject, start, project_id, events, users)
           SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::int[], %s::int[])
           ON CONFLICT (subject, start) DO UPDATE SET events = t.events + EXCLUDED.events, users = t.users + EXCLUDED.users
           RETURNING 1""",
        [(s, day, tally.project[s], n, day_users[s, day]) for (s, day), n in sorted(tally.day.items())],
    )
    write_rows(
        """INSERT INTO ingest_total AS t (subject, project_id, events, users, conversations, first_seen, last_seen)
           SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[])
           ON CONFLICT (subject) DO UPDATE SET events = t.events + EXCLUDED.events, users = t.users + EXCLUDED.users,
             conversations = t.conversations + EXCLUDED.conversations,
             first_seen = least(t.first_seen, EXCLUDED.first_seen), last_seen = greatest(t.last_seen, EXCLUDED.last_seen)
           RETURNING 1""",
        [
            (s, tally.project[s], n, users[s], conversations[s], *tally.seen.get(s, (None, None)))
            for s, n in sorted(tally.total.items())
        ],
    )
    _forget_users(
        [(s, u) for s, u, _, gone in met if gone],
        [(s, day, u) for s, day, u, _, gone in met_that_day if gone],
    )
    write_rows(
        """DELETE FROM ingest_subjectconversation
           WHERE (subject, conversation_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[])) RETURNING 1""",
        [(s, c) for s, c, _, gone in talks if gone],
    )


def _forget_users(
    users: list[tuple[uuid.UUID, uuid.UUID]], day_users: list[tuple[uuid.UUID, dt.date, uuid.UUID]]
) -> None:
    """Deletes who has no event left, of all time and of a day. Who has others is as recent as those: as the last of the days that
    are left says, which are looked through from the newest one. All these rows are locked already."""
    write_rows(
        """DELETE FROM ingest_subjectuser
           WHERE (subject, end_user_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[])) RETURNING 1""",
        users,
    )
    write_rows(
        """DELETE FROM ingest_dayuser
           WHERE (subject, start, end_user_id) IN (SELECT * FROM unnest(%s::uuid[], %s::date[], %s::uuid[])) RETURNING 1""",
        day_users,
    )
    read_last_hours(sorted({(s, u) for s, _, u in day_users} - set(users)))


def look_again(removed: Iterable[Occurrence], *, table: str, column: str) -> None:
    """What cannot be taken back is read anew once these occurrences were (`record`), from the table of what is counted, whose column is the
    subject: the subjects' first and last occurrence, of an index over (column, timestamp) the two ends; and the last hour of a user's day, where
    it was that of a removed one."""
    removed = list(removed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE ingest_total t SET
                  first_seen = (SELECT min(timestamp) FROM {table} WHERE {column} = t.subject),
                  last_seen = (SELECT max(timestamp) FROM {table} WHERE {column} = t.subject)
                WHERE subject = ANY(%s)""",
            [list({one.subject for one in removed})],
        )
    hours = {
        (one.subject, moment.date(), one.end_user, moment.hour)
        for one in removed
        if one.end_user is not None and (moment := one.timestamp.astimezone(dt.UTC))
    }
    lower_last_hours(hours, table=table, column=column)


def take_back(taken: Iterable[TakenBack]) -> None:
    """Takes rows of several tables back, in the transaction that deleted them, as its last step."""
    taken = [one for one in taken if one.rows]
    record(removed=[row for one in taken for row in one.rows])
    for one in taken:
        look_again(one.rows, table=one.table, column=one.column)


def uncount_people(gone: Iterable[_Pair], *, others: Iterable[_Pair] = ()) -> None:
    """Takes counted events off their end users and conversations (locked: `hold_people`), once the events themselves are deleted or
    moved, and reads anew when those were first and last met. `others`: of events that were not counted yet."""
    gone, others = list(gone), list(others)
    with connection.cursor() as cursor:
        for place, (table, column, first, last) in enumerate(_PEOPLE):
            tally = {row_id: 0 for pair in others if (row_id := pair[place]) is not None}
            for pair in gone:
                if (row_id := pair[place]) is not None:
                    tally[row_id] = tally.get(row_id, 0) + 1
            if tally:
                cursor.execute(
                    f"""UPDATE {table} t SET events_count = greatest(0, t.events_count - g.n),
                          {first} = coalesce((SELECT min(timestamp) FROM ingest_event WHERE {column} = t.id), t.{first}),
                          {last} = coalesce((SELECT max(timestamp) FROM ingest_event WHERE {column} = t.id), t.{last})
                        FROM unnest(%s::uuid[], %s::int[]) AS g(id, n) WHERE t.id = g.id""",
                    [list(tally), list(tally.values())],
                )


def recount(subjects: Sequence[uuid.UUID], *, project: uuid.UUID, table: str, column: str) -> None:
    """Counts the subjects from the table of what is counted, whose `column` is the subject, in place of what was counted of them. For many
    rows that change at once: the caller holds every other writer of these subjects off until the transaction ends."""
    forget_all(subjects)
    rows = f"FROM {table} WHERE {column} = ANY(%s)"
    hour = "date_trunc('hour', timestamp AT TIME ZONE 'UTC')"
    day = "(timestamp AT TIME ZONE 'UTC')::date"
    with connection.cursor() as cursor:
        for statement in (
            f"""INSERT INTO ingest_subjectuser (subject, end_user_id, project_id, events, last_hour)
                SELECT {column}, end_user_id, %s, count(*), max({hour}) AT TIME ZONE 'UTC'
                {rows} AND end_user_id IS NOT NULL GROUP BY 1, 2""",
            f"""INSERT INTO ingest_dayuser (subject, start, end_user_id, project_id, events, last_hour)
                SELECT {column}, {day}, end_user_id, %s, count(*), max(extract(hour FROM timestamp AT TIME ZONE 'UTC'))
                {rows} AND end_user_id IS NOT NULL GROUP BY 1, 2, 3""",
            f"""INSERT INTO ingest_hour (subject, start, project_id, events)
                SELECT {column}, {hour} AT TIME ZONE 'UTC', %s, count(*) {rows} GROUP BY 1, 2""",
            f"""INSERT INTO ingest_day (subject, start, project_id, events, users)
                SELECT {column}, {day}, %s, count(*), count(DISTINCT end_user_id) {rows} GROUP BY 1, 2""",
            f"""INSERT INTO ingest_total (subject, project_id, events, users, first_seen, last_seen)
                SELECT {column}, %s, count(*), count(DISTINCT end_user_id), min(timestamp), max(timestamp) {rows} GROUP BY 1""",
        ):
            cursor.execute(statement, [project, list(subjects)])


def forget(subject: uuid.UUID) -> None:
    """Deletes all counts of a subject that is itself deleted."""
    forget_all([subject])


@transaction.atomic
def forget_all(subjects: Sequence[uuid.UUID]) -> None:
    """Deletes all counts of these subjects."""
    with connection.cursor() as cursor:
        for table in ("subjectuser", "dayuser", "subjectconversation", "hour", "day", "total"):
            cursor.execute(f"DELETE FROM ingest_{table} WHERE subject = ANY(%s)", [list(subjects)])


# -- reading


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket of a series. `users` is None for hours, which keep no distinct users."""

    start: dt.datetime
    events: int
    users: int | None


def totals(subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, Total]:
    """Of all time, by subject; a subject that has met nothing has a row of zeros."""
    ids = list(subjects)
    found = {total.subject: total for total in Total.objects.filter(subject__in=ids)}
    return {subject: found.get(subject) or Total(subject=subject) for subject in ids}


def daily(subjects: Iterable[uuid.UUID], *, start: dt.date, end: dt.date) -> dict[uuid.UUID, list[Point]]:
    """One point per day from `start` to `end`, both included, zeros filled in, for each subject."""
    ids = list(subjects)
    days = [start + dt.timedelta(days=i) for i in range((end - start).days + 1)]
    rows = Day.objects.filter(subject__in=ids, start__range=(start, end)).values_list(
        "subject", "start", "events", "users"
    )
    found = {(subject, day): (events, users) for subject, day, events, users in rows}
    return {
        subject: [
            Point(dt.datetime.combine(day, dt.time(), dt.UTC), *found.get((subject, day), (0, 0)))
            for day in days
        ]
        for subject in ids
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


def users_since(subjects: Iterable[uuid.UUID], hour: dt.datetime) -> dict[uuid.UUID, int]:
    """Distinct end users met from that full hour on; a subject that met none is not in it. An index range of one row per user, of which the
    table is not read: of those met since, or, where the subject was first seen not long before, of the others, who are taken off the total."""
    found = "SELECT count(*) FROM ingest_subjectuser u WHERE u.subject = t.subject AND u.last_hour"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.subject, CASE WHEN %(hour)s - t.first_seen < t.last_seen - %(hour)s
                  THEN t.users - ({found} < %(hour)s) ELSE ({found} >= %(hour)s) END
                FROM ingest_total t WHERE t.subject = ANY(%(subjects)s)""",
            {"hour": hour, "subjects": list(subjects)},
        )
        return {subject: users for subject, users in cursor.fetchall() if users}


# -- inside


class _Tally:
    """Occurrences added up by every key that is counted; those that are taken back count -1, and are not the last ones seen."""

    def __init__(self, added: Iterable[Occurrence], removed: Iterable[Occurrence]) -> None:
        self.project: dict[uuid.UUID, uuid.UUID] = {}
        self.total: dict[uuid.UUID, int] = defaultdict(int)
        self.hour: dict[tuple[uuid.UUID, dt.datetime], int] = defaultdict(int)
        self.day: dict[tuple[uuid.UUID, dt.date], int] = defaultdict(int)
        self.user: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
        self.day_user: dict[tuple[uuid.UUID, dt.date, uuid.UUID], int] = defaultdict(int)
        self.conversation: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
        self.seen: dict[uuid.UUID, tuple[dt.datetime, dt.datetime]] = {}
        self.user_hour: dict[tuple[uuid.UUID, uuid.UUID], dt.datetime] = {}
        self.day_hour: dict[tuple[uuid.UUID, dt.date, uuid.UUID], int] = {}
        for occurrence in added:
            self._count(occurrence, 1)
        for occurrence in removed:
            self._count(occurrence, -1)

    def _count(self, occurrence: Occurrence, n: int) -> None:
        subject, moment, user = (
            occurrence.subject,
            occurrence.timestamp.astimezone(dt.UTC),
            occurrence.end_user,
        )
        hour, day = moment.replace(minute=0, second=0, microsecond=0), moment.date()
        self.project[subject] = occurrence.project
        self.total[subject] += n
        self.hour[subject, hour] += n
        self.day[subject, day] += n
        if user is not None:
            self.user[subject, user] += n
            self.day_user[subject, day, user] += n
        if occurrence.conversation is not None:
            self.conversation[subject, occurrence.conversation] += n
        if n < 0:
            return
        first, last = self.seen.get(subject, (moment, moment))
        self.seen[subject] = (min(first, moment), max(last, moment))
        if user is not None:
            self.user_hour[subject, user] = max(self.user_hour.get((subject, user), hour), hour)
            key = (subject, day, user)
            self.day_hour[key] = max(self.day_hour.get(key, 0), hour.hour)


def _touch(table: str, first: str, last: str, seen: list[tuple[uuid.UUID | None, dt.datetime]]) -> None:
    """Moves the first and last time, and the event count, of the end users or conversations given."""
    tally: dict[uuid.UUID, tuple[dt.datetime, dt.datetime, int]] = {}
    for row_id, moment in seen:
        if row_id is not None:
            low, high, count = tally.get(row_id, (moment, moment, 0))
            tally[row_id] = (min(low, moment), max(high, moment), count + 1)
    write_rows(
        f"""UPDATE {table} t SET events_count = t.events_count + g.n,
              {first} = CASE WHEN t.events_count = 0 THEN g.low ELSE least(t.{first}, g.low) END,
              {last} = CASE WHEN t.events_count = 0 THEN g.high ELSE greatest(t.{last}, g.high) END
            FROM (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[]) AS g(id, low, high, n)
                  ORDER BY 1) g WHERE t.id = g.id RETURNING 1""",
        [(row_id, *values) for row_id, values in sorted(tally.items())],
    )
