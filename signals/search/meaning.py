"""Searching events by their meaning: how near their vectors are to a text's."""

import uuid
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import ExpressionWrapper, FloatField, QuerySet, Value
from django.db.models.functions import Greatest
from pgvector.django import MaxInnerProduct

from ingest.models import Event, Project
from raindrop.embedder import embed_texts
from signals.models import EventEmbedding
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import VectorSide

# Below this cosine a text has as little to do with another as any two: docs/benchmarks.md, "Searching by meaning". It belongs to the
# embedder (raindrop/embedder). `~"words"` holds from here on; the callers of /v1/events/search give a `threshold` of their own.
NEAR_ENOUGH = 0.35


@lru_cache(maxsize=256)
def meaning_vector(text: str) -> npt.NDArray[np.float32]:
    """The text's unit vector, (384,), rounded as the stored ones are, so that memory and database multiply the same numbers."""
    vector: npt.NDArray[np.float32] = embed_texts([text])[0].astype(np.float16).astype(np.float32)
    return vector


def near_events(text: str, *, project: Project, side: VectorSide = "both") -> QuerySet[Any]:
    """The project's rows of EventEmbedding, each with its cosine to the text as `score`: of the nearer side, null where that has no text."""
    vector = meaning_vector(text).tolist()
    cosines = [
        ExpressionWrapper(Value(-1.0) * MaxInnerProduct(column, vector), output_field=FloatField())
        for column, of in (("user_vector", "user"), ("agent_vector", "agent"))
        if side in (of, "both")
    ]
    score = Greatest(*cosines) if len(cosines) > 1 else cosines[0]
    return EventEmbedding.objects.filter(project=project).annotate(score=score)


def rank_by_meaning(
    text: str,
    *,
    project: Project,
    among: QuerySet[Event] | None = None,
    side: VectorSide = "both",
    limit: int,
) -> list[tuple[uuid.UUID, float]]:
    """The nearest events of the project (of `among`, when given) with the cosine of the nearer side, best first.

    Events are found once the pipeline has embedded them.
    """
    return nearest_events(project=project, vector=meaning_vector(text), limit=limit, side=side, among=among)
