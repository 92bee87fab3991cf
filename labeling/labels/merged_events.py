"""Labels of an event that is merged into another (ingest/store/merged_events.py), and questions about it: they are of the event that stays."""

import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import connection
from django.db.models import F, Q

from ingest.counts.rollups import TakenBack
from labeling.models import ClarifyingQuestion, Label, Lesson, LessonState, Offer, QuestionState


def move_labels(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it. Of two answers of one author the later one counts, as if it had been given on the same
    event; undo brings the other back."""
    gone, stay = list(into), list(into.values())
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE labeling_label l SET event_id = m.stays
               FROM unnest(%s::uuid[], %s::uuid[]) AS m(gone, stays) WHERE l.event_id = m.gone""",
            [gone, stay],
        )
        # What the teacher was asked about the event that stays counts; of what it was asked about both, the other one is forgotten.
        cursor.execute(
            """UPDATE labeling_lesson l SET event_id = m.stays
               FROM (SELECT DISTINCT ON (stays) gone, stays FROM unnest(%s::uuid[], %s::uuid[]) AS p(gone, stays) ORDER BY stays, gone) AS m
               WHERE l.event_id = m.gone
                 AND NOT EXISTS (SELECT 1 FROM labeling_lesson o WHERE o.issue_id = l.issue_id AND o.event_id = m.stays)""",
            [gone, stay],
        )
    Lesson.objects.filter(event__in=gone).exclude(state=LessonState.ASKING).delete()
    with connection.cursor() as cursor:
        for side in ("first_id", "second_id"):
            cursor.execute(
                f"""UPDATE labeling_clarifyingquestion q SET {side} = m.stays
                   FROM unnest(%s::uuid[], %s::uuid[]) AS m(gone, stays) WHERE q.{side} = m.gone""",
                [gone, stay],
            )
    # A pair that has become one event asks nothing.
    same = ClarifyingQuestion.objects.filter(first_id__in=stay, first_id=F("second_id"))
    same.filter(state=QuestionState.OPEN).update(state=QuestionState.DISMISSED)
    Offer.objects.filter(event__in=gone).delete()
    return []


def erase_labels(gone: Sequence[uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.erasing.Eraser has it: an answer's note may quote the event."""
    Label.objects.filter(event__in=gone).delete()
    ClarifyingQuestion.objects.filter(Q(first__in=gone) | Q(second__in=gone)).delete()
    Lesson.objects.filter(event__in=gone).exclude(
        state=LessonState.ASKING
    ).delete()  # a worker has those: it finds the event gone
    Offer.objects.filter(event__in=gone).delete()
    return []


def labelled(event_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of which somebody said something."""
    return set(Label.objects.filter(event__in=event_ids).values_list("event_id", flat=True))
