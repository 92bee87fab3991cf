"""Which jobs wait or run: of a subject, of which kinds, in which order."""

import uuid
from typing import Any

import pytest

from ingest.jobs.kinds import all_kinds, rewriting_kinds
from ingest.jobs.progress import job_under_way, jobs_under_way
from ingest.models import Job, Project
from ingest.models.jobs import JobState

pytestmark = pytest.mark.django_db
ONE, OTHER, IDLE = (uuid.uuid4() for _ in range(3))


def job(project: Project, kind: str, state: JobState = JobState.QUEUED, subject: uuid.UUID = ONE) -> Job:
    return Job.objects.create(project=project, kind=kind, subject=subject, state=state)


def test_what_runs_comes_first_then_what_waits_longest(project: Project, other_project: Project) -> None:
    train, rescore = job(project, "train"), job(project, "rescore")
    merge, follow = job(project, "merge", JobState.RUNNING), job(project, "follow", JobState.RUNNING)
    theirs = job(project, "train", subject=OTHER)
    for state in (JobState.DONE, JobState.FAILED, JobState.STOPPED):
        job(project, "causes", state)
    job(other_project, "causes", JobState.RUNNING)
    wanted: dict[str, Any] = {"project_id": project.pk, "subjects": [ONE, OTHER, IDLE]}
    assert jobs_under_way(**wanted) == {ONE: [merge, follow, train, rescore], OTHER: [theirs]}
    assert jobs_under_way(**wanted, kinds=["rescore", "follow"]) == {ONE: [follow, rescore]}
    assert jobs_under_way(**wanted, kinds=[]) == {}


def test_the_job_that_is_worked_on(project: Project) -> None:
    job(project, "train")
    running = job(project, "rescore", JobState.RUNNING)
    kinds = ["train", "rescore"]
    assert job_under_way(project_id=project.pk, subject=ONE, kinds=kinds) == running
    assert job_under_way(project_id=project.pk, subject=ONE, kinds=["teach"]) is None


def test_the_kinds_that_write_matches_of_the_past_say_so() -> None:
    assert rewriting_kinds() == ["backfill", "follow", "merge", "question_history", "rescore"]
    assert {"train", "teach", "first_look", "causes"} <= {kind.name for kind in all_kinds()}
