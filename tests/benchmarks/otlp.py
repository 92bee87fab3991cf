"""How fast traces are stored and acknowledged: OTLP over HTTP, protobuf, batches of 100 traces over 4 connections.

    .venv/bin/python -m tests.benchmarks.otlp [--batches 200] [--no-workers]

A trace is what an instrumented agent sends for one turn: an agent's span with a model's and a tool's span under it, and 1.5 KB
of messages. Starts a server of its own in a temporary directory; client, server and database share the machine.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.client import run
from tests.benchmarks.cost import cpu_per_item, memory_mb
from tests.benchmarks.ingest_http import WORDS
from tests.ingest.fixtures.otlp.builders import T0, as_protobuf, request, span
from tests.processes import Server

TRACES_PER_BATCH = 100
SPANS_PER_TRACE = 3
MESSAGE_BYTES = 1500
CONNECTIONS = 4


def trace(pick: random.Random) -> list[dict[str, Any]]:
    """Three spans. The messages are in the model's span, half of them the user's and half the agent's."""
    ended_ago = (time.time_ns() - T0) / 1e9 - pick.uniform(5, 60)  # the builders count from T0
    name = pick.randbytes(16).hex()
    said = [" ".join(pick.choice(WORDS) for _ in range(MESSAGE_BYTES // 2 // 6)) for _ in range(2)]

    def messages(role: str, text: str) -> str:
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])

    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "shop",
        "gen_ai.conversation.id": f"c-{pick.randrange(20_000)}",
        "user.id": f"user-{pick.randrange(2000)}",
    }
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.response.id": f"resp-{name[:12]}",
        "gen_ai.usage.input_tokens": 200,
        "gen_ai.usage.output_tokens": 120,
        "gen_ai.input.messages": messages("user", said[0]),
        "gen_ai.output.messages": messages("assistant", said[1]),
    }
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order"}
    start = ended_ago - 3
    return [
        span(1, "invoke_agent shop", trace=name, start=start, end=start + 3, a=agent),
        span(2, "chat gpt-4.1", 1, trace=name, start=start, end=start + 2, kind=3, a=chat),
        span(3, "execute_tool find_order", 1, trace=name, start=start + 2, end=start + 3, a=tool),
    ]


def batch(pick: random.Random) -> bytes:
    return as_protobuf(request(*(span for _ in range(TRACES_PER_BATCH) for span in trace(pick))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--no-workers", action="store_true", help="the write path alone")
    options = parser.parse_args()
    pick = random.Random(3)  # noqa: S311
    bodies = [batch(pick) for _ in range(options.batches + 4)]
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", "0"] if options.no_workers else [])
        server.start(ready=not options.no_workers)
        server.wait(lambda: server.get("/healthz")[0] == 200, what="/healthz")
        try:
            key = server.manage("create_key", "--project", "bench", "--kind", "write")
            common: dict[str, Any] = {
                "port": server.port,
                "path": "/v1/traces",
                "headers": {"Authorization": f"Bearer {key}", "Content-Type": "application/x-protobuf"},
                "connections": CONNECTIONS,
            }
            run(**common, body=lambda i: bodies[-1 - i], requests=4)  # connections, plans
            with cpu_per_item(server, options.batches * TRACES_PER_BATCH):
                result = run(**common, body=bodies.__getitem__, requests=options.batches)
            memory = memory_mb(server)
        finally:
            server.kill_everything()
    rows = [
        (
            "traces in a batch",
            f"{TRACES_PER_BATCH} of {SPANS_PER_TRACE} spans, {len(bodies[0]) / 1024:,.0f} KiB",
        ),
        ("connections", str(CONNECTIONS)),
        ("traces/s acknowledged", f"{result.per_second * TRACES_PER_BATCH:,.0f}"),
        ("p50 of a batch", f"{result.quantile(0.5):,.0f} ms"),
        ("p99 of a batch", f"{result.quantile(0.99):,.0f} ms"),
        ("refused", str(result.refused or 0)),
        ("memory of web, workers and database", f"{memory:,.0f} MB"),
    ]
    print("\n".join(f"{name:38}{value}" for name, value in rows))


if __name__ == "__main__":
    main()
