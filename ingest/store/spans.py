"""Spans and attachments: what hangs on an event, stored by its own key, so that a repeated delivery changes nothing."""

import datetime as dt
import hashlib
import itertools
import operator
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction

from ingest.incoming.cleaning import clean_text, parse_trace_id
from ingest.incoming.values import MAX_INTEGER, IncomingAttachment, IncomingEvent, IncomingSpan
from ingest.models import Event, Project
from ingest.models.events import SpanKind, SpanStatus
from ingest.store.rows import COPY_FROM, insert_rows, json_text
from raindrop.ids import id_at, new_id

SPAN_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "event_id": "uuid",
    "trace_id": "text",
    "span_id": "text",
    "parent_span_id": "text",
    "kind": "text",
    "name": "text",
    "status": "text",
    "error": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "input": "text",
    "output": "text",
    "model": "text",
    "provider": "text",
    "input_tokens": "int",
    "output_tokens": "int",
    "cost_usd": "float8",
    "attributes": "jsonb",
    "counts": "smallint",
}
ATTACHMENT_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "event_id": "uuid",
    "key": "text",
    "attachment_id": "text",
    "type": "text",
    "role": "text",
    "name": "text",
    "language": "text",
    "value": "text",
}


class SpanRow(NamedTuple):
    """A row of the table, in the order of SPAN_COLUMNS."""

    id: uuid.UUID
    project_id: uuid.UUID
    event_id: uuid.UUID | None
    trace_id: str
    span_id: str
    parent_span_id: str
    kind: str
    name: str
    status: str
    error: str
    started_at: dt.datetime
    ended_at: dt.datetime
    input: str
    output: str
    model: str
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    attributes: str
    counts: int | None


class StoredSpan(NamedTuple):
    event_id: uuid.UUID | None
    trace_id: str
    span_id: str
    is_new: bool  # inserted: no span with these ids was there


def store_spans(
    project: Project,
    spans: Iterable[tuple[uuid.UUID | None, IncomingSpan]],
    *,
    default_time: dt.datetime | None = None,
    written: set[tuple[str, str]] | None = None,
) -> set[uuid.UUID]:
    """Inserts or replaces spans, each with its event (None: not arrived yet). Their trace_id and span_id must be set.
    Returns the events on which something changed; call `refresh_span_summary` with those. `written` gets the (trace id, span id)
    of all that were not there already, exactly so."""
    stored = store_rows(span_rows(project, spans, default_time=default_time))
    if written is not None:
        written.update((span.trace_id, span.span_id) for span in stored)
    return {span.event_id for span in stored if span.event_id is not None}


def span_rows(
    project: Project,
    spans: Iterable[tuple[uuid.UUID | None, IncomingSpan]],
    *,
    default_time: dt.datetime | None = None,
) -> list[SpanRow]:
    """The spans, each with its event (None: not arrived yet), as they are stored: by trace_id and span_id, which must be set. Of several with
    the same ids, the last. A span without times gets `default_time`, or the present."""
    rows: dict[tuple[str, str], SpanRow] = {}
    for event, span in spans:
        started = span.started_at or span.ended_at or default_time or dt.datetime.now(dt.UTC)
        ended = max(started, span.ended_at or started)
        rows[span.trace_id, span.span_id] = SpanRow(
            id_at(started), project.id, event, span.trace_id, span.span_id, span.parent_span_id,
            SpanKind(span.kind).value, clean_text(span.name), SpanStatus(span.status).value, clean_text(span.error),
            started, ended, clean_text(span.input), clean_text(span.output), clean_text(span.model),
            clean_text(span.provider), span.input_tokens, span.output_tokens, span.cost_usd, json_text(span.attributes),
            span.counts,
        )  # fmt: skip
    return [row for _, row in sorted(rows.items(), key=operator.itemgetter(0))]


def store_rows(rows: list[SpanRow]) -> list[StoredSpan]:
    """Inserts or replaces spans (`span_rows`). Returns those that were not there already, exactly so."""
    kept = {"id", "project_id", "trace_id", "span_id", "event_id", "counts"}
    replaced = ", ".join(f"{name} = EXCLUDED.{name}" for name in SPAN_COLUMNS if name not in kept)
    compared = [name for name in SPAN_COLUMNS if name not in kept | {"started_at", "ended_at"}]
    if len(rows) >= COPY_FROM:
        try:  # spans are seldom sent twice, and where all are new, COPY costs the database half
            with transaction.atomic():
                insert_rows("ingest_span", SPAN_COLUMNS, rows)
        except IntegrityError:
            pass
        else:
            return [StoredSpan(row.event_id, row.trace_id, row.span_id, True) for row in rows]
    stored = insert_rows(
        "ingest_span",
        SPAN_COLUMNS,
        rows,
        # A span that only moved in time is the same span: an import without times of its own makes new ones.
        conflict=f"""ON CONFLICT (project_id, trace_id, span_id) DO UPDATE SET {replaced},
                       event_id = coalesce(EXCLUDED.event_id, t.event_id), counts = coalesce(EXCLUDED.counts, t.counts)
                     WHERE ({", ".join(f"t.{name}" for name in compared)}, t.ended_at - t.started_at, t.event_id, t.counts)
                       IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in compared)},
                         EXCLUDED.ended_at - EXCLUDED.started_at, coalesce(EXCLUDED.event_id, t.event_id),
                         coalesce(EXCLUDED.counts, t.counts))""",
        returning="event_id, trace_id, span_id, xmax = 0",
    )
    return list(itertools.starmap(StoredSpan, stored))


