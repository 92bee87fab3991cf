"""Issues whose truth is known, as a project would hold them: public intents, the same among other chat, and planted problems."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from issues.classifier.definition_text import what_counts
from issues.classifier.model import Bools, Floats, Sides
from labeling.evaluation.planted_leads import PlantedLeads
from labeling.queue.fusing import rank_by_words
from labeling.queue.sources import MOST_WORDS
from raindrop.evaluation.measurement import read_rows
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.grouping.planted import Planted, read_planted
from signals.search.tokens import document, words_of

SETS = ("banking77", "hwu64")
POOL = 3000  # texts of a set that may be asked about
INTENTS = 12  # of each set, evenly spread over its sorted names
SMALL_WORLD = 24  # intents that make up the whole traffic of `narrow_worlds`
OUT_OF_SCOPE = "stackoverflow_short"
GREETINGS = ("hi there, ", "hey so ", "ok listen ", "hello!! ", "quick question - ", "um, ", "good morning, ")
TAILS = (" pls help", " thx", " ???", " any idea?", ", kind of urgent", " been trying all day")
TYPOS = 0.06  # of the letters


@dataclass(frozen=True, slots=True)
class World:
    """One issue over n events. `pool`: indices of the events that may be asked about; `tested`: of those that it is measured on.

    `by_words`, `by_reader`, `by_leads`: the events that the words of the definition, a reader's phrases and each lead find, best first
    (labeling/queue/sources.py, leads.py).
    `units`: (n,), which conversation each event belongs to, where conversations are measured, else None: an event counts for itself.
    """

    name: str
    definition: Floats  # (384,), of title and description
    sides: Sides
    truth: Bools  # (n,)
    pool: NDArray[np.intp]
    tested: NDArray[np.intp]
    units: NDArray[np.intp] | None = None
    by_words: Sequence[int] = ()
    by_reader: Sequence[int] = ()
    by_leads: Sequence[tuple[float, Sequence[int]]] = ()  # each with its weight

    def f1(self, predicted: Bools) -> float:
        """Of `predicted` (n,) on the tested events or their conversations. One without a match in truth or prediction is 0."""
        predictions, held = predicted[self.tested], self.truth[self.tested]
        if self.units is not None:
            predictions, held = self._any(predictions), self._any(held)
        both = int(predictions.sum() + held.sum())
        return float(2 * (predictions & held).sum() / both) if both else 0.0

    def _any(self, of_events: Bools) -> Bools:
        assert self.units is not None
        units = self.units[self.tested]
        found: Bools = np.bincount(units, weights=of_events, minlength=int(units.max()) + 1) > 0
        return found


def intent_worlds(data: Path, store: VectorStore, *, chosen_on: bool) -> Iterator[World]:
    """One intent against the rest, its name as title. Asked about: texts of the split train; measured on: test. Raises MissingData."""
    for name in SETS:
        train, test = _texts(data, name, "train", POOL), _texts(data, name, "test", None)
        yield from _recast(name, train, test, store, chosen_on=chosen_on)


def narrow_worlds(data: Path, store: VectorStore, *, chosen_on: bool) -> Iterator[World]:
    """The same in traffic of SMALL_WORLD intents, half of each set, so that each is about 4 % of it. Raises MissingData."""
    train, test = [], []
    for name in SETS:
        to_ask, to_measure = _texts(data, name, "train", None), _texts(data, name, "test", None)
        names = sorted({label for label, _ in to_ask})[0 if chosen_on else 1 :: 2]
        number = SMALL_WORLD // len(SETS)
        names = names[:: max(1, len(names) // number)][:number]
        train += [row for row in to_ask if row[0] in names]
        test += [row for row in to_measure if row[0] in names]
    random.Random(0).shuffle(train)  # noqa: S311 - a sample, not a secret
    yield from _recast(f"{SMALL_WORLD} intents", train[:POOL], test, store, every=True)


def mixed_worlds(data: Path, store: VectorStore, *, chosen_on: bool, rough: bool) -> Iterator[World]:
    """The same where every second text is about something else. `rough`: the texts to come have typos, greetings and tails, those that are
    asked about have none. Raises MissingData."""
    other = [("", row["text"]) for row in read_rows(data, OUT_OF_SCOPE)]
    random.Random(0).shuffle(other)  # noqa: S311 - a sample, not a secret
    for name in SETS:
        train, test = _texts(data, name, "train", POOL // 2), _texts(data, name, "test", POOL // 2)
        test = test + other[len(train) : len(train) + len(test)]
        if rough:
            test = [(label, roughened(text, seed)) for seed, (label, text) in enumerate(test)]
        kind = "rough" if rough else "mixed"
        yield from _recast(f"{name} {kind}", train + other[: len(train)], test, store, chosen_on=chosen_on)


def planted_worlds(data: Path, store: VectorStore, product: str) -> Iterator[World]:
    """Each planted problem of a product, with its title and description. A turn is a match when the problem shows in it; measured over all
    conversations. Raises MissingData."""
    for one in read_planted(data):
        if one.name == product:
            yield from _planted(one, data, store)


def roughened(text: str, seed: int) -> str:
    """As somebody types in a hurry. The same text and seed give the same."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    letters = list(text.lower())
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and draw.random() < TYPOS:
            if draw.random() < 0.5:
                letters[place] = ""
            else:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return draw.choice(GREETINGS) + "".join(letters) + draw.choice(TAILS)


