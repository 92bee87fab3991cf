"""What was acknowledged survives kills at random moments, is stored once, and is processed once.

The supervisor brings back whatever was killed; the test starts `up` again only when the supervisor itself was among it.
"""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ingest.fixtures.otlp.builders import request, span
from tests.processes import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 10  # of the long form
# Of the short form. test_up.py kills everything, and thereby the supervisor and web.
FEW = ["workers", "database"]
VICTIMS = ["web", "worker", "workers", "traces", "database", "supervisor", "everything"]
# Read back in one go, in the server's own environment.
COUNTS = """
import json
from ingest.models import *
from signals.models import SignalDefinition, SignalMatch
acme = Project.objects.get(slug="acme")
events = {e.event_id: [str(e.id), e.input, e.output, e.is_pending, e.counted] for e in Event.objects.filter(project=acme)}
print(json.dumps({
    "rows": Event.objects.filter(project=acme).count(),
    "events": events,
    "keys": EventKey.objects.filter(project=acme).count(),
    "total": sum(total.events for total in Total.objects.filter(subject=acme.id)),
    "days": sum(day.events for day in Day.objects.filter(subject=acme.id)),
    "conversations": sum(c.events_count for c in Conversation.objects.filter(project=acme)),
    "users": sum(u.events_count for u in EndUser.objects.filter(project=acme)),
    "signals": [[s.app_event_id, str(s.event_id), s.name] for s in ExplicitSignal.objects.filter(project=acme)],
    "match_totals": sum(t.events for t in Total.objects.filter(subject__in=SignalDefinition.objects.filter(project=acme).values("id"))),
    "matches": [[str(m.event_id), m.signal.key] for m in SignalMatch.objects.filter(project=acme).select_related("signal")],
    "spans": [[s.trace_id, s.span_id, str(s.event_id)] for s in Span.objects.filter(project=acme)],
    "open_traces": OpenTrace.objects.count(),
    "queued": QueuedEvent.objects.count(),
    "failures": [f.reason for f in ProcessingFailure.objects.all()],
}))
"""


