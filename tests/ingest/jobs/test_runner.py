"""The one frame around jobs: it begins, reports, goes on after a kill, is stopped, is tried again, fails, ends."""

import pydoc
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError
from django_q.models import OrmQ

from ingest.jobs import runner
from ingest.jobs.kinds import Pause, UnknownKind, Work, job_kind
from ingest.jobs.progress import report_job, start_job, stop_jobs
from ingest.jobs.queueing import RUN_JOB, queue_job
from ingest.jobs.runner import TRIES, run_job
from ingest.models import Job
from ingest.models.jobs import JobState

pytestmark = pytest.mark.django_db
Queue = Callable[[Work], Job]
STEPS = 4


@pytest.fixture
def queue(project: Any, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """queue(work) -> a job of a kind that is `work`."""
    monkeypatch.setattr(runner, "FIRST_WAIT", 0.0)

    def queue(work: Work) -> Job:
        job_kind("count", cluster="slow", title="Counting")(work)
        return queue_job(project=project, kind="count", subject=project.id)

    return queue


class Counter:
    """Counts to STEPS from the job's position. `disturb(step)` is called before each step is reported."""

    __name__ = __qualname__ = "Counter"

    def __init__(self, disturb: Callable[[int], object] = lambda step: None) -> None:
        self.steps: list[int] = []
        self.disturb = disturb

    def __call__(self, job: Job) -> str:
        for step in range(int(job.position or 0) + 1, STEPS + 1):
            self.steps.append(step)
            self.disturb(step)
            report_job(job, done=step, total=STEPS, position=str(step))
        return f"{STEPS} steps."


def once(error: BaseException, *, at: int) -> Callable[[int], None]:
    """Raises the error the first time that the step comes."""
    errors = [error]

    def disturb(step: int) -> None:
        if step == at and errors:
            raise errors.pop()

    return disturb


def deadlock() -> OperationalError:
    """As Django raises what psycopg raised."""
    error = OperationalError("deadlock detected")
    error.__cause__ = psycopg.errors.DeadlockDetected()
    return error


def always(make: Callable[[], Exception]) -> Callable[[int], None]:
    def disturb(step: int) -> None:
        raise make()

    return disturb


def test_a_worker_finds_the_runner_by_the_name_in_the_task() -> None:
    assert pydoc.locate(RUN_JOB) is run_job, "as django-q2 looks for it"


def test_the_task_runs_the_job_to_its_end(queue: Queue, project: Any) -> None:
    seen: list[tuple[str, int, int]] = []

    def look(step: int) -> None:
        row = Job.objects.get()
        seen.append((row.state, row.done, row.total))

    job = queue(Counter(look))
    [task] = OrmQ.objects.all()
    assert (task.key, task.task["func"], task.task["args"]) == ("slow", RUN_JOB, (str(job.pk),))
    run_job(*task.task["args"])
    assert seen == [("running", 0, 0), ("running", 1, 4), ("running", 2, 4), ("running", 3, 4)]
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == (JobState.DONE, 4, 4, "4 steps.")


def test_a_task_that_is_delivered_twice_works_once(queue: Queue) -> None:
    counter = Counter()
    job = queue(counter)
    run_job(job.pk)
    run_job(job.pk)
    run_job(uuid.uuid4())  # its project was deleted
    assert counter.steps == [1, 2, 3, 4]


@pytest.mark.parametrize("kill", [SystemExit, KeyboardInterrupt])
def test_a_killed_job_goes_on_from_its_position(queue: Queue, kill: type[BaseException]) -> None:
    counter = Counter(once(kill(), at=3))
    job = queue(counter)
    with pytest.raises(kill):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.position) == (JobState.RUNNING, 2, "2")
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 4)
    assert counter.steps == [1, 2, 3, 3, 4]


def test_a_person_stops_it(queue: Queue, project: Any, member: Any) -> None:
    def stop(step: int) -> None:
        if step == 2:
            assert stop_jobs(project=project, kind="count", subject=project.id, user=member) == 1

    counter = Counter(stop)
    job = queue(counter)
    run_job(job.pk)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.message) == (JobState.STOPPED, 1, "Stopped by alice.")
    assert counter.steps == [1, 2]