# -- inside


def _texts(data: Path, name: str, split: str, most: int | None) -> list[tuple[str, str]]:
    found = [
        (row["label"], row["text"])
        for row in read_rows(data, f"{name}_fewshot_splits")
        if row["split"] == split
    ]
    random.Random(0).shuffle(found)  # noqa: S311 - a sample, not a secret
    return found[:most]


def _recast(
    name: str,
    train: Sequence[tuple[str, str]],
    test: Sequence[tuple[str, str]],
    store: VectorStore,
    *,
    chosen_on: bool = False,
    every: bool = False,
) -> Iterator[World]:
    """`every`: each intent is one, else INTENTS of those that settings are `chosen_on` or of those that are reported."""
    rows = [*train, *test]
    vectors = store.of([text for _, text in rows])
    sides = Sides(vectors, np.zeros_like(vectors))
    labels = np.array([label for label, _ in rows])
    holders = _holders(text for _, text in train)
    counts = {label: int((labels[len(train) :] == label).sum()) for label in sorted(set(labels) - {""})}
    # Every second name is chosen on, the others are reported.
    names = [label for label, count in counts.items() if count >= 8][0 if chosen_on else 1 :: 2]
    names = list(counts) if every else names[:: max(1, len(names) // INTENTS)][:INTENTS]
    for label in names:
        yield World(
            f"{name}: {label}",
            store.of([label.replace("_", " ").lower()])[0],
            sides,
            labels == label,
            np.arange(len(train)),
            np.arange(len(train), len(rows)),
            by_words=_by_words(label.replace("_", " ").lower(), holders, len(train)),
        )


def _planted(product: Planted, data: Path, store: VectorStore) -> Iterator[World]:
    path = data / "planted" / product.name / "problems.json"
    problems = json.loads(path.read_text(encoding="utf-8"))
    sides = Sides(
        store.of([turn.input.raw for turn in product.turns]),
        store.of([turn.output.raw for turn in product.turns]),
    )
    units = np.array(product.of_turn, np.intp)
    shows = _turns_that_show(product)
    every = np.arange(len(units))
    holders = _holders(document(turn.input.raw, turn.output.raw) for turn in product.turns)
    phrases = _phrases(product)
    phrase_vectors = store.of(list(phrases.values()))
    leads = PlantedLeads(product, store)
    for kind, problem in problems.items():
        truth = np.array([shows.get(turn) == kind for turn in range(len(units))])
        text = f"{problem['title']}. {what_counts(problem['description'])}".strip()
        definition = store.of([text])[0]
        near = np.argsort(-(phrase_vectors @ definition), kind="stable").tolist()
        turns = list(phrases)
        yield World(
            f"{product.name}: {kind}",
            definition,
            sides,
            truth,
            every,
            every,
            units,
            by_words=_by_words(text, holders, len(units)),
            by_reader=[turns[place] for place in near],
            by_leads=leads.of(problem["title"], definition, sides),
        )


def _holders(texts: Iterable[str]) -> dict[str, list[int]]:
    """Word -> the rows of the texts that hold it."""
    found: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        for word in set(words_of(text)):
            found.setdefault(word, []).append(row)
    return found


def _by_words(text: str, holders: Mapping[str, list[int]], number: int) -> list[int]:
    words = list(dict.fromkeys(words_of(text)))[:MOST_WORDS]
    return rank_by_words({word: holders[word] for word in words if word in holders}, number)


def _phrases(product: Planted) -> dict[int, str]:
    """What a reader said went wrong, by the turn in which its quote stands, else the conversation's last: as save_facet has it."""
    turns: dict[int, list[int]] = {}
    for turn, conversation in enumerate(product.of_turn):
        turns.setdefault(conversation, []).append(turn)
    found = {}
    for conversation, reading in enumerate(product.readings):
        if reading is None or not reading.went_wrong or conversation not in turns:
            continue
        mine = turns[conversation]
        quoting = [
            turn
            for turn in mine
            if reading.quote
            and (
                reading.quote in product.turns[turn].input.raw
                or reading.quote in product.turns[turn].output.raw
            )
        ]
        found[(quoting or mine[-1:])[0]] = reading.went_wrong
    return found


def _turns_that_show(product: Planted) -> dict[int, str]:
    """Turn -> the problem that shows in it: of the user's messages up to `problem_message`, the last one's turn."""
    found = {}
    first: dict[int, int] = {}
    for turn, conversation in enumerate(product.of_turn):
        first.setdefault(conversation, turn)
    for conversation, row in enumerate(product.rows):
        kind, at = row["labels"].get("problem"), row["labels"].get("problem_message")
        if kind and at is not None:
            before = sum(message["role"] == "user" for message in row["messages"][: at + 1])
            found[first[conversation] + max(0, before - 1)] = kind
    return found
