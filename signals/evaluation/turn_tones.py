"""Fits the readers of tones (raindrop/embedder/tone.py) that are learned from the corpus: what the mean over a text's tokens has lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np

from raindrop.embedder import AGENT_TONES, TONES
from raindrop.embedder.tone import Reader
from signals.detectors.heads import Floats
from signals.detectors.text import Text
from signals.evaluation.builtin.fitting import Examples
from signals.evaluation.builtin.readers import ReaderRecipe, fit_reader, read
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.corpus import LabelledTurn

# Of the user's readers also wider ones, that learn twice as long with twice as much hidden: the turn models are no better with them.
RECIPE = ReaderRecipe(width=32, epochs=4)
POSITIVE_WEIGHT = 3.0


@dataclass(frozen=True)
class Speaker:
    """`signals`: by tone, the signal that it is learned from. The others, and `asides`, help to learn what to look at."""

    name: Literal["user", "agent"]
    signals: dict[str, str]
    asides: tuple[str, ...]

    def text(self, turn: LabelledTurn) -> Text:
        return turn.turn.input if self.name == "user" else turn.turn.output


USER = Speaker(
    "user",
    dict(zip(TONES[4:], ("user_frustration", "correction", "user_repetition", "win"), strict=True)),
    ("human_request", "distress", "abuse", "jailbreak"),
)
AGENT = Speaker(
    "agent",
    dict(zip(AGENT_TONES, ("refusal", "task_failure", "laziness", "missing_capability"), strict=True)),
    ("agent_repetition", "hand_over"),
)


def fit_tones(
    side: Speaker, labelled: Sequence[LabelledTurn], store: VectorStore, folds: Sequence[Sequence[str]]
) -> tuple[Floats, dict[str, Reader]]:
    """Each turn's tones, (n, len(side.signals)), by readers that saw no turn of its fold's products; and the readers that saw all.

    A product in no fold is read by readers that saw all; its turns must not be among what is judged.
    """
    texts = [side.text(one) for one in labelled]
    states = store.states_of([text.raw for text in texts])
    order = (*side.signals.values(), *side.asides)
    answers = np.array([[_number(one, signal) for signal in order] for one in labelled], dtype=np.float32)
    products = np.array([one.product for one in labelled])
    # Not the public sets: their long answers would take an hour, and know one signal only.
    known = np.flatnonzero(np.isin(products, [*chain.from_iterable(folds)]))
    tones = np.zeros((len(labelled), len(side.signals)), dtype=np.float32)
    readers: dict[str, Reader] = {}
    for column, tone in enumerate(side.signals):
        examples = _examples(labelled, texts, states, answers, column)
        whole = fit_reader(examples.take(known), RECIPE)
        readers[tone] = whole
        tones[:, column] = read(whole, states)
        for fold in folds:
            held = np.isin(products, list(fold))
            reader = fit_reader(examples.take(known[~held[known]]), RECIPE)
            tones[held, column] = read(reader, [states[i] for i in np.flatnonzero(held)])
    return tones, readers


def _number(one: LabelledTurn, signal: str) -> float:
    answer = one.answer(signal)
    return float("nan") if answer is None else float(answer)


def _examples(
    labelled: Sequence[LabelledTurn], texts: list[Text], states: list[Any], answers: Floats, column: int
) -> Examples:
    truth = np.nan_to_num(answers[:, column]) > 0.5  # noqa: PLR2004
    count = len(labelled)
    return Examples(
        texts=texts,
        vectors=np.zeros((count, 1), dtype=np.float32),
        facts=np.zeros((count, 0), dtype=np.float32),
        answers=truth,
        weights=np.where(truth, POSITIVE_WEIGHT, 1.0).astype(np.float32)
        * np.array([one.weight for one in labelled], dtype=np.float32),
        groups=[one.product for one in labelled],
        sources=[one.product for one in labelled],
        states=states,
        asides=np.delete(answers, column, axis=1),
    )
