"""Which queued events the pipeline takes next.

There are two lanes. Live events come first, and the backlog (an import, events that are older than ingest/store/queueing.py
LIVE_FOR, events of an app's signal whose action was changed) gets what they leave, but always something, so that neither lane waits for the other one to be
empty. Within a lane projects take turns, an event each, so that a burst of one keeps no other waiting; within a project the
oldest comes first. That is round robin with a queue for each project (Nagle, RFC 970).
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping

from django.db import connection
from django.db.models import Count

from ingest.models import Lane, QueuedEvent

# Live batches that are handed over at once, for each worker: one that it is at, and two that wait.
LIVE_BATCHES = 3
# The backlog keeps every worker busy with as little as possible in the way of a live event. It may fill up to (workers + BACKLOG_WAITING)
# batches, live ones counted; BACKLOG_LEAST it has even where live ones fill that.
BACKLOG_WAITING = 1
BACKLOG_LEAST = 1


def next_lane(
    in_flight: Mapping[Lane, int], *, batch: int, workers: int, empty: Collection[Lane]
) -> Lane | None:
    """The lane of the next batch; None where the workers have enough. `in_flight`: events that are with them or wait for them; `workers`: of all
    servers; `batch`: events in a batch; `empty`: lanes that have none to hand over."""
    live, backlog = in_flight.get(Lane.LIVE, 0), in_flight.get(Lane.BACKLOG, 0)
    if Lane.LIVE not in empty and live < LIVE_BATCHES * workers * batch:
        return Lane.LIVE
    room = (workers + BACKLOG_WAITING) * batch
    if Lane.BACKLOG not in empty and (backlog < BACKLOG_LEAST * batch or live + backlog < room):
        return Lane.BACKLOG
    return None


def count_in_flight(now: dt.datetime) -> Counter[Lane]:
    """Events that were handed over and are not through, by lane."""
    rows = QueuedEvent.objects.filter(available_at__gt=now, waiting=False).values_list("lane")
    return Counter({Lane(lane): count for lane, count in rows.annotate(n=Count("id")).order_by()})


def lock_next(lane: Lane, *, now: dt.datetime, limit: int) -> list[QueuedEvent]:
    """The next rows of the lane that may be taken by `now`, in the order of their turns, locked until the transaction ends. Fewer than
    `limit`: no more of them wait, or another server is about to take them."""
    with connection.cursor() as cursor:
        # The projects are found by a skip along the index, each with one look, however many rows wait.
        cursor.execute(
            """WITH RECURSIVE owner AS (
                 (SELECT project_id FROM ingest_queuedevent WHERE lane = %(lane)s ORDER BY project_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT q.project_id FROM ingest_queuedevent q WHERE q.lane = %(lane)s AND q.project_id > owner.project_id
                         ORDER BY q.project_id LIMIT 1)
                 FROM owner WHERE owner.project_id IS NOT NULL)
               SELECT q.id FROM owner CROSS JOIN LATERAL (
                 SELECT id, available_at, row_number() OVER (ORDER BY available_at, id) AS turn FROM ingest_queuedevent
                 WHERE lane = %(lane)s AND project_id = owner.project_id AND available_at <= %(now)s
                 ORDER BY available_at, id LIMIT %(limit)s) q
               ORDER BY q.turn, q.available_at, q.id LIMIT %(limit)s""",
            {"lane": lane.value, "now": now, "limit": limit},
        )
        ids = [row[0] for row in cursor.fetchall()]
    place = {id: turn for turn, id in enumerate(ids)}
    # Looked at again once locked: another server may have taken it meanwhile.
    rows = QueuedEvent.objects.filter(id__in=ids, available_at__lte=now).select_for_update(skip_locked=True)
    return sorted(rows, key=lambda row: place[row.id])
