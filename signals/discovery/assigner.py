"""The small model that assigns new events to a cluster: logistic regression on an event's features, kept as plain arrays. Pure.

Its precision is measured on folds that were held out, at the threshold that it ships with.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raindrop.statistics import wilson
from signals.discovery.observations import Floats

FOLDS = 5
WANTED = 0.8  # precision that the threshold is chosen for
FEWEST = 5  # members below which nothing is trained
Z90 = 1.6449


@dataclass(frozen=True, slots=True)
class Assigner:
    """An event is assigned where assign() >= `threshold`. `precision` with its 90 % interval `low` to `high`, and `recall`, on folds held
    out, among members and others as they came."""

    weights: Floats
    bias: float
    threshold: float
    precision: float
    low: float
    high: float
    recall: float

    def to_bytes(self) -> bytes:
        """Read again by from_bytes()."""
        file = io.BytesIO()
        numbers = np.array(
            [self.bias, self.threshold, self.precision, self.low, self.high, self.recall], dtype=np.float64
        )
        np.savez(file, weights=self.weights.astype(np.float32), numbers=numbers)
        return file.getvalue()


def from_bytes(data: bytes) -> Assigner | None:
    """None where `data` is empty."""
    if not data:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        return Assigner(kept["weights"], *(float(number) for number in kept["numbers"]))


def train_assigner(members: Floats, others: Floats) -> Assigner | None:
    """`members` (m, d): features of events of the cluster, `others` (n, d): of events outside, drawn at random. None where there are too few."""
    if len(members) < FEWEST or len(others) < FEWEST:
        return None
    rows = np.concatenate([members, others]).astype(np.float32)
    truth = np.concatenate([np.ones(len(members), bool), np.zeros(len(others), bool)])
    held_out = np.zeros(len(rows))
    for fold in range(FOLDS):
        tried = np.zeros(len(rows), bool)
        tried[np.flatnonzero(truth)[fold::FOLDS]] = True
        tried[np.flatnonzero(~truth)[fold::FOLDS]] = True
        held_out[tried] = _scores(*_fit(rows[~tried], truth[~tried]), rows[tried])
    threshold = _threshold(held_out, truth)
    assigned = held_out >= threshold
    right, found = int((assigned & truth).sum()), int(assigned.sum())
    low, high = wilson(right, found, z=Z90) or (0.0, 1.0)
    weights, bias = _fit(rows, truth)
    return Assigner(weights, bias, threshold, right / max(1, found), low, high, right / len(members))


def assign(assigner: Assigner, features: Floats) -> npt.NDArray[np.float64]:
    """(n,) scores 0 to 1 of the rows (n, d)."""
    return _scores(assigner.weights, assigner.bias, features)


def _fit(rows: Floats, truth: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=200)
    model.fit(rows, truth)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _scores(weights: Floats, bias: float, rows: Floats) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = 1 / (
        1 + np.exp(-np.clip(rows.astype(np.float64) @ weights + bias, -50, 50))
    )
    return found


def _threshold(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """The lowest from which precision is WANTED, else that of the best F1."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(truth[order])
    found = np.arange(1, len(scores) + 1)
    precision, recall = right / found, right / truth.sum()
    good = np.flatnonzero(precision >= WANTED)
    place = (
        int(good[-1])
        if len(good)
        else int(np.argmax(2 * precision * recall / np.maximum(1e-9, precision + recall)))
    )
    return float(scores[order[place]])
