"""Which clusters an event belongs to: the same rule for events as they arrive and for the history when clusters are found anew.

A problem is recognised, in this order, by evidence that says the same as a member's (a key), by evidence of the same origin that means
nearly the same (its phrase is embedded then), by its origin alone where all that is read from there is one problem, and, where clusters come from what a reader said of some conversations, by the cluster's
own small model over the event's vectors. An event has one finest intent: what the reader said, else that of its conversation's first message.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from django.db import connection

from ingest.models import Event
from raindrop.embedder import DIMENSIONS, embed_texts
from signals.clusters.evidence import Read, intent_key, key_of, origin_key, origin_of, read_evidence
from signals.clusters.hints import hints_of
from signals.clusters.members import ASSIGNER, EVIDENCE, FACET, NewMember
from signals.discovery.assigner import Assigner, assign
from signals.discovery.observations import Observation, text_of
from signals.models import ClusterKind
from signals.vectors.reading import VectorChunk, vectors_by_event

Floats = npt.NDArray[np.float32]
# Cosine of a phrase and a cluster's centroid: where groups end that average linkage makes at a cosine of .4 between members (discovery/problems.py).
NEAR = 0.62
INTENT_NEAR = 0.3  # of a message and an intent; below it the event has none
OWN_INTENT, OWN_MARGIN = 0.6, 0.15  # a later turn is of another intent than its conversation from here on
SAYS_SOMETHING = 12  # characters: a shorter first message, such as a greeting, tells no intent


@dataclass(frozen=True, slots=True)
class Planned:
    """A cluster as new events need it. `message` (384,): of an intent, the mean of its members' messages. `takes_all`: of a problem, all
    that is read from its origin is of it."""

    id: uuid.UUID
    kind: str
    parent: uuid.UUID | None = None
    origin: str = ""
    keys: Collection[str] = ()
    centroid: Floats | None = None
    assigner: Assigner | None = None
    message: Floats | None = None
    takes_all: bool = False


@dataclass(frozen=True)
class Plan:
    """A project's clusters that take events."""

    clusters: Sequence[Planned] = field(default_factory=list)

    @cached_property
    def by_id(self) -> dict[uuid.UUID, Planned]:
        return {one.id: one for one in self.clusters}

    @cached_property
    def by_key(self) -> dict[str, Planned]:
        return {key: one for one in self.clusters for key in one.keys}

    @cached_property
    def by_origin(self) -> dict[str, tuple[list[Planned], Floats]]:
        """The finest problems of each origin, with their centroids as rows: those that do not take all that is read from there."""
        found: dict[str, list[Planned]] = {}
        # A part of another origin (a failing tool, of what a reader said) leaves its parent what is said.
        whole = {
            one.parent
            for one in self.clusters
            if one.parent in self.by_id and self.by_id[one.parent].origin == one.origin
        } | {one.id for one in self.clusters if one.takes_all}
        for one in self.clusters:
            if one.kind == ClusterKind.PROBLEM and one.centroid is not None and one.id not in whole:
                found.setdefault(one.origin, []).append(one)
        return {origin: (some, _rows(one.centroid for one in some)) for origin, some in found.items()}

    @cached_property
    def assigners(self) -> list[tuple[Planned, Assigner]]:
        return [(one, one.assigner) for one in self.clusters if one.assigner and one.assigner.is_used]

    @cached_property
    def intents(self) -> tuple[list[Planned], Floats]:
        some = [one for one in self.clusters if one.message is not None]
        return some, _rows(one.message for one in some)

    @cached_property
    def lineages(self) -> dict[uuid.UUID, list[uuid.UUID]]:
        """By cluster, itself and those above it."""
        return {one.id: list(self._ancestry(one.id)) for one in self.clusters}

    def _ancestry(self, cluster: uuid.UUID) -> Iterator[uuid.UUID]:
        seen: set[uuid.UUID] = set()
        at: uuid.UUID | None = cluster
        while at is not None and at not in seen and at in self.by_id:
            seen.add(at)
            yield at
            at = self.by_id[at].parent


def members_of(events: Sequence[Event], plan: Plan) -> list[NewMember]:
    """Every membership of these events (of one project, with their texts), those of parents too."""
    if not events or not plan.clusters:
        return []
    read = read_evidence(events)
    found: dict[tuple[uuid.UUID, uuid.UUID], NewMember] = {}
    by_id = {event.id: event for event in events}

    def add(event: uuid.UUID, cluster: uuid.UUID, *, score: float, source: str, phrase: str) -> None:
        whose = by_id[event]
        for one in plan.lineages[cluster]:
            if (event, one) not in found:
                found[event, one] = NewMember(
                    one, event, whose.project_id, whose.conversation_id, whose.end_user_id, whose.timestamp,
                    round(score, 4), source, phrase,
                )  # fmt: skip

    for observation, cluster, score in recognise(
        [one for some in read.problems.values() for one in some], plan
    ):
        source = FACET if observation.source == "facet" else EVIDENCE
        phrase = observation.quote or observation.phrase
        add(observation.event, cluster.id, score=score, source=source, phrase=phrase)
    vectors = _vectors(events, plan)
    for event, cluster_id, score in _by_models(events, plan, vectors, read):
        add(event, cluster_id, score=score, source=ASSIGNER, phrase="")
    for event, cluster_id, score, phrase in _intents(events, plan, vectors, read):
        add(event, cluster_id, score=score, source=FACET if phrase else ASSIGNER, phrase=phrase)
    return list(found.values())


