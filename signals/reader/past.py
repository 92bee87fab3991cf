"""Reading the past of a project through the Batches API, at half the price: only when a person says so, after an estimate.

A run is a Job. Its first step notes what was never read (`note_unread`), and what is drawn of it is sent in batches, as far as the share of the day's
budget for the past goes; the rest waits for the next day's. Where the service has no batches, the same conversations are read by single calls.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import UNFINISHED, report_job
from ingest.jobs.queueing import queue_job
from ingest.models import Job, Project, User
from raindrop import llm
from raindrop.web.plurals import counted
from signals.llm import budget
from signals.llm.batches import BATCH, NOT_TAKEN, TOOK_NONE, PastRuns
from signals.llm.workers import READER_TASK, call_worker, is_stopped
from signals.models import Reading, ReadingBatch
from signals.models.facets import Sampled
from signals.models.readings import ReadingState
from signals.reader.claims import Claim, mark, prepare, put_down
from signals.reader.noting import is_on, note_unread, past_of
from signals.reader.prompt import PROMPT_VERSION
from signals.reader.sampling import draw
from signals.reader.transcript import load_transcript, tell

PAST_RUN = "reader_past"  # the job's kind
NOTED = "noted"  # the job's position when what is to be read stands in the table
STOPPED = "The run over the past was stopped."
NO_BATCHES = "The service has no Batches API, so single calls read them, at the full price."


@transaction.atomic
def request_past(project: Project, *, user: User | None = None) -> Job:
    """Queues a run; the one that waits or is under way already when there is one."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # two that ask at once get one run
    return run_of_past(project.pk) or queue_job(project=project, kind=PAST_RUN, subject=project.pk, user=user)


def run_of_past(project_id: uuid.UUID) -> Job | None:
    return READER_RUNS.run_of(project_id, project_id)


def said_last(project_id: uuid.UUID) -> str:
    """What came of the newest run that has ended; empty when there was none."""
    ended = Job.objects.filter(kind=PAST_RUN, project=project_id).exclude(state__in=UNFINISHED)
    return ended.order_by("-created_at").values_list("message", flat=True).first() or ""


def stop_past(project: Project, *, user: User) -> int:
    return READER_RUNS.stop(project, project.pk, user=user)


def go_on(project_id: uuid.UUID) -> None:
    """Goes on with the project's batches and its run. Safe twice at once."""
    READER_RUNS.go_on(project_id)
    if not READER_RUNS.at_work().filter(project=project_id).exists():  # its run was stopped, or failed
        waiting = Reading.objects.filter(project=project_id, state=ReadingState.PAST)
        waiting.update(state=ReadingState.LEFT, sampled="", problem=STOPPED)


@job_kind(PAST_RUN, cluster="llm", title="Reading the past")
def take_step(job: Job) -> str | Pause:
    """Sends what the budget holds. While a batch is with the service, or the budget holds nothing, the schedule takes the next step
    (`go_on`)."""
    if not is_on(job.project_id):
        return f"{_read(job)} {llm.why_not() or 'The budget of a day is 0.'}"
    if job.position != NOTED:
        with transaction.atomic():
            note_unread(job.project_id, since=past_of(job.project_id), state=ReadingState.PAST)
            report_job(job, position=NOTED)
    while draw(job.project_id, state=ReadingState.PAST):
        pass
    _report(job)
    if is_stopped(job.project_id) or READER_RUNS.open_batches().filter(job=job).exists():
        return Pause.WAIT
    if READER_RUNS.took_none(job):
        return f"{_read(job)} {TOOK_NONE}"
    if not _waiting(job.project_id).exists():
        return _read(job)
    return _send(job)


def _send(job: Job) -> str | Pause:
    """One batch of what the budget's share for the past holds; nothing when it holds nothing."""
    wrong = READER_RUNS.send(job, lambda: _prepare(job))
    if wrong is not None and wrong.missing:
        return _by_single_calls(job)
    if wrong is not None:
        report_job(job, message=f"{NOT_TAKEN} {wrong}")
    return Pause.WAIT


@transaction.atomic
def _prepare(job: Job) -> tuple[ReadingBatch, dict[uuid.UUID, dict[str, Any]]] | None:
    """Marks the next ones and holds their money; None when the budget holds none, or none is left to ask about."""
    rows = list(_waiting(job.project_id).select_for_update(skip_locked=True)[:BATCH])
    batch = ReadingBatch(
        project_id=job.project_id,
        job=job,
        requests=0,
        prompt_version=PROMPT_VERSION,
        model=settings.LLM_MODEL,
    )
    limits, day = budget.settings_of(job.project_id), budget.today()
    requests: dict[uuid.UUID, dict[str, Any]] = {}
    for row in rows:
        claimed = prepare(row, batch=True)
        if claimed is not None:
            if not budget.reserve(limits, day=day, money=claimed.most, share=budget.HISTORY_SHARE):
                break
            mark(row, ReadingState.BATCHED, held=claimed.most, day=day)
            row.batch_id, row.sent_hash = batch.id, claimed.text_hash
            requests[row.id] = claimed.request
    if requests:
        batch.requests = len(requests)
        batch.save()
    changed = ["state", "problem", "held", "day", "attempts", "available_at", "batch", "sent_hash"]
    Reading.objects.bulk_update(rows, changed)
    return (batch, requests) if requests else None


def _by_single_calls(job: Job) -> str:
    rows = Reading.objects.filter(project=job.project_id, state=ReadingState.PAST)
    count = rows.update(state=ReadingState.WAITING, available_at=timezone.now())
    if count:
        call_worker(job.project_id, READER_TASK)
    return f"{_read(job)} {counted(count, 'conversation')} to go. {NO_BATCHES}"


def _waiting(project_id: uuid.UUID) -> Any:
    """Those that are drawn, the random ones first."""
    first = Case(When(sampled=Sampled.RANDOM, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = Reading.objects.filter(project=project_id, state=ReadingState.PAST).exclude(sampled="")
    return rows.order_by(first, "-id")


def _read(job: Job) -> str:
    return f"{counted(job.done, 'conversation')} read."


def _report(job: Job) -> None:
    """Of the run's conversations those that are through, and all."""
    ended, under_way, waits = READER_RUNS.requests_of(job)
    again = Reading.objects.filter(project=job.project_id, state=ReadingState.PAST, attempts__gt=0).count()
    done = max(0, ended - again)
    report_job(job, done=done, total=done + under_way + _waiting(job.project_id).count(), message=waits)


def _claims(batch: ReadingBatch, rows: Any) -> list[Claim]:
    """A quote is looked for in what stands there now."""
    found = []
    for row in rows:
        transcript = load_transcript(
            project_id=row.project_id, conversation_id=row.conversation_id, event_id=row.event_id
        )
        found.append(
            Claim(
                row, transcript, tell(transcript), {}, row.held, text_hash=bytes(row.sent_hash),
                prompt_version=batch.prompt_version, model=batch.model,
            )
        )  # fmt: skip
    return found


def _in(batch: ReadingBatch) -> Any:
    return Reading.objects.filter(batch=batch.id, state=ReadingState.BATCHED)


READER_RUNS = PastRuns(
    kind=PAST_RUN,
    task=READER_TASK,
    batches=ReadingBatch,
    waiting=ReadingState.PAST,
    rows=_in,
    claims=_claims,
    put_down=put_down,
    report=_report,
)
