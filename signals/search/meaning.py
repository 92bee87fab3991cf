"""Searching events by their meaning: how near their vectors are to a text's."""

import uuid

from django.db.models import ExpressionWrapper, FloatField, QuerySet
from django.db.models.functions import Greatest
from pgvector.django import CosineDistance

from ingest.models import Event, Project
from raindrop.embedder import embed_texts
from signals.models import EventEmbedding
from signals.vectors.reading import Side, nearest_events

# Below this cosine a text has as little to do with another as any two: docs/benchmarks.md, "Searching by meaning". It belongs to the
# embedder (raindrop/embedder). The pages stop there; the API's callers give a `threshold` of their own.
NEAR_ENOUGH = 0.35


def rank_by_meaning(
    text: str, *, project: Project, among: QuerySet[Event] | None = None, side: Side = "both", limit: int
) -> list[tuple[uuid.UUID, float]]:
    """The nearest events of the project (of `among`, when given) with the cosine of the nearer side, best first.

    Events are found once the pipeline has embedded them.
    """
    vector = embed_texts([text])[0]
    if among is None:
        return nearest_events(project=project, vector=vector, limit=limit, side=side)
    # The nearest of all may hold none of these: so only these are ranked.
    cosines = [
        ExpressionWrapper(1.0 - CosineDistance(column, vector.tolist()), output_field=FloatField())
        for column, of in (("user_vector", "user"), ("agent_vector", "agent"))
        if side in (of, "both")
    ]
    score = Greatest(*cosines) if len(cosines) > 1 else cosines[0]
    ranked = (
        EventEmbedding.objects.filter(project=project, event__in=among.select_related(None).order_by())
        .annotate(score=score)
        .filter(score__isnull=False)
        .order_by("-score", "event_id")
    )
    return list(ranked.values_list("event_id", "score")[:limit])