def recognise(
    observations: Sequence[Observation], plan: Plan
) -> Iterator[tuple[Observation, Planned, float]]:
    """The observations that are of a cluster, which, and how surely."""
    unknown: list[Observation] = []
    for one in observations:
        known = plan.by_key.get(key_of(one))
        if known is not None:
            yield one, known, 1.0
        elif text_of(one) and origin_of(one.source, one.key) in plan.by_origin:
            unknown.append(one)
        elif (whole := plan.by_key.get(origin_key(one.source, one.key))) is not None:
            yield one, whole, 1.0
    if not unknown:
        return
    texts = list(dict.fromkeys(text_of(one) for one in unknown))
    vectors = dict(zip(texts, embed_texts(texts), strict=True))
    for one in unknown:
        clusters, centroids = plan.by_origin[origin_of(one.source, one.key)]
        likeness = centroids @ vectors[text_of(one)]
        best = int(np.argmax(likeness))
        if likeness[best] >= NEAR:
            yield one, clusters[best], float(likeness[best])
        elif (whole := plan.by_key.get(origin_key(one.source, one.key))) is not None:
            yield one, whole, 1.0


def features_of(vectors: VectorChunk) -> Floats:
    """(n, 768): what a cluster's small model reads of an event."""
    found: Floats = np.hstack([vectors.user, vectors.agent])
    return found


def _rows(vectors: Iterable[Floats | None]) -> Floats:
    some = [vector for vector in vectors if vector is not None]
    return np.array(some, dtype=np.float32).reshape(len(some), DIMENSIONS)


@dataclass(frozen=True, slots=True)
class _Vectors:
    chunk: VectorChunk
    first: Mapping[uuid.UUID, uuid.UUID]  # conversation -> the event whose message tells its intent
    place: Mapping[uuid.UUID, int]  # event -> row


def _vectors(events: Sequence[Event], plan: Plan) -> _Vectors | None:
    """Of the events, and of those that begin their conversations; None where nothing in the plan needs them."""
    if not plan.assigners and not plan.intents[0]:
        return None
    first = first_messages({event.conversation_id for event in events if event.conversation_id})
    ids = list(dict.fromkeys([*(event.id for event in events), *first.values()]))
    return _Vectors(vectors_by_event(ids), first, {event: row for row, event in enumerate(ids)})


def first_messages(
    conversations: Collection[uuid.UUID], *, longer_than: int = SAYS_SOMETHING
) -> dict[uuid.UUID, uuid.UUID]:
    """By conversation the first event whose message says something: has more than `longer_than` characters."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.id, e.id FROM unnest(%s::uuid[]) AS c(id), LATERAL (
                 SELECT id FROM ingest_event WHERE conversation_id = c.id AND NOT is_pending AND length(left(input, %s)) > %s
                 ORDER BY timestamp, id LIMIT 1) e""",
            [sorted(conversations), longer_than + 1, longer_than],
        )
        return dict(cursor.fetchall())


def _by_models(
    events: Sequence[Event], plan: Plan, vectors: _Vectors | None, read: Read
) -> Iterator[tuple[uuid.UUID, uuid.UUID, float]]:
    """Of the events that no reader read: it would have said so."""
    unread = [event for event in events if event.id not in read.by_reader]
    if vectors is None or not plan.assigners or not unread:
        return
    rows = features_of(vectors.chunk)[[vectors.place[event.id] for event in unread]]
    some = np.flatnonzero(rows.any(axis=1))
    ids = [unread[int(place)].id for place in some]
    held = hints_of(ids) if ids else {}
    names = [held.get(event, ()) for event in ids]
    for cluster, model in plan.assigners:
        scores = assign(model, rows[some], names)
        for place in np.flatnonzero(scores >= model.threshold):
            yield ids[int(place)], cluster.id, float(scores[place])


def _intents(
    events: Sequence[Event], plan: Plan, vectors: _Vectors | None, read: Read
) -> Iterator[tuple[uuid.UUID, uuid.UUID, float, str]]:
    """(event, its finest intent, score, what the reader said)."""
    intents, messages = plan.intents
    if vectors is None or not intents:
        return
    likeness = vectors.chunk.user @ messages.T
    best, sure = likeness.argmax(axis=1), likeness.max(axis=1)
    for event in events:
        intent = read.intents.get(event.id, "")
        known = plan.by_key.get(intent_key(intent)) if intent else None
        if known is not None:
            yield event.id, known.id, 1.0, intent
            continue
        own = vectors.place[event.id]
        first = vectors.first.get(event.conversation_id) if event.conversation_id else None
        row = own if first is None else vectors.place[first]
        if sure[own] >= OWN_INTENT and sure[own] - likeness[own, best[row]] >= OWN_MARGIN:
            row = own
        if sure[row] >= INTENT_NEAR:
            yield event.id, intents[int(best[row])].id, float(sure[row]), ""
