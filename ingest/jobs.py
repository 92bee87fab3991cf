"""Starting and reporting long work (ingest.models.Job), so that a person who waits for it sees it move."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop import live

# A job that nobody took up for this long is handed to the workers once more: its task may have been lost.
STALE = dt.timedelta(minutes=10)


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
        project=project, kind=kind, subject=subject, state=JobState.QUEUED, defaults={"created_by": user}
    )
    stale = not created and timezone.now() - job.updated_at > STALE
    if stale:
        job.save(update_fields=["updated_at"])
    if created or stale:
        _send(task, str(job.id), cluster)
    return job


def send_again(job: Job, *, task: str, cluster: str | None = None) -> None:
    """Hands a job that is not done to the workers once more: it goes on from its position."""
    with transaction.atomic():
        job.save(update_fields=["updated_at"])
        _send(task, str(job.id), cluster)


def _send(task: str, job_id: str, cluster: str | None) -> None:
    options = {"cluster": cluster} if cluster else {}
    if settings.REDIS_URL:
        # Redis does not wait for this transaction: a worker would look for a job that is not there yet.
        transaction.on_commit(lambda: async_task(task, job_id, **options))
    else:
        async_task(task, job_id, **options)


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
    job.save(update_fields=["done", "total", "message", "position", "updated_at"])
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
