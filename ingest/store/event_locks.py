"""Locking events before something is written about them, in one order, so that writers wait for each other and never deadlock."""

import uuid
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import QuerySet

from ingest.models import Event


def hold_events(events: Sequence[Event]) -> list[Event]:
    """The events that are still as they were loaded, locked in the order that every writer takes. In a transaction."""
    ids = sorted(event.id for event in events)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, revision FROM ingest_event WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids]
        )
        revisions = dict(cursor.fetchall())
    return [event for event in events if revisions.get(event.id) == event.revision]


def lock_events(event_ids: Collection[uuid.UUID]) -> QuerySet[Event]:
    """The events as they are now, locked like that. In a transaction."""
    rows = Event.objects.filter(id__in=event_ids).order_by("id")
    return rows.select_for_update(no_key=True, of=("self",))
