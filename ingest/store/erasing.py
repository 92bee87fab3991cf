"""Deleting events with all that hangs on them: on request (an event, a conversation, an end user), and by age.

Everything that was counted of them is taken back in the same transaction. What upper apps keep of events they delete themselves: each
registers a function by `on_erase`, in AppConfig.ready().
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Sequence

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from ingest.counts.rollups import Occurrence, TakenBack, hold_people, take_back, uncount_people
from ingest.models import (
    Attachment,
    Conversation,
    EarlierTurns,
    EndUser,
    Event,
    EventKey,
    ExplicitSignal,
    MergedEvent,
    OpenTrace,
    PlainSpan,
    ProcessingFailure,
    Project,
    QueuedEvent,
    Span,
)
from raindrop import live

BATCH = 200  # events of one transaction

# Deletes what an app keeps of these events; returns the counted rows that went. In the transaction that deletes the events, which are locked.
Eraser = Callable[[Sequence[uuid.UUID]], Sequence[TakenBack]]
_erasers: list[Eraser] = []

# Of these events, those that matter longer than their age says: labelled ones, those of an issue.
Keeper = Callable[[Collection[uuid.UUID]], set[uuid.UUID]]
_keepers: list[Keeper] = []


def on_erase(eraser: Eraser) -> None:
    """Registers what deletes an upper app's rows of events that are erased."""
    if eraser not in _erasers:
        _erasers.append(eraser)


def keeps_longer(keeper: Keeper) -> None:
    """Registers which events are relevant to an upper app."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def relevant(event_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    return set().union(*(keeper(event_ids) for keeper in _keepers))


def erase_events(*, project: Project, event_ids: Collection[uuid.UUID]) -> int:
    """Deletes these events of the project, BATCH in a transaction; returns how many there were. Safe to repeat, and safe twice at once."""
    ids = sorted(event_ids)
    return sum(_erase(project, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _erase(project: Project, ids: list[uuid.UUID]) -> int:
    pairs = Event.objects.filter(project=project, id__in=ids).values_list("end_user_id", "conversation_id")
    held: set[tuple[uuid.UUID | None, uuid.UUID | None]] = set(pairs)
    while (found := _try(project, ids, held)) is None:
        held |= set(pairs.all())
    live.changed([project.pk])
    return found


@transaction.atomic
def _try(
    project: Project, ids: list[uuid.UUID], held: set[tuple[uuid.UUID | None, uuid.UUID | None]]
) -> int | None:
    """None where the events got other people since those were read: people are locked before events, as every writer does."""
    hold_people(held)
    rows = Event.objects.filter(project=project, id__in=ids).order_by("id")
    gone = list(
        rows.select_for_update(of=("self",)).only(
            "id", "event_id", "trace_id", "timestamp", "end_user_id", "conversation_id", "counted"
        )
    )
    if not {(event.end_user_id, event.conversation_id) for event in gone} <= held:
        return None
    if not gone:
        return 0
    found = [event.id for event in gone]
    taken = [one for eraser in _erasers for one in eraser(found)]
    _delete_rows(project, gone)
    uncount_people(
        ((event.end_user_id, event.conversation_id) for event in gone if event.counted),
        others=((event.end_user_id, event.conversation_id) for event in gone if not event.counted),
    )
    occurrences = [
        Occurrence(project.pk, project.pk, event.timestamp, event.end_user_id, event.conversation_id)
        for event in gone
        if event.counted
    ]
    take_back([TakenBack(occurrences, Event._meta.db_table, "project_id"), *taken])
    return len(gone)


def _delete_rows(project: Project, gone: Sequence[Event]) -> None:
    ids = [event.id for event in gone]
    earlier = MergedEvent.objects.filter(project=project, into__in=ids)
    names = [event.event_id for event in gone] + list(earlier.values_list("event_id", flat=True))
    traces = {event.trace_id for event in gone if event.trace_id}
    Span.objects.filter(event__in=ids).delete()
    Attachment.objects.filter(event__in=ids).delete()
    ExplicitSignal.objects.filter(project=project, app_event_id__in=names).delete()
    QueuedEvent.objects.filter(event__in=ids).delete()
    ProcessingFailure.objects.filter(event__in=ids).delete()
    EventKey.objects.filter(project=project, event_id__in=names).delete()
    earlier.delete()
    Event.objects.filter(id__in=ids).delete()
    others = Event.objects.filter(project=project, trace_id__in=traces).values_list("trace_id", flat=True)
    if over := list(traces - set(others)):
        Span.objects.filter(project=project, trace_id__in=over).delete()  # those that belonged to no event
        OpenTrace.objects.filter(project=project, trace_id__in=over).delete()
        PlainSpan.objects.filter(project=project, trace_id__in=over).delete()
        EarlierTurns.objects.filter(project=project, trace_id__in=over).delete()


def erase_empty_people(
    *, project: Project, end_users: Collection[uuid.UUID] = (), conversations: Collection[uuid.UUID] = ()
) -> None:
    """Deletes these where no event is left of them, the traits of end users with them."""
    mine = Q(project=project)
    no_talk = ~Exists(Event.objects.filter(conversation=OuterRef("pk")))
    Conversation.objects.filter(mine, no_talk, pk__in=conversations).delete()
    no_event = ~Exists(Event.objects.filter(end_user=OuterRef("pk")))
    no_talks = ~Exists(Conversation.objects.filter(end_user=OuterRef("pk")))
    EndUser.objects.filter(mine, no_event, no_talks, pk__in=end_users).delete()


def events_by_age(
    project: Project, *, after: str, before: dt.datetime
) -> list[tuple[uuid.UUID, dt.datetime, str]]:
    """(id, time, position) of the next BATCH events after the position ("": from the oldest on) that are older than `before`."""
    at, _, last = after.partition(" ")
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id, timestamp FROM ingest_event
               WHERE project_id = %s AND timestamp < %s AND (timestamp, id) > (%s::timestamptz, %s::uuid)
               ORDER BY timestamp, id LIMIT %s""",
            [project.pk, before, at or "-infinity", last or str(uuid.UUID(int=0)), BATCH],
        )
        return [(pk, moment, f"{moment.isoformat()} {pk}") for pk, moment in cursor.fetchall()]
