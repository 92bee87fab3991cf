"""Texts and vectors of the events that a question is about."""

import uuid
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.models import Event, Project
from labeling.models import ClarifyingQuestion
from labeling.refinement.picking import region
from signals.vectors.reading import VectorChunk, vectors_of

TEXT = 600  # characters of each side
USER_SHARE = 0.75


def together(chunk: VectorChunk) -> NDArray[np.float32]:
    """(n, 768): both sides of each event, together of unit length. The user's side makes USER_SHARE of a cosine where both have text: many
    replies are alike, whatever was asked."""
    both = np.hstack([chunk.user * USER_SHARE**0.5, chunk.agent * (1 - USER_SHARE) ** 0.5])
    return _unit(both)


def users_alone(chunk: VectorChunk) -> NDArray[np.float32]:
    """(n, 384): the user's side, of events where the user said nothing the agent's."""
    by_user = chunk.user.any(axis=1, keepdims=True)
    return _unit(np.where(by_user, chunk.user, chunk.agent))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(
        np.float32
    )
    return unit


def texts_of(events: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """The beginnings of what the user and the agent said; without events that are gone."""
    rows = Event.objects.filter(pk__in=events).values_list("pk", "input", "output")
    return {event: (user[:TEXT], agent[:TEXT]) for event, user, agent in rows}


def pair_texts(question: ClarifyingQuestion) -> list[dict[str, str]]:
    """Of the first and the second event; without one that is gone."""
    pair = (question.first_id, question.second_id)
    texts = texts_of(pair)
    return [{"user": texts[event][0], "agent": texts[event][1]} for event in pair if event in texts]


def nearest_of(question: ClarifyingQuestion, events: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The events, those most like the question's first event first; without those that have no vector."""
    ids, vectors, first, _ = _with_pair(question, events)
    if first is None:
        return []
    order = np.argsort(-(vectors @ vectors[first]), kind="stable")
    return [ids[int(row)] for row in order if ids[int(row)] in set(events)]


def inside(question: ClarifyingQuestion, events: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the events that lie in the question's region. Empty where one of the pair is gone."""
    ids, vectors, first, second = _with_pair(question, events)
    if first is None or second is None or first == second:
        return set()
    mask = region(vectors, first, second)
    return {event for event, is_inside in zip(ids, mask.tolist(), strict=True) if is_inside} & set(events)


def _with_pair(
    question: ClarifyingQuestion, events: Sequence[uuid.UUID]
) -> tuple[list[uuid.UUID], NDArray[np.float32], int | None, int | None]:
    """(Ids, their vectors, the rows of the first and of the second event)."""
    project: Project = question.project
    wanted = list(dict.fromkeys([question.first_id, question.second_id, *events]))
    chunk = vectors_of(project=project, event_ids=wanted)
    place = {event: row for row, event in enumerate(chunk.ids)}
    return list(chunk.ids), together(chunk), place.get(question.first_id), place.get(question.second_id)
