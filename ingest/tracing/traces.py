"""Storing traces: their spans, at once, in the transaction that is acknowledged.

A trace that is whole within its request has its events made there and then (ingest/tracing/whole_traces.py). Another one is over ROOT_GRACE
after its root ended, or after SILENCE without a span (OpenTrace); then its events are made (ingest/tracing/trace_events.py). Spans that come
later open it again.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ingest.health.receipts import Receipt, note_kept
from ingest.models import OpenTrace, PlainSpan, Project
from ingest.otlp.dialects import raindrop_sdk
from ingest.otlp.logs import is_genai, map_log, response_id
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.raw import DecodeResult, RawLog, RawSpan
from ingest.otlp.stored import moment, to_span
from ingest.otlp.traces.assembly import root_end
from ingest.otlp.vocabulary import is_known
from ingest.redaction.settings import redactor_for
from ingest.store.rows import insert_rows
from ingest.store.spans import store_spans
from ingest.tracing.earlier_turns import keep_turns
from ingest.tracing.evaluations import keep_evaluations, waits
from ingest.tracing.plain_spans import keep_plain_spans, rooted
from ingest.tracing.redacted import redact
from ingest.tracing.whole_traces import make_whole, may_be_whole

ROOT_GRACE: dt.timedelta = settings.TRACE_GRACE
SILENCE: dt.timedelta = settings.TRACE_SILENCE
# A trace that never falls silent shows its events after this long all the same.
LONGEST_OPEN = dt.timedelta(hours=1)
OTHER_PROJECT = "raindrop.project_id names another project than the key's"


def store_traces(*, project: Project, decoded: DecodeResult[RawSpan], at_once: bool = True) -> Receipt:
    """Stores the spans of one request, and makes the events of traces that are whole in it (unless `at_once` is false: more of all
    comes for sure); the other traces are opened. Idempotent by (trace id, span id)."""
    receipt = Receipt(rejected=Counter(decoded.rejected))
    spans = []
    for raw in decoded.items:
        if raindrop_sdk.is_noise(raw):
            receipt.ignored += 1
            receipt.of(raw.scope_name).ignored += 1
        elif not _is_ours(mapped := map_span(raw), project):
            receipt.reject(OTHER_PROJECT, raw.scope_name)
        else:
            spans.append(mapped)
            if mapped.unknown:
                receipt.unknown_scopes[mapped.scope] += 1
    _store(project, spans, receipt, at_once=at_once)
    return receipt


def store_logs(*, project: Project, decoded: DecodeResult[RawLog]) -> Receipt:
    """Stores the GenAI events among a request's logs; other logs are ignored."""
    receipt = Receipt(rejected=Counter(decoded.rejected))
    genai_logs = [log for log in decoded.items if is_genai(log)]
    receipt.ignored = len(decoded.items) - len(genai_logs)
    for log in decoded.items:
        if not is_genai(log):
            receipt.of(log.scope_name).ignored += 1
    _find_spans(project, [log for log in genai_logs if not log.trace_id], receipt)
    records = []
    for log in genai_logs:
        if waits(log):
            continue
        record = map_log(log)
        if isinstance(record, MappedSpan):
            records.append(record)
        else:
            receipt.reject(record, log.scope_name)
    _store(project, records, receipt)
    keep_evaluations(project=project, logs=[log for log in genai_logs if waits(log)], receipt=receipt)
    return receipt


# -- storing spans


def _is_ours(span: MappedSpan, project: Project) -> bool:
    return span.project in {"", "default", project.slug}


def _find_spans(project: Project, logs: list[RawLog], receipt: Receipt) -> None:
    """Gives evaluations that name no span the ids of the one whose response they judge."""
    response_ids = {response_id(log) for log in logs} - {""}
    if not response_ids:
        return
    with connection.cursor() as cursor:  # in the words of the index span_of_response
        cursor.execute(
            """SELECT attributes ->> 'gen_ai.response.id', trace_id, span_id FROM ingest_span
               WHERE project_id = %s AND left(attributes ->> 'gen_ai.response.id', 200) = ANY(%s)
                 AND attributes ? 'gen_ai.response.id' ORDER BY id""",
            [project.id, [one[:200] for one in response_ids]],
        )
        found = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    for log in logs:
        log.trace_id, log.span_id = found.get(response_id(log), ("", ""))


