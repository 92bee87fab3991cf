"""Handing jobs (ingest.models.Job) to the workers, and handing them out again when their worker fell silent."""

import datetime as dt
import functools
import uuid

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

from ingest.jobs.kinds import DEFAULT, UnknownKind, kind_of
from ingest.jobs.progress import UNFINISHED, fail_job
from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop.ids import id_at

# The one function that django-q2 is told to call.
RUN_JOB = "ingest.jobs.runner.run_job"
# A job that is not done and has not moved for this long is handed to the workers once more: its task may have been lost,
# or its worker killed. Each time in a row it may be silent twice as long, since it may only wait behind others.
STALE = dt.timedelta(minutes=10)
MAX_SILENCES = 4
# What has ended is kept for so long, by the time that it was asked for and that it last moved.
KEPT = dt.timedelta(days=30)
PURGED_AT_ONCE = 1000


class LostJob(Exception):
    """Nobody works on the job any more."""


@transaction.atomic
def queue_job(
    *, project: Project, kind: str, subject: uuid.UUID, argument: str = "", user: User | None = None
) -> Job:
    """Queues a job; returns the one that already waits when there is one (it will see the newest data). `argument`: what the kind is told
    besides its subject. Raises UnknownKind."""
    kind_of(kind)
    job, created = Job.objects.get_or_create(
        project=project,
        kind=kind,
        subject=subject,
        argument=argument,
        state=JobState.QUEUED,
        defaults={"created_by": user},
    )
    if created:
        _send(job)
    return job


@transaction.atomic
def send_again(job: Job) -> None:
    """Hands a job that is not done to the workers once more: it goes on from its position. Raises UnknownKind."""
    job.save(update_fields=["updated_at"])
    _send(job)


@transaction.atomic
def resume_silent_jobs(*, now: dt.datetime) -> int:
    """Hands the jobs that fell silent (STALE) to the workers again, and fails those that did so MAX_SILENCES times in a
    row. Returns how many fell silent. To be called every minute or so."""
    unfinished = Job.objects.filter(state__in=UNFINISHED, updated_at__lt=now - STALE).order_by("updated_at")
    silent = [
        job
        for job in unfinished.select_for_update(skip_locked=True)
        if job.updated_at < now - STALE * 2**job.silences
    ]
    for job in silent:
        if job.silences >= MAX_SILENCES:
            fail_job(
                job,
                error=LostJob(f"No worker came to its end; it was handed to them {job.silences + 1} times."),
            )
            continue
        job.silences += 1
        job.save(update_fields=["silences"])
        try:
            send_again(job)
        except UnknownKind as error:
            fail_job(job, error=error)
    return len(silent)


@transaction.atomic
def purge_old_jobs(*, now: dt.datetime) -> int:
    """Deletes PURGED_AT_ONCE of the oldest jobs that ended before KEPT, since each answer in a review makes some. Returns how many."""
    old = Job.objects.filter(id__lt=id_at(now - KEPT), updated_at__lt=now - KEPT).exclude(
        state__in=UNFINISHED
    )
    ids = list(old.order_by("id").values_list("id", flat=True)[:PURGED_AT_ONCE])
    Job.objects.filter(id__in=ids).delete()
    return len(ids)


def _send(job: Job) -> None:
    cluster = kind_of(job.kind).cluster
    send = functools.partial(
        async_task, RUN_JOB, str(job.pk), **({} if cluster == DEFAULT else {"cluster": cluster})
    )
    if settings.REDIS_URL:
        # Redis does not wait for this transaction: a worker would look for a job that is not there yet.
        transaction.on_commit(send)
    else:
        send()
