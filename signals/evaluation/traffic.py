"""Ordinary traffic, as the pipeline's detectors would read it: every turn of a set of conversations, without a database."""

import datetime as dt
import gzip
import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.conversations import events_of_conversation, own_times, turns_of
from ingest.incoming import IncomingEvent
from raindrop.data_dir import BASE_DIR
from raindrop.embedder import TONES
from raindrop.evaluation.measurement import MissingData
from raindrop.evaluation.signals.vectors import VectorStore
from signals.batches import PREVIOUS_CHARACTERS
from signals.detectors.batch import PREVIOUS_TURNS, Batch, Exchange, SpanFacts, Turn, nearness_of
from signals.detectors.text import Text

# Each source and its file, in the first folder that has it: fixtures/ or the data sets' own (`--data`).
SOURCES = {
    "taubench_airline_gpt4o": "taubench_airline_gpt4o.jsonl.gz",
    "taubench_retail_community": "taubench_retail_community.jsonl.gz",
    "sgd_dev": "sgd_dev.jsonl.gz",
    "multichallenge": "multichallenge.jsonl.gz",
    "ledgerly": "planted/ledgerly/conversations.jsonl",
    "tutor": "planted/tutor/conversations.jsonl",
    "bazaarly": "corpus/bazaarly/conversations.jsonl",
    "opsdeck": "corpus/opsdeck/conversations.jsonl",
    "townhall": "corpus/townhall/conversations.jsonl",
}
# Left out of all fitting, of every choice of a threshold and of all reading: what is published is measured here. No head and no turn
# model has learned from them (the others: retail, sgd and multichallenge are training data of heads, the planted products of turn models).
KEPT_SOURCES = ("taubench_airline_gpt4o", "bazaarly", "opsdeck", "townhall")
NO_TIME = dt.datetime(
    2026, 11, 2, tzinfo=dt.UTC
)  # any: a turn's own time is kept only where the data have one


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn of a source: the `place`-th of its conversation, from 0. `last`: nothing follows it."""

    source: str
    conversation: str
    place: int
    last: bool
    turn: Turn

    @property
    def id(self) -> str:
        return turn_id(self.source, self.conversation, self.place)


def turn_id(source: str, conversation: str, place: int) -> str:
    """Ten hexadecimal digits that say which turn it is, and nothing of its text."""
    return _digest(source, conversation, str(place))[:10]


def row_id(source: str, conversation: str, place: int, signal: str) -> str:
    """Of a turn and a signal."""
    return _digest(source, conversation, str(place), signal)[:16]


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read_source(name: str, *, data: Path) -> list[Spoken]:
    """The turns of a source in order. Raises MissingData."""
    if name not in SOURCES:
        raise MissingData(f"There is no source {name!r}. There are: {', '.join(SOURCES)}.")
    paths = [folder / SOURCES[name] for folder in (BASE_DIR / "fixtures", data)]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise MissingData(
            f"There is no {' and no '.join(map(str, paths))}. --data says where the data sets lie."
        )
    return [spoken for row in _rows(path) for spoken in _turns(name, row)]


def _turns(source: str, row: dict[str, Any]) -> list[Spoken]:
    """As the pipeline would load them: each with its spans and the turns before it."""
    times = own_times(turns_of(row))
    events = events_of_conversation(row, start=NO_TIME)
    exchanges = [
        Exchange(
            Text((event.input or "")[:PREVIOUS_CHARACTERS]),
            Text((event.output or "")[:PREVIOUS_CHARACTERS]),
            tuple(_spans(event)),
        )
        for event in events
    ]
    return [
        Spoken(
            source=source,
            conversation=str(row["conversation_id"]),
            place=place,
            last=place == len(events) - 1,
            turn=Turn(
                id=uuid.uuid5(uuid.NAMESPACE_URL, f"{source}/{event.event_id}"),
                input=Text(event.input or ""),
                output=Text(event.output or ""),
                model=event.model or "",
                spans=_spans(event),
                previous=exchanges[max(0, place - PREVIOUS_TURNS) : place],
                at=times.get(place),
            ),
        )
        for place, event in enumerate(events)
    ]


def _spans(event: IncomingEvent) -> list[SpanFacts]:
    return [
        SpanFacts(
            span_id=str(number),
            kind=span.kind,
            name=span.name,
            status=span.status,
            error=span.error,
            output=span.output,
            input=span.input,
        )
        for number, span in enumerate(event.spans)
    ]


def batch_of_turns(turns: Sequence[Turn], vectors: VectorStore) -> Batch:
    """With the vectors and tones that the pipeline would have stored."""
    users, agents = [turn.input.raw for turn in turns], [turn.output.raw for turn in turns]
    tones = vectors.tones_of(users) if turns else np.zeros((0, len(TONES)), dtype=np.float32)
    user_vectors, agent_vectors = vectors.of(users), vectors.of(agents)
    before = [
        (vectors.of([old.input.raw for old in turn.previous]), vectors.of([old.output.raw for old in turn.previous]))
        for turn in turns
    ]  # fmt: skip
    rows = [
        nearness_of(user, agent, *earlier)
        for user, agent, earlier in zip(user_vectors, agent_vectors, before, strict=True)
    ]
    nearness = np.array(rows, dtype=np.float32).reshape(len(turns), -1)
    return Batch(list(turns), user_vectors, agent_vectors, user_tones=tones, nearness=nearness)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        for line in file:
            if line.strip():
                yield json.loads(line)
