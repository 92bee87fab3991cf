"""Choosing a signal's threshold from labelled scores, and saying honestly what the change does. Pure functions over arrays.

The threshold is where a match is as likely right as wrong, by a logistic curve over the scores' log-odds (Platt 1999). That place
does not depend on which scores people were asked about, as counted precision or F1 would: the queue asks about uncertain ones first.
What is said of a new threshold (or model) comes from labels that it was not chosen by: cross-validated, in FOLDS parts.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from raindrop.statistics import wilson

Scores = npt.NDArray[np.float64]
Answers = npt.NDArray[np.bool_]

LEAST_LABELS = 20
LEAST_OF_EACH = 4  # labels of the rarer answer
FOLDS = 5
CHANCE = 0.1  # an improvement that chance alone brings this often is none
STRENGTH = 10.0  # LogisticRegression's C
BOUNDS = 0.02, 0.98


@dataclass(frozen=True, slots=True)
class Figures:
    """Of `labels` labelled events `matches` match and `right` of these rightly, with the share's 95 % Wilson interval; `recall`: of
    the labelled events on which it holds, the share that matches. Of the newest `events` events `matching` match."""

    labels: int
    matches: int
    right: int
    precision: float | None
    low: float | None
    high: float | None
    recall: float | None
    events: int
    matching: int

    @property
    def share(self) -> float | None:
        return self.matching / self.events if self.events else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share}


def figures(matched: Answers, answers: Answers, *, events: int, matching: int) -> Figures:
    matches, right, holds = int(matched.sum()), int((matched & answers).sum()), int(answers.sum())
    low, high = wilson(right, matches) or (None, None)
    return Figures(
        len(answers), matches, right, right / matches if matches else None, low, high,
        right / holds if holds else None, events, matching,
    )  # fmt: skip


def choose_threshold(scores: Scores, answers: Answers) -> float | None:
    """Two decimals, within the labelled scores; None when a higher score does not speak for the signal."""
    from sklearn.linear_model import LogisticRegression  # 1.5 s and 60 MB: only where something is learnt

    odds = _odds(scores)
    curve = LogisticRegression(C=STRENGTH).fit(odds[:, None], answers)
    slope, start = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    if slope <= 1e-6:
        return None
    even = 1 / (1 + math.exp(min(60.0, max(-60.0, start / slope))))
    low, high = max(BOUNDS[0], float(scores.min())), min(BOUNDS[1], float(scores.max()))
    return round(min(max(even, low), max(low, high)), 2)


def folds(answers: Answers) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """(indices to learn from, indices to try on), each index tried once; both answers are spread evenly. Deterministic."""
    place = np.empty(len(answers), dtype=int)
    for answer in (True, False):
        of_it = np.flatnonzero(answers == answer)
        place[np.random.default_rng(0).permutation(of_it)] = np.arange(len(of_it)) % FOLDS
    for fold in range(FOLDS):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)


def cross_validated_matches(scores: Scores, answers: Answers) -> Answers | None:
    """Which labelled events match a threshold that was chosen without them; None where none can be chosen."""
    matched = np.zeros(len(answers), dtype=bool)
    for learnt, tried in folds(answers):
        threshold = choose_threshold(scores[learnt], answers[learnt])
        if threshold is None:
            return None
        matched[tried] = scores[tried] >= threshold
    return matched


def too_thin(answers: Answers) -> str:
    """Why these labels are too few to learn from; empty when they are enough."""
    if len(answers) < LEAST_LABELS:
        return f"{len(answers)} of the {LEAST_LABELS} labels that it takes."
    rarer = min(int(answers.sum()), int((~answers).sum()))
    if rarer < LEAST_OF_EACH:
        which = "wrong" if answers.sum() > len(answers) / 2 else "right"
        return f"Only {rarer} of {len(answers)} labels {'says' if rarer == 1 else 'say'} that it is {which}: there is nothing to tell apart. It takes {LEAST_OF_EACH}."
    return ""


def no_better(before: Answers, after: Answers, answers: Answers) -> str:
    """Why `after` is no improvement over `before` (which labelled events match); empty when it is one.

    A sign test on the labels that one of them has right and the other wrong.
    """
    gained = int(((before != answers) & (after == answers)).sum())
    lost = int(((before == answers) & (after != answers)).sum())
    if gained == 0:
        return "On labels that it did not learn from, it would put none right."
    differ = gained + lost
    chance = sum(math.comb(differ, k) for k in range(gained, differ + 1)) / 2**differ
    if chance > CHANCE:
        return f"On labels that it did not learn from, it would put {gained} right and {lost} wrong: that may be chance."
    return ""


def _odds(scores: Scores) -> Scores:
    bounded = np.clip(scores, 0.001, 0.999)
    found: Scores = np.log(bounded / (1 - bounded))
    return found
