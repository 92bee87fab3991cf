"""Small linear models ("heads") over an event's stored vectors, the words of its text and a detector's own facts.

Trained once from public data by `manage.py train_detectors`; the weights lie in signals/detectors/weights/, one .npz a head, beside
the report of what they were trained on. A batch costs one matrix product and one dictionary look-up a word: no scikit-learn here.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from signals.detectors.text import Text

FOLDER = Path(__file__).resolve().parent / "weights"
Floats = npt.NDArray[np.float32]
# Words of a text that a head reads; about what the embedder's 256 tokens hold.
READ_WORDS = 220


@dataclass(frozen=True, slots=True)
class Hidden:
    """A few intermediate yes/no questions, answered from the vector and the facts: sigmoid(x @ weights + bias)."""

    weights: Floats  # (384 + facts, questions)
    bias: Floats  # (questions,)
    output: Floats  # (questions,)


@dataclass(frozen=True, slots=True)
class Head:
    """log-odds = vector . row + sum of the grams' weights / sqrt(number of grams) + facts . row + bias.

    Zero log-odds (probability 0.5) is where its threshold was set when it was trained.
    """

    vector: Floats  # (384,)
    facts: Floats  # (number of facts,)
    bias: float
    grams: Mapping[str, float] = field(default_factory=dict)
    order: int = 2  # the longest gram, in words
    hidden: Hidden | None = None

    def log_odds(self, vectors: Floats, texts: Sequence[Text], facts: Floats) -> Floats:
        """vectors (n, 384), n texts, facts (n, number of facts) -> (n,)."""
        found = _product(vectors, self.vector) + _product(facts, self.facts) + np.float32(self.bias)
        if self.hidden is not None:
            inner = _product(np.concatenate([vectors, facts], axis=1), self.hidden.weights) + self.hidden.bias
            found = found + _product(sigmoid(inner), self.hidden.output)
        if self.grams:
            found = found + np.fromiter((self.lexical(text) for text in texts), np.float32, len(texts))
        return np.asarray(found, dtype=np.float32)

    def scores(self, vectors: Floats, texts: Sequence[Text], facts: Floats) -> Floats:
        """Probabilities, (n,)."""
        return sigmoid(self.log_odds(vectors, texts, facts))

    def lexical(self, text: Text) -> float:
        """What the words alone add to the log-odds."""
        key = ("grams", self.order)
        grams = text.notes.get(key)
        if grams is None:
            grams = text.notes[key] = grams_of(text.words_of(READ_WORDS), self.order)
        # Without a loop in Python: half the time. None stands for what the head does not know.
        return sum(filter(None, map(self.grams.get, grams))) / math.sqrt(max(1, len(grams)))

    def telling(self, text: Text) -> tuple[int, int]:
        """The sentence of text.normal whose words say most for the signal: its [start:end], not empty."""
        best: tuple[float, int, int] | None = None
        for start, end in text.sentences():
            grams = grams_of(Text(text.normal[start:end]).words_of(READ_WORDS), self.order)
            score = sum(self.grams.get(gram, 0.0) for gram in grams) / max(1, len(grams)) ** 0.5
            if best is None or score > best[0]:
                best = (score, start, end)
        return (0, len(text.normal)) if best is None else best[1:]


def grams_of(words: Sequence[str], order: int) -> set[str]:
    """The different runs of one to `order` words (three at most)."""
    grams = set(words)
    if order > 1:
        grams.update(map(" ".join, zip(words, words[1:], strict=False)))
    if order > 2:
        grams.update(map(" ".join, zip(words, words[1:], words[2:], strict=False)))
    return grams


def _product(rows: Floats, weights: Floats) -> Floats:
    """rows @ weights, without BLAS: for so little work its threads spin longer than they compute (measured: 500 us an event of
    processor time instead of 260 for all detectors)."""
    return np.asarray(np.einsum("ij,j...->i...", rows, weights), dtype=np.float32)


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


_loaded: dict[str, Head] = {}


def load_head(name: str) -> Head:
    """The committed weights of this name. Raises FileNotFoundError: a head without weights is a broken installation."""
    head = _loaded.get(name)
    if head is None:
        head = _loaded[name] = read_head(FOLDER / f"{name}.npz")
    return head


@contextlib.contextmanager
def using(name: str, head: Head) -> Iterator[None]:
    """Within, detectors ask this head instead of the committed one: to measure what was trained without some data."""
    before = _loaded.get(name)
    _loaded[name] = head
    try:
        yield
    finally:
        del _loaded[name]
        if before is not None:
            _loaded[name] = before


def read_head(path: Path) -> Head:
    with np.load(path) as data:
        hidden = None
        if "hidden_weights" in data:
            hidden = Hidden(data["hidden_weights"], data["hidden_bias"], data["hidden_output"])
        words = bytes(data["grams"]).decode().split("\n") if data["grams"].size else []
        return Head(
            vector=data["vector"],
            facts=data["facts"],
            bias=float(data["bias"]),
            grams=dict(zip(words, data["gram_weights"].astype(np.float64).tolist(), strict=True)),
            order=int(data["order"]),
            hidden=hidden,
        )


def write_head(path: Path, head: Head) -> None:
    arrays: dict[str, Any] = {  # as NDArray of any type numpy's stub refuses them below
        "vector": head.vector.astype(np.float32),
        "facts": head.facts.astype(np.float32),
        "bias": np.array(head.bias, dtype=np.float64),
        "grams": np.frombuffer("\n".join(head.grams).encode(), dtype=np.uint8),
        "gram_weights": np.array(list(head.grams.values()), dtype=np.float16),
        "order": np.array(head.order),
    }
    if head.hidden is not None:
        arrays |= {
            "hidden_weights": head.hidden.weights.astype(np.float32),
            "hidden_bias": head.hidden.bias.astype(np.float32),
            "hidden_output": head.hidden.output.astype(np.float32),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
