"""Fitting the head "dissatisfaction" (signals/detectors/correction.py), which is not a plain logistic regression.

First it answers five questions about what the user's message does (turns down, declines an offer, asks for others, closes, accepts),
learned from the dialogue acts of sgd_dev. From those, the facts and the tone of the message, the mean rating that people gave (uss_*) is fitted by ridge
regression: a rating holds more than "2.5 or less" does. Its scale is then set to probabilities of that.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge

from raindrop.embedder import DIMENSIONS
from raindrop.embedder.tone import Reader
from signals.detectors import correction
from signals.detectors.heads import Floats, Head, Hidden, sigmoid
from signals.detectors.judging import facts_matrix
from signals.evaluation.builtin import corpora
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.fitting import FOLDS, Examples, best_threshold, folds_of
from signals.evaluation.builtin.readers import ReaderRecipe, with_tone
from signals.evaluation.builtin.vectors import VectorStore

ACTS: tuple[tuple[str, ...], ...] = (
    ("NEGATE",),
    ("NEGATE_INTENT",),
    ("REQUEST_ALTS",),
    ("THANK_YOU", "GOODBYE"),
    ("AFFIRM", "AFFIRM_INTENT", "SELECT"),
)
VECTOR_SCALE = 4.0
# The ratings above this say nothing about dissatisfaction.
CONTENT = 3.5
# Ratings are noisy: a threshold that only looks for the best F1 sits where the scores of one set end, and does not travel.
PRECISION = 1 / 3
READER = ReaderRecipe(width=64, epochs=3, dropped=0.3)
# A rating holds more than "2.5 or less" does: the reader also learns these.
CUTS = (2.75, 3.0, 3.34)


def fit_acts(data: Path, store: VectorStore) -> Hidden:
    samples = [sample for talk in corpora.talks(data, "sgd_dev") for sample in talk.samples if sample.tags]
    features = features_of(samples, store, np.zeros(len(samples), dtype=np.float32))
    acts = [set(str(sample.tags.get("acts", "")).split("|")) for sample in samples]
    rows, biases = [], []
    for wanted in ACTS:
        answers = np.array([bool(found & set(wanted)) for found in acts])
        model = LogisticRegression(C=0.3, max_iter=3000).fit(_scaled(features), answers)
        rows.append(model.coef_[0])
        biases.append(model.intercept_[0])
    weights = np.array(rows, dtype=np.float32).T
    weights[: store.size] *= VECTOR_SCALE
    return Hidden(weights, np.array(biases, dtype=np.float32), np.zeros(len(ACTS), dtype=np.float32))


def features_of(samples: list[Sample], store: VectorStore, tones: Floats) -> Floats:
    """(n, 384 + facts + the tone)"""
    turns = [sample.turn for sample in samples]
    return np.concatenate(
        [
            store.of([turn.input.raw for turn in turns]),
            facts_matrix(turns, correction.facts),
            tones[:, None],
        ],
        axis=1,
    )


def _scaled(features: Floats) -> Floats:
    scaled = features.copy()
    scaled[:, :DIMENSIONS] *= VECTOR_SCALE
    return scaled


def fit(samples: list[Sample], acts: Hidden, store: VectorStore) -> tuple[Head, Reader]:
    """On rated user turns. The threshold is where F1 is best over held-out conversations. Also the reader of the tone."""
    ratings = np.array([sample.tags["mean"] for sample in samples])
    rated, reader = with_tone(_examples(samples, ratings, store), READER)
    features = np.concatenate([rated.vectors, rated.facts, rated.tones[:, None]], axis=1)
    answers, fold = rated.answers, folds_of(rated.groups)
    held = np.zeros(len(samples), dtype=np.float32)
    for k in range(FOLDS):
        part = _ridge(features[fold != k], ratings[fold != k], acts)
        held[fold == k] = _log_odds(part, features[fold == k])
    # Probabilities from the held-out scores, then the threshold at 0.
    platt = LogisticRegression(C=1e6).fit(held[:, None], answers)
    slope = float(platt.coef_[0][0])
    head = _ridge(features, ratings, acts)
    chosen = best_threshold(answers, held, precision=PRECISION)
    assert head.hidden is not None
    scaled = replace(
        head,
        facts=head.facts * slope,
        bias=(head.bias - chosen) * slope,
        hidden=replace(head.hidden, output=head.hidden.output * slope),
    )
    return scaled, reader


def _examples(samples: list[Sample], ratings: npt.NDArray[np.float64], store: VectorStore) -> Examples:
    texts = [sample.turn.input for sample in samples]
    words = [text.raw for text in texts]
    return Examples(
        texts,
        store.of(words),
        facts_matrix([sample.turn for sample in samples], correction.facts),
        np.array([sample.answer for sample in samples]),
        np.ones(len(samples), dtype=np.float32),
        [sample.group for sample in samples],
        [""] * len(samples),
        store.states_of(words),
        np.stack([ratings <= cut for cut in CUTS], axis=1).astype(np.float32),
    )


def _ridge(features: Floats, ratings: npt.NDArray[np.float64], acts: Hidden) -> Head:
    size = DIMENSIONS
    facts = features[:, size:]
    inner = sigmoid(features @ acts.weights + acts.bias)
    model = Ridge(10.0).fit(np.concatenate([facts, inner], axis=1), -np.minimum(ratings, CONTENT))
    row = model.coef_.astype(np.float32)
    return Head(
        vector=np.zeros(size, dtype=np.float32),
        facts=row[: facts.shape[1]],
        bias=float(model.intercept_),
        hidden=replace(acts, output=row[facts.shape[1] :]),
    )


def _log_odds(head: Head, features: Floats) -> Floats:
    size = len(head.vector)
    return head.log_odds(features[:, :size], [], features[:, size:])