class Load:
    """What two threads send, again and again until it is acknowledged, and what was."""

    def __init__(self, server: Server, key: str, seed: int) -> None:
        self.server, self.key, self.seed = server, key, seed
        self.stopping = threading.Event()
        self.events: dict[str, tuple[str, str]] = {}  # id -> (input, output)
        self.signals: set[tuple[str, str]] = set()  # (event's id, name)
        self.traces: set[str] = set()
        self.refused: list[tuple[int, bytes]] = []
        self.resent = 0
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(2)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _run(self, thread: int) -> None:
        pick = random.Random(self.seed + thread)  # noqa: S311
        number = 0
        while not self.stopping.is_set():
            number += 1
            name = f"{thread}-{number}"
            pick.choice([self._track, self._partial, self._signal_first, self._signal_after, self._trace])(
                name
            )
            self.stopping.wait(pick.uniform(0, 0.04))

    def _send(self, path: str, body: Any) -> None:
        """Until it is acknowledged, also while stopping: what was begun is finished, as an SDK's flush does."""
        while True:
            status, answer = self.server.post(path, body, key=self.key)
            if status == 200:
                return
            if status not in (0, 503):
                self.refused.append((status, answer))
                return
            self.resent += 1
            time.sleep(0.2)

    def _event(self, name: str) -> dict[str, Any]:
        self_text = (f"hello {name}", f"no, I cannot help with {name}")
        return {
            "event_id": name, "event": "chat", "user_id": f"user-{name[-1]}",
            "ai_data": {"input": self_text[0], "output": self_text[1], "convo_id": f"c-{name[:3]}"},
        }  # fmt: skip

    def _acknowledged(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.events[event["event_id"]] = (event["ai_data"]["input"], event["ai_data"]["output"])

    def _track(self, name: str) -> None:
        events = [self._event(f"{name}-{i}") for i in range(5)]
        self._send("/v1/events/track", events)
        self._acknowledged(*events)

    def _partial(self, name: str) -> None:
        event = self._event(name)
        begin = {**event, "is_pending": True, "ai_data": {**event["ai_data"], "output": ""}}
        begin["ai_data"].pop("output")
        finish = {
            "event_id": name, "event": "chat", "user_id": event["user_id"], "is_pending": False,
            "ai_data": {"output": event["ai_data"]["output"]},
        }  # fmt: skip
        self._send("/v1/events/track_partial", begin)
        self._send("/v1/events/track_partial", finish)
        self._acknowledged(event)

    def _signal(self, name: str, kind: str) -> None:
        sent = {"event_id": name, "signal_name": kind, "signal_type": "default", "sentiment": "NEGATIVE"}
        self._send("/v1/signals/track", [{**sent, "timestamp": "2026-11-23T12:00:00Z"}])
        self.signals.add((name, kind))

    def _signal_first(self, name: str) -> None:
        self._signal(name, "thumbs_down")
        event = self._event(name)
        self._send("/v1/events/track", [event])
        self._acknowledged(event)

    def _signal_after(self, name: str) -> None:
        event = self._event(name)
        self._send("/v1/events/track", [event])
        self._acknowledged(event)
        self._signal(name, "regenerate")

    def _trace(self, name: str) -> None:
        trace = random.Random(f"{self.seed} {name}").randbytes(16).hex()  # noqa: S311
        messages = {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4.1",
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"hello {name}"}]}]),
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": f"hi {name}"}]}]),
        }  # fmt: skip
        if int(name.split("-")[1]) % 2:  # whole: its event is made with it
            root = span(
                1, "invoke_agent shop", trace=trace, end=2.0, a={"gen_ai.operation.name": "invoke_agent"}
            )
            self._send("/v1/traces", request(root, span(2, "chat gpt-4.1", 1, trace=trace, a=messages)))
            self.traces.add(trace)
            return
        # In two requests, the root last: a kill may come between them.
        self._send(
            "/v1/traces",
            request(span(2, "chat gpt-4.1", 1, trace=trace, a=messages)),
        )
        self._send("/v1/traces", request(span(1, "invoke_agent shop", trace=trace, end=2.0, a={"gen_ai.operation.name": "invoke_agent"})))  # fmt: skip
        self.traces.add(trace)


