"""Starting and reporting long work (ingest.models.Job), so that a person who waits for it sees it move."""

import datetime as dt
import functools
import uuid

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop import live

# A job that is not done and has not moved for this long is handed to the workers once more: its task may have been lost,
# or its worker killed. Each time in a row it may be silent twice as long, since it may only wait behind others.
STALE = dt.timedelta(minutes=10)
MAX_SILENCES = 4


class LostJob(Exception):
    """Nobody works on the job any more."""


@transaction.atomic
def queue_job(
    *,
    project: Project,
    kind: str,
    subject: uuid.UUID,
    task: str,
    cluster: str | None = None,
    user: User | None = None,
) -> Job:
    """Queues `task(job_id)`; returns the job that already waits when there is one (it will see the newest data)."""
    job, created = Job.objects.get_or_create(
        project=project,
        kind=kind,
        subject=subject,
        state=JobState.QUEUED,
        defaults={"created_by": user, "task": task, "cluster": cluster or ""},
    )
    if created:
        _send(job)
    return job


@transaction.atomic
def send_again(job: Job) -> None:
    """Hands a job that is not done to the workers once more: it goes on from its position."""
    job.save(update_fields=["updated_at"])
    _send(job)


@transaction.atomic
def resume_silent_jobs(*, now: dt.datetime) -> int:
    """Hands the jobs that fell silent (STALE) to the workers again, and fails those that did so MAX_SILENCES times in a
    row. Returns how many fell silent. To be called every minute or so."""
    unfinished = Job.objects.filter(
        state__in=[JobState.QUEUED, JobState.RUNNING], updated_at__lt=now - STALE
    ).order_by("updated_at")
    silent = [
        job
        for job in unfinished.select_for_update(skip_locked=True)
        if job.updated_at < now - STALE * 2**job.silences
    ]
    for job in silent:
        if not job.task:
            fail_job(job, error=LostJob("It was begun by an earlier version. Start it again."))
        elif job.silences >= MAX_SILENCES:
            fail_job(
                job,
                error=LostJob(f"No worker came to its end; it was handed to them {job.silences + 1} times."),
            )
        else:
            job.silences += 1
            job.save(update_fields=["silences"])
            send_again(job)
    return len(silent)


def _send(job: Job) -> None:
    send = functools.partial(
        async_task, job.task, str(job.pk), **({"cluster": job.cluster} if job.cluster else {})
    )
    if settings.REDIS_URL:
        # Redis does not wait for this transaction: a worker would look for a job that is not there yet.
        transaction.on_commit(send)
    else:
        send()


def start_job(job_id: uuid.UUID | str) -> Job | None:
    """The job, now running; None when it is done, failed or gone. A job that runs already is taken up again: its
    worker may have died, and work on a job is safe to repeat."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None or job.state in {JobState.DONE, JobState.FAILED}:
            return None
        job.state = JobState.RUNNING
        job.save(update_fields=["state", "updated_at"])
        live.changed([job.project_id])
    return job


def is_under_way(*, project: Project, kind: str, subject: uuid.UUID) -> bool:
    """Whether such a job waits or runs."""
    states = [JobState.QUEUED, JobState.RUNNING]
    return Job.objects.filter(project=project, kind=kind, subject=subject, state__in=states).exists()


def subject_of(job: Job) -> uuid.UUID:
    """What the job works on. Raises ValueError for a job that has no subject."""
    if job.subject is None:
        raise ValueError(f"The job {job.pk} ({job.kind}) has no subject.")
    return job.subject


def report_job(
    job: Job,
    *,
    done: int | None = None,
    total: int | None = None,
    message: str | None = None,
    position: str | None = None,
) -> None:
    """How far it is. `position`: where it goes on when it is taken up again."""
    job.position = job.position if position is None else position
    job.done = job.done if done is None else done
    job.total = job.total if total is None else total
    job.message = job.message if message is None else message
    job.silences = 0
    job.save(update_fields=["done", "total", "message", "position", "silences", "updated_at"])
    live.changed([job.project_id])


def finish_job(job: Job, *, message: str) -> None:
    job.state = JobState.DONE
    job.total = max(job.total, job.done)
    job.done = job.total
    job.message = message
    job.save(update_fields=["state", "done", "total", "message", "updated_at"])
    live.changed([job.project_id])


def fail_job(job: Job, *, error: Exception) -> None:
    """It ended in an error, which is the message."""
    job.state = JobState.FAILED
    job.message = f"{type(error).__name__}: {error}"[:2000]
    job.save(update_fields=["state", "message", "updated_at"])
    live.changed([job.project_id])
