"""One small calibrated model per signal over a whole turn: a linear model of its vectors, its words and its facts (turn_features.py).

The rules are features here, not verdicts: a rule that is often wrong counts for little, and what no rule knows can still be read from the
words. All signals share the vectors, the vocabulary and the facts, so that a batch costs a few matrix products and one look-up a word.
Trained by `manage.py train_detectors` from fixtures/corpus and the planted products (signals/evaluation/turn_models.py), judged
leave-one-product-out; the weights lie in weights/turns.npz. Pure numpy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from signals.detectors.heads import FOLDER, READ_WORDS, grams_of, sigmoid
from signals.detectors.text import Text

Floats = npt.NDArray[np.float32]
WEIGHTS = FOLDER / "turns.npz"
ORDER = 2  # the longest gram, in words


@dataclass(frozen=True)
class Words:
    """log-odds that one side's words add: the sum of its known grams' rows / sqrt(number of its grams)."""

    places: Mapping[str, int]
    weights: Floats  # (grams, signals)

    def log_odds(self, text: Text) -> Floats:
        """(signals,)"""
        grams = _grams(text)
        known = [place for gram in grams if (place := self.places.get(gram)) is not None]
        if not known:
            return np.zeros(self.weights.shape[1], dtype=np.float32)
        total: Floats = self.weights[known].sum(axis=0, dtype=np.float32)
        return total / np.float32(math.sqrt(max(1, len(grams))))

    def telling(self, text: Text, column: int) -> tuple[int, int]:
        """The sentence of text.normal whose words add most for the signal: its [start:end]; the whole text where there is no sentence."""
        best: tuple[float, int, int] | None = None
        for start, end in text.sentences():
            grams = grams_of(Text(text.normal[start:end]).words_of(READ_WORDS), ORDER)
            known = [place for gram in grams if (place := self.places.get(gram)) is not None]
            added = float(self.weights[known, column].sum()) / math.sqrt(max(1, len(grams)))
            if best is None or added > best[0]:
                best = (added, start, end)
        return (0, len(text.normal)) if best is None else best[1:]


@dataclass(frozen=True)
class TurnModel:
    """Probability of each signal: sigmoid(scale * log-odds + shift), where 0.5 is the threshold that was set in training."""

    keys: tuple[str, ...]
    facts: tuple[str, ...]  # the rules whose scores come first among the facts
    user_vector: Floats  # (384, signals)
    agent_vector: Floats  # (384, signals)
    fact_weights: Floats  # (facts, signals)
    user_words: Words
    agent_words: Words
    bias: Floats  # (signals,)
    scale: Floats  # (signals,)

    def scores(
        self, users: Floats, agents: Floats, facts: Floats, texts: Sequence[tuple[Text, Text]]
    ) -> Floats:
        """users, agents (n, 384), facts (n, facts), n pairs of (input, output) -> (n, signals)."""
        odds = _product(users, self.user_vector) + _product(agents, self.agent_vector)
        odds += _product(facts, self.fact_weights) + self.bias
        for row, (user, agent) in enumerate(texts):
            odds[row] += self.user_words.log_odds(user) + self.agent_words.log_odds(agent)
        return sigmoid(odds * self.scale)


def _grams(text: Text) -> set[str]:
    key = ("grams", ORDER)
    grams: set[str] | None = text.notes.get(key)
    if grams is None:
        grams = text.notes[key] = grams_of(text.words_of(READ_WORDS), ORDER)
    return grams


def _product(rows: Floats, weights: Floats) -> Floats:
    """rows @ weights without BLAS, whose threads spin (see signals/detectors/heads.py)."""
    return np.asarray(np.einsum("ij,jk->ik", rows, weights), dtype=np.float32)


@cache
def load_turn_model(path: Path = WEIGHTS) -> TurnModel:
    """The committed weights. Raises FileNotFoundError: without them the installation is broken."""
    with np.load(path) as data:
        return TurnModel(
            keys=tuple(bytes(data["keys"]).decode().split("\n")),
            facts=tuple(bytes(data["facts"]).decode().split("\n")),
            user_vector=data["user_vector"].astype(np.float32),
            agent_vector=data["agent_vector"].astype(np.float32),
            fact_weights=data["fact_weights"].astype(np.float32),
            user_words=_read_words(data["user_grams"], data["user_weights"]),
            agent_words=_read_words(data["agent_grams"], data["agent_weights"]),
            bias=data["bias"].astype(np.float32),
            scale=data["scale"].astype(np.float32),
        )


def write_turn_model(path: Path, model: TurnModel) -> None:
    arrays: dict[str, Any] = {  # as NDArray of any type numpy's stub refuses them below
        "keys": _packed(model.keys),
        "facts": _packed(model.facts),
        "user_vector": model.user_vector.astype(np.float16),
        "agent_vector": model.agent_vector.astype(np.float16),
        "fact_weights": model.fact_weights.astype(np.float32),
        "user_grams": _packed(list(model.user_words.places)),
        "user_weights": model.user_words.weights.astype(np.float16),
        "agent_grams": _packed(list(model.agent_words.places)),
        "agent_weights": model.agent_words.weights.astype(np.float16),
        "bias": model.bias.astype(np.float32),
        "scale": model.scale.astype(np.float32),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _read_words(grams: npt.NDArray[np.uint8], weights: npt.NDArray[np.float16]) -> Words:
    names = bytes(grams).decode().split("\n") if grams.size else []
    return Words({gram: place for place, gram in enumerate(names)}, weights.astype(np.float32))


def _packed(names: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)
