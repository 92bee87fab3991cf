"""Jobs that an earlier version wrote, with the function's dotted path in the row and in the task: they run after the migration."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from ingest.jobs.queueing import RUN_JOB, resume_silent_jobs
from ingest.jobs.runner import run_job
from ingest.models import Job
from raindrop.ids import new_id

BEFORE, AFTER = ("ingest", "0011_plain_spans"), ("ingest", "0014_jobs_name_no_function")
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


def migrate(*target: tuple[str, str]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(list(target))
    return MigrationExecutor(connection).loader.project_state(list(target)).apps


@pytest.fixture
def written(transactional_db: None, project: Any) -> Iterator[dict[str, str]]:
    """The id of a waiting job by the kind that its row has, as an earlier version wrote them."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        old = migrate(BEFORE).get_model("ingest", "Job")
        made = {}
        for kind, (task, cluster) in WRITTEN.items():
            job = old.objects.create(
                id=new_id(), project_id=project.pk, kind=kind, subject=new_id(), task=task, cluster=cluster
            )
            made[kind] = str(job.pk)
            async_task(task, str(job.pk), **({"cluster": cluster} if cluster else {}))
        yield made
    finally:
        migrate(*newest)


def test_they_run_after_the_migration(written: dict[str, str]) -> None:
    async_task("raindrop.workers.beat")
    OrmQ.objects.create(key="raindrop", payload="of another secret key")
    waiting = {row.pk: (row.key, row.lock) for row in OrmQ.objects.all()}
    then = migrate(AFTER)
    rows = set(Job.objects.values_list("kind", "argument"))
    assert rows == {(kind, "14" if kind == "evidence" else "") for kind in (*ENDED, "evidence")}
    assert {row.pk: (row.key, row.lock) for row in OrmQ.objects.all()} == waiting
    tasks = [row.task for row in OrmQ.objects.exclude(payload="of another secret key")]
    assert [task["func"] for task in tasks].count("raindrop.workers.beat") == 1
    ours = [task for task in tasks if task["func"] == RUN_JOB]
    assert {task["args"][0] for task in ours} == set(written.values()) and len(ours) == len(WRITTEN)
    # As signals/migrations/0020 does: there are none any more. By the model of then: today's looks into tables that are not there yet.
    then.get_model("ingest", "Job").objects.filter(kind="evidence").delete()
    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes())
    for task in ours:
        run_job(*task["args"])
    assert dict(Job.objects.values_list("kind", "message")) == ENDED
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_with_the_queue_in_redis_they_are_handed_out_within_a_minute(
    written: dict[str, str], settings: Any
) -> None:
    OrmQ.objects.all().delete()
    settings.REDIS_URL = "redis://nowhere"
    migrate(AFTER)
    settings.REDIS_URL = ""
    assert resume_silent_jobs(now=timezone.now() + dt.timedelta(seconds=1)) == len(WRITTEN)
    kept = {job for kind, job in written.items() if not kind.startswith("evidence")}  # a kind that is no more
    assert {row.task["args"][0] for row in OrmQ.objects.all()} == kept


def test_the_migration_can_be_taken_back(written: dict[str, str]) -> None:
    migrate(AFTER)
    old = migrate(BEFORE).get_model("ingest", "Job")
    rows = {
        kind: (task, cluster) for kind, task, cluster in old.objects.values_list("kind", "task", "cluster")
    }
    assert rows == WRITTEN
    functions = {row.task["args"][0]: row.task["func"] for row in OrmQ.objects.all()}
    assert functions == {job: WRITTEN[kind][0] for kind, job in written.items()}
