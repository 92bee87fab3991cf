"""Asking the model about events of the past, through the Batches API at half the price: only when a person says so, after an
estimate. A run is a Job; signals/llm/batches.py sends its batches and polls them.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, User
from ingest.models.jobs import JobState
from raindrop import llm
from signals.llm import budget
from signals.llm.batches import BATCH, NOT_TAKEN, TOOK_NONE, PastRuns
from signals.llm.claims import MAX_ATTEMPTS
from signals.llm.workers import QUESTION_TASK
from signals.models import QuestionBatch, QuestionVerdict, SignalDefinition
from signals.models.questions import VerdictState
from signals.questions.claims import Claim, claim, put_down, questions_in
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
    return QUESTION_RUNS.run_of(signal.project_id, signal.pk)


def stop_run(signal: SignalDefinition, *, user: User) -> int:
    return QUESTION_RUNS.stop(signal.project, signal.pk, user=user)


def stopping(signal: SignalDefinition) -> int:
    """Of how many events the service still has the questions, though a person has stopped the run."""
    batches = QUESTION_RUNS.open_batches().filter(
        project=signal.project_id, job__subject=signal.pk, job__state=JobState.STOPPED
    )
    return sum(batches.values_list("requests", flat=True))


@job_kind(HISTORY_RUN, cluster="llm", title="Asking about the history", rewrites=True)
def take_step(job: Job) -> str | Pause:
    """Sends what the budget holds. While a batch is with the service, or the budget holds nothing, the schedule takes the next step
    (`PastRuns.go_on`)."""
    signal = SignalDefinition.objects.select_related("project").filter(pk=subject_of(job)).first()
    why = _why_to_end(job, signal)
    _report(job)
    if QUESTION_RUNS.open_batches().filter(job=job).exists():
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
    if QUESTION_RUNS.took_none(job):
        return TOOK_NONE
    return llm.why_not()


def _report(job: Job) -> None:
    """Of the job's events those that are through, and all."""
    done, under_way, waits = QUESTION_RUNS.requests_of(job)
    remaining = len(candidates(job.project_id, job.position).values_list("id")[:MAX_EVENTS])
    total = max(done, min(MAX_EVENTS, done + under_way + remaining))
    report_job(job, done=done, total=total, message=waits)


def _send(job: Job, question: Question) -> None:
    """One batch of what the budget's share for the history holds; nothing when it holds nothing."""
    if wrong := QUESTION_RUNS.send(job, lambda: _prepare(job, question)):
        report_job(job, message=f"{NOT_TAKEN} {wrong}")


@transaction.atomic
def _prepare(job: Job, question: Question) -> tuple[QuestionBatch, dict[uuid.UUID, dict[str, Any]]] | None:
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
    return batch, {one.verdict.id: one.request for one in claims}


def _claims(batch: QuestionBatch, rows: Iterable[QuestionVerdict]) -> list[Claim]:
    """In an event that is gone, or whose text has changed since, the quote is looked for in vain."""
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


QUESTION_RUNS = PastRuns(
    kind=HISTORY_RUN,
    task=QUESTION_TASK,
    batches=QuestionBatch,
    waiting=VerdictState.LOCAL,
    rows=lambda batch: batch.verdicts.filter(state=VerdictState.BATCHED),
    claims=_claims,
    put_down=put_down,
    report=_report,
)
