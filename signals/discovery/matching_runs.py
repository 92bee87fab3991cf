"""Which group of a refresh is which of the last one: by what lies in them and by what they are about. Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signals.discovery.observations import Floats

# A pair below this is not the same cluster. Overlap is the shared events over the smaller cluster's, likeness the centroids' cosine above
# ALIKE, stretched to 0..1.
SAME = 0.35
ALIKE = 0.5
OVERLAP_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Trace:
    """What a cluster is known by again. `events` may be a part of its events, as long as both refreshes could see them."""

    events: frozenset[uuid.UUID]
    centroid: Floats
    key: str = ""  # of one signal or tool; clusters of two different ones are not the same


def match_to_known(new: Sequence[Trace], known: Sequence[Trace]) -> list[int | None]:
    """For each new cluster the index of the known one that it is, or None. One to one, the best sum (Hungarian method)."""
    found: list[int | None] = [None] * len(new)
    if not new or not known:
        return found
    from scipy.optimize import linear_sum_assignment

    worth = np.array([[_sameness(one, old) for old in known] for one in new])
    for row, column in zip(*linear_sum_assignment(-worth), strict=True):
        if worth[row, column] >= SAME:
            found[int(row)] = int(column)
    return found


def _sameness(one: Trace, old: Trace) -> float:
    if one.key != old.key:
        return 0.0
    smaller = min(len(one.events), len(old.events))
    overlap = len(one.events & old.events) / smaller if smaller else 0.0
    cosine = float(one.centroid @ old.centroid) if one.centroid.shape == old.centroid.shape else 0.0
    return OVERLAP_WEIGHT * overlap + (1 - OVERLAP_WEIGHT) * max(0.0, (cosine - ALIKE) / (1 - ALIKE))
