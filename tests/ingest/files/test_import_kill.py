"""`manage.py import_events` as a process that is killed with -9 in the middle, together with the database: run again, it ends
with every line there, exactly once."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.fixtures.exports import langfuse_generation, langfuse_trace
from tests.processes import ROOT, Server

pytestmark = pytest.mark.slow

CONVERSATIONS, TRACES = 6000, 150
# By the number of kills: (share of the lines after which one comes, seconds of a pause into a batch, whether the database is killed too).
KILLS = {1: [(0.3, 0.1, True)], 2: [(0.1, 0.05, False), (0.4, 0.15, True)]}
COUNT = """
import collections, json
from ingest.models import Event, EventKey, OpenTrace, QueuedEvent, Span
ids = list(Event.objects.filter(project__slug="acme").values_list("event_id", flat=True))
print(json.dumps({
    "events": ids, "keys": EventKey.objects.count(), "open": OpenTrace.objects.count(), "spans": Span.objects.count(),
    "tool_calls": sum(Event.objects.values_list("tool_calls", flat=True)),
    "linked": Span.objects.filter(event__isnull=False).count(),
    "unqueued": Event.objects.exclude(id__in=QueuedEvent.objects.values("event_id")).count(),
    "of_maya": Event.objects.filter(end_user__user_id="maya").count(),
    "lost_tools": Event.objects.filter(name="chat_message", event_id__endswith=":0").exclude(tool_calls=1).count(),
}))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    server.kill_everything()


def lines(conversations: int, traces: int) -> Iterator[dict[str, Any]]:
    """Conversations of two turns with a tool call; among them the generations of traces, whose own lines come last."""
    for number in range(conversations):
        yield {
            "conversation_id": f"talk-{number}",
            "user_id": f"user-{number % 90}",
            "messages": [
                {"role": "user", "content": f"Where is order {number}?"},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "1", "name": "find", "arguments": "{}"}],
                },
                {"role": "tool", "tool_call_id": "1", "content": "shipped"},
                {"role": "assistant", "content": f"Order {number} is on its way."},
                {"role": "user", "content": "Thank you. " + "And what about the other one? " * 20},
                {"role": "assistant", "content": "There is no other one."},
            ],
        }
        if number % (conversations // traces) == 0:
            yield langfuse_generation(traceId=f"{number:032x}", id=f"{number:016x}")
    for number in range(0, conversations, conversations // traces):
        yield langfuse_trace(id=f"{number:032x}", observations=None, scores=None)


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_killed_twice_in_the_middle(server: Server, tmp_path: Path, kills: int) -> None:
    conversations, traces = CONVERSATIONS * kills // 2, TRACES * kills // 2
    path = tmp_path / "talks.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines(conversations, traces)))
    total = conversations + 2 * traces
    server.prepare()
    server.manage("create_key", "--project", "acme", "--kind", "write")

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "import_events", str(path), "--project", "acme", "--redate", "7d"],
            env=server.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def done() -> int:
        """Lines that are noted as done."""
        noted = [0]
        for file in (server.data_dir / "imports").glob("*.json"):
            noted.append(json.loads(file.read_text()).get("lines", 0))
        return max(noted)

    server.log.write_text("")
    reached = 0
    for share, pause, kill_database in KILLS[kills]:
        process = start()
        server.wait(
            lambda share=share, process=process: done() >= share * total or process.poll() is not None,
            what="the middle",
        )
        time.sleep(pause)  # into a batch
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        if kill_database:
            server.kill_everything()
        assert reached < done() < total, "the import went on where it had stopped, and was not over"
        reached = done()

    process = start()
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()
    found = json.loads(server.manage("shell", "-v", "0", "-c", COUNT).splitlines()[-1])
    talks = {f"talk-{number}:{turn}" for number in range(conversations) for turn in range(2)}
    traced = {f"{number:032x}" for number in range(0, conversations, conversations // traces)}
    assert len(found["events"]) == found["keys"] == len(talks) + traces
    assert set(found["events"]) == talks | traced
    assert found["tool_calls"] == conversations and found["lost_tools"] == 0
    assert found["spans"] == found["linked"] == total
    assert (found["of_maya"], found["open"], found["unqueued"]) == (traces, 0, 0)
    assert not list((server.data_dir / "imports").iterdir()), "nothing is left of an import that ended"
    assert not path.with_name("talks.jsonl.rejects.jsonl").exists()