def named(server: Server, *words: str) -> list[psutil.Process]:
    found = []
    for process in server.tree():
        try:
            if all(word in " ".join(process.cmdline()) for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _cluster(server: Server) -> list[psutil.Process]:
    """The default cluster's leader and what it forked."""
    return [p for p in named(server, "qcluster") if "Q_CLUSTER_NAME" not in p.environ()]


def kill(server: Server, victim: str, pick: random.Random) -> None:
    """kill -9. "worker": any one process of the cluster, idle or at work, or its sentinel, pusher or monitor."""
    assert server.process
    if victim == "everything":
        server.kill_everything()
        return
    if victim == "supervisor":
        chosen = [psutil.Process(server.process.pid)]
    elif victim == "web":
        chosen = named(server, "uvicorn")
    elif victim == "traces":
        server.wait(lambda: named(server, "make_events"), what="the process that makes events of traces")
        chosen = named(server, "make_events")
    elif victim == "database":
        chosen = [p for p in named(server, "postgres", "-D") if p.name() == "postgres"]
    else:
        # The old web process may have answered /readyz for a moment: the cluster is perhaps still starting.
        server.wait(lambda: len(_cluster(server)) > 1, what="the workers")
        members = _cluster(server)
        chosen = (
            members
            if victim == "workers"
            else [pick.choice([p for p in members if p.pid != os.getpgid(p.pid)])]
        )
    assert chosen, f"no {victim} runs"
    for process in chosen:
        process.kill()
    if victim == "supervisor":
        server.process.wait(10)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("RAINDROP_TRACE_GRACE_SECONDS", "2")
    server = Server(tmp_path / "data")
    yield server
    server.kill_everything()


@pytest.mark.parametrize("kills", [len(FEW), pytest.param(KILLS, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_ten_kills(server: Server, kills: int) -> None:
    seed = int(os.environ.get("RAINDROP_TEST_SEED", "20261123"))
    pick = random.Random(seed)  # noqa: S311
    print(f"RAINDROP_TEST_SEED={seed}")
    server.start()
    key = server.manage("create_key", "--project", "acme", "--kind", "write")
    load = Load(server, key, seed)
    victims = list(FEW)
    if kills > len(FEW):
        victims = VICTIMS + pick.choices(VICTIMS, k=kills - len(VICTIMS))
        pick.shuffle(victims)
    load.start()
    try:
        for victim in victims:
            before = len(load.events)
            server.wait(lambda least=before + 20: len(load.events) >= least, what="acknowledged events")
            time.sleep(pick.uniform(0, 3))
            began = time.monotonic()
            kill(server, victim, pick)
            if victim in ("supervisor", "everything"):
                server.start()
            print(
                f"killed {victim} after {len(load.events)} events ({time.monotonic() - began:.1f} s)",
                flush=True,
            )
        before = len(load.events)
        server.wait(lambda: len(load.events) >= before + 20, what="acknowledged events after the last kill")
    finally:
        load.stop()
    server.wait(lambda: server.get("/readyz")[0] == 200, what="/readyz after the last kill")
    server.wait(lambda: found(server)["open_traces"] == 0, what="the end of the open traces")
    server.manage("drain", "--timeout", "120")
    check(load, found(server))

    server.stop()
    assert not server.tree(), "Ctrl-C leaves no process behind"


def test_idle_workers_that_are_killed_take_no_lock_with_them(server: Server) -> None:
    """An idle worker holds the lock of the queue that it waits at: those that take its place would wait for ever."""
    server.start()
    key = server.manage("create_key", "--project", "acme", "--kind", "write")
    members = _cluster(server)
    [leader] = [p for p in members if p.pid == os.getpgid(p.pid)]
    [sentinel] = leader.children()
    for process in sentinel.children():
        process.kill()
    assert (
        server.post("/v1/events/track", {"event": "chat", "ai_data": {"input": "hello"}}, key=key)[0] == 200
    )
    server.manage("drain", "--timeout", "45")


def found(server: Server) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(server.manage("shell", "--no-imports", "-c", COUNTS).splitlines()[-1])
    return result


def check(load: Load, found: dict[str, Any]) -> None:
    print(
        f"{len(load.events)} events, {len(load.signals)} signals, {len(load.traces)} traces; resent {load.resent} times"
    )
    assert not load.refused, "only 503 or a broken connection may answer what was sent"
    assert not found["failures"]
    assert found["queued"] == 0
    assert load.signals and load.traces and load.resent, "the load was not what it should be"

    stored = found["events"]
    assert found["rows"] == found["keys"] == len(stored), "an event is stored twice"
    lost = load.events.keys() - stored.keys()
    assert not lost, "acknowledged events are lost"
    for event_id, (text_in, text_out) in load.events.items():
        assert stored[event_id][1:4] == [text_in, text_out, False], "it is final and merged"
    traced = {trace: event for trace, _, event in found["spans"]}
    assert set(traced) == load.traces
    assert len(found["spans"]) == 2 * len(load.traces), "each span is stored once"
    ids = {row[0] for row in stored.values()}
    assert {event for _, _, event in found["spans"]} <= ids, "each span has its event"
    assert len(set(traced.values())) == len(load.traces), "each trace has an event of its own"
    assert len(stored) == len(load.events) + len(load.traces)

    assert all(row[4] for row in stored.values()), "each event is counted"
    assert found["total"] == found["days"] == len(stored), "each event is processed exactly once"
    assert found["conversations"] == len(stored)

    attached = {(app_id, name): event for app_id, event, name in found["signals"]}
    assert len(attached) == len(found["signals"]), "each signal is stored once"
    assert set(attached) == load.signals
    matches = [tuple(match) for match in found["matches"]]
    assert len(matches) == len(set(matches)) == found["match_totals"], "each match is counted once"
    for (app_id, name), event in attached.items():
        assert event == stored[app_id][0], "a signal is attached to its event"
        assert (event, name) in set(matches), "and is a signal match there"
