"""Readings near a text: what a reader said went wrong, compared with what somebody looks for."""

import uuid

import numpy as np
from numpy.typing import NDArray

from ingest.models import Project
from raindrop.embedder import embed_texts
from signals.models import Facet

NEWEST = 1000  # readings: to embed so many phrases takes about a second, once a process
KEPT = 20_000  # vectors of phrases, 30 MB
_vectors: dict[str, NDArray[np.float32]] = {}


def facets_near(
    *, project: Project, vector: NDArray[np.float32], limit: int
) -> list[tuple[uuid.UUID, float]]:
    """(Event, cosine) of those of the project's NEWEST readings that say that something went wrong, the nearest to the unit vector (384,) first. The
    event is the one that the reading shows (Facet.event)."""
    rows = Facet.objects.filter(project=project).exclude(went_wrong="").order_by("-timestamp", "-id")
    found = list(rows.values_list("event_id", "went_wrong")[:NEWEST])
    if not found:
        return []
    cosines = _vectors_of([phrase for _, phrase in found]) @ vector
    order = np.argsort(-cosines, kind="stable")[:limit]
    return [(found[place][0], float(cosines[place])) for place in order]


def _vectors_of(phrases: list[str]) -> NDArray[np.float32]:
    """(n, 384), unit length. Those that were embedded before are kept, until another thread or this one empties what is full."""
    known = {phrase: vector for phrase in phrases if (vector := _vectors.get(phrase)) is not None}
    missing = list(dict.fromkeys(phrase for phrase in phrases if phrase not in known))
    if missing:
        known.update(zip(missing, embed_texts(missing), strict=True))
        if len(_vectors) + len(missing) > KEPT:
            _vectors.clear()
        _vectors.update(known)
    return np.vstack([known[phrase] for phrase in phrases])
