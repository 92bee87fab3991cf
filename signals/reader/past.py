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
from ingest.jobs.progress import UNFINISHED, job_under_way, report_job, stop_jobs
from ingest.jobs.queueing import queue_job
from ingest.jobs.runner import run_job
from ingest.models import Job, Project, User
from raindrop import llm
from raindrop.web.plurals import counted
from signals.llm import budget
from signals.llm.batches import (
    AGAIN,
    BATCH,
    MAX_FAILURES,
    NO_RESULT,
    NOT_TAKEN,
    UNDER_WAY,
    close,
    database_forgiven,
    look_after,
    outcome_of,
    send,
)
from signals.llm.workers import READ, call_worker, is_stopped
from signals.models import Reading, ReadingBatch
from signals.models.facets import Sampled
from signals.models.llm import BatchState
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
    return job_under_way(project_id=project_id, subject=project_id, kinds=[PAST_RUN])


def said_last(project_id: uuid.UUID) -> str:
    """What came of the newest run that has ended; empty when there was none."""
    ended = Job.objects.filter(kind=PAST_RUN, project=project_id).exclude(state__in=UNFINISHED)
    return ended.order_by("-created_at").values_list("message", flat=True).first() or ""


@transaction.atomic
def stop_past(project: Project, *, user: User) -> int:
    """A person ends the run; returns how many there were. What the service has of it is cancelled by the worker that is called: what it has
    answered by then is billed and taken, the money for the rest released."""
    stopped = stop_jobs(project=project, kind=PAST_RUN, subject=project.pk, user=user)
    if stopped:
        call_worker(project.pk, READ)
    return stopped


def projects_at_work() -> set[uuid.UUID]:
    """Those with a run, or with a batch that has not ended."""
    return {
        row for rows in (_at_work(), _open_batches()) for row in rows.values_list("project_id", flat=True)
    }


def go_on(project_id: uuid.UUID) -> None:
    """Reads what has come of the project's batches, then takes one step of its run: sends what the budget holds. Safe twice at once."""
    for batch in _open_batches().filter(project=project_id).select_related("job"):
        with database_forgiven():
            _look_after(batch)
    for job_id in _at_work().filter(project=project_id).values_list("id", flat=True):
        with database_forgiven():
            run_job(job_id)
    if not _at_work().filter(project=project_id).exists():  # its run was stopped, or failed
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
    if is_stopped(job.project_id) or _open_batches().filter(job=job).exists():
        return Pause.WAIT
    newest = ReadingBatch.objects.filter(job=job).order_by("-id")[:MAX_FAILURES]
    if [batch.state for batch in newest] == [BatchState.LOST] * MAX_FAILURES:
        return f"{_read(job)} The service took no batch, again and again."
    if not _waiting(job.project_id).exists():
        return _read(job)
    return _send(job)


def _send(job: Job) -> str | Pause:
    """One batch of what the budget's share for the past holds; nothing when it holds nothing."""
    lost = ReadingBatch.objects.filter(job=job, state=BatchState.LOST, ended_at__gt=timezone.now() - AGAIN)
    if lost.exists():
        report_job(job, message=f"{NOT_TAKEN} It is tried again within ten minutes.")
        return Pause.WAIT
    made = _prepare(job)
    if made is None:
        _report(job)
        return Pause.WAIT
    batch, claims = made
    wrong = send(batch, [{"custom_id": one.reading.id.hex, "params": one.request} for one in claims])
    if wrong is None:
        _report(job)
        return Pause.WAIT
    _give_back(
        batch, llm.Unavailable(str(wrong), lost=wrong.lost)
    )  # whatever is wrong with the batch, is not with its rows
    if wrong.missing:
        return _by_single_calls(job)
    report_job(job, message=f"{NOT_TAKEN} {wrong}")
    return Pause.WAIT


