"""From the queue to the workers: batches, retries, and giving up."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from ingest.models import Event, ProcessingFailure, QueuedEvent, Total
from ingest.store.queueing import retry_failures
from raindrop import pipeline
from raindrop.models import Heartbeat, Instance
from raindrop.server import instances
from raindrop.workers import install_schedules, last_heartbeat
from signals.models import EventEmbedding

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 0)
    yield


def work() -> int:
    """Plays the workers: runs every task that is queued; returns how many."""
    tasks = list(OrmQ.objects.all())
    OrmQ.objects.all().delete()
    for task in tasks:
        assert task.task["func"] == "raindrop.pipeline.run_batch"
        pipeline.run_batch(*task.task["args"])
    return len(tasks)


def wait_over() -> None:
    """What waits to be tried again may be tried now."""
    QueuedEvent.objects.update(available_at=timezone.now() - dt.timedelta(seconds=1))


def test_a_batch_goes_through_all_stages_once(make_event: Callable[..., Event], project: Any) -> None:
    events = [make_event(input=f"you forgot my name {i}", output="I cannot do that") for i in range(5)]
    assert pipeline.dispatch() == 5
    assert pipeline.dispatch() == 0, "what is claimed is not handed out again"
    assert work() == 1
    assert QueuedEvent.objects.count() == 0
    assert EventEmbedding.objects.filter(event__in=events).count() == 5
    assert Total.objects.get(subject=project.id).events == 5
    call_command("drain", timeout=1)


def test_a_small_batch_waits_for_more(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 60)
    monkeypatch.setattr(pipeline, "BATCH_SIZE", 3)
    make_event(), make_event()
    assert pipeline.dispatch() == 0
    make_event()
    assert pipeline.dispatch() == 3


def test_the_workers_are_not_handed_more_than_they_can_take(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BATCH_SIZE", 1)
    for _ in range(10):
        make_event()
    assert pipeline.dispatch() == 6, "three batches for each of the two workers"
    assert pipeline.dispatch() == 0
    work()
    assert pipeline.dispatch() == 4


def test_the_workers_share_what_is_no_whole_batch(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BATCH_SIZE", 6)
    monkeypatch.setattr(pipeline, "LEAST_SHARE", 2)
    for _ in range(6 + 5):
        make_event()
    assert pipeline.dispatch() == 11
    assert sorted(len(task.task["args"][0]) for task in OrmQ.objects.all()) == [2, 3, 6]
    assert work() == 3
    assert QueuedEvent.objects.count() == 0


def test_one_event_that_cannot_be_processed_fails_alone_and_can_be_retried(
    make_event: Callable[..., Event], project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = make_event(event_id="poison")
    good = [make_event() for _ in range(3)]
    broken = True

    def stage(events: list[Event]) -> None:
        if broken and poison.id in {event.id for event in events}:
            raise ValueError("no sense in it")

    monkeypatch.setattr(pipeline, "STAGES", [stage, *pipeline.STAGES])
    for attempt in range(1, pipeline.MAX_ATTEMPTS + 1):
        pipeline.dispatch()
        began = timezone.now()
        work()
        if attempt < pipeline.MAX_ATTEMPTS:
            queued = QueuedEvent.objects.get(event=poison)
            assert queued.attempts == attempt
            pause = queued.available_at - began
            assert pause >= dt.timedelta(seconds=2 ** (attempt - 1)), "it is tried again only after a pause"
            QueuedEvent.objects.update(available_at=timezone.now() + dt.timedelta(hours=1))
            assert pipeline.dispatch() == 0
            with pytest.raises(CommandError, match="Time-out"):
                call_command("drain", timeout=0)
        wait_over()
    assert QueuedEvent.objects.count() == 0
    failure = ProcessingFailure.objects.get()
    assert (failure.event, failure.attempts) == (poison, pipeline.MAX_ATTEMPTS)
    assert "no sense in it" in failure.reason
    assert "stage" in failure.traceback
    assert EventEmbedding.objects.filter(event__in=good).count() == 3
    assert Total.objects.get(subject=project.id).events == 3

    broken = False
    retry_failures([failure])
    pipeline.dispatch()
    work()
    assert Total.objects.get(subject=project.id).events == 4
    assert not ProcessingFailure.objects.exists()


def test_what_a_killed_worker_held_is_handed_out_again_and_not_for_ever(
    make_event: Callable[..., Event], project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "STAGES", [_die])
    make_event()
    for _ in range(pipeline.MAX_CLAIMS):
        assert pipeline.dispatch() == 1
        with pytest.raises(SystemExit):
            work()  # the worker died with it
        pipeline.release_claims()
    assert pipeline.dispatch() == 1
    assert work() == 0
    assert "died" in ProcessingFailure.objects.get().reason


def test_what_only_waited_for_a_killed_worker_is_not_suspect(
    make_event: Callable[..., Event], project: Any
) -> None:
    make_event()
    for _ in range(pipeline.MAX_CLAIMS + 1):
        assert pipeline.dispatch() == 1
        pipeline.release_claims()
        assert not OrmQ.objects.exists(), "it is handed over anew, not twice"
    assert pipeline.dispatch() == 1
    work()
    assert Total.objects.get(subject=project.id).events == 1


def test_a_lost_connection_is_no_fault_of_the_events(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(events: list[Event]) -> None:
        raise OperationalError("terminating connection due to unexpected postmaster exit")

    monkeypatch.setattr(pipeline, "STAGES", [stage])
    monkeypatch.setattr(pipeline, "_connection_lost", lambda: True)
    make_event()
    pipeline.dispatch()
    work()
    row = QueuedEvent.objects.get()
    assert (row.attempts, row.waiting) == (0, True)
    assert row.available_at <= timezone.now() + dt.timedelta(seconds=2)


def test_a_deadlock_is_no_fault_of_the_events_however_often(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(events: list[Event]) -> None:
        raise OperationalError("deadlock detected") from psycopg.errors.DeadlockDetected()

    event = make_event()
    with monkeypatch.context() as in_the_way:
        in_the_way.setattr(pipeline, "STAGES", [stage])
        for _ in range(pipeline.MAX_CLAIMS + 1):
            assert pipeline.dispatch() == 1
            work()
            row = QueuedEvent.objects.get()
            assert (row.attempts, row.claims, row.waiting) == (0, 0, True)
            wait_over()
    pipeline.dispatch()
    work()
    assert EventEmbedding.objects.filter(event=event).exists() and not QueuedEvent.objects.exists()


@pytest.mark.parametrize("cause", [psycopg.errors.DiskFull(), psycopg.errors.TooManyConnections(), None])
def test_no_operational_error_is_a_fault_of_the_events(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch, cause: Exception | None
) -> None:
    """A full disk made the pipeline idle for 300 s: the events stayed claimed."""

    def stage(events: list[Event]) -> None:
        raise OperationalError("could not extend file: No space left on device") from cause

    make_event()
    monkeypatch.setattr(pipeline, "STAGES", [stage])
    for _ in range(pipeline.MAX_ATTEMPTS + 1):
        assert pipeline.dispatch() == 1
        work()
        row = QueuedEvent.objects.get()
        assert (row.attempts, row.claims, row.waiting) == (0, 0, True)
        assert row.available_at <= timezone.now() + dt.timedelta(seconds=2)
        wait_over()


def test_no_claim_is_forgiven_that_was_not_counted(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker died on the event once. The next one loses its connection before it counts its own claim."""

    def gone() -> str:
        raise OperationalError("the connection is lost")

    make_event()
    QueuedEvent.objects.update(claims=1)
    assert pipeline.dispatch() == 1
    monkeypatch.setattr(pipeline, "this_instance", gone)
    work()
    row = QueuedEvent.objects.get()
    assert (row.attempts, row.claims, row.waiting) == (0, 1, True)


