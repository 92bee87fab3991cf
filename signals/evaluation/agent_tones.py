"""Fits the readers of an agent's tones (raindrop/embedder/tone.py) on the corpus: what the mean over an answer's tokens has lost."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from raindrop.embedder import AGENT_TONES
from raindrop.embedder.tone import Reader
from signals.detectors.heads import Floats
from signals.evaluation.builtin.fitting import Examples
from signals.evaluation.builtin.readers import ReaderRecipe, fit_reader, read
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.corpus import LabelledTurn

# The signal that each tone is learned from. The others, and these, help to learn what to look at.
SIGNALS = dict(zip(AGENT_TONES, ("refusal", "task_failure", "laziness", "missing_capability"), strict=True))
ASIDES = ("agent_repetition", "hand_over")
RECIPE = ReaderRecipe(width=32, epochs=4)
POSITIVE_WEIGHT = 3.0


def fit_agent_tones(
    labelled: Sequence[LabelledTurn], store: VectorStore, folds: Sequence[Sequence[str]]
) -> tuple[Floats, dict[str, Reader]]:
    """Each turn's tones, (n, len(AGENT_TONES)), by readers that saw no turn of its fold's products; and the readers that saw all.

    A product in no fold is read by readers that saw all; its turns must not be among what is judged.
    """
    states = store.states_of([one.turn.output.raw for one in labelled])
    order = (*SIGNALS.values(), *ASIDES)
    answers = np.array([[_number(one, signal) for signal in order] for one in labelled], dtype=np.float32)
    products = np.array([one.product for one in labelled])
    # The corpus alone: the public sets' long answers would take an hour, and know one signal only.
    known = np.flatnonzero(np.isin(products, [*chain.from_iterable(folds)]))
    tones = np.zeros((len(labelled), len(SIGNALS)), dtype=np.float32)
    readers: dict[str, Reader] = {}
    for column, tone in enumerate(SIGNALS):
        examples = _examples(labelled, states, answers, column)
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


def _examples(labelled: Sequence[LabelledTurn], states: list[Any], answers: Floats, column: int) -> Examples:
    truth = np.nan_to_num(answers[:, column]) > 0.5  # noqa: PLR2004
    count = len(labelled)
    return Examples(
        texts=[one.turn.output for one in labelled],
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
