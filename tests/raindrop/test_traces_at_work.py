"""Events of traces are made by the workers, one task at a time, and not by the process that watches over all."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from ingest import trace_events
from ingest.incoming import IncomingEvent, IncomingSignal
from ingest.models import Event, ExplicitSignal, OpenTrace
from ingest.otlp.decode import decode_traces
from ingest.store import store_events, store_signals
from ingest.traces import store_traces
from raindrop import pipeline, turns
from raindrop.management.commands import up
from raindrop.models import Turn
from raindrop.supervisor import Supervisor
from tests.ingest.fixtures.otlp.builders import as_json, request, span

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 0)
    yield


def send_traces(project: Any, *, number: int) -> None:
    """Traces that are over."""
    chat = {"gen_ai.operation.name": "chat"}
    spans = [span(1, "chat", trace=f"{n:032x}", a=chat) for n in range(1, number + 1)]
    store_traces(project=project, decoded=decode_traces(as_json(request(*spans)), is_json=True))
    OpenTrace.objects.update(due_at=timezone.now())


def work() -> int:
    """Plays the workers: runs what is queued; returns how many tasks were for traces."""
    tasks = list(OrmQ.objects.all())
    OrmQ.objects.all().delete()
    for task in tasks:
        {pipeline.RUN_BATCH: pipeline.run_batch, pipeline.FINISH_TRACES: pipeline.finish_traces}[task.func()](
            *task.task["args"]
        )
    return sum(task.func() == pipeline.FINISH_TRACES for task in tasks)


def test_one_task_at_a_time_makes_the_events_and_drain_waits_for_it(project: Any) -> None:
    assert not pipeline.hand_over_traces(), "there is nothing to do"
    send_traces(project, number=2)
    assert pipeline.hand_over_traces()
    assert not pipeline.hand_over_traces(), "it is with the workers already"
    with pytest.raises(CommandError, match="2 events left"):
        call_command("drain", timeout=0)
    assert work() == 1
    assert Event.objects.count() == 2
    assert not OpenTrace.objects.exists()
    send_traces(project, number=3)
    assert pipeline.hand_over_traces(), "the next one may come at once"
    pipeline.dispatch()
    assert work() == 1
    pipeline.dispatch()
    work()
    call_command("drain", timeout=0)


def test_a_backlog_takes_several_tasks(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_events, "BATCH", 1)
    monkeypatch.setattr(pipeline, "TRACES_SECONDS", 0)
    send_traces(project, number=3)
    for made in (1, 2, 3):
        assert pipeline.hand_over_traces()
        work()
        assert Event.objects.count() == made
    assert not pipeline.hand_over_traces()


def test_a_task_that_died_with_its_worker_is_handed_over_again(project: Any) -> None:
    send_traces(project, number=1)
    assert pipeline.hand_over_traces()
    OrmQ.objects.all().delete()  # of another server's worker: nobody here knows
    assert not pipeline.hand_over_traces()
    Turn.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
    assert pipeline.hand_over_traces()
    pipeline.release_claims()  # this server's workers were ended
    assert not OrmQ.objects.exists()
    assert pipeline.hand_over_traces()
    assert work() == 1
    assert Event.objects.count() == 1


def test_a_signal_that_crossed_its_event_is_work_too(project: Any) -> None:
    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    store_signals(project=project, signals=[IncomingSignal(event_id="e", name="copy")])
    ExplicitSignal.objects.update(event=None)
    assert pipeline.hand_over_traces()
    work()
    assert ExplicitSignal.objects.get().event == Event.objects.get()
    assert not pipeline.hand_over_traces()


def test_without_workers_traces_wait(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.Q_CLUSTER, "workers", 0)
    send_traces(project, number=1)
    assert not pipeline.hand_over_traces()


def test_the_supervisor_makes_no_event_itself(
    project: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "close_old_connections", lambda: None)  # the test's own
    send_traces(project, number=1)
    ticker = up.Ticker(Supervisor(children=[], tick=lambda: None, state_file=tmp_path / "up.json"), None)
    ticker.traced -= pipeline.FINISH_TRACES_SECONDS + 1
    ticker()
    assert not Event.objects.exists()
    assert work() == 1
    assert Event.objects.count() == 1


def test_a_turn_is_taken_once_until_it_runs_out() -> None:
    minute = dt.timedelta(minutes=1)
    assert turns.take_turn("a", duration=minute)
    assert not turns.take_turn("a", duration=minute)
    assert turns.take_turn("b", duration=-minute)
    assert turns.take_turn("b", duration=minute)
    turns.end_turn("a")
    assert turns.take_turn("a", duration=minute)
