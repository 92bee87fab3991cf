"""What else holds in the conversation of an event: signals that say what went wrong, and tools that failed. It brings the phrases of a reader
(an LLM) together, and tells the small models of clusters more than the vectors do."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection

from ingest.models import Event
from signals.clusters.evidence import TOOL_FAILURE
from signals.discovery.evidence import hint, source_of
from signals.models.definitions import Kind, Sentiment


def hints_of(events: Collection[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """By event the hints (discovery/evidence.py) of its conversation, or of itself where it has none. Three queries."""
    units = {
        event: conversation or event
        for event, conversation in Event.objects.filter(id__in=list(events)).values_list(
            "id", "conversation_id"
        )
    }
    found: dict[uuid.UUID, set[str]] = {unit: set() for unit in units.values()}
    wanted: dict[str, Any] = {"units": sorted(found), "sentiment": Sentiment.NEGATIVE}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT coalesce(e.conversation_id, e.id), d.key, d.kind FROM ingest_event e
               JOIN signals_signalmatch m ON m.event_id = e.id JOIN signals_signaldefinition d ON d.id = m.signal_id
               WHERE (e.conversation_id = ANY(%(units)s) OR (e.id = ANY(%(units)s) AND e.conversation_id IS NULL))
                 AND d.sentiment = %(sentiment)s AND d.enabled""",
            wanted,
        )
        for unit, key, kind in cursor.fetchall():
            if name := hint(source_of(key, is_explicit=kind == Kind.EXPLICIT), key):
                found[unit].add(name)
        cursor.execute(
            """SELECT DISTINCT coalesce(e.conversation_id, e.id), s.name FROM ingest_event e JOIN ingest_span s ON s.event_id = e.id
               WHERE (e.conversation_id = ANY(%(units)s) OR (e.id = ANY(%(units)s) AND e.conversation_id IS NULL))
                 AND e.tool_errors > 0 AND s.kind = 'tool' AND s.status = 'error' AND s.name <> ''""",
            wanted,
        )
        for unit, tool in cursor.fetchall():
            found[unit].add(hint("tool", tool) or "")
            found[unit].discard(TOOL_FAILURE)  # which says less
    return {event: found[unit] for event, unit in units.items()}
