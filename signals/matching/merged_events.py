"""What is kept here of an event that is merged into another (ingest/store/merged_events.py): what people said of it moves, the rest is
made anew of the event that stays."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import connection

from ingest.counts.rollups import Occurrence, TakenBack
from ingest.models import Event
from signals.models import EventEmbedding, EventText, FailedEnding, QuestionVerdict, SignalMatch
from signals.models.questions import VerdictState

# Money is held for them: signals/questions/claims.py settles it when the answer comes, or finds the event gone.
UNDER_WAY = (VerdictState.ASKING, VerdictState.BATCHED)


def move_observations(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it."""
    gone, stay = list(into), list(into.values())
    _move_feedback(gone, stay)
    EventEmbedding.objects.filter(event__in=gone).delete()
    EventText.objects.filter(event__in=gone).delete()
    QuestionVerdict.objects.filter(event__in=gone).exclude(state__in=UNDER_WAY).delete()
    _forget_endings(gone)
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM signals_signalmatch WHERE event_id = ANY(%s)
               RETURNING signal_id, project_id, timestamp, end_user_id""",
            [gone],
        )
        rows = [Occurrence(*row) for row in cursor.fetchall()]
    return [TakenBack(rows, SignalMatch._meta.db_table, "signal_id")]


def _move_feedback(gone: list[uuid.UUID], stay: list[uuid.UUID]) -> None:
    """Where one person said something of several of these events, the last word stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH moves AS (SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS g(gone, stays)),
               said AS (
                 SELECT f.id, row_number() OVER (PARTITION BY f.signal_id, f.user_id, coalesce(m.stays, f.event_id)
                                                 ORDER BY f.updated_at DESC, f.id DESC) AS place
                 FROM signals_signalfeedback f LEFT JOIN moves m ON m.gone = f.event_id
                 WHERE f.user_id IS NOT NULL AND f.event_id IN (SELECT gone FROM moves UNION SELECT stays FROM moves))
               DELETE FROM signals_signalfeedback WHERE id IN (SELECT id FROM said WHERE place > 1)""",
            [gone, stay],
        )
        cursor.execute(
            """UPDATE signals_signalfeedback f SET event_id = m.stays
               FROM unnest(%s::uuid[], %s::uuid[]) AS m(gone, stays) WHERE f.event_id = m.gone""",
            [gone, stay],
        )


def _forget_endings(gone: list[uuid.UUID]) -> None:
    """The next event of the conversation decides anew. A row that signals/detection/abandonment.py holds is left to it: it locks this row
    before the events."""
    talks = Event.objects.filter(id__in=gone).values("conversation")
    rows = FailedEnding.objects.filter(conversation__in=talks, event__in=gone).select_for_update(
        skip_locked=True
    )
    FailedEnding.objects.filter(pk__in=[row.pk for row in rows]).delete()
