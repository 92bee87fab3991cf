"""How fast traces are acknowledged and can be found: OTLP over HTTP, protobuf, batches of 100 traces over 4 connections.

    .venv/bin/python -m tests.benchmarks.otlp [--batches 200] [--parts] [--no-workers] [--through-pipeline 3000]

`--parts` sends the root of each trace in a request of its own, after its children's: its event is made after the grace. "Can be
found": from the first request sent until the API counts an event for each trace; the workers embed meanwhile. `--through-pipeline N`
then takes N wire events and N traces of the same words through the whole pipeline, one after the other, each until `drain` returns.

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
    texts = [" ".join(pick.choice(WORDS) for _ in range(MESSAGE_BYTES // 2 // 6)) for _ in range(2)]

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
        "gen_ai.input.messages": messages("user", texts[0]),
        "gen_ai.output.messages": messages("assistant", texts[1]),
    }
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order"}
    start = ended_ago - 3
    return [
        span(1, "invoke_agent shop", trace=name, start=start, end=start + 3, a=agent),
        span(2, "chat gpt-4.1", 1, trace=name, start=start, end=start + 2, kind=3, a=chat),
        span(3, "execute_tool find_order", 1, trace=name, start=start + 2, end=start + 3, a=tool),
    ]


def batch(pick: random.Random, traces: int = TRACES_PER_BATCH) -> bytes:
    return as_protobuf(request(*(span for _ in range(traces) for span in trace(pick))))


def in_parts(pick: random.Random) -> tuple[bytes, bytes]:
    """Two requests: the children of 100 traces, and their roots."""
    made = [trace(pick) for _ in range(TRACES_PER_BATCH)]
    children = as_protobuf(request(*(span for spans in made for span in spans[1:])))
    return children, as_protobuf(request(*(spans[0] for spans in made)))


def until_found(server: Server, key: str, events: int) -> None:
    """Returns when the API counts as many events."""
    headers = {"Authorization": f"Bearer {key}"}

    def found() -> int:
        status, body = server.request("GET", "/v1/events/count", headers=headers)
        return int(json.loads(body)["data"]["total"]) if status == 200 else 0

    deadline = time.monotonic() + 600
    while found() < events:
        assert time.monotonic() < deadline, f"only {found()} of {events} events can be found"
        time.sleep(0.2)


def rates_through_pipeline(server: Server, key: str, number: int) -> tuple[float, float]:
    """(wire events, events of traces) a second, until `drain` returns: of the same words, in the same batches."""
    pick = random.Random(4)  # noqa: S311

    def wire() -> bytes:
        spans = [trace(pick)[1] for _ in range(TRACES_PER_BATCH)]
        events = []
        for one in spans:
            told = {item["key"]: item["value"].get("stringValue", "") for item in one["attributes"]}
            question, answered = (
                json.loads(told[f"gen_ai.{side}.messages"])[0]["parts"][0]["content"]
                for side in ("input", "output")
            )
            events.append(
                {
                    "event_id": one["traceId"], "event": "chat", "user_id": f"user-{pick.randrange(2000)}",
                    "ai_data": {"input": question, "output": answered, "model": "gpt-4.1", "convo_id": f"c-{pick.randrange(20_000)}"},
                }
            )  # fmt: skip
        return json.dumps(events).encode()

    rates = []
    for path, kind, make in (
        ("/v1/events/track", "application/json", wire),
        ("/v1/traces", "application/x-protobuf", lambda: batch(pick)),
    ):
        bodies = [make() for _ in range(number // TRACES_PER_BATCH)]
        server.manage("drain", "--timeout", "1800", seconds=1900)
        began = time.monotonic()
        result = run(
            port=server.port, path=path, headers={"Authorization": f"Bearer {key}", "Content-Type": kind},
            body=bodies.__getitem__, connections=CONNECTIONS, requests=len(bodies),
        )  # fmt: skip
        assert not result.refused, result.refused
        server.manage("drain", "--timeout", "1800", seconds=1900)
        rates.append(len(bodies) * TRACES_PER_BATCH / (time.monotonic() - began))
    return rates[0], rates[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--no-workers", action="store_true", help="the write path alone")
    parser.add_argument("--parts", action="store_true", help="the root in a request of its own")
    parser.add_argument("--through-pipeline", type=int, default=0, metavar="N", help="events of each kind")
    options = parser.parse_args()
    if options.no_workers and (options.parts or options.through_pipeline):
        parser.error(
            "without workers no events are made of traces in parts, and nothing goes through the pipeline"
        )
    pick = random.Random(3)  # noqa: S311
    bodies = [batch(pick) for _ in range(options.batches)]
    if options.parts:
        pairs = [in_parts(pick) for _ in range(options.batches)]
        bodies = [children for children, _ in pairs] + [root for _, root in pairs]
    first = [batch(pick) for _ in range(4)]
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", "0"] if options.no_workers else [])
        try:
            server.start(ready=not options.no_workers)
            server.wait(lambda: server.get("/healthz")[0] == 200, what="/healthz")
            key = server.manage("create_key", "--project", "bench", "--kind", "write")
            common: dict[str, Any] = {
                "port": server.port,
                "path": "/v1/traces",
                "headers": {"Authorization": f"Bearer {key}", "Content-Type": "application/x-protobuf"},
                "connections": CONNECTIONS,
            }
            run(**common, body=first.__getitem__, requests=4)  # connections, plans
            reader = server.manage("create_key", "--project", "bench", "--kind", "query")
            until_found(server, reader, 4 * TRACES_PER_BATCH)
            traces = options.batches * TRACES_PER_BATCH
            with cpu_per_item(server, traces):
                began = time.monotonic()
                result = run(**common, body=bodies.__getitem__, requests=len(bodies))
                until_found(server, reader, traces + 4 * TRACES_PER_BATCH)
                found = traces / (time.monotonic() - began)
            memory = memory_mb(server)
            wire, traced = (
                rates_through_pipeline(server, key, options.through_pipeline)
                if options.through_pipeline
                else (0.0, 0.0)
            )
        finally:
            server.kill_everything()
    rows = [
        (
            "traces in a batch",
            f"{TRACES_PER_BATCH} of {SPANS_PER_TRACE} spans, {len(bodies[0]) / 1024:,.0f} KiB",
        ),
        ("connections", str(CONNECTIONS)),
        ("traces/s acknowledged", f"{traces / result.seconds:,.0f}"),
        ("traces/s that can be found", f"{found:,.0f}"),
        ("p50 of a batch", f"{result.quantile(0.5):,.0f} ms"),
        ("p99 of a batch", f"{result.quantile(0.99):,.0f} ms"),
        ("refused", str(result.refused or 0)),
        ("memory of web, workers and database", f"{memory:,.0f} MB"),
    ]
    if wire:
        rows.append(("wire events/s through the pipeline", f"{wire:,.1f}"))
        rows.append(("trace events/s, of the same words", f"{traced:,.1f} ({traced / wire:.2f})"))
    print("\n".join(f"{name:38}{value}" for name, value in rows))


if __name__ == "__main__":
    main()