def _store(project: Project, spans: list[MappedSpan], receipt: Receipt, *, at_once: bool = False) -> None:
    by_trace: dict[str, list[MappedSpan]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    # Traces that this request alone does not explain: is there more of them here already?
    unexplained = [
        t for t, members in by_trace.items() if root_end(members) is None or all(s.unknown for s in members)
    ]
    known = _known_traces(project, unexplained)
    plain: list[list[MappedSpan]] = []
    for trace_id, members in list(by_trace.items()):
        if trace_id not in known and all(span.unknown for span in members):
            receipt.ignored += len(members)
            for span in members:  # perhaps a dialect that nobody knows: its attributes tell which
                ignored = receipt.of(span.scope)
                ignored.ignored += 1
                ignored.unmapped.update(name for name in span.attributes if not is_known(name))
            plain.append(by_trace.pop(trace_id))
    now = timezone.now()
    keep_plain_spans(project=project, traces=plain, now=now)
    redactor = redactor_for(project)
    kept = [redact(span, redactor) for members in by_trace.values() for span in members]
    receipt.accepted += len(kept)
    written: set[tuple[str, str]] = set()
    if kept:
        whole = {t: spans for t, spans in by_trace.items() if may_be_whole(spans)} if at_once else {}
        with (
            transaction.atomic()
        ):  # the trace before its spans: `finish_open_traces` takes its locks in this order
            new = _open(project, by_trace, known, now)
            made = _make_at_once(project, {t: spans for t, spans in whole.items() if t in new})
            written.update((t, span.span_id) for t in made for span in by_trace[t])
            rest = [(None, to_span(span)) for span in kept if span.trace_id not in made]
            store_spans(project, rest, written=written)
            keep_turns(project=project, spans=kept, now=now)
    note_kept(receipt, kept, written)


def _make_at_once(project: Project, whole: dict[str, list[MappedSpan]]) -> set[str]:
    """Makes the events of these traces, whose rows of OpenTrace this transaction has made; returns the ids of those that have them."""
    # Asked only now: another request with the same trace has waited at its row of OpenTrace, or we for it.
    known = _known_traces(project, list(whole))
    plain = PlainSpan.objects.filter(project=project, trace_id__in=whole).values_list("trace_id", flat=True)
    stored = known.keys() | set(plain)
    made = make_whole(project, {t: spans for t, spans in whole.items() if t not in stored})
    if made:
        OpenTrace.objects.filter(project=project, trace_id__in=made).delete()
    return made


def _known_traces(project: Project, trace_ids: Sequence[str]) -> dict[str, bool]:
    """Trace id -> whether events were made of it, for those that have spans."""
    if not trace_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT trace_id, bool_or(event_id IS NOT NULL) FROM ingest_span
               WHERE project_id = %s AND trace_id = ANY(%s) GROUP BY trace_id""",
            [project.id, list(trace_ids)],
        )
        return dict(cursor.fetchall())


def _open(
    project: Project, by_trace: dict[str, list[MappedSpan]], known: dict[str, bool], now: dt.datetime
) -> set[str]:
    """Opens the traces, or keeps them open; returns the ids of those that were not open. Until the transaction ends, another
    request with one of them waits here."""
    rows = []
    ends = {trace_id: root_end(members) for trace_id, members in by_trace.items()}
    came_before = rooted(project, [trace_id for trace_id, end in ends.items() if end is None])
    for trace_id in sorted(by_trace):
        end = int(now.timestamp() * 1e9) if trace_id in came_before else ends[trace_id]
        if end is not None:
            rows.append(
                (
                    project.id,
                    trace_id,
                    now,
                    True,
                    min(max(now, moment(end) + ROOT_GRACE), now + ROOT_GRACE),
                    0,
                )
            )
        else:  # a late span of a trace that has its events, or one of a trace that goes on
            finished = known.get(trace_id, False)
            rows.append((project.id, trace_id, now, finished, now + (ROOT_GRACE if finished else SILENCE), 0))
    opened = insert_rows(
        OpenTrace._meta.db_table,
        {"project_id": "uuid", "trace_id": "text", "opened_at": "timestamptz", "root_ended": "boolean",
         "due_at": "timestamptz", "attempts": "smallint"},
        rows,
        conflict=f"""ON CONFLICT (project_id, trace_id) DO UPDATE SET
            root_ended = t.root_ended OR EXCLUDED.root_ended, attempts = 0,
            due_at = CASE WHEN EXCLUDED.root_ended THEN EXCLUDED.due_at WHEN t.root_ended THEN t.due_at
                     ELSE least(EXCLUDED.due_at, t.opened_at + interval '{int(LONGEST_OPEN.total_seconds())} seconds') END""",
        returning="trace_id, xmax = 0",
    )  # fmt: skip
    return {trace_id for trace_id, is_new in opened if is_new}
