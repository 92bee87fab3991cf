"""Runs over the past through the Batches API: sending a batch of requests, asking what has come of it, giving it back. The rows that a batch is
about stay with their use, which tells `PastRuns` of them. Batches are polled from the schedule, so that no worker sleeps, and a run goes on after
anything that dies. A batch that was sent is looked after until it has ended, whatever has become of its run: it is paid for.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from ingest.jobs.progress import UNFINISHED, job_under_way, report_job, stop_jobs
from ingest.jobs.runner import run_job
from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop import llm
from signals.llm.calls import Answer
from signals.llm.workers import call_worker, note_trouble
from signals.models.llm import BatchState, LlmBatch

logger = logging.getLogger("raindrop.signals")

BATCH = 500  # requests; the service takes 100,000, or 256 MB
MAX_FAILURES = 5
AGAIN = dt.timedelta(minutes=10)  # after a batch that was not taken
# A batch whose worker died between marking its rows and hearing from the service.
PREPARING = dt.timedelta(minutes=15)
KEPT = dt.timedelta(days=29)  # the service keeps results for so long
NO_RESULT = "The batch ended without a result for it."
UNREADABLE = "The results of its batch could not be read."
NOT_TAKEN = "The service did not take it."
TOOK_NONE = "The service took no batch, again and again."
UNDER_WAY = (BatchState.PREPARING, BatchState.SENT)

Batch = TypeVar("Batch", bound=LlmBatch)
Claim = TypeVar("Claim")


@dataclass(frozen=True, slots=True)
class PastRuns(Generic[Batch, Claim]):
    """The runs of one use over the past. A run is a job of `kind`; what it sends stands in the table `batches`.

    `task` (of signals/llm/workers.py) goes on with the runs. `rows` are those of a batch that the service has. `claims` makes their claims again:
    another process may have sent the batch. `put_down` stores what came of a claim, and returns its row; None when it is another's by then. A
    row in the state `waiting` is sent again. `report` writes into the job how far it is.
    """

    kind: str
    task: str
    batches: type[Batch]
    waiting: str
    rows: Callable[[Batch], Any]
    claims: Callable[[Batch, Any], list[Claim]]
    put_down: Callable[[Claim, Answer | llm.Unavailable], Any]
    report: Callable[[Job], None]

    def run_of(self, project_id: uuid.UUID, subject: uuid.UUID) -> Job | None:
        return job_under_way(project_id=project_id, subject=subject, kinds=[self.kind])

    @transaction.atomic
    def stop(self, project: Project, subject: uuid.UUID, *, user: User) -> int:
        """A person ends the subject's runs; returns how many there were. What the service has of them is cancelled by the worker that is called:
        what it has answered by then is billed and taken, the money for the rest released."""
        stopped = stop_jobs(project=project, kind=self.kind, subject=subject, user=user)
        if stopped:
            call_worker(project.pk, self.task)
        return stopped

    def projects_at_work(self) -> set[uuid.UUID]:
        """Those with a run, or with a batch that has not ended."""
        return {
            row
            for rows in (self.at_work(), self.open_batches())
            for row in rows.values_list("project_id", flat=True)
        }

    def at_work(self) -> Any:
        return Job.objects.filter(kind=self.kind, state__in=UNFINISHED)

    def open_batches(self) -> Any:
        return self.batches._default_manager.filter(state__in=UNDER_WAY)

    def go_on(self, project_id: uuid.UUID) -> None:
        """Reads what has come of the project's batches, then takes one step of each of its runs: sends what the budget holds. Safe twice
        at once."""
        for batch in self.open_batches().filter(project=project_id).select_related("job"):
            with database_forgiven():
                self._look_after(batch)
        for job_id in self.at_work().filter(project=project_id).values_list("id", flat=True):
            with database_forgiven():
                run_job(job_id)

    def send(
        self, job: Job, prepare: Callable[[], tuple[Batch, dict[uuid.UUID, dict[str, Any]]] | None]
    ) -> llm.Unavailable | None:
        """Sends the batch that `prepare` makes, with its requests by the ids of their rows; nothing soon after one that was not taken. Returns
        what went wrong; the rows are given back then."""
        lost = self.batches._default_manager.filter(
            job=job, state=BatchState.LOST, ended_at__gt=timezone.now() - AGAIN
        )
        if lost.exists():
            report_job(job, message=f"{NOT_TAKEN} It is tried again within ten minutes.")
            return None
        if (made := prepare()) is not None:
            batch, requests = made
            wrong = send(
                batch, [{"custom_id": row.hex, "params": params} for row, params in requests.items()]
            )
            if wrong is not None:
                # Whatever is wrong with the batch, is not with its rows.
                self._give_back(batch, llm.Unavailable(str(wrong), lost=wrong.lost))
                return wrong
        self.report(job)
        return None

    def took_none(self, job: Job) -> bool:
        """Whether the service took none of the run's newest batches."""
        newest = self.batches._default_manager.filter(job=job).order_by("-id")[:MAX_FAILURES]
        return [batch.state for batch in newest] == [BatchState.LOST] * MAX_FAILURES

    def requests_of(self, job: Job) -> tuple[int, int, str]:
        """How many of the run's requests have ended and how many are with the service, and what the run waits for."""
        ended = self.batches._default_manager.filter(job=job, state=BatchState.ENDED)
        under_way = sum(self.open_batches().filter(job=job).values_list("requests", flat=True))
        waits = "With the service." if under_way else "Waits for the day's budget."
        return sum(ended.values_list("requests", flat=True)), under_way, waits

    def _look_after(self, batch: Batch) -> None:
        """Reads a batch's results when it has ended: one after the other, whatever the service sent there. A run that a person has stopped is
        cancelled: what was answered by then is read."""
        if batch.state == BatchState.PREPARING:
            if timezone.now() - batch.created_at > PREPARING:
                self._give_back(batch, llm.Unavailable("The worker died while it was sent.", lost=1))
            return
        # It was sent, and will be billed.
        unreadable = llm.Unavailable(UNREADABLE, lost=1, refused=True)
        try:
            remote = llm.batches().retrieve(batch.remote_id)
            status = getattr(remote, "processing_status", "")
            if status == "in_progress" and batch.job and batch.job.state == JobState.STOPPED:
                llm.batches().cancel(batch.remote_id)
        except llm.errors() as error:
            wrong = llm.explain(error)
            note_trouble(batch.project_id, wrong)
            if wrong.missing or timezone.now() - batch.created_at > KEPT:
                self._give_back(batch, unreadable)
            return  # else it may well be at it, and is asked about again
        if status != "ended":
            return
        try:
            for result in llm.batches().results(batch.remote_id):
                self._read(batch, result)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever stands in the results: nothing else is to wait for them
            logger.warning("The results of the batch %s cannot be read.", batch.pk, exc_info=True)
            wrong = llm.explain(error)
            note_trouble(batch.project_id, wrong)
            if wrong.missing or batch.failures + 1 >= MAX_FAILURES:
                self._give_back(batch, unreadable)
            else:
                self.batches._default_manager.filter(pk=batch.pk).update(failures=batch.failures + 1)
            return
        self._end(batch)

    def _read(self, batch: Batch, result: Any) -> None:
        """Puts down one answer; a result that is none of this batch's, or was read before, is passed over."""
        try:
            row_id, outcome = uuid.UUID(hex=result.custom_id), outcome_of(result.result)
        except (AttributeError, TypeError, ValueError):
            return
        for claim in self.claims(batch, self.rows(batch).filter(id=row_id)):
            self.put_down(claim, outcome)

    @transaction.atomic
    def _end(self, batch: Batch) -> None:
        """What had no result was not billed."""
        for claim in self.claims(batch, self.rows(batch)):
            self.put_down(claim, llm.Unavailable(NO_RESULT))
        close(batch, BatchState.ENDED)
        note_trouble(batch.project_id, None)

    @transaction.atomic
    def _give_back(self, batch: Batch, error: llm.Unavailable) -> None:
        """The batch came to nothing. Where the service may have it (`lost`), its money counts as spent."""
        for claim in self.claims(batch, self.rows(batch).select_for_update()):
            row = self.put_down(claim, error)
            if row is not None and row.state == self.waiting and not error.lost:  # the model never saw it
                type(row).objects.filter(pk=row.pk).update(attempts=row.attempts - 1)
        close(batch, BatchState.LOST)


