"""`manage.py evaluate corpus`: the built-in signals on the corpus of agents' conversations, product by product never seen in training.

Kept products are the published figures. `--only train` (or tune, planted, public) shows leave-one-product-out figures of the others.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raindrop.evaluation.measurement import Measurement, MissingData, Table
from raindrop.statistics import Z90, wilson
from signals.detectors import DETECTORS, RULES, SIGNALS, keywords
from signals.detectors.batch import Batch, Detector
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.corpus import (
    FOLDER,
    PLANTED,
    SPLITS,
    LabelledTurn,
    kappa,
    labelled_signals,
    read_product,
    two_readings,
)
from signals.models.definitions import Sentiment

Bools = npt.NDArray[np.bool_]
Matches = dict[str, Bools]  # by signal, of each turn
KEYWORDS = {
    "refusal": (keywords.REFUSAL, "assistant"),
    "task_failure": (keywords.TASK_FAILURE, "assistant"),
    "user_frustration": (keywords.DISSATISFIED, "user"),
    "abuse": (keywords.ABUSE, "user"),
    "win": (keywords.WIN, "user"),
}
# Turns of the corpus that have the signal, for a figure of their own to be shown.
FEWEST = 5
# Held apart in the conversations' total, as the planted products' authors did: their labels are too broad to be read from words.
APART = frozenset(["task_failure", "false_success"])


def measure(data: Path, *, only: str = "kept") -> Measurement:
    """Raises MissingData."""
    splits: dict[str, Sequence[str]] = {**SPLITS, "planted": PLANTED}
    if only not in splits:
        raise MissingData(f"There is no part {only!r}. There are: {', '.join(splits)}.")
    labelled = [one for product in splits[only] for one in read_product(product)]
    batch = batch_of_turns([one.turn for one in labelled], VectorStore())
    ours = {key: _matches(detector, batch) for key, detector in DETECTORS.items()}
    rules = {key: _matches(detector, batch) for key, detector in RULES.items()}
    agreement, known = _kappas(splits[only]), labelled_signals()
    found = [
        row
        for signal in SIGNALS
        if signal.key in known and (row := _row(signal.key, labelled, ours, rules, agreement))
    ]
    header = ["signal", "turns", "kappa", "P", "90 %", "R", "F1", "rules F1", "keywords F1"]
    table = Table(
        f"corpus, {only} products ({', '.join(splits[only])}; {len(labelled)} turns)",
        header,
        [row.cells() for row in found],
    )
    numbers = {
        "shipped": _conversations(labelled, ours, known),
        "rules alone": _conversations(labelled, rules, known),
    }
    title = "conversations (without task_failure and false_success)"
    columns = list(numbers["shipped"])
    whole = Table(
        title, ["by", *columns], [[name, *(row[c] for c in columns)] for name, row in numbers.items()]
    )
    measured = [row.ours["F1"] for row in found if row.positive >= FEWEST]
    note = f"Mean F1 of the {len(measured)} signals with {FEWEST} turns or more: {np.mean(measured):.3f}."
    return Measurement(
        [table, whole], {"signals": {row.key: asdict(row) for row in found}, "conversations": numbers}, [note]
    )


@dataclass(frozen=True)
class SignalRow:
    """A signal on the products' turns."""

    key: str
    positive: int
    kappa: float | None
    ours: dict[str, float]
    rules: dict[str, float]
    keywords: dict[str, float] | None

    def cells(self) -> list[object]:
        return [
            self.key,
            self.positive,
            self.kappa,
            self.ours["precision"],
            f"{self.ours['low']:.2f} to {self.ours['high']:.2f}",
            self.ours["recall"],
            self.ours["F1"],
            self.rules["F1"],
            None if self.keywords is None else self.keywords["F1"],
        ]


def _row(
    key: str, labelled: Sequence[LabelledTurn], ours: Matches, rules: Matches, agreement: dict[str, float]
) -> SignalRow | None:
    """None where the signal is hardly ever there and never matched."""
    known = np.array([one.answer(key) is not None for one in labelled])
    truth = np.array([one.answer(key) is True for one in labelled])[known]
    if truth.sum() < FEWEST and not ours[key][known].any():
        return None
    words = None
    if key in KEYWORDS:
        name, side = KEYWORDS[key]
        texts = [one.turn.input if side == "user" else one.turn.output for one in labelled]
        words = _quality(truth, np.array([keywords.hits(name, text) for text in texts])[known])
    mine, alone = _quality(truth, ours[key][known]), _quality(truth, rules[key][known])
    return SignalRow(key, int(truth.sum()), agreement.get(key), mine, alone, words)


def _matches(detector: Detector, batch: Batch) -> Bools:
    found = np.zeros(len(batch.turns), dtype=bool)
    for one in detector.detect(batch):
        found[one.index] |= one.score >= detector.threshold
    return found


def _quality(truth: Bools, matched: Bools) -> dict[str, float]:
    """Precision with its 90 % interval, recall and F1."""
    right, found, true_count = int((truth & matched).sum()), int(matched.sum()), int(truth.sum())
    low, high = wilson(right, found, z=Z90) or (0.0, 1.0)
    precision, recall = right / max(1, found), right / max(1, true_count)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"precision": precision, "low": low, "high": high, "recall": recall, "F1": f1, "matches": found}


def _kappas(products: Sequence[str]) -> dict[str, float]:
    """By signal, where a product's writer labelled turns."""
    pairs = [two_readings(product, folder=FOLDER) for product in products if product not in PLANTED]
    if not pairs:
        return {}
    keys = {key for first, second in pairs for labels in (*first, *second) for key in labels}
    return {
        key: kappa(
            [key in labels for first, _ in pairs for labels in first],
            [key in labels for _, second in pairs for labels in second],
        )
        for key in sorted(keys)
    }


def _conversations(
    labelled: Sequence[LabelledTurn], ours: Matches, known: frozenset[str]
) -> dict[str, float]:
    """Micro precision, recall and F1 over (conversation, signal), and how many conversations in which nothing holds get a signal."""
    negative = {signal.key for signal in SIGNALS if signal.sentiment == Sentiment.NEGATIVE}
    keys = sorted(known & {signal.key for signal in SIGNALS} - APART)
    talks: dict[str, list[int]] = {}
    for place, one in enumerate(labelled):
        talks.setdefault(f"{one.product}/{one.conversation}", []).append(place)
    right = found = true_count = clean = flagged = flagged_negative = 0
    for places in talks.values():
        truth = {key for key in keys if any(labelled[p].answer(key) for p in places)}
        unsure = {key for key in keys if any(labelled[p].answer(key) is None for p in places)} - truth
        mine = {key for key in keys if any(ours[key][p] for p in places)} - unsure
        right, found, true_count = right + len(truth & mine), found + len(mine), true_count + len(truth)
        if not truth and not unsure:
            clean += 1
            flagged += bool(mine)
            flagged_negative += bool(mine & negative)
    precision, recall = right / max(1, found), right / max(1, true_count)
    return {
        "conversations": len(talks), "micro precision": precision, "micro recall": recall,
        "micro F1": 2 * precision * recall / max(1e-9, precision + recall),
        "clean": clean, "clean flagged": flagged / max(1, clean), "clean flagged negative": flagged_negative / max(1, clean),
    }  # fmt: skip