def test_a_statement_that_takes_too_long_counts_as_an_attempt(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(events: list[Event]) -> None:
        raise OperationalError("canceling statement") from psycopg.errors.QueryCanceled()

    make_event()
    monkeypatch.setattr(pipeline, "STAGES", [stage])
    pipeline.dispatch()
    work()
    assert QueuedEvent.objects.get().attempts == 1


def test_what_could_not_be_handed_back_is_released_when_the_database_is_well_again(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from raindrop.management.commands.up import Ticker
    from raindrop.server.supervisor import Supervisor

    make_event()
    assert pipeline.dispatch() == 1  # claimed for 300 s, and its worker could not hand it back
    ticker = Ticker(Supervisor(children=[], tick=lambda: None, state_file=tmp_path / "up.json"), None)
    full = iter([True, False, False])

    def announce() -> None:
        if next(full):
            raise OperationalError("No space left on device")

    monkeypatch.setattr("raindrop.management.commands.up.announce", announce)
    monkeypatch.setattr("raindrop.management.commands.up.connection", Unclosed())
    monkeypatch.setattr("raindrop.management.commands.up.close_old_connections", lambda: None)
    monkeypatch.delenv("RAINDROP_EMBEDDED", raising=False)
    ticker.announced = 0.0
    with pytest.raises(OperationalError):
        ticker()
    assert QueuedEvent.objects.get().available_at > timezone.now()
    ticker()
    assert QueuedEvent.objects.get().available_at <= timezone.now()


class Unclosed:
    def close(self) -> None:
        """The test's transaction needs the connection."""


def test_tasks_that_killed_workers_held_are_available_at_once() -> None:
    later = timezone.now() + dt.timedelta(hours=2)
    for cluster in ("raindrop", "slow"):
        OrmQ.objects.create(key=cluster, payload="", lock=later)
    pipeline.release_tasks("slow")
    assert list(OrmQ.objects.filter(lock__lte=timezone.now()).values_list("key", flat=True)) == ["slow"]
    pipeline.release_tasks()
    assert OrmQ.objects.filter(lock__lte=timezone.now()).count() == 2


def test_a_server_leaves_alone_what_another_one_holds(
    make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers share the database: the other one holds the first event, this one the second; a third waits in the queue."""
    monkeypatch.setattr(pipeline, "BATCH_SIZE", 1)
    monkeypatch.setattr(pipeline, "STAGES", [_die])
    other, own, waiting = [make_event() for _ in range(3)]
    assert pipeline.dispatch() == 3
    tasks = {task.task["args"][0][0]: task for task in OrmQ.objects.all()}
    rows = {row.event_id: row for row in QueuedEvent.objects.all()}
    for event, holder in ((other, "elsewhere"), (own, instances.this_instance())):
        monkeypatch.setattr(pipeline, "this_instance", lambda holder=holder: holder)
        row = str(rows[event.id].id)
        with pytest.raises(SystemExit):
            pipeline.run_batch([row])
        OrmQ.objects.filter(pk=tasks[row].pk).update(lock=timezone.now() + dt.timedelta(minutes=10))
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    Instance.objects.create(name="elsewhere", seen_at=timezone.now())

    def start() -> set[Any]:
        instances.announce()
        pipeline.release_claims()
        pipeline.release_tasks()
        install_schedules()
        free = QueuedEvent.objects.filter(available_at__lte=timezone.now())
        return set(free.values_list("event_id", flat=True))

    assert start() == {own.id}
    assert last_heartbeat() is not None
    assert OrmQ.objects.filter(lock__gt=timezone.now()).count() == 2

    Instance.objects.filter(name="elsewhere").update(seen_at=timezone.now() - instances.SILENCE)
    assert start() == {other.id, own.id, waiting.id}, "the other server is dead"
    assert last_heartbeat() is None
    instances.leave()
    assert not Instance.objects.exists()


def _die(events: list[Event]) -> None:
    raise SystemExit


def test_pending_events_wait_and_silence_finishes_them(
    make_event: Callable[..., Event], project: Any
) -> None:
    event = make_event(input="half a", is_pending=True)
    assert pipeline.dispatch() == 0
    Event.objects.filter(id=event.id).update(received_at=timezone.now() - dt.timedelta(hours=1))
    pipeline.every_minute()
    assert pipeline.dispatch() == 1
    work()
    assert Total.objects.get(subject=project.id).events == 1


@pytest.mark.parametrize("work", [pipeline.every_minute, pipeline.finish_traces])
def test_a_step_that_fails_keeps_no_other_from_its_turn(
    work: Callable[[], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    for step in [
        "ingest.store.events.finish_silent_partials",
        "ingest.tracing.trace_events.finish_open_traces",
        "ingest.tracing.earlier_turns.backfill_turns",
        "signals.detection.abandonment.find_abandoned",
        "labeling.teaching.retrain_redefined",
    ]:
        monkeypatch.setattr(step, lambda *_, step=step, **__: done.append(step.split(".")[-1]))

    def fails(**_: Any) -> None:
        raise ValueError("no sense in it")

    monkeypatch.setattr("ingest.store.feedback.link_orphans", fails)
    work()
    expected = {
        pipeline.every_minute: ["finish_silent_partials", "find_abandoned", "retrain_redefined"],
        pipeline.finish_traces: ["finish_open_traces", "backfill_turns"],
    }
    assert done == expected[work]
    assert "no sense in it" in caplog.text