def spans_of(project: Project, event: IncomingEvent, event_id: str) -> list[IncomingSpan]:
    """The event's spans with their ids: those without one get ids made from the event's id and their place in it."""
    trace = event.trace_id or hashlib.sha256(f"{project.id}/{event_id}".encode()).hexdigest()[:32]
    spans = []
    for place, span in enumerate(event.spans):
        span_id = span.span_id or hashlib.sha256(f"{trace}/{place}".encode()).hexdigest()[:16]
        span.trace_id, span.span_id = parse_trace_id(span.trace_id) or trace, clean_text(span_id)
        spans.append(span)
    return spans


def store_attachments(
    project: Project, attachments: Iterable[tuple[uuid.UUID, IncomingAttachment]]
) -> set[uuid.UUID]:
    """Appends attachments to events; the same one (by its attachment_id, else by its content) is stored once, and one
    with a known id and new content is replaced. Returns the events on which something changed."""
    rows: dict[tuple[uuid.UUID, str], tuple[object, ...]] = {}
    for event, attachment in attachments:
        kind, role, name, language, own_id, value = map(
            clean_text,
            (
                attachment.type,
                attachment.role,
                attachment.name,
                attachment.language,
                attachment.attachment_id,
                attachment.value,
            ),
        )
        key = own_id or hashlib.sha256("\x1f".join((kind, role, name, language, value)).encode()).hexdigest()
        rows[event, key] = (new_id(), project.id, event, key, own_id, kind, role, name, language, value)
    content = ("type", "role", "name", "language", "value")
    stored = insert_rows(
        "ingest_attachment",
        ATTACHMENT_COLUMNS,
        [row for _, row in sorted(rows.items())],
        conflict=f"""ON CONFLICT (event_id, key) DO UPDATE SET {", ".join(f"{c} = EXCLUDED.{c}" for c in content)}
            WHERE ({", ".join(f"t.{c}" for c in content)}) IS DISTINCT FROM ({", ".join(f"EXCLUDED.{c}" for c in content)})""",
        returning="event_id",
    )
    return {event for (event,) in stored}


def refresh_span_summary(event_ids: Iterable[uuid.UUID]) -> None:
    """Writes what the spans say into their events: tool calls and errors, tokens, cost, model, latency; of each span what its `counts`
    holds (ingest/otlp/traces/counting.py).

    The latency is the time from the first start to the last end, and is known only when a span other than a tool
    call is there: tool calls alone do not cover the event. An event that is stored together with all its spans has these sums
    already (ingest/store/span_sums.py).
    """
    ids = sorted(set(event_ids))
    if not ids:
        return
    told = {
        "tool_calls": "s.tool_calls",
        "tool_errors": "s.tool_errors",
        "input_tokens": f"CASE WHEN s.input_tokens IS NULL THEN e.input_tokens ELSE least(s.input_tokens, {MAX_INTEGER}) END",
        "output_tokens": f"CASE WHEN s.output_tokens IS NULL THEN e.output_tokens ELSE least(s.output_tokens, {MAX_INTEGER}) END",
        "cost_usd": "coalesce(s.cost_usd, e.cost_usd)",
        "latency_ms": "coalesce(s.latency_ms, e.latency_ms)",
        "model": "CASE WHEN e.model = '' THEN coalesce(s.model, '') ELSE e.model END",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {Event._meta.db_table} e SET {", ".join(f"{name} = {value}" for name, value in told.items())}
                FROM (
                  SELECT event_id,
                    count(*) FILTER (WHERE kind = 'tool') AS tool_calls,
                    count(*) FILTER (WHERE kind = 'tool' AND status = 'error') AS tool_errors,
                    sum(input_tokens) FILTER (WHERE mask & 1 > 0) AS input_tokens,
                    sum(output_tokens) FILTER (WHERE mask & 1 > 0) AS output_tokens,
                    sum(cost_usd) FILTER (WHERE mask & 2 > 0) AS cost_usd,
                    (array_agg(model ORDER BY started_at DESC, trace_id COLLATE "C", span_id COLLATE "C") FILTER (WHERE kind = 'llm' AND model <> ''))[1] AS model,
                    CASE WHEN bool_or(kind <> 'tool') THEN extract(epoch FROM
                        max(ended_at) FILTER (WHERE mask & 4 > 0) - min(started_at) FILTER (WHERE mask & 4 > 0)
                      ) * 1000 END AS latency_ms
                  FROM ingest_span, LATERAL (SELECT coalesce(counts, CASE kind WHEN 'llm' THEN 7 ELSE 4 END) AS mask) counted
                  WHERE event_id = ANY(%s) GROUP BY event_id
                ) s WHERE e.id = s.event_id
                  AND ({", ".join(f"e.{name}" for name in told)}) IS DISTINCT FROM ({", ".join(told.values())})""",
            [ids],
        )
