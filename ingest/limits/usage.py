"""How many new events a project has had this month: counted in the process, added up in MonthlyUsage.

`used` answers from memory: what the database held when it was last asked or written to, and what this process has counted
since. Other processes' events are seen at the next flush, at the latest after MAX_AGE seconds.
"""

import datetime as dt
import threading
import time
import uuid

from django.db import connection, transaction
from django.utils import timezone

from ingest.limits import flushing
from ingest.models import MonthlyUsage

MAX_AGE = 10.0

_pending: dict[tuple[uuid.UUID, dt.date], int] = {}
_known: dict[tuple[uuid.UUID, dt.date], tuple[float, int]] = {}  # -> (when it was read, events)
_lock = threading.Lock()


def this_month(now: dt.datetime | None = None) -> dt.date:
    """The first day of the month, in UTC."""
    return (now or timezone.now()).astimezone(dt.UTC).date().replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=32)).replace(day=1)


def count_events(project_id: uuid.UUID, events: int) -> None:
    """Adds new events. To be called after their commit."""
    if not events:
        return
    at = (project_id, this_month())
    with _lock:
        _pending[at] = _pending.get(at, 0) + events
    flushing.flush_if_due()


def used(project_id: uuid.UUID, month: dt.date, *, only_cached: bool = False) -> int:
    """Events this month. One query when what is known is older than MAX_AGE, or KeyError with `only_cached`. While events
    come in it never is: each flush brings it up to date."""
    at = (project_id, month)
    known = _known.get(at)
    if known is None or time.monotonic() - known[0] > MAX_AGE:
        if only_cached:
            raise KeyError(project_id)
        row = MonthlyUsage.objects.filter(project_id=project_id, month=month).first()
        known = (time.monotonic(), row.events if row else 0)
        with _lock:
            if len(_known) > 10_000:
                _known.clear()
            _known[at] = known
    return known[1] + _pending.get(at, 0)


def _flush() -> None:
    with _lock:
        taken = dict(_pending)
    if not taken:
        return
    rows = sorted(taken.items())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ingest_monthlyusage AS t (project_id, month, events)
               SELECT * FROM unnest(%s::uuid[], %s::date[], %s::bigint[])
               ON CONFLICT (project_id, month) DO UPDATE SET events = t.events + EXCLUDED.events
               RETURNING project_id, month, events""",
            [[p for (p, _), _ in rows], [m for (_, m), _ in rows], [n for _, n in rows]],
        )
        written = cursor.fetchall()
    with _lock:  # only now: a reader in between sees them counted once
        for at, count in taken.items():
            unwritten = _pending.get(at, 0) - count
            if unwritten > 0:
                _pending[at] = unwritten
            else:
                _pending.pop(at, None)
        for project_id, month, events in written:
            _known[project_id, month] = (time.monotonic(), events)


def reset() -> None:
    """Forgets what is not written. In a forked child, and in tests."""
    global _lock
    _lock = threading.Lock()
    _pending.clear()
    _known.clear()


flushing.register(flusher=_flush, reset=reset)
