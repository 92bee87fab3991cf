"""The one frame around background jobs: begin, retry after a deadlock, hand on, stop, fail, finish."""

import logging
import time
import uuid

import psycopg
from django.db import InterfaceError, OperationalError

from ingest.jobs.kinds import Pause, kind_of
from ingest.jobs.progress import JobStopped, fail_job, finish_job, start_job
from ingest.jobs.queueing import send_again
from ingest.models import Job

logger = logging.getLogger("raindrop.jobs")

TRIES = 4  # in a row, without a step forward between them
FIRST_WAIT = 0.2  # seconds after the first deadlock; twice as long after each further one


def run_job(job_id: uuid.UUID | str) -> None:
    """The background task of every job; nothing happens for one that has ended or is gone. Safe twice at once.

    What the kind's function raises fails the job and is raised again. Two faults are none of the job's: after a deadlock (or a failed
    serialization) the function is called again at once, up to TRIES times; when the database is away the job stays under way, and is
    handed to the workers again once it has been silent for long enough (`resume_silent_jobs`).
    """
    job = start_job(job_id)
    if job is None:
        return
    try:
        _run(job)
    except (OperationalError, InterfaceError) as error:
        if _is_away(error):
            logger.warning("The job %s (%s) goes on later: %s", job.pk, job.kind, error)
        else:
            fail_job(job, error=error)
        raise
    except Exception as error:
        fail_job(job, error=error)
        raise


def _run(job: Job) -> None:
    kind, current = kind_of(job.kind), job
    tries, tried_at = 0, ""
    while True:
        try:
            came = kind.work(current)
            break
        except JobStopped:
            return
        except OperationalError as error:
            tries = tries + 1 if current.position == tried_at else 1
            tried_at = current.position
            if not _is_deadlock(error) or tries == TRIES:
                raise
            logger.warning("The job %s (%s) is tried again: %s", job.pk, job.kind, error)
        time.sleep(FIRST_WAIT * 2 ** (tries - 1))
        again = start_job(job.pk)
        if again is None:
            return  # stopped, or done by another worker
        current = again
    if came is Pause.HAND_ON:
        send_again(current)
    elif came is not Pause.WAIT:
        finish_job(current, message=came)


def _is_deadlock(error: Exception) -> bool:
    return isinstance(error.__cause__, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def _is_away(error: Exception) -> bool:
    """Whether the database failed, and not the work: a statement that took longer than its time is the work's fault, and so is a deadlock
    that comes again and again."""
    return not (_is_deadlock(error) or isinstance(error.__cause__, psycopg.errors.QueryCanceled))
