"""Other ways to group vectors, to compare with. Each gives a label to each row; -1: noise."""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from signals.discovery.linkage import average_linkage
from signals.discovery.observations import Floats

Labels = npt.NDArray[np.intp]
LINKAGE = 0.6  # cosine distance
# BERTopic's defaults: umap-learn with 15 neighbours to 5 dimensions, HDBSCAN of at least 10 rows by excess of mass.
NEIGHBOURS, COMPONENTS, SMALLEST = 15, 5, 10
HAS_UMAP = find_spec("umap") is not None
BERTOPIC = f"BERTopic's recipe ({'UMAP' if HAS_UMAP else 'PCA, since umap-learn is not installed'}, HDBSCAN)"


def k_means(vectors: Floats, count: int) -> Labels:
    from sklearn.cluster import KMeans

    found: Labels = KMeans(min(count, len(vectors)), n_init=3, random_state=0).fit_predict(vectors)
    return found


def bertopic(vectors: Floats) -> Labels:
    """Its clustering; its topics' words do not matter here."""
    from sklearn.cluster import HDBSCAN

    if len(vectors) <= SMALLEST:
        return np.full(len(vectors), -1, dtype=np.intp)
    found: Labels = HDBSCAN(min_cluster_size=SMALLEST, copy=True).fit_predict(_reduced(vectors))
    return found


def _reduced(vectors: Floats) -> Floats:
    reduced: Floats
    if HAS_UMAP:
        umap = importlib.import_module("umap")  # a comparison may use it, the product does not

        made = umap.UMAP(
            n_neighbors=NEIGHBOURS, n_components=COMPONENTS, min_dist=0.0, metric="cosine", random_state=0
        )
        reduced = made.fit_transform(vectors)
    else:
        from sklearn.decomposition import PCA

        reduced = PCA(min(COMPONENTS, len(vectors)), random_state=0).fit_transform(vectors)
    return reduced


def linkage(vectors: Floats) -> Labels:
    return average_linkage(vectors, apart=LINKAGE)


def groups_of(labels: Sequence[int] | Labels, *, fewest: int = 2) -> list[list[int]]:
    """The rows of each label that has `fewest` or more, noise left out."""
    found: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        if label >= 0:
            found.setdefault(int(label), []).append(row)
    return [rows for rows in found.values() if len(rows) >= fewest]
