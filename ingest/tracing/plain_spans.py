"""Spans without a word of GenAI that come before the rest of their trace, and say who it is about: a web server's request, a queue's
producer. They are kept aside until the trace's events are made, for then it is known what they were part of, or for KEPT.

Other spans without GenAI are ignored: a team may send all its traces here.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec
from django.db import connection

from ingest.incoming.values import IncomingSpan
from ingest.models import PlainSpan, Project
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.stored import to_span
from ingest.redaction.settings import redactor_for
from ingest.store.rows import insert_rows
from ingest.store.spans import store_spans
from ingest.tracing.redacted import redact

KEPT = dt.timedelta(hours=1)
MAX_SPANS = 50  # of a trace in one request, the earliest


def keep_plain_spans(*, project: Project, traces: Iterable[list[MappedSpan]], now: dt.datetime) -> None:
    """Keeps those traces' spans of which one names a user or a conversation. Idempotent."""
    redactor = redactor_for(project)
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    for spans in traces:
        if any(span.user_id or span.convo_id for span in spans):
            for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id))[:MAX_SPANS]:
                text = msgspec.json.encode(to_span(redact(span, redactor))).decode()
                rows[span.trace_id, span.span_id] = (
                    project.id, span.trace_id, span.span_id, not span.parent_span_id, text, now,
                )  # fmt: skip
    insert_rows(
        PlainSpan._meta.db_table,
        {"project_id": "uuid", "trace_id": "text", "span_id": "text", "is_root": "bool", "record": "jsonb", "received_at": "timestamptz"},
        [row for _, row in sorted(rows.items())],
        conflict="ON CONFLICT (project_id, trace_id, span_id) DO UPDATE SET record = EXCLUDED.record, received_at = EXCLUDED.received_at",
    )  # fmt: skip


def rooted(project: Project, trace_ids: Sequence[str]) -> set[str]:
    """Those of the traces whose root is kept here."""
    if not trace_ids:
        return set()
    found = PlainSpan.objects.filter(project=project, trace_id__in=trace_ids, is_root=True)
    return set(found.values_list("trace_id", flat=True))


def add_plain_spans(project: Project, trace_ids: Sequence[str]) -> None:
    """Gives the traces the spans that were kept for them. To be called in the transaction that makes their events."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_plainspan WHERE project_id = %s AND trace_id = ANY(%s) RETURNING record::text",
            [project.id, list(trace_ids)],
        )
        records = [msgspec.json.decode(text, type=IncomingSpan) for (text,) in cursor.fetchall()]
    if records:
        store_spans(project, [(None, record) for record in records])


def forget_plain_spans(now: dt.datetime) -> int:
    """Drops what was kept for longer than KEPT; returns how many. To be called now and then."""
    return PlainSpan.objects.filter(received_at__lt=now - KEPT).delete()[0]
