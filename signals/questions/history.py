"""Asking the model about events of the past, through the Batches API at half the price: only when a person says so, after an
estimate. A run is a Job; signals/llm/batches.py sends its batches and polls them.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import UNFINISHED, job_under_way, report_job, stop_jobs, subject_of
from ingest.jobs.queueing import queue_job
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, User
from ingest.models.jobs import JobState
from raindrop import llm
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
from signals.llm.workers import WORK, call_worker, note_trouble
from signals.models import QuestionBatch, QuestionVerdict, SignalDefinition
from signals.models.llm import BatchState
from signals.models.questions import VerdictState
from signals.questions.claims import MAX_ATTEMPTS, Claim, claim, put_down, questions_in
from signals.questions.config import question_of
from signals.questions.prompt import Question

HISTORY_RUN = "question_history"  # the job's kind
MAX_EVENTS = 20_000  # of one run


def candidates(project_id: uuid.UUID, version: str) -> Any:
    """The verdicts that a run would ask for, newest event first (a queryset)."""
    rows = QuestionVerdict.objects.filter(
        project=project_id, version=version, state=VerdictState.LOCAL, attempts__lt=MAX_ATTEMPTS
    )
    return rows.order_by("-id")


@transaction.atomic
def request_run(signal: SignalDefinition, *, user: User | None = None) -> Job:
    """Queues a run for the question as it is worded now; the one that waits or is under way already when there is one."""
    if (going := run_of(signal)) is not None:
        return going
    job = queue_job(project=signal.project, kind=HISTORY_RUN, subject=signal.pk, user=user)
    report_job(job, position=question_of(signal).version)
    return job


def run_of(signal: SignalDefinition) -> Job | None:
    return job_under_way(project_id=signal.project_id, subject=signal.pk, kinds=[HISTORY_RUN])


@transaction.atomic
def stop_run(signal: SignalDefinition, *, user: User) -> int:
    """A person ends the signal's runs; returns how many there were. What the service has of them is cancelled by the worker that is
    called: what it has answered by then is billed and taken, the money for the rest released."""
    stopped = stop_jobs(project=signal.project, kind=HISTORY_RUN, subject=signal.pk, user=user)
    if stopped:
        call_worker(signal.project_id, WORK)
    return stopped


def stopping(signal: SignalDefinition) -> int:
    """Of how many events the service still has the questions, though a person has stopped the run."""
    batches = _open_batches().filter(
        project=signal.project_id, job__subject=signal.pk, job__state=JobState.STOPPED
    )
    return sum(batches.values_list("requests", flat=True))


def projects_at_work() -> set[uuid.UUID]:
    """Those with a run, or with a batch that has not ended."""
    return {
        row for rows in (_at_work(), _open_batches()) for row in rows.values_list("project_id", flat=True)
    }


def go_on(project_id: uuid.UUID) -> None:
    """Reads what has come of the project's batches, then takes one step of each of its runs: sends what the budget holds. Safe twice
    at once."""
    for batch in _open_batches().filter(project=project_id).select_related("job"):
        with database_forgiven():
            _look_after(batch)
    for job_id in _at_work().filter(project=project_id).values_list("id", flat=True):
        with database_forgiven():
            run_job(job_id)


@job_kind(HISTORY_RUN, cluster="llm", title="Asking about the history", rewrites=True)
def take_step(job: Job) -> str | Pause:
    """Sends what the budget holds. While a batch is with the service, or the budget holds nothing, the schedule takes the next step
    (`go_on`)."""
    signal = SignalDefinition.objects.select_related("project").filter(pk=subject_of(job)).first()
    why = _why_to_end(job, signal)
    _report(job)
    if _open_batches().filter(job=job).exists():
        return Pause.WAIT
    if why or signal is None:
        return f"{job.done:,} asked about. {why}"
    if job.done < MAX_EVENTS and candidates(job.project_id, job.position).exists():
        _send(job, question_of(signal))
        return Pause.WAIT
    return f"{job.done:,} event{'' if job.done == 1 else 's'} asked about."


def _why_to_end(job: Job, signal: SignalDefinition | None) -> str:
    if signal is None or not signal.enabled or job.position not in questions_in(job.project_id):
        return "The signal was changed or switched off."
    if budget.meter(job.project_id).off:
        return "The day's budget is 0."
    newest = QuestionBatch.objects.filter(job=job).order_by("-id")[:MAX_FAILURES]
    if [batch.state for batch in newest] == [BatchState.LOST] * MAX_FAILURES:
        return "The service took no batch, again and again."
    return llm.why_not()


def _report(job: Job) -> None:
    """Of the job's events those that are through, and all."""
    ended = QuestionBatch.objects.filter(job=job, state=BatchState.ENDED)
    done = sum(ended.values_list("requests", flat=True))
    under_way = sum(_open_batches().filter(job=job).values_list("requests", flat=True))
    remaining = len(candidates(job.project_id, job.position).values_list("id")[:MAX_EVENTS])
    message = "With the service." if under_way else "Waits for the day's budget."
    report_job(
        job, done=done, total=max(done, min(MAX_EVENTS, done + under_way + remaining)), message=message
    )


