"""Which events to ask a person about next.

Before the first classifier these are the events most like the definition. With one, they are likely ones (the highest scores that nobody has checked)
until five matches are known, then likely and uncertain ones (nearest the threshold) by turns. Some are random (picking.RANDOM_CARDS), drawn in strata of
score with known probabilities (picking.draw_in_strata): only these can show what the classifier misses. Picked events also differ from each other. How
the mixture was chosen: picking.py.

Nobody is asked twice about an event, or about an event that most people have answered alike.
"""

import uuid
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from ingest.models import Event, Project, User
from issues.classifier.definition_vectors import definition_vector
from issues.classifier.model import scores, weight_directions
from issues.classifier.sampling import SMALL, draw_events
from issues.classifier.scoring import weights_of
from issues.models import Classifier, Issue
from labeling.labels.authors import author_of
from labeling.labels.labels import all_standing_labels, majority, standing_labels, taught_answers
from labeling.models import TEACHER, Reason
from labeling.queue.cards import Card
from labeling.queue.picking import (
    AUDIT,
    GOLDEN,
    SHORTLIST,
    Pool,
    cycle_of,
    draw_in_strata,
    order_by_score,
    pick,
    reasons_in_turn,
)
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import VectorChunk, vectors_of

SAMPLE = 2000  # events drawn at random and scored, to draw cards from in strata of score
REMEMBERED = 300  # the latest labelled events that count as asked before


def next_cards(
    *,
    issue: Issue,
    limit: int,
    user: User | None = None,
    author: str = "",
    exclude: Collection[uuid.UUID] = (),
    audit: bool = False,
) -> list[Card]:
    """Up to `limit` cards, in the order to ask them. `exclude`: event ids that are on somebody's screen. `audit`: only cards drawn at random.

    With a user, events that this user has not labelled. Without one, events that no program has labelled, or that `author` has not.
    """
    author = author or author_of(user)
    labels = all_standing_labels(issue) if author == TEACHER else standing_labels(issue)
    standing = list(labels.order_by("-created_at").values_list("event_id", "answer", "author", "reason"))
    mine = {event for event, _, owner, _ in standing if owner == author}
    settled = majority((event, answer) for event, answer, _, _ in standing)
    skip = mine | settled.keys() | set(exclude)
    classifier = issue.classifiers.current().first()
    number = sum(reason == Reason.RANDOM for *_, reason in standing)
    start = (issue.pk.int % 997 / 997 + number * GOLDEN) % 1.0
    matches = sum(settled.values())
    taught = {} if author == TEACHER else taught_answers(issue)
    if classifier:
        pool = _scored(issue, classifier, skip, start, matches, taught)
    else:
        pool = _similar(issue, skip, start)
    cycle = cycle_of(
        labels=len(standing),
        matches=matches,
        trained=classifier is not None,
        who="teacher" if author == TEACHER else "person" if user else "program",
    )
    if audit:
        cycle = AUDIT
    pool.orders = {reason: order for reason, order in pool.orders.items() if reason in cycle}
    before = [*exclude, *(event for event, _, _, _ in standing[:REMEMBERED])]
    asked_vectors = _together(vectors_of(project=issue.project, event_ids=list(dict.fromkeys(before))))
    picked = pick(pool, asked_vectors, reasons_in_turn(cycle, start=len(standing) + len(exclude)), limit)
    events = Event.objects.select_related("conversation", "end_user").in_bulk(
        [pool.ids[index] for index, _ in picked]
    )
    return [
        Card(
            events[pool.ids[index]],
            float(pool.scores[index]),
            reason,
            pool.chances[index] if reason == Reason.RANDOM else None,
        )
        for index, reason in picked
        if pool.ids[index] in events
    ]


def _similar(issue: Issue, skip: set[uuid.UUID], start: float) -> Pool:
    """Before the first classifier: by cosine to the definition."""
    vector = definition_vector(issue)
    near = nearest_events(project=issue.project, vector=vector, limit=SHORTLIST + len(skip))
    cosines = {event: cosine for event, cosine in near if event not in skip}
    drawn, number = _drawn(issue.project, skip)
    ids = list(dict.fromkeys([*cosines, *drawn]))
    chunk = vectors_of(project=issue.project, event_ids=ids)
    found = np.maximum(chunk.user @ vector, chunk.agent @ vector).astype(np.float64)
    pool = _pool(chunk, found, drawn, number=number, threshold=None, start=start)
    place = {event: rank for rank, event in enumerate(cosines)}
    pool.orders[Reason.SIMILAR] = sorted(
        (index for index, event in enumerate(pool.ids) if event in place),
        key=lambda index: place[pool.ids[index]],
    )
    return pool


def _scored(
    issue: Issue,
    classifier: Classifier,
    skip: set[uuid.UUID],
    start: float,
    matches: int,
    taught: Mapping[uuid.UUID, bool],
) -> Pool:
    """With a classifier: the events with the largest projection on its weights, those most like the definition, those that a teacher called a match
    (`taught`: what it said of events), and a random draw, all with their scores."""
    weights, definition = weights_of([classifier])[0], definition_vector(issue)
    ids: dict[uuid.UUID, None] = {}
    for side, direction in weight_directions(weights).items():
        near = nearest_events(project=issue.project, vector=direction, limit=SHORTLIST + len(skip), side=side)
        ids.update(dict.fromkeys(event for event, _ in near if event not in skip))
    alike = nearest_events(project=issue.project, vector=definition, limit=SHORTLIST // 2 + len(skip))
    ids.update(dict.fromkeys(event for event, _ in alike if event not in skip))
    ids.update(dict.fromkeys(event for event, is_match in taught.items() if is_match and event not in skip))
    drawn, number = _drawn(issue.project, skip)
    ids.update(dict.fromkeys(drawn))
    chunk = vectors_of(project=issue.project, event_ids=list(ids))
    found = scores(chunk.user, chunk.agent, weights)
    likeness = np.maximum(chunk.user @ definition, chunk.agent @ definition).astype(np.float64)
    pool = _pool(chunk, found, drawn, number=number, threshold=classifier.threshold, start=start)
    verdicts = np.array(
        [0.0 if event not in taught else 1.0 if taught[event] else -1.0 for event in pool.ids]
    )
    order_by_score(pool, likeness, threshold=classifier.threshold, matches=matches, taught=verdicts)
    return pool


def _drawn(project: Project, skip: set[uuid.UUID]) -> tuple[list[uuid.UUID], int]:
    """(Events drawn at random, without those in `skip`; how many there were to draw from.)"""
    ids, number = draw_events(project=project, count=SHORTLIST)
    if SHORTLIST < number <= SMALL:  # one query reads their ids; in a larger project each sixteen ids are one
        ids, number = draw_events(project=project, count=SAMPLE)
    return [id for id in ids if id not in skip], max(1, number - len(skip))


def _pool(
    chunk: VectorChunk,
    found: NDArray[np.float64],
    drawn: list[uuid.UUID],
    *,
    number: int,
    threshold: float | None,
    start: float,
) -> Pool:
    place = {event: index for index, event in enumerate(chunk.ids)}
    sample = [place[event] for event in drawn if event in place]
    order, chances = draw_in_strata(found[sample], threshold=threshold, number=number, start=start)
    cards = [sample[index] for index in order]
    return Pool(
        list(chunk.ids),
        _together(chunk),
        found,
        {Reason.RANDOM: cards},
        dict(zip(cards, chances, strict=True)),
    )


def _together(chunk: VectorChunk) -> NDArray[np.float32]:
    both = np.hstack([chunk.user, chunk.agent])
    unit: NDArray[np.float32] = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return unit
