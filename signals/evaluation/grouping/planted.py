"""The planted products (shared/data/planted): conversations whose problems and intents are known, as discovery would see them."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from raindrop.evaluation.measurement import MissingData
from signals.detectors import SIGNALS
from signals.detectors.batch import Batch, Detector, Evidence, Turn
from signals.discovery.emerging import Occurrence
from signals.discovery.evidence import hint, sentence_of, source_of
from signals.discovery.observations import Observation, Source
from signals.discovery.told_before import said_key
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.corpus import turns_of_conversation
from signals.models.definitions import Sentiment

# As a new project has them: the negative ones that are switched on.
LOOKED_FOR = frozenset(one.key for one in SIGNALS if one.sentiment == Sentiment.NEGATIVE and one.enabled)
TOOL_FAILURE = "tool_failure"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader said of a conversation (facets.jsonl)."""

    intent: str
    went_wrong: str
    quote: str


@dataclass(frozen=True)
class Planted:
    """A product. Row i of `rows`, `problems`, `intents` and `readings` is conversation i; turn j of `turns` is of conversation `of_turn[j]`."""

    name: str
    rows: Sequence[Mapping[str, Any]]
    turns: Sequence[Turn]
    of_turn: Sequence[int]
    readings: Sequence[Reading | None]
    causes: Mapping[str, Mapping[str, str] | None]

    @property
    def problems(self) -> list[str | None]:
        return [row["labels"].get("problem") or None for row in self.rows]

    @property
    def intents(self) -> list[str]:
        return [str(row["labels"].get("intent") or "") for row in self.rows]

    @property
    def tools(self) -> list[set[str]]:
        """The names of those called in each conversation."""
        found: list[set[str]] = [set() for _ in self.rows]
        for place, turn in zip(self.of_turn, self.turns, strict=True):
            found[place] |= {span.name for span in turn.spans if span.kind == "tool"}
        return found

    @property
    def first_messages(self) -> list[str]:
        found = [""] * len(self.rows)
        for place, turn in reversed(list(zip(self.of_turn, self.turns, strict=True))):
            found[place] = turn.input.raw or found[place]
        return found

    @property
    def emerging_kinds(self) -> list[str]:
        """Whose planted cause is the newest release."""
        newest = max(self.rows, key=lambda row: _time(row))["properties"].get("release")
        return [
            kind for kind, cause in self.causes.items() if cause and cause.get("release") == newest and newest
        ]

    @property
    def starts(self) -> list[dt.datetime]:
        return [_time(row) for row in self.rows]

    def traffic(self) -> list[Occurrence]:
        return [
            Occurrence(turn.at or _time(self.rows[place]), self.user(place))
            for place, turn in zip(self.of_turn, self.turns, strict=True)
        ]

    def user(self, place: int) -> uuid.UUID:
        return self._id("user", self.rows[place].get("user_id") or self.rows[place]["conversation_id"])

    def conversation(self, place: int) -> uuid.UUID:
        return self._id("conversation", self.rows[place]["conversation_id"])

    @cached_property
    def place_of(self) -> dict[uuid.UUID, int]:
        return {self.conversation(place): place for place in range(len(self.rows))}

    def facet_observations(self) -> list[Observation]:
        return [
            self._observation(place, None, "facet", "", reading.went_wrong, reading.quote)
            for place, reading in enumerate(self.readings)
            if reading and reading.went_wrong
        ]

    def evidence_observations(
        self, detectors: Mapping[str, Detector], store: VectorStore, *, keys: frozenset[str] = LOOKED_FOR
    ) -> list[Observation]:
        """What the detectors find, as signals/clusters/ would read it."""
        batch = batch_of_turns(list(self.turns), store)
        return [
            one for key in sorted(keys & detectors.keys()) for one in self._matches(detectors[key], batch)
        ]

    def hints(self, evidence: Sequence[Observation]) -> list[set[str]]:
        """Of each conversation, by evidence.hint."""
        found: list[set[str]] = [set() for _ in self.rows]
        for one in evidence:
            if one.conversation and (name := hint(one.source, one.key)):
                found[self.place_of[one.conversation]].add(name)
        return found

    def _matches(self, detector: Detector, batch: Batch) -> Iterator[Observation]:
        for match in detector.detect(batch):
            if match.score < detector.threshold:
                continue
            place, turn = self.of_turn[match.index], self.turns[match.index]
            if detector.key == TOOL_FAILURE:
                names = {span.span_id: span.name for span in turn.spans}
                for piece in match.evidence:
                    tool = names.get(piece.get("span_id", ""), "")
                    yield self._observation(place, match.index, "tool", tool, piece["text"], piece["text"])
                continue
            piece_or_none = next((piece for piece in match.evidence if piece["text"].strip()), None)
            if piece_or_none is not None:
                yield self._signal(place, match.index, detector.key, piece_or_none)

    def _signal(self, place: int, index: int, key: str, piece: Evidence) -> Observation:
        turn = self.turns[index]
        sentence = sentence_of(piece, user=turn.input.raw, assistant=turn.output.raw)
        source, own = source_of(key, is_explicit=False), said_key(key, sentence)
        return self._observation(place, index, source, own, sentence, piece["text"])

    def _observation(
        self, place: int, index: int | None, source: Source, key: str, phrase: str, quote: str
    ) -> Observation:
        at = self.turns[index].at if index is not None else None
        event = self._id("event", f"{self.rows[place]['conversation_id']} {index}")
        return Observation(
            event, self.conversation(place), self.user(place), at or _time(self.rows[place]), source, key, phrase, quote
        )  # fmt: skip

    def _id(self, kind: str, name: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name} {kind} {name}")


def read_planted(data: Path) -> list[Planted]:
    """Every product under `data`/planted. Raises MissingData."""
    folder = data / "planted"
    found = [_read(path) for path in sorted(folder.glob("*")) if (path / "conversations.jsonl").exists()]
    if not found:
        raise MissingData(f"There is no product in {folder}. --data says where the data sets lie.")
    return found


def read_corpus_product(path: Path) -> Planted:
    """A product of fixtures/corpus, which has no causes and no reader's phrases."""
    rows = _lines(path / "conversations.jsonl")
    turns, of_turn = _turns(rows)
    return Planted(path.name, rows, turns, of_turn, [None] * len(rows), {})


def _turns(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Turn], list[int]]:
    """All turns, and the place of the conversation of each."""
    turns: list[Turn] = []
    of_turn: list[int] = []
    for place, row in enumerate(rows):
        own = turns_of_conversation(row)
        turns += own
        of_turn += [place] * len(own)
    return turns, of_turn


def _read(path: Path) -> Planted:
    rows = _lines(path / "conversations.jsonl")
    turns, of_turn = _turns(rows)
    readings = {
        row["id"]: Reading(row.get("intent") or "", row.get("went_wrong") or "", row.get("quote") or "")
        for row in (_lines(path / "facets.jsonl") if (path / "facets.jsonl").exists() else [])
    }
    problems = json.loads((path / "problems.json").read_text(encoding="utf-8"))
    return Planted(
        path.name,
        rows,
        turns,
        of_turn,
        [readings.get(row["conversation_id"]) for row in rows],
        {kind: problem.get("cause") for kind, problem in problems.items()},
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _time(row: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(row["messages"][0]["timestamp"])
