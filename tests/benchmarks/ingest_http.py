"""How fast events are stored and acknowledged over HTTP, and how much memory it takes.

    .venv/bin/python -m tests.benchmarks.ingest_http [--seconds 10]

Starts a server of its own in a temporary directory; client, server and database share the machine. The workers run
meanwhile unless --no-workers: then the figure is that of the write path alone.
"""

import argparse
import json
import random
import tempfile
import time
import uuid
from pathlib import Path

from tests.benchmarks.client import Result, run
from tests.benchmarks.cost import cpu_per_item, memory_mb
from tests.processes import Server

WORDS = [
    "please",
    "check",
    "the",
    "order",
    "status",
    "refund",
    "flight",
    "booking",
    "cannot",
    "change",
    "payment",
    "card",
    "agent",
    "help",
    "again",
    "wrong",
    "item",
    "size",
]


def event(size: int) -> dict[str, object]:
    """A wire event of about `size` bytes of text, half the user's and half the agent's."""
    pick = random.Random(random.getrandbits(64))  # noqa: S311
    text = lambda n: " ".join(pick.choice(WORDS) for _ in range(n // 6))  # noqa: E731
    return {
        "event_id": str(uuid.uuid4()),
        "event": "chat",
        "user_id": f"user-{pick.randrange(2000)}",
        "ai_data": {"input": text(size // 2), "output": text(size // 2), "model": "gpt-4.1", "convo_id": f"c-{pick.randrange(20000)}"},
        "properties": {"plan": pick.choice(["free", "pro"]), "release": "v12"},
    }  # fmt: skip


def report(name: str, result: Result, events_per_request: int) -> None:
    print(
        f"{name}: {result.per_second * events_per_request:,.0f} events/s ({result.per_second:,.0f} requests/s), "
        f"p50 {result.quantile(0.5):.1f} ms, p99 {result.quantile(0.99):.1f} ms, refused {result.refused or 0}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=600)
    parser.add_argument("--singles", type=int, default=8000)
    parser.add_argument("--no-workers", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", "0"] if options.no_workers else [])
        server.start(ready=not options.no_workers)
        server.wait(lambda: server.get("/healthz")[0] == 200, what="/healthz")
        try:
            key = server.manage("create_key", "--project", "bench", "--kind", "write")
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            batches = [json.dumps([event(900) for _ in range(100)]).encode() for _ in range(options.batches)]
            singles = [json.dumps(event(900)).encode() for _ in range(options.singles)]
            slow = [json.dumps(event(900)).encode() for _ in range(2000)]
            common = {"port": server.port, "path": "/v1/events/track", "headers": headers}
            with cpu_per_item(server, 100 * len(batches)):
                result = run(**common, body=batches.__getitem__, connections=4, requests=len(batches))
            report("batches of 100 over 4 connections", result, 100)
            print(f"memory of web, workers and database: {memory_mb(server):,.0f} MB")
            if not options.no_workers:
                began = time.monotonic()
                server.manage("drain", "--timeout", "1200")
                print(f"drained in {time.monotonic() - began:.0f} s; memory {memory_mb(server):,.0f} MB")
            with cpu_per_item(server, len(singles)):
                result = run(**common, body=singles.__getitem__, connections=16, requests=len(singles))
            report("single events over 16 connections", result, 1)
            if not options.no_workers:
                server.manage("drain", "--timeout", "1200")
            report(
                "single events at 200/s",
                run(**common, body=slow.__getitem__, connections=16, requests=len(slow), rate=200),
                1,
            )
        finally:
            server.kill_everything()


if __name__ == "__main__":
    main()