def _open_batches() -> Any:
    return QuestionBatch.objects.filter(state__in=UNDER_WAY)


def _send(job: Job, question: Question) -> None:
    """One batch of what the budget's share for the history holds; nothing when it holds nothing."""
    just_lost = QuestionBatch.objects.filter(
        job=job, state=BatchState.LOST, ended_at__gt=timezone.now() - AGAIN
    )
    if just_lost.exists():
        report_job(job, message=f"{NOT_TAKEN} It is tried again within ten minutes.")
        return
    made = _prepare(job, question)
    if made is None:
        return
    batch, claims = made
    requests = [{"custom_id": one.verdict.id.hex, "params": one.request} for one in claims]
    if wrong := send(batch, requests):
        _give_back(batch, llm.Unavailable(str(wrong), lost=wrong.lost))
        report_job(job, message=f"{NOT_TAKEN} {wrong}")
        return
    _report(job)


@transaction.atomic
def _prepare(job: Job, question: Question) -> tuple[QuestionBatch, list[Claim]] | None:
    room = min(BATCH, MAX_EVENTS - job.done)
    rows = list(candidates(job.project_id, question.version).select_for_update(skip_locked=True)[:room])
    if not rows:
        return None
    batch = QuestionBatch.objects.create(project_id=job.project_id, job=job, requests=0)
    limits = budget.settings_of(job.project_id)
    claims = claim(
        rows, limits=limits, questions={question.version: question}, share=budget.HISTORY_SHARE, batch=batch
    )
    if not claims:
        batch.delete()
        return None
    batch.requests = len(claims)
    batch.save(update_fields=["requests"])
    return batch, claims


def _look_after(batch: QuestionBatch) -> None:
    look_after(
        batch,
        read=lambda result: _read(batch, result),
        end=lambda: _end(batch),
        give_back=lambda error: _give_back(batch, error),
    )


def _read(batch: QuestionBatch, result: Any) -> None:
    """Puts down one verdict; a result that is none of this batch's, or was read before, is passed over."""
    try:
        verdict_id, outcome = uuid.UUID(hex=result.custom_id), outcome_of(result.result)
    except (AttributeError, TypeError, ValueError):
        return
    for claimed in _claims(batch, batch.verdicts.filter(id=verdict_id, state=VerdictState.BATCHED)):
        put_down(claimed, outcome)


def _claims(batch: QuestionBatch, rows: Iterable[QuestionVerdict]) -> list[Claim]:
    """The claims that the rows stand for, made again: another process may have sent the batch. In an event that is gone, or whose
    text has changed since, the quote is looked for in vain."""
    rows = list(rows)
    signal = SignalDefinition.objects.filter(pk=subject_of(batch.job)).first() if batch.job else None
    question = Question("", (), (), signal.reads if signal else "conversation")
    texts = {
        event_id: (input, output)
        for event_id, input, output in Event.objects.filter(
            id__in=[row.event_id for row in rows], project=batch.project_id
        ).values_list("id", "input", "output")
    }
    return [Claim(row, question, {}, *texts.get(row.event_id, ("", "")), most=row.held) for row in rows]


@transaction.atomic
def _end(batch: QuestionBatch) -> None:
    """What had no result was not billed."""
    for claimed in _claims(batch, batch.verdicts.filter(state=VerdictState.BATCHED)):
        put_down(claimed, llm.Unavailable(NO_RESULT))
    close(batch, BatchState.ENDED)
    note_trouble(batch.project_id, None)


@transaction.atomic
def _give_back(batch: QuestionBatch, error: llm.Unavailable) -> None:
    """The batch came to nothing. Where the service may have it (`lost`), its money counts as spent."""
    for claimed in _claims(batch, batch.verdicts.filter(state=VerdictState.BATCHED).select_for_update()):
        row = put_down(claimed, error)
        if row is not None and not error.lost:  # the model never saw it
            QuestionVerdict.objects.filter(pk=row.pk).update(attempts=row.attempts - 1)
    close(batch, BatchState.LOST)


def _at_work() -> Any:
    return Job.objects.filter(kind=HISTORY_RUN, state__in=UNFINISHED)
