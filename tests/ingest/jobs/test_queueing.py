"""Long work whose worker was killed: it goes on, or says that it does not."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, start_job
from ingest.jobs.queueing import MAX_SILENCES, RUN_JOB, STALE, purge_old_jobs, queue_job, resume_silent_jobs
from ingest.models import Job
from ingest.models.jobs import JobState
from raindrop import pipeline
from raindrop.ids import id_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counting(own_registry: None) -> None:
    @job_kind("count", cluster="slow", title="Counting")
    def count(job: Job) -> str:
        raise AssertionError("No worker is here.")


def queued(project: Any) -> Job:
    job = queue_job(project=project, kind="count", subject=project.id)
    OrmQ.objects.all().delete()  # its worker took it, and was killed
    return job


def fall_silent(job: Job, *, by: dt.timedelta) -> None:
    Job.objects.filter(pk=job.pk).update(updated_at=timezone.now() - by)


def test_a_job_whose_worker_was_killed_is_handed_out_again(project: Any) -> None:
    job = queued(project)
    assert start_job(job.pk)
    pipeline.every_minute()
    assert not OrmQ.objects.exists(), "it may well be at work"
    fall_silent(job, by=STALE)
    pipeline.every_minute()
    [task] = OrmQ.objects.all()
    assert (task.key, task.task["func"], task.task["args"]) == ("slow", RUN_JOB, (str(job.pk),))
    pipeline.every_minute()
    assert OrmQ.objects.count() == 1, "once"


def test_a_lost_task_that_nobody_began_is_handed_out_again(project: Any) -> None:
    job = queued(project)
    fall_silent(job, by=STALE)
    assert resume_silent_jobs(now=timezone.now()) == OrmQ.objects.count() == 1
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_what_kills_every_worker_fails_at_last_and_what_moves_does_not(project: Any) -> None:
    job, moving = queued(project), Job.objects.create(project=project, kind="count")
    for silence in range(MAX_SILENCES + 1):
        for one in (job, moving):
            start_job(one.pk)
        if silence:
            fall_silent(job, by=STALE * 2 ** (silence - 1) * 1.5)
            assert resume_silent_jobs(now=timezone.now()) == 0, "each time it may be silent twice as long"
        for one in (job, moving):
            fall_silent(one, by=STALE * 2**silence)
        report_job(Job.objects.get(pk=moving.pk), done=silence)
        assert resume_silent_jobs(now=timezone.now()) == 1
    job.refresh_from_db()
    moving.refresh_from_db()
    assert (job.state, moving.state) == (JobState.FAILED, JobState.RUNNING)
    assert "No worker came to its end" in job.message
    assert OrmQ.objects.count() == MAX_SILENCES


def test_a_silent_job_of_an_unknown_kind_fails_with_its_reason_and_holds_up_no_other(project: Any) -> None:
    unknown = Job.objects.create(project=project, kind="of old", state=JobState.RUNNING)
    fall_silent(unknown, by=2 * STALE)
    other = queued(project)
    fall_silent(other, by=STALE)
    assert resume_silent_jobs(now=timezone.now()) == 2
    unknown.refresh_from_db()
    assert unknown.state == JobState.FAILED and '"of old"' in unknown.message
    assert [task.task["args"] for task in OrmQ.objects.all()] == [(str(other.pk),)]


def test_what_ended_a_month_ago_is_purged(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now, month = timezone.now(), dt.timedelta(days=31)

    def job(kind: str, state: JobState, *, made: dt.timedelta = month, moved: dt.timedelta = month) -> None:
        one = Job.objects.create(id=id_at(now - made), project=project, kind=kind, state=state)
        fall_silent(one, by=moved)

    for state in (JobState.DONE, JobState.FAILED, JobState.STOPPED):
        job("old", state)
    job("runs", JobState.RUNNING)
    job("ended today", JobState.DONE, moved=dt.timedelta())
    job("new", JobState.DONE, made=dt.timedelta(days=29), moved=dt.timedelta(days=29))
    pipeline.every_minute()
    assert set(Job.objects.values_list("kind", flat=True)) == {"runs", "ended today", "new"}
    monkeypatch.setattr("ingest.jobs.queueing.PURGED_AT_ONCE", 2)
    for _ in range(3):
        job("old", JobState.DONE)
    assert [purge_old_jobs(now=now) for _ in range(3)] == [2, 1, 0]
