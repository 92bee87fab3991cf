"""Events that are found to be part of another are merged into it, and deleted.

The old id goes on naming the event that stays (EventKey.merged_into). Attachments and explicit signals move to it; what the pipeline made
of the old event is deleted: it makes the same anew of the one that stays. What upper apps keep of events they move themselves: each
registers a function by `on_merge`, in AppConfig.ready().
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence

from django.db import connection, transaction

from ingest.counts.rollups import Occurrence, TakenBack, take_back, uncount_people
from ingest.models import Event, EventKey, MergedEvent, ProcessingFailure, Project
from ingest.store.queueing import enqueue

# A request that looked its event up before the merge commits what hangs on it within this time: it is moved then.
STRAGGLERS = dt.timedelta(minutes=15)
BATCH = 200

# (the event that goes -> the one that stays) -> the counted rows that were deleted. Called in the transaction that merges; again for a while,
# in case rows came later: to be safe to repeat.
Mover = Callable[[Mapping[uuid.UUID, uuid.UUID]], Sequence[TakenBack]]
_movers: list[Mover] = []


def on_merge(mover: Mover) -> None:
    """Registers what moves, or deletes, an upper app's rows of events that are merged."""
    if mover not in _movers:
        _movers.append(mover)


def merge_events(project: Project, merged: Sequence[tuple[Event, uuid.UUID]]) -> list[TakenBack]:
    """Merges each event into the one with the id beside it. Returns what was counted of them: the transaction ends with
    `rollups.take_back` of it. To be called in the transaction that holds the people of these events, and then the events, locked."""
    if not merged:
        return []
    gone = [event for event, _ in merged]
    rows = [
        MergedEvent(id=event.id, project=project, event_id=event.event_id, into_id=into)
        for event, into in merged
    ]
    MergedEvent.objects.bulk_create(rows)
    names = _names(rows)
    for row in rows:
        earlier = MergedEvent.objects.filter(project=project, into=row.id)
        keys = [row.event_id, *earlier.values_list("event_id", flat=True)]
        EventKey.objects.filter(project=project, event_id__in=keys).update(
            event_uuid=row.into_id, merged_into=names[row.into_id]
        )
        earlier.update(into=row.into_id)
    taken = _move(rows, names)
    Event.objects.filter(id__in=[event.id for event in gone]).delete()
    uncount_people(
        ((event.end_user_id, event.conversation_id) for event in gone if event.counted),
        others=((event.end_user_id, event.conversation_id) for event in gone if not event.counted),
    )
    occurrences = [
        Occurrence(project.id, project.id, event.timestamp, event.end_user_id, event.conversation_id)
        for event in gone
        if event.counted
    ]
    return [TakenBack(occurrences, Event._meta.db_table, "project_id"), *taken]


def revive(project: Project, event_ids: Sequence[str]) -> None:
    """Makes ids free that were merged into other events: still later spans showed that there are two events after all. What moved
    stays where it is."""
    keys = EventKey.objects.filter(project=project, event_id__in=event_ids, merged_into__isnull=False)
    if names := list(keys.values_list("event_id", flat=True)):
        keys.delete()
        MergedEvent.objects.filter(project=project, event_id__in=names).delete()


def move_stragglers(*, now: dt.datetime, since: dt.timedelta = STRAGGLERS) -> int:
    """Moves what came to events while they were being merged, BATCH merges in one transaction. To be called every minute or so; looks at
    merges within `since`. Returns how many those were."""
    recent = MergedEvent.objects.filter(merged_at__gte=now - since)
    ids = list(recent.order_by("id").values_list("id", flat=True))
    return sum(_move_some(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


@transaction.atomic
def _move_some(ids: Sequence[uuid.UUID]) -> int:
    found = MergedEvent.objects.filter(id__in=ids).order_by("id")
    rows = list(found.select_for_update(skip_locked=True))
    if rows:
        take_back(_move(rows, _names(rows)))
    return len(rows)


def _names(rows: Sequence[MergedEvent]) -> dict[uuid.UUID, str]:
    """Of the events that stay: our id -> the app's."""
    return dict(Event.objects.filter(id__in={row.into_id for row in rows}).values_list("id", "event_id"))


def _move(rows: Sequence[MergedEvent], names: Mapping[uuid.UUID, str]) -> list[TakenBack]:
    rows = [row for row in rows if row.into_id in names]
    queued: set[tuple[uuid.UUID, uuid.UUID]] = set()
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(
                """UPDATE ingest_attachment a SET event_id = %s WHERE event_id = %s
                   AND NOT EXISTS (SELECT 1 FROM ingest_attachment WHERE event_id = %s AND key = a.key)""",
                [row.into_id, row.id, row.into_id],
            )
            moved = cursor.rowcount
            cursor.execute("DELETE FROM ingest_attachment WHERE event_id = %s", [row.id])
            # By the app's id, which is what is indexed.
            cursor.execute(
                """UPDATE ingest_explicitsignal SET event_id = %s, app_event_id = %s
                   WHERE project_id = %s AND app_event_id = %s""",
                [row.into_id, names[row.into_id], row.project_id, row.event_id],
            )
            if moved + cursor.rowcount:
                queued.add((row.project_id, row.into_id))
    ProcessingFailure.objects.filter(event__in=[row.id for row in rows]).delete()
    enqueue(sorted(queued))
    into = {row.id: row.into_id for row in rows}
    return [taken for mover in _movers for taken in mover(into)]