def test_a_job_that_was_stopped_neither_ends_nor_fails(queue: Queue, project: Any, member: Any) -> None:
    """It reports nothing after it was stopped."""

    def work(job: Job) -> str:
        stop_jobs(project=project, kind="count", subject=project.id, user=member)
        return "Done."

    job = queue(work)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.STOPPED, "Stopped by alice.")


@pytest.mark.parametrize("cause", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_a_deadlock_is_tried_again_from_its_position(queue: Queue, cause: type[Exception]) -> None:
    error = OperationalError("in the way")
    error.__cause__ = cause()
    counter = Counter(once(error, at=3))
    job = queue(counter)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 4)
    assert counter.steps == [1, 2, 3, 3, 4]


def test_deadlocks_with_steps_forward_between_them_are_not_counted_together(queue: Queue) -> None:
    failures = dict.fromkeys(range(1, STEPS + 1), TRIES - 1)

    def disturb(step: int) -> None:
        failures[step] -= 1
        if failures[step] >= 0:
            raise deadlock()

    job = queue(Counter(disturb))
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_deadlock_that_comes_again_and_again_fails_the_job(queue: Queue) -> None:
    counter = Counter(always(deadlock))
    job = queue(counter)
    with pytest.raises(OperationalError):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.FAILED, "OperationalError: deadlock detected")
    assert counter.steps == [1] * TRIES


def test_a_job_that_is_stopped_while_it_waits_to_try_again_ends(
    queue: Queue, project: Any, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(always(deadlock))
    job = queue(counter)
    monkeypatch.setattr(
        runner.time,
        "sleep",
        lambda _: stop_jobs(project=project, kind="count", subject=project.id, user=member),
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED and counter.steps == [1]


@pytest.mark.parametrize("error", [OperationalError("the database is starting up"), InterfaceError("closed")])
def test_a_database_that_is_away_ends_no_job(queue: Queue, error: Exception) -> None:
    counter = Counter(once(error, at=3))
    job = queue(counter)
    with pytest.raises(type(error)):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.RUNNING, 2)
    assert start_job(job.pk), "and it can be taken up again"
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_statement_that_takes_too_long_fails_the_job(queue: Queue) -> None:
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = psycopg.errors.QueryCanceled()
    job = queue(Counter(once(error, at=1)))
    with pytest.raises(OperationalError):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED and "canceling statement" in job.message


def test_what_fails_says_why_and_another_may_be_asked_for(queue: Queue, project: Any) -> None:
    job = queue(Counter(once(ValueError("The weights are broken."), at=2)))
    with pytest.raises(ValueError, match="weights"):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.message) == (JobState.FAILED, 1, "ValueError: The weights are broken.")
    assert queue_job(project=project, kind="count", subject=project.id) != job


def test_an_unknown_kind_fails_with_its_name(project: Any) -> None:
    job = Job.objects.create(project=project, kind="conut")
    with pytest.raises(UnknownKind):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED and '"conut"' in job.message


def test_a_job_that_is_out_of_time_is_handed_on(queue: Queue) -> None:
    counts = [Pause.HAND_ON, "Counted."]
    job = queue(lambda job: counts.pop(0))
    OrmQ.objects.all().delete()
    run_job(job.pk)
    [task] = OrmQ.objects.all()
    assert (task.key, task.task["args"]) == ("slow", (str(job.pk),))
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.DONE, "Counted.") and OrmQ.objects.count() == 1


def test_a_job_that_waits_stays_under_way_and_is_not_handed_on(queue: Queue) -> None:
    job = queue(lambda job: Pause.WAIT)
    OrmQ.objects.all().delete()
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.RUNNING and not OrmQ.objects.exists()


def test_jobs_with_different_arguments_wait_beside_each_other(queue: Queue, project: Any) -> None:
    arguments: list[str] = []

    def work(job: Job) -> str:
        arguments.append(job.argument)
        return "Done."

    first = queue(work)
    more = [
        queue_job(project=project, kind="count", subject=project.id, argument=days)
        for days in ("7", "14", "14")
    ]
    assert len({first.pk, *(job.pk for job in more)}) == 3 == OrmQ.objects.count()
    for task in OrmQ.objects.order_by("id"):
        run_job(*task.task["args"])
    assert arguments == ["", "7", "14"]
