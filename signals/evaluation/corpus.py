"""The corpus of agents' conversations (fixtures/corpus): invented products whose turns two readers have labelled.

A product's folder holds `conversations.jsonl` (the conversation shape, with its writer's labels) and `readings.jsonl` (what a second
reader, who saw only the texts, said). What both say is truth. Where they differ the answer is None, and counts for nothing.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ingest.files.conversations import events_of_conversation
from ingest.incoming.values import IncomingEvent
from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData
from raindrop.web.moments import parse_moment
from signals.detectors.batch import PREVIOUS_TURNS, Exchange, SpanFacts, Turn
from signals.detectors.text import Text
from signals.matching.batches import PREVIOUS_CHARACTERS

FOLDER = BASE_DIR / "fixtures" / "corpus"
# Split by product. Nobody opens a kept product when a detector is changed: its figures are the published ones.
TRAIN = (
    "hartwell", "inkwell", "innkeep", "larder", "murmur", "palette", "parcelo", "querypad", "questforge", "reporta", "shipmate", "solvaro", "staffroom", "telvia", "vialta", "vitalia", "wayfare",
)  # fmt: skip
TUNE = ("clausewise", "hearth")
KEPT = ("bazaarly", "fernwell", "gantry", "opsdeck", "townhall")
# Whose writer labelled conversations, not turns: a turn's answer is the reader's where the writer's conversation has the signal too.
PLANTED = ("ledgerly", "tutor")
SPLITS = {"train": TRAIN, "tune": TUNE, "kept": KEPT}


@dataclass(frozen=True)
class LabelledTurn:
    """One turn. `answers`: by signal, True where both readers say that it holds, None where they differ, and absent where both say no."""

    product: str
    conversation: str
    place: int
    turn: Turn
    answers: Mapping[str, bool | None]
    # The only signals that were looked for; None: all.
    looked_for: frozenset[str] | None = None
    weight: float = 1.0

    def answer(self, signal: str) -> bool | None:
        if self.looked_for is not None and signal not in self.looked_for:
            return None
        return self.answers.get(signal, False)


def read_product(name: str, *, folder: Path = FOLDER) -> list[LabelledTurn]:
    """The turns of a product in order. Raises MissingData."""
    path = folder / name / "conversations.jsonl"
    if not path.exists():
        raise MissingData(f"There is no {path}.")
    second = _readings(folder / name / "readings.jsonl")
    found = []
    for row in _rows(path):
        turns = turns_of_conversation(row)
        first = _first_reader(row, len(turns), second)
        for place, turn in enumerate(turns):
            mine = first.get(place, set())
            theirs = second.get((row["conversation_id"], place), set())
            answers: dict[str, bool | None] = {
                signal: True if signal in mine and signal in theirs else None for signal in mine | theirs
            }
            found.append(LabelledTurn(name, row["conversation_id"], place, turn, answers))
        _complaints_count(found[-len(turns) :])
    tools = frozenset(span.name for one in found for span in one.turn.spans if span.kind == "tool")
    return [replace(one, turn=replace(one.turn, agent_tools=tools)) for one in found]


def _complaints_count(turns: Sequence[LabelledTurn]) -> None:
    """Readers note that the agent forgot where it did. The message in which the user says it again shows it too: `forgetting` holds on
    either (see its definition in signals/detectors/forgetting.py)."""
    for before, turn in pairwise(turns):
        if before.answers.get("forgetting") is True and turn.answers.get("user_repetition") is True:
            assert isinstance(turn.answers, dict)
            turn.answers["forgetting"] = True


def _first_reader(
    row: Mapping[str, Any], turns: int, second: Mapping[tuple[str, int], set[str]]
) -> dict[int, set[str]]:
    """The writer's labels by turn. Where only the conversation was labelled, a signal is on the turns on which the second reader found it;
    one that the reader found nowhere may be on any."""
    found: dict[int, set[str]] = {}
    labels = row["labels"]
    if "turns" in labels:
        for label in labels["turns"]:
            found.setdefault(label["turn"], set()).add(label["signal"])
        return found
    theirs = [second.get((row["conversation_id"], place), set()) for place in range(turns)]
    for signal in labels["signals"]:
        places = [place for place in range(turns) if signal in theirs[place]] or range(turns)
        for place in places:
            found.setdefault(place, set()).add(signal)
    return found


def turns_of_conversation(row: Mapping[str, Any]) -> list[Turn]:
    """As the pipeline would load them: each with its spans and the turns before it."""
    start = parse_moment("2026-11-02T00:00:00Z")
    events = events_of_conversation(dict(row), start=start)
    exchanges = [
        Exchange(
            Text((event.input or "")[:PREVIOUS_CHARACTERS]),
            Text((event.output or "")[:PREVIOUS_CHARACTERS]),
            tuple(_spans(event)),
        )
        for event in events
    ]
    return [
        _turn(event, exchanges[max(0, place - PREVIOUS_TURNS) : place]) for place, event in enumerate(events)
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


def _turn(event: IncomingEvent, previous: list[Exchange]) -> Turn:
    return Turn(
        id=uuid.uuid4(),
        input=Text(event.input or ""),
        output=Text(event.output or ""),
        model=event.model or "",
        spans=_spans(event),
        previous=previous,
        at=event.timestamp,
    )


def two_readings(name: str, *, folder: Path = FOLDER) -> tuple[list[set[str]], list[set[str]]]:
    """Of each turn of a product in order: the signals by its writer, and by the second reader."""
    second = _readings(folder / name / "readings.jsonl")
    firsts: list[set[str]] = []
    seconds: list[set[str]] = []
    for row in _rows(folder / name / "conversations.jsonl"):
        count = sum(message["role"] == "user" for message in row["messages"])
        first = _first_reader(row, count, second)
        firsts += [first.get(place, set()) for place in range(count)]
        seconds += [second.get((row["conversation_id"], place), set()) for place in range(count)]
    return firsts, seconds


def labelled_signals(*, folder: Path = FOLDER) -> frozenset[str]:
    """The signals that the second readers found in any product: those that the corpus has labels for."""
    paths = sorted(folder.glob("*/readings.jsonl"))
    return frozenset(signal for path in paths for signals in _readings(path).values() for signal in signals)


def kappa(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Cohen's kappa of two readers' answers on the same turns; nan where both gave one answer throughout."""
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    agreed = float((a == b).mean())
    chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def _readings(path: Path) -> dict[tuple[str, int], set[str]]:
    if not path.exists():
        raise MissingData(f"There is no {path}: the product has no second reader.")
    found: dict[tuple[str, int], set[str]] = {}
    for row in _rows(path):
        found.setdefault((row["conversation_id"], row["turn"]), set()).add(row["signal"])
    return found


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
