"""Starting and reporting long work (ingest.models.Job), so that a person who waits for it sees it move."""

import datetime as dt
import functools
import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop import live
from raindrop.ids import id_at

# A job that is not done and has not moved for this long is handed to the workers once more: its task may have been lost,
# or its worker killed. Each time in a row it may be silent twice as long, since it may only wait behind others.
STALE = dt.timedelta(minutes=10)
MAX_SILENCES = 4
# What has ended is kept for so long, by the time that it was asked for and that it last moved.
KEPT = dt.timedelta(days=30)
PURGED_AT_ONCE = 1000


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class LostJob(Exception):
    """Nobody works on the job any more."""


class JobStopped(Exception):
    """A person has ended the job that is being worked on."""


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
    unfinished = Job.objects.filter(state__in=UNFINISHED, updated_at__lt=now - STALE).order_by("updated_at")
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
    send = functools.partial(
        async_task, job.task, str(job.pk), **({"cluster": job.cluster} if job.cluster else {})
    )
    if settings.REDIS_URL:
        # Redis does not wait for this transaction: a worker would look for a job that is not there yet.
        transaction.on_commit(send)
    else:
        send()


def start_job(job_id: uuid.UUID | str) -> Job | None:
    """The job, now running; None when it is done, failed, stopped or gone. A job that runs already is taken up again: its
    worker may have died, and work on a job is safe to repeat."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None or job.state not in UNFINISHED:
            return None
        job.state = JobState.RUNNING
        job.save(update_fields=["state", "updated_at"])
        live.changed([job.project_id])
    return job


def is_under_way(*, project: Project, kind: str, subject: uuid.UUID) -> bool:
    """Whether such a job waits or runs."""
    return Job.objects.filter(project=project, kind=kind, subject=subject, state__in=UNFINISHED).exists()


@transaction.atomic
def stop_jobs(*, project: Project, kind: str, subject: uuid.UUID, user: User) -> int:
    """A person ends those jobs that wait or run; returns how many did. Whoever works on one hears of it (JobStopped) when he next
    reports."""
    jobs = Job.objects.filter(project=project, kind=kind, subject=subject, state__in=UNFINISHED)
    stopped = jobs.update(
        state=JobState.STOPPED, message=f"Stopped by {user.username}.", updated_at=timezone.now()
    )
    live.changed([project.id])
    return stopped


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
    """How far it is. `position`: where it goes on when it is taken up again. Raises JobStopped, and writes nothing."""
    job.position = job.position if position is None else position
    job.done = job.done if done is None else done
    job.total = job.total if total is None else total
    job.message = job.message if message is None else message
    job.silences = 0
    if not _write(job, "done", "total", "message", "position", "silences"):
        raise JobStopped


def finish_job(job: Job, *, message: str) -> None:
    job.state = JobState.DONE
    job.total = max(job.total, job.done)
    job.done = job.total
    job.message = message
    _write(job, "state", "done", "total", "message")


def fail_job(job: Job, *, error: Exception) -> None:
    """It ended in an error, which is the message."""
    job.state = JobState.FAILED
    job.message = f"{type(error).__name__}: {error}"[:2000]
    _write(job, "state", "message")


def _write(job: Job, *fields: str) -> bool:
    """False when a person has stopped it: it stays as he left it."""
    job.updated_at = timezone.now()
    mine = Job.objects.filter(pk=job.pk).exclude(state=JobState.STOPPED)
    written = mine.update(**{name: getattr(job, name) for name in (*fields, "updated_at")})
    live.changed([job.project_id])
    return bool(written)
