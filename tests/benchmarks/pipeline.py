"""How fast events go through the whole pipeline, next to what the embedder alone does with the same texts in the same run.

    .venv/bin/python -m tests.benchmarks.pipeline [--events 10000] [--workers 2]

The pipeline's time runs from the first event sent until `manage.py drain` returns. The embedder runs in as many processes as
there are workers, with as many threads each, in the pipeline's batches, after the server has ended. With few events, to start
`drain` and the last batch, which one worker takes alone, weigh more. Memory is sampled meanwhile, as proportional set size: shared pages count once.
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import threading
import time
import uuid
from pathlib import Path

from tests.benchmarks.client import run
from tests.benchmarks.cost import memory_mb
from tests.benchmarks.ingest_http import WORDS
from tests.processes import Server

WORDS_PER_SIDE = 60  # a word of WORDS is a token: 120 an event
EVENTS_PER_REQUEST = 100
BATCH = 128  # raindrop.pipeline.BATCH_SIZE
SAMPLE_SECONDS = 10  # a look at all its processes takes 0.1 s of a core

Text = tuple[str, str]


def texts(count: int, seed: int) -> list[Text]:
    """(input, output) of events, no two alike."""
    pick = random.Random(seed)  # noqa: S311

    def side() -> str:
        return " ".join(pick.choice(WORDS) for _ in range(WORDS_PER_SIDE))

    return [(side(), side()) for _ in range(count)]


def requests(pairs: list[Text]) -> list[bytes]:
    events = [
        {
            "event_id": str(uuid.uuid4()), "event": "chat", "user_id": f"user-{i % 500}",
            "ai_data": {"input": question, "output": answer, "model": "gpt-4.1", "convo_id": f"c-{i // 4}"},
        }
        for i, (question, answer) in enumerate(pairs)
    ]  # fmt: skip
    return [
        json.dumps(events[i : i + EVENTS_PER_REQUEST]).encode()
        for i in range(0, len(events), EVENTS_PER_REQUEST)
    ]


class Memory(threading.Thread):
    """Samples the server's memory until `stop`; `peak` is in MB."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.peak, self.ended = server, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, memory_mb(self.server))

    def stop(self) -> float:
        self.ended.set()
        self.join()
        return max(self.peak, memory_mb(self.server))


def pipeline(pairs: list[Text], workers: int) -> tuple[float, float]:
    """Seconds until all is through, and MB at the most."""
    with tempfile.TemporaryDirectory(prefix="raindrop-bench-") as directory:
        server = Server(Path(directory) / "data", arguments=["--workers", str(workers)])
        server.start()
        try:
            key = server.manage("create_key", "--project", "bench", "--kind", "write")
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

            def send(bodies: list[bytes]) -> None:
                result = run(
                    port=server.port, path="/v1/events/track", headers=headers, body=bodies.__getitem__,
                    connections=4, requests=len(bodies),
                )  # fmt: skip
                assert not result.refused, result.refused

            send(requests(texts(4 * BATCH, seed=1)))  # each worker loads its model
            server.manage("drain", "--timeout", "300")
            memory = Memory(server)
            memory.start()
            began = time.monotonic()
            send(requests(pairs))
            server.manage("drain", "--timeout", "500")
            seconds = time.monotonic() - began
            return seconds, memory.stop()
        finally:
            server.kill_everything()


def _embed(pairs: list[Text]) -> int:
    from raindrop.embedder import embed_texts

    return len(embed_texts([question for question, _ in pairs] + [answer for _, answer in pairs]))


def embedder(pairs: list[Text], workers: int) -> float:
    """Seconds for the vectors alone."""
    os.environ["RAINDROP_EMBEDDER_THREADS"] = "1"  # as tests.processes gives it to the workers
    batches = [pairs[i : i + BATCH] for i in range(0, len(pairs), BATCH)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(_embed, [texts(BATCH, seed=1)] * (2 * workers), chunksize=1)  # each loads its model
        began = time.monotonic()
        pool.map(_embed, batches, chunksize=1)
        return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    pairs = texts(options.events, seed=2)
    through, memory = pipeline(pairs, options.workers)
    alone = embedder(pairs, options.workers)
    rows = [
        ("events of about 120 tokens", f"{options.events:,}"),
        (
            "whole pipeline, until drain returns",
            f"{through:,.1f} s, {options.events / through:,.0f} events/s",
        ),
        (
            f"embedder alone, {options.workers} processes",
            f"{alone:,.1f} s, {options.events / alone:,.0f} events/s",
        ),
        ("pipeline / embedder", f"{alone / through:.2f}"),
        ("memory of web, workers and database", f"{memory:,.0f} MB"),
    ]
    print("\n".join(f"{name:38}{value}" for name, value in rows))


if __name__ == "__main__":
    main()
