"""Events that are like one event, to label many at once."""

import uuid
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.models import Event, User
from labeling.labels.authors import Labelled
from labeling.labels.labels import standing_labels
from labeling.queue.lookahead import held_by_others
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import VectorSide, vectors_of

MANY = 25  # cards on a page


@dataclass(frozen=True, slots=True)
class Alike:
    """`likeness`: the cosine of both sides' vectors together."""

    event: uuid.UUID
    likeness: float


def events_alike(*, subject: Labelled, event: Event, user: User, limit: int = MANY) -> list[Alike]:
    """The unlabelled events most like this one, the likest first, but for those on somebody else's screen. Empty where the event has no vector yet."""
    answered = set(standing_labels(subject).values_list("event_id", flat=True))
    skip = answered | held_by_others(subject, user) | {event.pk}
    own = vectors_of(project=subject.project, event_ids=[event.pk])
    if not own.ids:
        return []
    sides: list[tuple[VectorSide, NDArray[np.float32]]] = [("user", own.user[0]), ("agent", own.agent[0])]
    found: dict[uuid.UUID, None] = {}
    for side, vector in sides:
        near = nearest_events(project=subject.project, vector=vector, limit=2 * limit + len(skip), side=side)
        found.update(dict.fromkeys(one for one, _ in near if one not in skip))
    chunk = vectors_of(project=subject.project, event_ids=list(found))
    likeness = chunk.together() @ own.together()[0]
    ranked = [Alike(one, float(score)) for one, score in zip(chunk.ids, likeness, strict=True)]
    return sorted(ranked, key=lambda one: (-one.likeness, one.event))[:limit]
