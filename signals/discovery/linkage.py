"""Average-linkage clustering, for a few thousand rows. Pure."""

import numpy as np
import numpy.typing as npt

from signals.discovery.observations import Floats

Ints = npt.NDArray[np.intp]


def average_linkage(vectors: Floats, *, apart: float) -> Ints:
    """(n,) group of each unit row, from 0 in order of first appearance: groups whose rows lie further apart than the cosine distance
    `apart` on average stay apart. O(n²) memory."""
    return linked(vectors @ vectors.T, apart=apart)


def linked(likeness: Floats, *, apart: float) -> Ints:
    """The same of rows that are `likeness` (n, n) alike, with 1 - likeness as their distance."""
    count = len(likeness)
    if count <= 1:
        return np.zeros(count, dtype=np.intp)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    # 32 bits: the smallest differences between machines do not order the merges.
    distance = np.clip(1 - likeness, 0, 2).round(5)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average")
    return in_order(fcluster(tree, apart, criterion="distance"))


def in_order(labels: npt.NDArray[np.integer]) -> Ints:
    """The same groups, numbered from 0 in order of first appearance."""
    places: dict[int, int] = {}
    return np.array([places.setdefault(int(label), len(places)) for label in labels], dtype=np.intp)
