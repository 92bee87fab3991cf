"""Runs over the history when the database fails, when they are stopped, and batches that outlive them."""

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from ingest.jobs.queueing import purge_old_jobs
from ingest.models import Event, Job, Project, User
from raindrop.ids import id_at
from signals.llm import batches
from signals.models import LlmSettings, LlmSpend, QuestionBatch, SignalDefinition
from signals.questions import history
from signals.questions.asking import call_workers, work
from signals.questions.history import request_run, run_of, stop_run, stopping
from tests.signals.anthropic_stub import Stub
from tests.signals.questions.question_world import (
    TEXT,
    YES,
    MakeEvent,
    ask_all,
    past,
    run,
    run_pipeline,
    service,
    signal,
    states,
)

__all__ = ["past", "service", "signal"]


def fail(*args: Any, **more: Any) -> Any:
    raise OperationalError("deadlock detected")


@pytest.mark.parametrize(("owner", "where"), [(batches.PastRuns, "_read"), (history, "_report")])
def test_a_fault_of_the_database_ends_no_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, monkeypatch: pytest.MonkeyPatch, owner: Any, where: str
) -> None:  # fmt: skip
    service.answer = lambda request, n: YES
    job = request_run(signal)
    run(str(job.id))
    with monkeypatch.context() as patched:
        patched.setattr(owner, where, fail)
        call_workers()
        work(str(project.id))
    job.refresh_from_db()
    assert job.state == "running"
    call_workers()
    work(str(project.id))
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 6) and states() == ["answered"] * 6
    assert LlmSpend.objects.get().held == 0


def test_a_batch_outlives_its_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.answer = lambda request, n: YES
    job = request_run(signal)
    run(str(job.id))
    Job.objects.filter(pk=job.pk).update(state="failed", message="ValueError: something of ours")
    called = LlmSettings.objects.filter(project=project, woken_at__isnull=False)
    call_workers()
    assert called.exists(), "nobody asks after the batch"
    work(str(project.id))
    assert states() == ["answered"] * 6 and LlmSpend.objects.get().held == 0
    call_workers()
    assert not called.exists(), "nothing is left to do"


def test_a_batch_outlives_the_purge_of_its_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.answer = lambda request, n: YES
    run(str(request_run(signal).id))
    long_ago = timezone.now() - dt.timedelta(days=31)  # no worker ran since
    old = Job.objects.create(
        id=id_at(long_ago), project=project, kind="question_history", subject=signal.pk, state="failed"
    )
    Job.objects.filter(pk=old.pk).update(updated_at=long_ago)
    QuestionBatch.objects.update(job=old)
    assert purge_old_jobs(now=timezone.now()) == 1
    work(str(project.id))
    assert states() == ["answered"] * 6 and LlmSpend.objects.get().held == 0


def test_a_result_that_nobody_can_take_holds_up_nothing_else(
    past: list[Event],
    signal: SignalDefinition,
    service: Stub,
    project: Project,
    make_event: MakeEvent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.answer = lambda request, n: YES
    job = request_run(signal)
    run(str(job.id))
    run_pipeline(make_event(input=f"{TEXT} Now!"))
    monkeypatch.setattr(batches, "outcome_of", lambda result: None)  # what put_down cannot take
    for _ in range(batches.MAX_FAILURES):
        work(str(project.id))
    assert len(service.requests) == 1, "what is new was not asked about"
    assert states() == ["answered"] + ["failed"] * 6
    job.refresh_from_db()
    assert job.state == "done" and LlmSpend.objects.get().held == 0


def test_a_service_that_is_away_loses_no_batch(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, settings: Any
) -> None:
    service.answer = lambda request, n: YES
    job = request_run(signal)
    run(str(job.id))
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    for _ in range(batches.MAX_FAILURES + 1):
        run(str(job.id))
    assert states() == ["batched"] * 6
    settings.ANTHROPIC_BASE_URL = service.url
    run(str(job.id))
    assert states() == ["answered"] * 6 and LlmSpend.objects.get().money == 6 * 75
    QuestionBatch.objects.update(state="sent")
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    QuestionBatch.objects.update(created_at=timezone.now() - batches.KEPT - dt.timedelta(hours=1))
    run(str(job.id))
    assert QuestionBatch.objects.get().state == "lost"


def test_a_person_stops_a_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, member: User
) -> None:
    """What was answered by then is taken and paid for; the rest is cancelled, and its money released."""
    service.batch_status, service.answered = "in_progress", 2
    service.answer = lambda request, n: YES
    job = request_run(signal)
    run(str(job.id))
    assert stop_run(signal, user=member) == 1 and stop_run(signal, user=member) == 0
    assert run_of(signal) is None and stopping(signal) == 6 and not service.cancelled  # a worker tells it
    assert LlmSettings.objects.get(project=project).woken_at is not None
    for _ in range(2):
        work(str(project.id))
    assert service.cancelled == {"msgbatch_1"} and states() == ["batched"] * 6
    service.batch_status = "ended"
    ask_all(project)
    assert states() == ["answered"] * 2 + ["local"] * 4 and stopping(signal) == 0
    spend = LlmSpend.objects.get()
    assert (spend.calls, spend.money, spend.held) == (2, 150, 0)
    job.refresh_from_db()
    assert (job.state, job.message) == ("stopped", "Stopped by alice.")
    run(str(job.id))
    assert len(service.batches) == 1 and not service.requests

    service.cancelled.clear()
    run(str(request_run(signal).id))  # what was not asked can be asked later
    ask_all(project)
    assert states() == ["answered"] * 6 and job.state == "stopped"


def test_a_run_that_is_stopped_while_it_sends_is_cancelled(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, member: User
) -> None:
    service.batch_status = "in_progress"
    job = request_run(signal)
    sends = history.llm.batches

    def stopped_meanwhile() -> Any:
        stop_run(signal, user=member)
        return sends()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(history.llm, "batches", stopped_meanwhile)
        run(str(job.id))
    job.refresh_from_db()
    assert job.state == "stopped" and states() == ["batched"] * 6
    call_workers()
    work(str(project.id))
    assert service.cancelled == {"msgbatch_1"}
    service.batch_status = "ended"
    work(str(project.id))
    assert states() == ["local"] * 6 and LlmSpend.objects.get().money == 0
