"""Evaluations that arrive before the response that they judge, and name no span: kept, and attached when the response comes.

They wait beside the spans (WaitingEvaluation), at most MAX_WAITING in a project and KEEP long. When a trace's events are made,
what waits for one of its responses becomes log records of that trace (otlp/logs.py), as if it had come in time.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import orjson
from django.db import connection, transaction
from django.utils import timezone

from ingest.health.counts import OTLP, count
from ingest.health.receipts import Receipt
from ingest.models import Project, WaitingEvaluation
from ingest.models.health import Outcome
from ingest.otlp.attributes import first_text
from ingest.otlp.dialects import semconv
from ingest.otlp.logs import NO_NAME, digest, map_log, response_id
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import bounded
from ingest.otlp.raw import RawLog
from ingest.otlp.stored import to_span
from ingest.redaction.settings import redactor_for
from ingest.store.rows import insert_rows, json_text
from ingest.store.spans import store_spans
from ingest.tracing.redacted import redact

MAX_WAITING = 10_000
KEEP = dt.timedelta(days=7)
NO_RESPONSE = "no span with this gen_ai.response.id has arrived"
TOO_MANY = f"{MAX_WAITING:,} evaluations wait already for a response that has not come"
MAX_ID = 200  # as the index span_of_response has it


def waits(log: RawLog) -> bool:
    """Whether the log is an evaluation that can only be attached once its response is here."""
    return log.event_name == semconv.EVALUATION and not log.trace_id and bool(response_id(log))


@transaction.atomic
def keep_evaluations(*, project: Project, logs: Sequence[RawLog], receipt: Receipt) -> None:
    """Keeps logs for which `waits` holds, redacted, and counts them in the receipt."""
    if not logs:
        return
    room = MAX_WAITING - WaitingEvaluation.objects.filter(project=project).count()
    redactor = redactor_for(project)
    now = timezone.now()
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    scopes: dict[tuple[str, str], str] = {}
    repeated: Counter[str] = Counter()
    for log in logs:
        fields = {**log.attributes, **log.body} if isinstance(log.body, dict) else dict(log.attributes)
        if not first_text(fields, ("gen_ai.evaluation.name",)):
            receipt.reject(NO_NAME, log.scope_name)
            continue
        key = (response_id(log)[:MAX_ID], digest(log.time_ns, fields))
        if key in rows:
            repeated[log.scope_name] += 1
        elif len(rows) >= room:
            receipt.reject(TOO_MANY, log.scope_name)
        else:
            record = asdict(log) | {
                "body": None,
                "attributes": bounded(redactor.value(fields)),
                "resource": {},
            }
            rows[key] = (project.id, *key, json_text(record), now)
            scopes[key] = log.scope_name
    written = insert_rows(
        WaitingEvaluation._meta.db_table,
        {
            "project_id": "uuid",
            "response_id": "text",
            "digest": "text",
            "record": "jsonb",
            "received_at": "timestamptz",
        },
        [row for _, row in sorted(rows.items())],
        conflict="ON CONFLICT DO NOTHING",
        returning="response_id, digest",
    )
    new = {(one, two) for one, two in written}
    receipt.accepted += len(rows) + repeated.total()
    for key, scope in scopes.items():
        receipt.of(scope).accepted += key in new
        receipt.of(scope).duplicates += key not in new
    for scope, n in repeated.items():
        receipt.of(scope).duplicates += n


def attach_evaluations(project: Project, trace_ids: Sequence[str]) -> None:
    """Stores what waits for a response of these traces, as log records of theirs. To be called in the transaction that makes
    the traces' events, before their spans are read."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH waiting AS MATERIALIZED (
                 SELECT response_id FROM ingest_waitingevaluation WHERE project_id = %(project)s LIMIT 1),
               told AS MATERIALIZED (
                 SELECT DISTINCT ON (left(attributes ->> 'gen_ai.response.id', 200))
                   left(attributes ->> 'gen_ai.response.id', 200) AS response_id, trace_id, span_id
                 FROM ingest_span WHERE EXISTS (SELECT 1 FROM waiting) AND project_id = %(project)s
                   AND trace_id = ANY(%(traces)s) AND attributes ? 'gen_ai.response.id'
                 ORDER BY left(attributes ->> 'gen_ai.response.id', 200), id)
               DELETE FROM ingest_waitingevaluation w USING told
               WHERE w.project_id = %(project)s AND w.response_id = told.response_id
               RETURNING w.record::text, told.trace_id, told.span_id""",
            {"project": project.id, "traces": list(trace_ids)},
        )
        found = cursor.fetchall()
    records = [record for row in found if (record := _record(*row))]
    if records:
        redactor = redactor_for(project)
        store_spans(project, [(None, to_span(redact(record, redactor))) for record in records])


def open_crossed(now: dt.datetime, *, since: dt.timedelta) -> int:
    """Opens the traces of responses whose evaluation was being kept while they were being stored, so that neither request saw the
    other's row. Looks at evaluations that came within `since`; returns how many traces. To be called every few seconds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ingest_opentrace (project_id, trace_id, opened_at, root_ended, due_at, attempts)
               SELECT DISTINCT s.project_id, s.trace_id, %(now)s::timestamptz, true, %(now)s::timestamptz, 0
               FROM ingest_waitingevaluation w JOIN ingest_span s ON s.project_id = w.project_id
                 AND left(s.attributes ->> 'gen_ai.response.id', 200) = w.response_id AND s.attributes ? 'gen_ai.response.id'
               WHERE w.received_at > %(since)s ORDER BY 1, 2 ON CONFLICT DO NOTHING""",
            {"now": now, "since": now - since},
        )
        return int(cursor.rowcount)


def forget_evaluations(now: dt.datetime) -> int:
    """Drops what has waited for longer than KEEP, and counts it as rejected. Returns how many. To be called now and then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_waitingevaluation WHERE received_at < %s RETURNING project_id", [now - KEEP]
        )
        dropped: Counter[uuid.UUID] = Counter(row[0] for row in cursor.fetchall())
    for project_id, n in dropped.items():
        count(
            project_id=project_id, key_id=None, scope=OTLP, outcome=Outcome.REJECTED, reason=NO_RESPONSE, n=n
        )
    return dropped.total()


def _record(text: str, trace_id: str, span_id: str) -> MappedSpan | None:
    fields = orjson.loads(text)
    mapped = map_log(RawLog(**fields | {"trace_id": trace_id, "span_id": span_id}))
    return mapped if isinstance(mapped, MappedSpan) else None


def waiting_evaluations(project_id: uuid.UUID) -> int:
    """How many wait now: at most MAX_WAITING."""
    return WaitingEvaluation.objects.filter(project_id=project_id).count()
