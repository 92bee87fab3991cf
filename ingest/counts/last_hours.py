"""The last hour in which a user was met, of a day and of all time: read anew once events were taken back (ingest/counts/rollups.py)."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

# A subject, a day, an end user, and an hour of that day.
UserHour = tuple[uuid.UUID, dt.date, uuid.UUID, int]


def read_last_hours(users: list[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Of (subject, end user): as the last of the user's days says."""
    write_rows(
        """UPDATE ingest_subjectuser t SET last_hour = newest.hour
           FROM unnest(%s::uuid[], %s::uuid[]) AS g(subject, end_user), LATERAL (
             SELECT (u.start + make_interval(hours => u.last_hour)) AT TIME ZONE 'UTC' AS hour FROM ingest_day d
             JOIN ingest_dayuser u ON (u.subject, u.start, u.end_user_id) = (d.subject, d.start, g.end_user)
             WHERE d.subject = g.subject ORDER BY d.start DESC LIMIT 1) newest
           WHERE (t.subject, t.end_user_id) = (g.subject, g.end_user) RETURNING 1""",
        users,
    )


def lower_last_hours(removed: Collection[UserHour], *, table: str, column: str) -> None:
    """Of events that were taken back: where one was in the last hour of its user's day, that is read anew from the table of what is counted, whose
    column is the subject."""
    lowered = write_rows(
        f"""WITH looked AS (
              SELECT DISTINCT u.subject, u.start, u.end_user_id FROM ingest_dayuser u
              JOIN unnest(%s::uuid[], %s::date[], %s::uuid[], %s::smallint[]) AS g(subject, start, end_user, hour)
                ON (u.subject, u.start, u.end_user_id, u.last_hour) = (g.subject, g.start, g.end_user, g.hour)),
            found AS (
              SELECT l.subject, l.start, l.end_user_id, max(extract(hour FROM t.timestamp AT TIME ZONE 'UTC'))::smallint AS hour
              FROM looked l JOIN {table} t ON t.{column} = l.subject AND t.end_user_id = l.end_user_id
                AND t.timestamp >= l.start::timestamp AT TIME ZONE 'UTC' AND t.timestamp < (l.start + 1)::timestamp AT TIME ZONE 'UTC'
              GROUP BY 1, 2, 3)
            UPDATE ingest_dayuser u SET last_hour = f.hour FROM found f
            WHERE (u.subject, u.start, u.end_user_id) = (f.subject, f.start, f.end_user_id) AND u.last_hour <> f.hour
            RETURNING u.subject, u.end_user_id""",
        sorted(removed),
    )
    read_last_hours(sorted(set(lowered)))


def write_rows(sql: str, rows: Sequence[tuple[object, ...]]) -> list[tuple[Any, ...]]:
    """Runs a statement over the rows turned into one array per column; returns what it returns."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])
        return list(cursor.fetchall())
