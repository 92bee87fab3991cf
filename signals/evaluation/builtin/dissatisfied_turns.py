"""Dissatisfied users of task chats (uss_sgd, uss_redial), found by the whole detectors: turn models, rules and heads together.

Nothing that judges a turn has learned from it: the turn models' own turns are left out, and the head behind `correction` is fitted on the
other half of the dialogues. From which score the rule of `correction` is believed was chosen on one half (CHOSEN_ON); only the other half
is untouched.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from raindrop.embedder import TONES
from signals.detectors import DETECTORS, correction, keywords
from signals.detectors.batch import Batch
from signals.detectors.heads import Floats, using
from signals.detectors.text import Text
from signals.evaluation import sources
from signals.evaluation.builtin import corpora, dissatisfaction
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.judged import CHUNK
from signals.evaluation.builtin.readers import read
from signals.evaluation.builtin.rows import Row, _row
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns

SIGNALS = ("user_frustration", "correction")
HALVES = ("chosen on", "untouched")
CHOSEN_ON = 0
GOAL = 0.35  # F1


def rows(data: Path, store: VectorStore) -> list[Row]:
    """Of each half, and of the untouched one by set. Raises MissingData."""
    samples = sources.rated_and_not_learned(data)
    half = np.array([half_of(sample) for sample in samples])
    scores = np.zeros(len(samples), dtype=np.float32)
    acts = dissatisfaction.fit_acts(data, store)
    rated = sources.rated_turns(data)
    for measured_half in range(len(HALVES)):
        known = [sample for sample in rated if half_of(sample) != measured_half]
        head, reader = dissatisfaction.fit(known, acts, store)
        places = np.flatnonzero(half == measured_half)
        with using(correction.HEAD, head):
            for start in range(0, len(places), CHUNK):
                part = places[start : start + CHUNK]
                chosen = [samples[place] for place in part]
                states = store.states_of([sample.turn.input.raw for sample in chosen])
                scores[part] = _scores(_batch(chosen, read(reader, states), store))
    of_sgd = {sample.group for sample in corpora.satisfaction(data, "uss_sgd")}
    sgd = np.array([sample.group in of_sgd for sample in samples])
    parts = [(name, half == place) for place, name in enumerate(HALVES)]
    parts += [
        (f"untouched, {name}", (half != CHOSEN_ON) & rows)
        for name, rows in (("uss_sgd", sgd), ("uss_redial", ~sgd))
    ]
    return [_measured(name, np.flatnonzero(rows), samples, scores) for name, rows in parts]


def half_of(sample: Sample) -> int:
    """0 or 1, the same for all turns of a dialogue."""
    return sum(map(ord, sample.group)) % 2


def _batch(samples: list[Sample], tones: Floats, store: VectorStore) -> Batch:
    batch = batch_of_turns([sample.turn for sample in samples], store)
    user_tones = batch.user_tones.copy()
    user_tones[:, TONES.index(correction.TONE)] = tones
    return replace(batch, user_tones=user_tones)


def _scores(batch: Batch) -> Floats:
    """(n,) The higher of the two signals' scores, each as a multiple of its threshold, so that a turn matches from 1 on."""
    scores = np.zeros(len(batch.turns), dtype=np.float32)
    for key in SIGNALS:
        detector = DETECTORS[key]
        for found in detector.detect(batch):
            scores[found.index] = max(scores[found.index], found.score / detector.threshold)
    return scores


def _measured(name: str, places: np.ndarray, samples: list[Sample], scores: Floats) -> Row:
    return _row(
        f"dissatisfied turns, {name}",
        " or ".join(SIGNALS),
        "whole detectors; turns not learned from, the head fitted on the other half of the dialogues",
        [samples[place] for place in places],
        scores[places],
        keywords=lambda text: float(keywords.hits(keywords.DISSATISFIED, Text(text))),
        feeling="negative",
        goals={"f1": GOAL},
        threshold=1.0,
    )
