"""A deadlock as PostgreSQL makes it: two jobs lock the same two rows in opposite order."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from ingest.jobs.kinds import job_kind
from ingest.jobs.queueing import queue_job
from ingest.jobs.runner import run_job
from ingest.models import Job, Project


@pytest.mark.django_db(transaction=True)
def test_the_loser_of_a_deadlock_is_tried_again_and_both_end(project: Any, other_project: Any) -> None:
    both_hold_one = threading.Barrier(2, timeout=30)
    attempts: list[str] = []

    @job_kind("cross", cluster="slow", title="Crossing")
    def cross(job: Job) -> str:
        first = job.argument not in attempts
        attempts.append(job.argument)
        order = [project.pk, other_project.pk]
        with transaction.atomic():
            for pk in order if job.argument == "forward" else reversed(order):
                Project.objects.select_for_update().get(pk=pk)
                if first and not both_hold_one.broken:
                    first = False
                    both_hold_one.wait()
        return "Crossed."

    def work(job: Job) -> None:
        run_job(job.pk)
        connection.close()

    jobs = [
        queue_job(project=project, kind="cross", subject=project.id, argument=one)
        for one in ("forward", "back")
    ]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert set(Job.objects.values_list("state", "message")) == {("done", "Crossed.")}
    assert len(attempts) == 3, "one of the two lost, once"
