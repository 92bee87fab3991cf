"""How well groups that were found agree with kinds that are known. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

FOUND = 0.5  # F1 from which a kind counts as found
PURE = 0.6  # share of a group's items that are of one kind


@dataclass(frozen=True, slots=True)
class KindQuality:
    """`found`: share of the kinds for which a group has F1 >= FOUND. `f1`: mean over kinds of the best group's. `pure`: share of the groups
    of which one kind has PURE. `groups`: how many there are. `best`: by kind the best F1."""

    found: float
    f1: float
    pure: float
    groups: int
    best: dict[str, float]


def kind_quality(truth: Sequence[str | None], groups: Sequence[Collection[int]]) -> KindQuality:
    """`truth`: the kind of each item, None for one without. `groups`: indices of items; an item may be in several."""
    kinds = sorted({kind for kind in truth if kind})
    sets = [set(group) for group in groups if group]
    best = {}
    for kind in kinds:
        wanted = {i for i, one in enumerate(truth) if one == kind}
        scores = [2 * len(wanted & group) / (len(wanted) + len(group)) for group in sets]
        best[kind] = max(scores, default=0.0)
    pure = [majority(truth, group)[1] >= PURE for group in sets]
    values = list(best.values())
    return KindQuality(
        float(np.mean([value >= FOUND for value in values])) if values else 0.0,
        float(np.mean(values)) if values else 0.0,
        float(np.mean(pure)) if pure else 0.0,
        len(sets),
        best,
    )


def majority(truth: Sequence[str | None], group: Collection[int]) -> tuple[str | None, float]:
    """The most frequent kind of the group and its share; (None, 0) where none has a kind."""
    counts = Counter(kind for i in group if (kind := truth[i]))
    if not counts:
        return None, 0.0
    kind, count = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return kind, count / len(group)


@dataclass(frozen=True, slots=True)
class PartitionQuality:
    """V measure and adjusted Rand index, the number of groups, and by what factor it is off (1: right)."""

    v: float
    ari: float
    groups: int
    off: float


def partition_quality(truth: Sequence[str], labels: Sequence[int]) -> PartitionQuality:
    from sklearn.metrics import adjusted_rand_score, v_measure_score

    wanted, found = len(set(truth)), len(set(labels))
    off = max(wanted, found) / min(wanted, found)
    return PartitionQuality(
        float(v_measure_score(truth, labels)), float(adjusted_rand_score(truth, labels)), found, off
    )
