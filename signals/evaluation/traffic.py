"""Ordinary traffic, as the pipeline's detectors would read it: every turn of a set of conversations, without a database."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.files.conversations import own_times, turns_of
from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData
from signals.detectors.batch import Turn
from signals.evaluation.corpus import turns_of_conversation

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


@dataclass(frozen=True, slots=True)
class SourceTurn:
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


def read_source(name: str, *, data: Path) -> list[SourceTurn]:
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


def _turns(source: str, row: dict[str, Any]) -> list[SourceTurn]:
    """A conversation's turns; their times only where the data have any: an agent cannot be wrong about a date that was made up here."""
    times = own_times(turns_of(row))
    turns = turns_of_conversation(row)
    return [
        SourceTurn(
            source=source,
            conversation=str(row["conversation_id"]),
            place=place,
            last=place == len(turns) - 1,
            turn=replace(turn, at=times.get(place)),
        )
        for place, turn in enumerate(turns)
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        for line in file:
            if line.strip():
                yield json.loads(line)
