"""Events of traces that come in parts are made by a process of its own, and not by the one that watches over all, nor by a worker."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from ingest.files.imported import finish_traces
from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.models import Event, ExplicitSignal, Lane, OpenTrace, QueuedEvent
from ingest.otlp.decoding.decode import decode_traces
from ingest.store.events import store_events, store_signals
from ingest.tracing import trace_events
from ingest.tracing.traces import store_traces
from raindrop import pipeline
from raindrop.management.commands import make_events, up
from raindrop.server import priority
from raindrop.server.supervisor import Child, Supervisor, python
from tests.ingest.fixtures.otlp.builders import as_json, request, span
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def send_traces(project: Any, *, number: int) -> None:
    """Traces that are over."""
    chat = {"gen_ai.operation.name": "chat"}
    spans = [span(1, "chat", trace=f"{n:032x}", a=chat) for n in range(1, number + 1)]
    store_traces(project=project, decoded=decode_traces(as_json(request(*spans)), is_json=True))
    OpenTrace.objects.update(due_at=timezone.now())


def test_drain_waits_for_the_events_of_traces(project: Any) -> None:
    send_traces(project, number=2)
    with pytest.raises(CommandError, match="2 events left"):
        call_command("drain", timeout=0)
    pipeline.finish_traces()
    assert Event.objects.count() == 2 and not OpenTrace.objects.exists()
    assert not OrmQ.objects.exists(), "no worker has to do with it"


def test_an_import_finishes_its_own_traces_only(project: Any, other_project: Any) -> None:
    """It took those of other projects, too, and with them into the backlog."""
    for each in (project, other_project):
        send_traces(each, number=1)
    finish_traces(project=project, trace_ids=[f"{1:032x}"])
    assert list(QueuedEvent.objects.values_list("project", "lane")) == [(project.pk, Lane.BACKLOG)]
    assert OpenTrace.objects.get().project == other_project


def test_a_round_ends_after_a_while_and_the_next_goes_on(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_events, "BATCH", 1)
    monkeypatch.setattr(pipeline, "TRACES_SECONDS", 0)
    send_traces(project, number=3)
    for made in (1, 2, 3):
        pipeline.finish_traces()
        assert Event.objects.count() == made


def test_a_signal_that_crossed_its_event_is_linked(project: Any) -> None:
    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    store_signals(project=project, signals=[IncomingSignal(event_id="e", name="copy")])
    ExplicitSignal.objects.update(event=None)
    pipeline.finish_traces()
    assert ExplicitSignal.objects.get().event == Event.objects.get()


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Runs `make_events` with quick rounds, until a SIGTERM."""
    monkeypatch.setattr(pipeline, "FINISH_TRACES_SECONDS", 0.01)
    monkeypatch.setattr(make_events, "ALERT_SECONDS", 0.01)
    monkeypatch.setattr(make_events, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(make_events, "close_old_connections", lambda: None)  # the test's own
    monkeypatch.setattr(make_events.connection, "close", lambda: None)
    for module, work in ((make_events.checking, "check_due"), (make_events.sending, "send_due")):
        monkeypatch.setattr(module, work, lambda: 0)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda: call_command("make_events")
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_command_goes_on_until_it_is_told_to_end(
    project: Any, run_command: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    send_traces(project, number=1)
    rounds = []

    def round_() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise make_events.OperationalError("gone")
        real()
        signal.raise_signal(signal.SIGTERM)

    real = pipeline.finish_traces
    monkeypatch.setattr(pipeline, "finish_traces", round_)
    run_command()
    assert len(rounds) == 2 and Event.objects.count() == 1


def test_a_receiver_that_does_not_answer_holds_up_no_check(
    run_command: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sending, answered, checks = threading.Event(), threading.Event(), threading.Semaphore(0)
    went_on: list[bool] = []

    def send_due() -> None:
        sending.set()
        answered.wait(30)

    def check_due() -> None:
        if sending.is_set():
            checks.release()

    def end_after_checks() -> None:
        went_on.append(all(checks.acquire(timeout=10) for _ in range(3)))
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(make_events.sending, "send_due", send_due)
    monkeypatch.setattr(make_events.checking, "check_due", check_due)
    monkeypatch.setattr(pipeline, "finish_traces", end_after_checks)
    run_command()
    answered.set()
    assert went_on == [True]


def test_a_thread_whose_round_fails_says_so_and_goes_on(
    run_command: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = threading.Semaphore(0)
    went_on: list[bool] = []

    def send_due() -> None:
        rounds.release()
        raise LookupError("no such thing")

    def end_after_rounds() -> None:
        went_on.append(all(rounds.acquire(timeout=10) for _ in range(3)))
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(make_events.sending, "send_due", send_due)
    monkeypatch.setattr(pipeline, "finish_traces", end_after_rounds)
    run_command()
    assert went_on == [True]
    assert (
        "Sending alerts failed" in caplog.text
        and "no such thing" in caplog.text
        and "Traceback" in caplog.text
    )


def test_workers_stand_back_and_only_they_need_no_traces() -> None:
    children = {child.name: child for child in up.children(host="127.0.0.1", port=1, workers=2)}
    assert (
        int(children["workers"].environment[priority.VARIABLE])
        == children["slow workers"].nice
        == up.WORKERS_NICE
        > 0
    )
    for name in ("web", "traces"):
        assert children[name].nice == 0 and priority.VARIABLE not in children[name].environment
    assert children["workers"].environment["OPENBLAS_NUM_THREADS"] == "1", (
        "its second thread spins for nothing"
    )
    alone = up.children(host="127.0.0.1", port=1, workers=0)
    assert "traces" not in {child.name for child in alone}, "without workers traces wait"


def test_a_worker_stands_back_with_its_first_batch() -> None:
    code = (
        "import os, django; django.setup(); from raindrop.server import priority;"
        "[priority.stand_back_as_told() for _ in range(3)]; print(os.nice(0))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "raindrop.settings", priority.VARIABLE: "4"}
    done = subprocess.run(
        python("-c", code),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    assert int(done.stdout) == os.nice(0) + 4


def test_a_child_that_stands_back_says_so_to_the_kernel(tmp_path: Path) -> None:
    found = tmp_path / "nice"
    code = f"import os; open({str(found)!r}, 'w').write(str(os.nice(0)))"
    child = Child("idle", python("-c", code), nice=3)
    supervisor = Supervisor(children=[child], tick=lambda: None, state_file=tmp_path / "up.json")
    child.start()
    assert child.process is not None
    child.process.wait(30)
    supervisor.stop()
    wait_until(lambda: found.exists() and found.read_text(), what="what the child wrote")
    assert int(found.read_text()) == os.nice(0) + 3


def test_the_supervisor_makes_no_event_itself(
    project: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "close_old_connections", lambda: None)  # the test's own
    send_traces(project, number=1)
    ticker = up.Ticker(Supervisor(children=[], tick=lambda: None, state_file=tmp_path / "up.json"), None)
    ticker()
    assert not Event.objects.exists()
