"""Which tool calls failed. One definition: a call failed when its span says so (status error), or when the signal `tool_failure` holds on its
event and reads a failure off its result: an exit code, isError, an HTTP status, a traceback, a time-out, or work that still waits when it
is asked about again."""

import uuid
from collections import defaultdict
from collections.abc import Collection

import orjson
from django.db import connection

from ingest.models.events import SpanKind, SpanStatus
from signals.detectors.batch import SpanFacts
from signals.detectors.text import READ_CHARACTERS
from signals.detectors.tool_failure import DETECTOR, failure


def failed_calls(project: uuid.UUID, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """By event, its tool calls (the spans' ids in our database) that failed. Events without any are missing. Three queries."""
    found = failed_by_result(project, event_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, id FROM ingest_span WHERE project_id = %s AND event_id = ANY(%s) AND kind = %s AND status = %s",
            [project, list(event_ids), SpanKind.TOOL, SpanStatus.ERROR],
        )
        for event, span in cursor.fetchall():
            found[event].add(span)
    return found


def failed_by_result(project: uuid.UUID, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """The same, of those whose results tell it and whose status does not. Two queries: by arrays, for a list of 20,000 parameters takes Django
    longer to write than PostgreSQL to answer."""
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    named: dict[uuid.UUID, set[str]] = {}
    with connection.cursor() as cursor:
        # The signal's id comes first: with a join PostgreSQL may read all matches of the project.
        cursor.execute(
            """SELECT event_id, evidence::text FROM signals_signalmatch WHERE project_id = %s AND event_id = ANY(%s)
               AND signal_id = (SELECT id FROM signals_signaldefinition WHERE project_id = %s AND key = %s AND builtin LIMIT 1)""",
            [project, list(event_ids), project, DETECTOR.key],
        )
        for event, evidence in cursor.fetchall():
            named[event] = {str(piece.get("span_id", "")) for piece in orjson.loads(evidence)}
        if not named:
            return found
        cursor.execute(
            """SELECT event_id, id, span_id, name, status, left(error, %s), left(output, %s), left(input, 2000) FROM ingest_span
               WHERE project_id = %s AND event_id = ANY(%s) AND kind = %s AND status <> %s""",
            [READ_CHARACTERS, READ_CHARACTERS, project, list(named), SpanKind.TOOL, SpanStatus.ERROR],
        )
        for event, pk, span_id, name, status, error, output, arguments in cursor.fetchall():
            facts = SpanFacts(span_id, "tool", name, status, error, output, arguments)
            if span_id in named[event] or failure(facts):
                found[event].add(pk)
    return found
