"""The rows of events that are new."""

import datetime as dt
import uuid

from django.db import connection

from ingest.incoming.values import IncomingEvent
from ingest.models import Event, Project
from ingest.store.people import People
from ingest.store.rows import insert_rows, json_text

COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "event_id": "text",
    "name": "text",
    "end_user_id": "uuid",
    "conversation_id": "uuid",
    "timestamp": "timestamptz",
    "received_at": "timestamptz",
    "model": "text",
    "input": "text",
    "output": "text",
    "properties": "jsonb",
    "feature_flags": "jsonb",
    "trace_id": "text",
    "is_pending": "boolean",
    "revision": "int",
    "tool_calls": "int",
    "tool_errors": "int",
    "input_tokens": "int",
    "output_tokens": "int",
    "cost_usd": "float8",
    "latency_ms": "float8",
    "counted": "boolean",
}


def insert_events(
    project: Project,
    events: list[IncomingEvent],
    ids: dict[str, uuid.UUID],
    people: People,
    now: dt.datetime,
) -> None:
    """Inserts events that are new, with what `sums` knows of their spans. `ids`: event id -> our id. `now`: when they were received."""
    insert_rows(
        Event._meta.db_table,
        COLUMNS,
        [
            (
                ids[event.event_id],
                project.id,
                event.event_id,
                event.name or "",
                people.end_user(event),
                people.conversation(event),
                event.timestamp or now,
                now,
                event.model or "",
                event.input or "",
                event.output or "",
                json_text(event.properties),
                json_text(event.feature_flags),
                event.trace_id,
                event.is_pending,
                0,
                *_sums_of(event),
                event.latency_ms,
                False,
            )
            for event in events
        ],
    )


def _sums_of(event: IncomingEvent) -> tuple[int, int, int | None, int | None, float | None]:
    if event.sums is None:
        return 0, 0, event.input_tokens, event.output_tokens, event.cost_usd
    sums = event.sums
    return sums.tool_calls, sums.tool_errors, sums.input_tokens, sums.output_tokens, sums.cost_usd


def withdraw_sums(events: list[IncomingEvent], ids: dict[str, uuid.UUID]) -> None:
    """Gives inserted events what they say themselves in place of what their spans said (ingest/store/span_sums.py), so that
    `refresh_span_summary` can ask the spans that are stored. `ids`: event id -> our id."""
    if not events:
        return
    values = [
        (ids[event.event_id], *_sums_of(event), event.latency_ms, event.model or "") for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_event e SET tool_calls = v.tool_calls, tool_errors = v.tool_errors, input_tokens = v.input_tokens,
                 output_tokens = v.output_tokens, cost_usd = v.cost_usd, latency_ms = v.latency_ms, model = v.model
               FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::int[], %s::int[], %s::float8[], %s::float8[], %s::text[])
                 AS v(id, tool_calls, tool_errors, input_tokens, output_tokens, cost_usd, latency_ms, model)
               WHERE e.id = v.id""",
            [*map(list, zip(*values, strict=True))],
        )
