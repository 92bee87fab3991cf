"""Jobs that an earlier version wrote, with the function's dotted path in the row and in the task: they run after the migration."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from ingest.jobs.queueing import RUN_JOB, resume_silent_jobs
from ingest.jobs.runner import run_job
from ingest.models import Job
from ingest.projects.projects import create_project
from raindrop.ids import new_id
from tests.migrating import database_of_a_module, migrate, migrate_to_newest

pytestmark = pytest.mark.django_db

BEFORE, AFTER = ("ingest", "0011_plain_spans"), ("ingest", "0014_jobs_name_no_function")
FOREIGN = "of another secret key"
WRITTEN = {
    "rescore": ("issues.rescoring.rescore", "slow"),
    "train": ("labeling.teaching.run_training", ""),
    "backfill": ("signals.backfill.backfill", "slow"),
    "tune": ("signals.tuning.run_tuning", "slow"),
    "evidence 14": ("signals.evidence_report.run_clusters", ""),
    "question_history": ("signals.questions.history.run", "llm"),
}
ENDED = {
    "rescore": "The issue is gone.",
    "train": "The issue is gone.",
    "backfill": "The signal was switched off.",
    "tune": "This signal has no score to learn.",
    "question_history": "0 asked about. The signal was changed or switched off.",
}


Rows = dict[str, tuple[str, str]]


@dataclass
class Seen:
    """What lay in the tables at each station of the way. `written`: the id of a waiting job by the kind that its row had, as an earlier version
    wrote them. Tasks: id of the job -> what the queue calls, as far as they are of the jobs."""

    written: dict[str, str]
    # After the migration.
    jobs: set[tuple[str, str]]  # (kind, argument)
    waiting_before: dict[int, tuple[str, dt.datetime]]
    waiting: dict[int, tuple[str, dt.datetime]]  # (key, lock) of what is queued
    functions: list[str]
    tasks: dict[str, str]
    # After it was taken back.
    rows_back: Rows
    tasks_back: dict[str, str]
    # After it was done again while the queue was in Redis.
    handed_out: int
    tasks_handed_out: set[str]


def readable() -> list[dict[str, Any]]:
    return [row.task for row in OrmQ.objects.exclude(payload=FOREIGN)]


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: Any) -> Iterator[Seen]:
    """There and back, and there again with the queue in Redis; then to today's schema, in which the jobs can run."""
    with database_of_a_module(django_db_blocker):
        project = create_project(slug="acme")
        old = migrate(BEFORE).get_model("ingest", "Job")
        written = {}
        for kind, (task, cluster) in WRITTEN.items():
            job = old.objects.create(
                id=new_id(), project_id=project.pk, kind=kind, subject=new_id(), task=task, cluster=cluster
            )
            written[kind] = str(job.pk)
            async_task(task, str(job.pk), **({"cluster": cluster} if cluster else {}))
        async_task("raindrop.workers.beat")
        OrmQ.objects.create(key="raindrop", payload=FOREIGN)
        waiting_before = {row.pk: (row.key, row.lock) for row in OrmQ.objects.all()}

        migrate(AFTER)
        jobs = set(Job.objects.values_list("kind", "argument"))
        waiting = {row.pk: (row.key, row.lock) for row in OrmQ.objects.all()}
        functions = [task["func"] for task in readable()]
        tasks = {task["args"][0]: task["func"] for task in readable() if task["args"]}

        old = migrate(BEFORE).get_model("ingest", "Job")
        rows = old.objects.values_list("kind", "task", "cluster")
        rows_back = {kind: (task, cluster) for kind, task, cluster in rows}
        tasks_back = {task["args"][0]: task["func"] for task in readable() if task["args"]}

        OrmQ.objects.all().delete()
        with override_settings(REDIS_URL="redis://nowhere"):
            then = migrate(AFTER)
        handed_out = resume_silent_jobs(now=timezone.now() + dt.timedelta(seconds=1))
        tasks_handed_out = {row.task["args"][0] for row in OrmQ.objects.all()}

        # As signals/migrations/0020 does: there are none any more. By the model of then: today's looks into tables that are not there yet.
        then.get_model("ingest", "Job").objects.filter(kind="evidence").delete()
        migrate_to_newest()
        yield Seen(
            written=written, jobs=jobs, waiting_before=waiting_before, waiting=waiting, functions=functions, tasks=tasks,
            rows_back=rows_back, tasks_back=tasks_back, handed_out=handed_out, tasks_handed_out=tasks_handed_out,
        )  # fmt: skip


def test_they_run_after_the_migration(seen: Seen) -> None:
    assert seen.jobs == {(kind, "14" if kind == "evidence" else "") for kind in (*ENDED, "evidence")}
    assert seen.waiting == seen.waiting_before
    assert sorted(seen.functions) == sorted(["raindrop.workers.beat", *[RUN_JOB] * len(WRITTEN)])
    assert seen.tasks == dict.fromkeys(seen.written.values(), RUN_JOB)
    for job in seen.tasks:
        run_job(job)
    assert dict(Job.objects.values_list("kind", "message")) == ENDED
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_with_the_queue_in_redis_they_are_handed_out_within_a_minute(seen: Seen) -> None:
    assert seen.handed_out == len(WRITTEN)
    # A kind that is no more is ended, not handed out.
    kept = {job for kind, job in seen.written.items() if not kind.startswith("evidence")}
    assert seen.tasks_handed_out == kept


def test_the_migration_can_be_taken_back(seen: Seen) -> None:
    assert seen.rows_back == WRITTEN
    assert seen.tasks_back == {job: WRITTEN[kind][0] for kind, job in seen.written.items()}
