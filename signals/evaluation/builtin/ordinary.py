"""How often each signal fires on ordinary chats with agents, and what the detectors cost beside the embedding."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from raindrop.embedder import embed_texts, read_texts
from raindrop.embedder.onnx import without_tones
from raindrop.evaluation.measurement import Table
from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Turn
from signals.detectors.text import Text
from signals.evaluation.builtin import corpora
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns

CHATS = ("taubench_airline_gpt4o", "taubench_retail_community", "sgd_dev")
# Of each set, for the cost.
EVENTS = 600
GOAL = 0.25
REPEATS = 5  # the best counts: other work on the machine only adds


def rates(data: Path, store: VectorStore) -> Table:
    """Share of the events that match, by the committed weights. No truth here: they should look sane."""
    columns: list[Counter[str]] = []
    sizes = []
    for name in CHATS:
        samples = [sample for talk in corpora.talks(data, name) for sample in talk.samples]
        sizes.append(len(samples))
        matches: Counter[str] = Counter()
        for start in range(0, len(samples), 512):
            batch = batch_of_turns([sample.turn for sample in samples[start : start + 512]], store)
            for key, detector in DETECTORS.items():
                matches[key] += sum(found.score >= detector.threshold for found in detector.detect(batch))
        columns.append(matches)
    return Table(
        "share of events that match, in ordinary chats (shipped weights)",
        ["signal", *CHATS],
        [["events", *sizes]]
        + [
            [key, *(found[key] / size for found, size in zip(columns, sizes, strict=True))]
            for key in DETECTORS
        ],
    )


def cost(data: Path, store: VectorStore) -> tuple[Table, dict[str, float]]:
    """Processor seconds of all detectors, with what the tones add to the embedding, against those of embedding the same events; texts
    fresh as in the pipeline."""
    rows: list[list[object]] = []
    shares = {}
    for name in CHATS:
        everything = [sample for talk in corpora.talks(data, name) for sample in talk.samples]
        tools = frozenset(span.name for sample in everything for span in sample.turn.spans)
        samples = everything[:EVENTS]
        texts = [s.turn.input.raw for s in samples] + [s.turn.output.raw for s in samples]
        embedding, reading = _embedding_and_reading(texts)
        each = min(
            (_detector_seconds(_fresh(samples, tools, store)) for _ in range(REPEATS)),
            key=lambda run: sum(run.values()),
        )
        together = max(0.0, reading - embedding) + sum(each.values())
        shares[name] = together / embedding
        dearest = max(each, key=lambda key: each[key])
        rows.append(
            [
                name,
                embedding / len(samples) * 1e6,
                together / len(samples) * 1e6,
                (reading - embedding) / len(samples) * 1e6,
                together / embedding,
                f"{dearest} ({each[dearest] / len(samples) * 1e6:.0f})",
            ]
        )
    header = [
        "events of",
        "embedding us/event",
        "detectors us/event",
        "of these tones",
        "share",
        "dearest (us/event)",
    ]
    return Table(f"cost (goal: share < {GOAL})", header, rows), shares


def _embedding_and_reading(texts: list[str]) -> tuple[float, float]:
    """Seconds without and with the tones, each the best of REPEATS, in turns: the machine's pace changes by more than they differ."""
    embedding, reading = [], []
    for _ in range(REPEATS):
        with without_tones():
            embedding.append(_seconds(partial(embed_texts, texts)))
        reading.append(_seconds(partial(read_texts, texts)))
    return min(embedding), min(reading)


def _detector_seconds(batch: Batch) -> dict[str, float]:
    """One detector after the other, as in the pipeline: what several share counts for the first that asks for it."""
    return {key: _seconds(partial(detector.detect, batch)) for key, detector in DETECTORS.items()}


def _fresh(samples: list[Sample], tools: frozenset[str], store: VectorStore) -> Batch:
    """With texts that nothing was worked out of yet, of an agent that has these tools."""
    turns = [
        Turn(
            s.turn.id,
            Text(s.turn.input.raw),
            Text(s.turn.output.raw),
            s.turn.model,
            s.turn.spans,
            [Exchange(Text(e.input.raw), Text(e.output.raw)) for e in s.turn.previous],
            agent_tools=tools,
        )
        for s in samples
    ]
    batch = batch_of_turns([sample.turn for sample in samples], store)
    return replace(batch, turns=turns, notes={})


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
