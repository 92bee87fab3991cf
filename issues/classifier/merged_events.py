"""Issue matches of an event that is merged into another (ingest/store/merged_events.py): the event that stays is scored anew."""

import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import connection

from ingest.counts.rollups import Occurrence, TakenBack
from issues.models import IssueMatch


def drop_matches(into: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.merged_events.Mover has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM issues_issuematch WHERE event_id = ANY(%s)
               RETURNING issue_id, project_id, timestamp, end_user_id, conversation_id""",
            [list(into)],
        )
        rows = [Occurrence(*row) for row in cursor.fetchall()]
    return [TakenBack(rows, IssueMatch._meta.db_table, "issue_id")]


def erase_matches(gone: Sequence[uuid.UUID]) -> Sequence[TakenBack]:
    """As ingest.store.erasing.Eraser has it."""
    return drop_matches({event: event for event in gone})


def matched(event_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those that are in an issue's history."""
    return set(IssueMatch.objects.filter(event__in=event_ids).values_list("event_id", flat=True))
