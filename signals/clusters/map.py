"""Events as points in two dimensions: near what means the same, in the colour of their cluster.

The axes are the first two linear discriminants of the clusters' means: the principal components of those means, weighted by size, in the
space of the events' vectors. They pull clusters apart, where those of all vectors show only the loudest topics, and cost two small products.
"""

import uuid
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from ingest.counts.period import begins_with
from ingest.models import Project
from signals.clusters.reading import live_clusters
from signals.models import ClusterKind, ClusterMember
from signals.vectors.reading import vectors_of

POINTS = 20_000  # drawn, the newest
CHUNK = 5000
COLOURED = 20  # clusters with a colour of their own; the others share one
WORDS = 80  # characters of a point's text

Floats = npt.NDArray[np.float32]


def map_points(project: Project, *, kind: ClusterKind) -> dict[str, Any]:
    """{"clusters": [{"id", "label"}], "points": [[x, y, place in clusters, event id, words]], "total": events of the clusters}: x and y from
    -1 to 1."""
    rows = list(
        live_clusters(project).filter(kind=kind).only("id", "label", "parent_id", "origin", "conversations")
    )
    # One with a part of another origin (told_twice.py) holds more than that.
    origins = {row.pk: row.origin for row in rows}
    parents = {row.parent_id for row in rows if row.parent_id and origins.get(row.parent_id) == row.origin}
    finest = sorted(
        (row for row in rows if row.pk not in parents), key=lambda row: (-row.conversations, row.label)
    )
    place = {row.pk: index for index, row in enumerate(finest)}
    members = ClusterMember.objects.filter(project=project, cluster__in=finest)
    since = begins_with([row.pk for row in finest], events=2 * POINTS)
    if since is not None:
        members = members.filter(timestamp__gte=since)
    newest = members.order_by("-timestamp", "-id").values_list("event_id", "cluster_id")
    rows_of = list(newest[: 2 * POINTS])
    of = {event: place[cluster] for event, cluster in reversed(rows_of)}
    events = sorted(of, reverse=True)[:POINTS]
    ids, vectors = _vectors(project, events, kind)
    groups = np.array([of[event] for event in ids], dtype=np.intp)
    at = flatten(vectors, groups)
    words = _words(ids)
    return {
        "clusters": [{"id": str(row.pk), "label": row.plain_label} for row in finest],
        "coloured": COLOURED,
        "points": [
            [round(float(x), 4), round(float(y), 4), int(group), *words.get(event, ("", ""))]
            for (x, y), group, event in zip(at, groups, ids, strict=True)
        ],
        "total": len(of),
    }


def flatten(vectors: Floats, groups: npt.NDArray[np.intp]) -> Floats:
    """(n, 2) from -1 to 1, of unit rows (n, d) in groups. Deterministic: the larger coordinates of an axis point to its positive end."""
    if not len(vectors):
        return np.zeros((0, 2), np.float32)
    centred = vectors - vectors.mean(axis=0)
    counts = np.bincount(groups).astype(np.float32)
    means = np.zeros((len(counts), vectors.shape[1]), np.float32)
    np.add.at(means, groups, centred)
    means /= np.maximum(counts, 1)[:, None]
    weighted: Floats = (means * np.sqrt(np.minimum(counts, 200))[:, None]).astype(np.float32)
    if np.count_nonzero(counts) < 3:  # too few means for two axes: those of the vectors
        weighted = centred[:: max(1, len(centred) // 2000)]
    _, _, axes = np.linalg.svd(weighted, full_matrices=False)
    flat = np.zeros((len(vectors), 2))
    flat[:, : len(axes[:2])] = centred @ axes[:2].T
    flat *= np.where(np.abs(flat.min(axis=0)) > flat.max(axis=0), -1, 1)
    spread = np.abs(flat).max(axis=0)
    return (flat / np.where(spread > 0, spread, 1)).astype(np.float32)


def _vectors(project: Project, events: list[uuid.UUID], kind: ClusterKind) -> tuple[list[uuid.UUID], Floats]:
    """Of the side that the clusters are about: what the user says, or what the agent does."""
    ids: list[uuid.UUID] = []
    parts: list[Floats] = []
    for start in range(0, len(events), CHUNK):
        chunk = vectors_of(project=project, event_ids=events[start : start + CHUNK])
        both = chunk.user if kind == ClusterKind.INTENT else chunk.user + chunk.agent
        some = np.flatnonzero(both.any(axis=1))
        ids += [chunk.ids[i] for i in some]
        parts.append(both[some])
    if not ids:
        return [], np.zeros((0, 1), np.float32)
    return ids, np.concatenate(parts)


def _words(ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """By event the app's id and the beginning of what the user said."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, event_id, left(input, %s) FROM ingest_event WHERE id = ANY(%s)", [WORDS, ids]
        )
        return {pk: (event_id, text) for pk, event_id, text in cursor.fetchall()}
