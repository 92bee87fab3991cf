"""Putting events into the pipeline's queue, in the transaction that stores or changes them."""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from ingest.models import ProcessingFailure, QueuedEvent
from ingest.store.rows import insert_rows
from raindrop.ids import new_id

_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "event_id": "uuid",
    "queued_at": "timestamptz",
    "attempts": "smallint",
    "claims": "smallint",
    "waiting": "boolean",
    "available_at": "timestamptz",
    "last_error": "text",
}


def enqueue(events: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Queues events, given as (project id, event id). An event may be queued several times: that is harmless."""
    now = timezone.now()
    insert_rows(
        QueuedEvent._meta.db_table,
        _COLUMNS,
        [(new_id(), project, event, now, 0, 0, False, now, "") for project, event in events],
    )


@transaction.atomic
def retry_failures(failures: list[ProcessingFailure]) -> None:
    """Queues events again that the pipeline had given up."""
    ProcessingFailure.objects.filter(pk__in=[failure.pk for failure in failures]).delete()
    enqueue((failure.project_id, failure.event_id) for failure in failures)
