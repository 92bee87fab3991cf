"""Two samples of events, earlier ones and new ones, beside what is labelled. Pure.

That new events differ from earlier ones is no reason to warn: an issue that becomes frequent differs too, and its classifier knows it. Two figures of each
event say how well the labels cover it, and each has a test of its own:

- how near it is to the nearest labelled event (vectors),
- how far its score is from the threshold, in log-odds (scores).

Each is compared by the one-sided rank test of Mann and Whitney (1947, Annals of Mathematical Statistics 18), which assumes nothing of their distributions.
It asks that events are independent: the caller takes one of a conversation.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from issues.classifier.model import logits

FEWEST = 100  # events of a sample, below which nothing is said
# What is chance is said of one issue in a thousand a look: an issue is looked at once a day.
LEVEL = 0.001
# A significant difference may be a small one: of real traffic each week differs a little from the last. A tenth of the new events unlike all earlier
# ones make .55, a fifth .6.
CLEAR = 0.56


@dataclass(frozen=True, slots=True)
class Sample:
    """Row i of each is of one event. `vectors`: (n, 768), both sides, together of unit length. `scores`: (n,), the classifier's."""

    vectors: NDArray[np.float32]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """`worse`: the chance that of a new and an earlier event the new one is covered less (one half: alike). `p`: how likely so much or more is where
    there is no difference."""

    worse: float
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    nearness: Shift
    sureness: Shift

    @property
    def is_drift(self) -> bool:
        """Corrected for two tests (Bonferroni)."""
        return any(2 * one.p <= LEVEL and one.worse >= CLEAR for one in (self.nearness, self.sureness))


def compare(
    *, earlier: Sample, new: Sample, labelled: NDArray[np.float32], threshold: float
) -> Comparison | None:
    """`labelled`: (m, 768), as the vectors of a sample; none of these events is in a sample. None with fewer than FEWEST events in one, or no label."""
    if min(len(earlier.scores), len(new.scores)) < FEWEST or not len(labelled):
        return None
    near = [(sample.vectors @ labelled.T).max(axis=1).astype(np.float64) for sample in (earlier, new)]
    at = logits(np.array(threshold))
    sure = [np.abs(logits(sample.scores) - at) for sample in (earlier, new)]
    return Comparison(smaller(near[0], near[1]), smaller(sure[0], sure[1]))


def smaller(earlier: NDArray[np.float64], new: NDArray[np.float64]) -> Shift:
    """Whether the new values (n,) tend to be smaller than the earlier ones (m,): the normal approximation with the correction for ties, good from
    about twenty values each on."""
    n, m = len(new), len(earlier)
    values, counts = np.unique(np.concatenate([earlier, new]), return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of each value, from 1 on
    ranks = middle[np.searchsorted(values, new)]
    larger = float(ranks.sum()) - n * (n + 1) / 2  # pairs in which the new one is larger; ties are one half
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    total = n + m
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    worse = 1 - larger / (n * m)
    if spread == 0:
        return Shift(worse, 1.0)
    z = (n * m / 2 - larger) / spread
    return Shift(worse, math.erfc(z / math.sqrt(2)) / 2)
