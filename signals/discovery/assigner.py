"""The small model that assigns new events to a cluster: logistic regression on an event's features, kept as plain arrays. Pure.

Features are an event's vectors and, as a column each, names of what holds in its conversation (evidence.hint of signals and failing tools):
they tell more than the vectors where a signal sees the problem. Precision and recall are measured on folds that were held out, at thresholds
that were chosen without them.
"""

import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raindrop.statistics import Z90, wilson
from signals.discovery.observations import Floats

FOLDS = 5
WANTED = 0.8  # precision that the threshold is chosen for
RECALL = 0.2  # and that is not bought with less than this
PRECISE = 0.6  # a model that is right less often assigns nothing
FEWEST = 5  # members below which nothing is trained
NAMES = 50  # columns
STRENGTH = 10.0  # inverse of the regularisation

Names = Sequence[Collection[str]]
Scores = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Assigner:
    """An event is assigned where assign() >= `threshold`. `weights` (d + names,): of the vectors, then of `names`. `precision` with its
    90 % interval `low` to `high`, and `recall`, on folds held out, among members and others as they came; `judged` were found there (None:
    of a model that an earlier version stored without it)."""

    weights: Floats
    bias: float
    threshold: float
    precision: float
    low: float
    high: float
    recall: float
    names: tuple[str, ...] = ()
    judged: int | None = None

    @property
    def is_used(self) -> bool:
        return self.precision >= PRECISE

    def to_bytes(self) -> bytes:
        """Read again by from_bytes()."""
        file = io.BytesIO()
        numbers = [self.bias, self.threshold, self.precision, self.low, self.high, self.recall]
        numbers += [] if self.judged is None else [self.judged]
        np.savez(
            file,
            weights=self.weights.astype(np.float32),
            numbers=np.array(numbers, dtype=np.float64),
            names=np.array(self.names, dtype=np.str_),
        )
        return file.getvalue()


def from_bytes(data: bytes) -> Assigner | None:
    """None where `data` is empty."""
    if not data:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        names = tuple(str(name) for name in kept["names"]) if "names" in kept else ()
        bias, threshold, precision, low, high, recall, *rest = (float(number) for number in kept["numbers"])
        judged = int(rest[0]) if rest else None
        return Assigner(kept["weights"], bias, threshold, precision, low, high, recall, names, judged)


def train_assigner(
    members: Floats, others: Floats, *, member_names: Names | None = None, other_names: Names | None = None
) -> Assigner | None:
    """`members` (m, d): vectors of events of the cluster, `others` (n, d): of events outside, drawn at random; the names of each beside
    them. None where there are too few."""
    if len(members) < FEWEST or len(others) < FEWEST:
        return None
    every = [*(member_names or [()] * len(members)), *(other_names or [()] * len(others))]
    columns = _columns(every)
    rows = _with_names(np.concatenate([members, others]).astype(np.float32), every, columns)
    truth = np.arange(len(rows)) < len(members)
    fold = np.concatenate([np.arange(len(members)) % FOLDS, np.arange(len(others)) % FOLDS])
    scores = np.zeros(len(rows))
    for one in range(FOLDS):
        scores[fold == one] = _scores(*_fit(rows[fold != one], truth[fold != one]), rows[fold == one])
    assigned = np.zeros(len(rows), dtype=bool)
    for one in range(FOLDS):
        inside = fold != one
        assigned[fold == one] = scores[fold == one] >= _threshold(scores[inside], truth[inside])
    right, found = int((assigned & truth).sum()), int(assigned.sum())
    low, high = wilson(right, found, z=Z90) or (0.0, 1.0)
    weights, bias = _fit(rows, truth)
    return Assigner(
        weights, bias, _threshold(scores, truth), right / max(1, found), low, high, right / len(members), columns, found
    )  # fmt: skip


def assign(assigner: Assigner, features: Floats, names: Names | None = None) -> Scores:
    """(n,) scores 0 to 1 of the rows (n, d), with the names of each."""
    rows = _with_names(features.astype(np.float32), names or [()] * len(features), assigner.names)
    return _scores(assigner.weights, assigner.bias, rows)


def _columns(names: Names) -> tuple[str, ...]:
    """Those that two rows or more have, the most frequent first."""
    counts = Counter(name for some in names for name in set(some))
    return tuple(
        sorted((name for name, n in counts.items() if n > 1), key=lambda name: (-counts[name], name))[:NAMES]
    )


def _with_names(rows: Floats, names: Names, columns: Sequence[str]) -> Floats:
    if not columns:
        return rows
    held = np.array([[column in some for column in columns] for some in names], dtype=np.float32)
    found: Floats = np.hstack([rows, held.reshape(len(rows), len(columns))])
    return found


def _fit(rows: Floats, truth: Answers) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=200)
    model.fit(rows, truth)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _scores(weights: Floats, bias: float, rows: Floats) -> Scores:
    found: Scores = 1 / (1 + np.exp(-np.clip(rows.astype(np.float64) @ weights + bias, -50, 50)))
    return found


def _threshold(scores: Scores, truth: Answers) -> float:
    """That of the best F1 among those with a precision of WANTED and a recall of RECALL or more; of all where there is none."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(truth[order])
    precision, recall = right / np.arange(1, len(scores) + 1), right / truth.sum()
    f1 = 2 * precision * recall / np.maximum(1e-9, precision + recall)
    good = (precision >= WANTED) & (recall >= RECALL)
    return float(scores[order[int(np.argmax(np.where(good, f1, -1) if good.any() else f1))]])
