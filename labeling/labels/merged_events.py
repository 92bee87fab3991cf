"""Labels of an event that is merged into another (ingest/store/merged_events.py): they are of the event that stays."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import connection

from ingest.counts.rollups import TakenBack
from labeling.models import Reservation


def move_labels(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it. Of two answers of one person the later one stands, as if it had been given on the same
    event: it supersedes the other, which undo brings back."""
    gone, stay = list(into), list(into.values())
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH moves AS (SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS g(gone, stays)),
               said AS (
                 SELECT l.id, lag(l.created_at) OVER (PARTITION BY l.issue_id, l.user_id, coalesce(m.stays, l.event_id)
                                                      ORDER BY l.created_at DESC, l.id DESC) AS later
                 FROM labeling_label l LEFT JOIN moves m ON m.gone = l.event_id
                 WHERE l.superseded_at IS NULL AND l.user_id IS NOT NULL
                   AND l.event_id IN (SELECT gone FROM moves UNION SELECT stays FROM moves))
               UPDATE labeling_label l SET superseded_at = said.later FROM said WHERE l.id = said.id AND said.later IS NOT NULL""",
            [gone, stay],
        )
        cursor.execute(
            """UPDATE labeling_label l SET event_id = m.stays
               FROM unnest(%s::uuid[], %s::uuid[]) AS m(gone, stays) WHERE l.event_id = m.gone""",
            [gone, stay],
        )
    Reservation.objects.filter(event__in=gone).delete()
    return []
