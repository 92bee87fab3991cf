"""The few-shot intent sets (BANKING77, HWU64) as both few-shot measurements read them: embedded once, one intent against the rest."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raindrop.embedder import embed_texts
from raindrop.evaluation.measurement import read_rows

SETS = ("banking77", "hwu64")
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]
Answers = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Intents:
    """`vectors` (n, 384) and `labels` (n,), which index `names`; `named` (names, 384): the names' own vectors, as sentences."""

    names: list[str]
    named: Floats
    vectors: Floats
    labels: Ints
    splits: npt.NDArray[np.str_]

    def rows(self, split: str, *, most: int | None = None) -> Ints:
        """Indices of the split's rows; `most` of them, drawn evenly and always the same."""
        found = np.flatnonzero(self.splits == split)
        if most is not None and len(found) > most:
            found = np.sort(np.random.default_rng(0).choice(found, most, replace=False))
        return found


def load_intents(data: Path, name: str, *, splits: set[str]) -> Intents:
    """Raises MissingData."""
    rows = [row for row in read_rows(data, f"{name}_fewshot_splits") if row["split"] in splits]
    names = sorted({row["label"] for row in rows})
    place = {label: index for index, label in enumerate(names)}
    return Intents(
        names=names,
        named=embed_texts([label.replace("_", " ").lower() for label in names]),
        vectors=embed_texts([row["text"] for row in rows]),
        labels=np.array([place[row["label"]] for row in rows]),
        splits=np.array([row["split"] for row in rows]),
    )


def f1(predicted: Answers, truth: Answers) -> float:
    both = predicted.sum() + truth.sum()
    return float(2 * (predicted & truth).sum() / both) if both else 0.0
