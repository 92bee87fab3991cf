"""Sending a batch of requests through the Batches API, and asking what has come of it: what every run over the past shares. The rows that a batch
is about stay with their use. Batches are polled from the schedule, so that no worker sleeps, and a run goes on after anything that dies. A batch that
was sent is looked after until it has ended, whatever has become of its run: it is paid for.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from ingest.models.jobs import JobState
from raindrop import llm
from signals.llm.calls import Answer
from signals.llm.workers import note_trouble
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
UNDER_WAY = (BatchState.PREPARING, BatchState.SENT)


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


def look_after(
    batch: LlmBatch,
    *,
    read: Callable[[Any], None],
    end: Callable[[], None],
    give_back: Callable[[llm.Unavailable], None],
) -> None:
    """Reads a batch's results when it has ended: `read` gets one after the other, whatever the service sent there, then `end` closes the batch.
    `give_back` closes one that came to nothing. A run that a person has stopped is cancelled: what was answered by then is read."""
    if batch.state == BatchState.PREPARING:
        if timezone.now() - batch.created_at > PREPARING:
            give_back(llm.Unavailable("The worker died while it was sent.", lost=1))
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
            give_back(unreadable)
        return  # else it may well be at it, and is asked about again
    if status != "ended":
        return
    try:
        for result in llm.batches().results(batch.remote_id):
            read(result)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever stands in the results: nothing else is to wait for them
        logger.warning("The results of the batch %s cannot be read.", batch.pk, exc_info=True)
        wrong = llm.explain(error)
        note_trouble(batch.project_id, wrong)
        if wrong.missing or batch.failures + 1 >= MAX_FAILURES:
            give_back(unreadable)
        else:
            type(batch)._default_manager.filter(pk=batch.pk).update(failures=batch.failures + 1)
        return
    end()


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