def send(batch: LlmBatch, requests: Sequence[dict[str, Any]]) -> llm.Unavailable | None:
    """Sends it: [{"custom_id", "params"}]. What went wrong, when it was not taken; its rows are the caller's to give back then."""
    try:
        answer = llm.batches().create(requests=requests)
        remote_id = str(getattr(answer, "id", "") or "")
        if not remote_id:
            raise ValueError("It gave no id.")
    except llm.errors() as error:
        wrong = llm.explain(error)
        note_trouble(batch.project_id, wrong)
        return wrong
    type(batch)._default_manager.filter(pk=batch.pk).update(remote_id=remote_id[:200], state=BatchState.SENT)
    note_trouble(batch.project_id, None)
    return None


def outcome_of(result: Any) -> Answer | llm.Unavailable:
    """What one result says. Raises AttributeError or TypeError for what is no result."""
    if result.type == "succeeded":
        return Answer(result.message, batch=True)
    if result.type == "errored":
        error_type = getattr(getattr(getattr(result, "error", None), "error", None), "type", "")
        return llm.Unavailable(
            f"It answered: {str(error_type)[:60]}.", refused=error_type == "invalid_request_error"
        )
    return llm.Unavailable("Its batch was cancelled or ran out of time.")


def close(batch: LlmBatch, state: BatchState) -> None:
    type(batch)._default_manager.filter(pk=batch.pk).update(state=state, ended_at=timezone.now())


@contextmanager
def database_forgiven() -> Iterator[None]:
    """A deadlock, or a database that is restarted, is nobody's fault: the schedule comes back within a minute."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        logger.warning("A run over the history is gone on with later: %s", error)
