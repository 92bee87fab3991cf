"""What a job's row says of it: that it has begun, how far it is, how it ended."""

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from ingest.models import Job, Project, User
from ingest.models.jobs import JobState
from raindrop import live

UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class JobStopped(Exception):
    """A person has ended the job that is being worked on."""


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


def jobs_under_way(
    *, project_id: uuid.UUID, subjects: Collection[uuid.UUID], kinds: Collection[str] | None = None
) -> dict[uuid.UUID, list[Job]]:
    """By subject, its jobs that wait or run, those that run first, then by age: what comes first ends first, as a rule. `kinds`: of these
    alone. A subject without such a job is left out."""
    jobs = Job.objects.filter(project_id=project_id, subject__in=subjects, state__in=UNFINISHED)
    if kinds is not None:
        jobs = jobs.filter(kind__in=kinds)
    found: dict[uuid.UUID, list[Job]] = {}
    for job in jobs.order_by("created_at", "id"):
        found.setdefault(subject_of(job), []).append(job)
    return {subject: sorted(rows, key=_waits) for subject, rows in found.items()}


def job_under_way(*, project_id: uuid.UUID, subject: uuid.UUID, kinds: Collection[str]) -> Job | None:
    """The one that runs, else the one that waits longest."""
    found = jobs_under_way(project_id=project_id, subjects=[subject], kinds=kinds)
    return found[subject][0] if found else None


def is_under_way(*, project: Project, kind: str, subject: uuid.UUID, argument: str = "") -> bool:
    """Whether such a job waits or runs."""
    jobs = Job.objects.filter(project=project, kind=kind, subject=subject, argument=argument)
    return jobs.filter(state__in=UNFINISHED).exists()


@transaction.atomic
def stop_jobs(*, project: Project, kind: str, subject: uuid.UUID, user: User) -> int:
    """A person ends those jobs that wait or run; returns how many there were. The worker on such a job gets JobStopped when it next
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


def _waits(job: Job) -> bool:
    return job.state == JobState.QUEUED


def _write(job: Job, *fields: str) -> bool:
    """False when a person has stopped it: the row stays as it is then."""
    job.updated_at = timezone.now()
    mine = Job.objects.filter(pk=job.pk).exclude(state=JobState.STOPPED)
    written = mine.update(**{name: getattr(job, name) for name in (*fields, "updated_at")})
    live.changed([job.project_id])
    return bool(written)
