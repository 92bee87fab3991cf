"""How long a live event waits for its signals, alone and while an import runs.

    .venv/bin/python -m tests.benchmarks.live_event [--events 20000] [--workers 2] [--every 5] [--order]

A server of its own imports EVENTS events of about 120 tokens (`manage.py import_events`) into one project. Meanwhile, and before,
an event is POSTed to another project every so many seconds, and asked for by the API until it has its signal. What is asked for costs the server some work: each
event is asked for again after a twentieth of its age, at least 0.1 s.

`--order`: says instead how many events the workers get between a live event's arrival and itself, without any worker: a busy machine
does not change it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from tests.benchmarks.database import scratch_app
from tests.benchmarks.pipeline import BATCH, requests, texts
from tests.processes import ROOT, Server

REFUSAL = "I cannot help with that."  # a signal is found on it
ALONE = 12  # events before the import


class Sender:
    """Sends live events, each in a thread of its own, and notes how long each waited."""

    def __init__(self, server: Server) -> None:
        self.server, self.waited, self.threads = server, list[float](), list[threading.Thread]()
        self.write = server.manage("create_key", "--project", "live", "--kind", "write")
        self.read = server.manage("create_key", "--project", "live", "--kind", "query")

    def send(self) -> threading.Thread:
        thread = threading.Thread(target=self._send)
        self.threads.append(thread)
        thread.start()
        return thread

    def _send(self) -> None:
        name = str(uuid.uuid4())
        event = {
            "event_id": name,
            "event": "chat",
            "user_id": name,
            "ai_data": {"input": "Write a letter to my landlord", "output": REFUSAL, "convo_id": name},
        }
        began = time.monotonic()
        assert self.server.post("/v1/events/track", [event], key=self.write)[0] == 200
        headers = {"Authorization": f"Bearer {self.read}"}
        while True:
            status, body = self.server.request("GET", f"/api/events/{name}/", headers=headers)
            now = time.monotonic() - began
            assert status == 200, body
            if json.loads(body)["signals"]:
                self.waited.append(now)
                return
            time.sleep(max(0.1, now / 20))

    def finish(self) -> list[float]:
        for thread in self.threads:
            thread.join()
        found, self.waited, self.threads = self.waited, [], []
        return sorted(found)


def say(what: str, seconds: list[float]) -> None:
    worst = statistics.quantiles(seconds, n=10)[-1]
    print(
        f"{what:24}{len(seconds):4} events: median {statistics.median(seconds):.1f} s, 90 % within {worst:.1f} s, "
        f"longest {seconds[-1]:.1f} s",
        flush=True,
    )


def measure(server: Server, folder: Path, *, events: int, every: float) -> None:
    key = server.manage("create_key", "--project", "history", "--kind", "write")
    for body in requests(texts(4 * BATCH, seed=1)):  # each worker loads its model
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        assert server.request("POST", "/v1/events/track", body, headers)[0] == 200
    server.manage("drain", "--timeout", "300")
    sender = Sender(server)
    for _ in range(ALONE):
        sender.send().join()
        time.sleep(0.5)
    say("alone", sender.finish())

    path = folder / "history.jsonl"
    write_history(path, events)
    manage = [sys.executable, str(ROOT / "manage.py")]
    command = [*manage, "import_events", str(path), "--project", "history"]
    began = time.monotonic()
    importing = subprocess.Popen(command, env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    draining: subprocess.Popen[bytes] | None = None
    stored = 0.0
    while draining is None or draining.poll() is None:
        sender.send()
        time.sleep(every)
        if draining is None and importing.poll() is not None:
            assert importing.returncode == 0
            stored = time.monotonic() - began
            draining = subprocess.Popen([*manage, "drain", "--timeout", "900"], env=server.environment)
    through = time.monotonic() - began
    say("while the import runs", sender.finish())
    print(
        f"import of {events:,} events: stored after {stored:.0f} s, through after {through:.0f} s ({events / through:.0f} events/s)"
    )


def order(folder: Path, events: int) -> None:
    """The import is stored as a whole, and dispatched once. Tasks end in the order in which the workers get them."""
    from django.test import Client
    from django_q.models import OrmQ

    import raindrop.pipeline
    from ingest.files.importing import import_file
    from ingest.models import Event, QueuedEvent
    from ingest.models.projects import KeyKind
    from ingest.projects.keys import create_key
    from ingest.projects.projects import create_project

    path = folder / "history.jsonl"
    write_history(path, events)
    import_file(path, project=create_project(slug="history", name="History"))
    raindrop.pipeline.dispatch()
    _, key = create_key(project=create_project(slug="live", name="Live"), kind=KeyKind.WRITE)
    headers = {"Authorization": f"Bearer {key}"}
    body = json.dumps([{"event_id": "live", "event": "chat", "user_id": "u"}])
    answer = Client().post("/v1/events/track", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    live = str(QueuedEvent.objects.get(event=Event.objects.get(event_id="live")).pk)
    before = 0
    while True:
        time.sleep(0.1)  # as `up` does
        raindrop.pipeline.dispatch()
        task = OrmQ.objects.order_by("id")[0]
        [batch] = task.task["args"]
        task.delete()
        QueuedEvent.objects.filter(pk__in=batch).delete()
        if live in batch:
            break
        before += len(batch)
    print(f"{before:,} events of {events:,} before the live one, in a batch of {len(batch)}")


def write_history(path: Path, events: int) -> None:
    with path.open("wb") as file:
        for body in requests(texts(events, seed=2)):
            file.writelines(json.dumps(event).encode() + b"\n" for event in json.loads(body))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between live events")
    parser.add_argument("--order", action="store_true", help="count what comes before it instead")
    options = parser.parse_args()
    if options.order:
        with scratch_app(), tempfile.TemporaryDirectory() as directory:
            order(Path(directory), options.events)
        return
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", str(options.workers)])
        server.start()
        try:
            measure(server, Path(directory), events=options.events, every=options.every)
        finally:
            server.kill_everything()


if __name__ == "__main__":
    main()