@transaction.atomic
def _prepare(job: Job) -> tuple[ReadingBatch, list[Claim]] | None:
    """Marks the next ones and holds their money; None when the budget holds none, or none is left to ask about."""
    rows = list(_waiting(job.project_id).select_for_update(skip_locked=True)[:BATCH])
    batch = ReadingBatch(
        project_id=job.project_id,
        job=job,
        requests=0,
        prompt_version=PROMPT_VERSION,
        model=settings.LLM_MODEL,
    )
    limits, day, claims = budget.settings_of(job.project_id), budget.today(), []
    for row in rows:
        claimed = prepare(row, batch=True)
        if claimed is not None:
            if not budget.reserve(limits, day=day, money=claimed.most, share=budget.HISTORY_SHARE):
                break
            mark(row, ReadingState.BATCHED, held=claimed.most, day=day)
            row.batch_id, row.sent_hash = batch.id, claimed.text_hash
            claims.append(claimed)
    if claims:
        batch.requests = len(claims)
        batch.save()
    changed = ["state", "problem", "held", "day", "attempts", "available_at", "batch", "sent_hash"]
    Reading.objects.bulk_update(rows, changed)
    return (batch, claims) if claims else None


def _by_single_calls(job: Job) -> str:
    rows = Reading.objects.filter(project=job.project_id, state=ReadingState.PAST)
    count = rows.update(state=ReadingState.WAITING, available_at=timezone.now())
    if count:
        call_worker(job.project_id, READ)
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
    ended = ReadingBatch.objects.filter(job=job, state=BatchState.ENDED)
    done = (
        sum(ended.values_list("requests", flat=True))
        - Reading.objects.filter(project=job.project_id, state=ReadingState.PAST, attempts__gt=0).count()
    )  # those are sent again
    under_way = sum(_open_batches().filter(job=job).values_list("requests", flat=True))
    total = max(0, done) + under_way + _waiting(job.project_id).count()
    report_job(
        job, done=max(0, done), total=total, message="With the service." if under_way else "Waits for the day's budget."
    )  # fmt: skip


def _look_after(batch: ReadingBatch) -> None:
    look_after(
        batch,
        read=lambda result: _take(batch, result),
        end=lambda: _end(batch),
        give_back=lambda error: _give_back(batch, error),
    )


def _take(batch: ReadingBatch, result: Any) -> None:
    """Puts down one answer; a result that is none of this batch's, or was read before, is passed over."""
    try:
        reading_id, outcome = uuid.UUID(hex=result.custom_id), outcome_of(result.result)
    except (AttributeError, TypeError, ValueError):
        return
    for claimed in _claims(batch, _in(batch).filter(id=reading_id)):
        put_down(claimed, outcome)


def _claims(batch: ReadingBatch, rows: Any) -> list[Claim]:
    """The claims that the rows stand for, made again: another process may have sent the batch. A quote is looked for in what stands there now."""
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


@transaction.atomic
def _end(batch: ReadingBatch) -> None:
    """What had no result was not billed."""
    for claimed in _claims(batch, _in(batch)):
        put_down(claimed, llm.Unavailable(NO_RESULT))
    close(batch, BatchState.ENDED)


@transaction.atomic
def _give_back(batch: ReadingBatch, error: llm.Unavailable) -> None:
    """The batch came to nothing. Where the service may have it (`lost`), its money counts as spent."""
    for claimed in _claims(batch, _in(batch).select_for_update()):
        row = put_down(claimed, error)
        if row is not None and row.state == ReadingState.PAST and not error.lost:  # the model never saw it
            Reading.objects.filter(pk=row.pk).update(attempts=row.attempts - 1)
    close(batch, BatchState.LOST)


def _in(batch: ReadingBatch) -> Any:
    return Reading.objects.filter(batch=batch.id, state=ReadingState.BATCHED)


def _open_batches() -> Any:
    return ReadingBatch.objects.filter(state__in=UNDER_WAY)


def _at_work() -> Any:
    return Job.objects.filter(kind=PAST_RUN, state__in=UNFINISHED)
