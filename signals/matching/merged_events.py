"""What is kept here of an event that is merged into another (ingest/store/merged_events.py) is deleted: it is made anew of the event
that stays."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Q

from ingest.counts.rollups import Occurrence, TakenBack
from ingest.models import Event
from signals.models import (
    EventEmbedding,
    EventText,
    Facet,
    FailedEnding,
    QuestionVerdict,
    Reading,
    SignalMatch,
)
from signals.models.questions import VerdictState
from signals.models.readings import IN_HAND

# Money is held for them: signals/questions/claims.py settles it when the answer comes, or finds the event gone.
UNDER_WAY = (VerdictState.ASKING, VerdictState.BATCHED)


def move_observations(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it."""
    gone = list(into)
    EventEmbedding.objects.filter(event__in=gone).delete()
    EventText.objects.filter(event__in=gone).delete()
    QuestionVerdict.objects.filter(event__in=gone).exclude(state__in=UNDER_WAY).delete()
    _forget_endings(gone)
    _move_readings(into)
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM signals_signalmatch WHERE event_id = ANY(%s)
               RETURNING signal_id, project_id, timestamp, end_user_id, conversation_id""",
            [gone],
        )
        rows = [Occurrence(*row) for row in cursor.fetchall()]
    return [TakenBack(rows, SignalMatch._meta.db_table, "signal_id")]


def erase_observations(gone: Sequence[uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.erasing.Eraser has it. What was read of a whole conversation quotes it, and goes with any of its events."""
    talks = Event.objects.filter(id__in=gone, conversation__isnull=False).values_list(
        "conversation_id", flat=True
    )
    of_these = Q(event__in=gone) | Q(conversation__in=list(talks))
    Facet.objects.filter(of_these).delete()
    Reading.objects.filter(of_these).exclude(state__in=IN_HAND).delete()
    return move_observations({event: event for event in gone})


def _move_readings(into: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """What was read of a conversation stays, of the event that stays; the pipeline wakes it to be read again. What was read of an event alone goes
    with it (while a worker has it, signals/reader/ finds the event gone)."""
    gone = list(into)
    Facet.objects.filter(conversation=None, event__in=gone).delete()
    Reading.objects.filter(conversation=None, event__in=gone).exclude(state__in=IN_HAND).delete()
    for table in (Facet, Reading):
        for row in table.objects.filter(event__in=gone, conversation__isnull=False).only("event_id"):
            table.objects.filter(pk=row.pk).update(event=into[row.event_id])


def _forget_endings(gone: list[uuid.UUID]) -> None:
    """The next event of the conversation decides anew. A row that signals/detection/abandonment.py holds is left to it: it locks this row
    before the events."""
    talks = Event.objects.filter(id__in=gone).values("conversation")
    rows = FailedEnding.objects.filter(conversation__in=talks, event__in=gone).select_for_update(
        skip_locked=True
    )
    FailedEnding.objects.filter(pk__in=[row.pk for row in rows]).delete()
