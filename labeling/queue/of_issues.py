"""Which events to ask a person about next.

Before the first classifier these are the events most like the definition: by meaning, by its words, by what a reader said went wrong, and by what leads
find (signals, a query, what the search started from), fused (fusing.py, sources.py, leads.py). A signal that nobody named loses its turn after three
noes in a row. With one, they are likely ones (the highest scores that nobody has checked)
until five matches are known, then likely and uncertain ones (nearest the threshold) by turns, or uncertain ones alone while most labels are matches. From
eighty labels on, of sixteen cards one is an event on which two learners disagree, and one is from a region without labels. While the issue has drifted, new events are
asked about too (picking.cycle_of). Some are random (picking.RANDOM_CARDS), drawn in strata of
score with known probabilities (picking.draw_in_strata): only these can show what the classifier misses. Picked events also differ from each other. How
the mixture was chosen: picking.py.

Nobody is asked twice about an event, or about an event that most people have answered alike.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.models import Event, Project, User
from issues.classifier.definition_vectors import definition_vector
from issues.classifier.model import scores, weight_directions
from issues.classifier.sampling import SMALL, draw_between, draw_events
from issues.classifier.scoring import weights_of
from issues.models import Classifier, Issue
from labeling.drift.watching import standing_drift
from labeling.labels.authors import author_of
from labeling.labels.labels import all_standing_labels, majority, standing_labels, taught_answers
from labeling.models import TEACHER, Reason
from labeling.queue.cards import Card
from labeling.queue.fusing import (
    MEANING_WEIGHT,
    QUERY_WEIGHT,
    READER_WEIGHT,
    SIGNAL_WEIGHT,
    START_WEIGHT,
    WORDS_WEIGHT,
    fuse,
)
from labeling.queue.leads import QUERY, Lead, found_by_lead, has_turn, leads_of
from labeling.queue.picking import (
    AUDIT,
    GOLDEN,
    REGION_SAMPLE,
    SHORTLIST,
    Pool,
    cycle_of,
    draw_in_strata,
    order_by_doubt,
    order_by_region,
    order_by_score,
    pick,
    reasons_in_turn,
)
from labeling.queue.sources import found_by_reader, found_by_words
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import VectorChunk, vectors_of

SAMPLE = 2000  # events drawn at random and scored, to draw cards from in strata of score
Led = Sequence[tuple[Lead, Sequence[uuid.UUID]]]  # each lead, and the events that it finds, best first
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
    before = [*exclude, *(event for event, _, _, _ in standing[:REMEMBERED])]
    recent = vectors_of(project=issue.project, event_ids=list(dict.fromkeys(before)))
    asked_vectors = recent.together()
    drift = standing_drift(issue) if classifier else None
    found = [(lead, found_by_lead(lead, issue, SHORTLIST + len(skip))) for lead in leads_of(issue)]
    led = [
        (lead, events) for lead, events in found if not lead.is_guessed or has_turn(events, settled, exclude)
    ]
    if classifier:
        new = _new_events(issue.project, drift.since, skip) if drift else []
        pool = _scored(issue, classifier, skip, start, matches, taught, new, led)
        labelled = asked_vectors[np.array([event in settled for event in recent.ids], bool)]
        order_by_doubt(
            pool,
            labelled,
            np.array([settled[event] for event in recent.ids if event in settled], bool),
            threshold=classifier.threshold,
            taught=_verdicts(pool.ids, taught),
        )
        order_by_region(pool, labelled, reason=Reason.FAR, among=list(pool.chances))
        place = {event: index for index, event in enumerate(pool.ids)}
        among = [place[event] for event in new if event in place]
        order_by_region(pool, labelled, reason=Reason.DRIFT, among=among)
    else:
        pool = _similar(issue, skip, start, led)
    cycle = cycle_of(
        labels=len(standing),
        matches=matches,
        trained=classifier is not None,
        who="teacher" if author == TEACHER else "person" if user else "program",
        drifted=drift is not None,
    )
    if audit:
        cycle = AUDIT
    pool.orders = {reason: order for reason, order in pool.orders.items() if reason in cycle}
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
            ()
            if reason == Reason.RANDOM
            else tuple(lead for lead, events in led if pool.ids[index] in events),
        )
        for index, reason in picked
        if pool.ids[index] in events
    ]


def _similar(issue: Issue, skip: set[uuid.UUID], start: float, led: Led) -> Pool:
    """Before the first classifier: by likeness to the definition, of all sources."""
    vector = definition_vector(issue)
    found_alike, _ = _alike(issue, skip, led)
    alike = list(found_alike)[:SHORTLIST]
    drawn, number = _drawn(issue.project, skip)
    ids = list(dict.fromkeys([*alike, *drawn]))
    chunk = vectors_of(project=issue.project, event_ids=ids)
    found = np.maximum(chunk.user @ vector, chunk.agent @ vector).astype(np.float64)
    pool = _pool(chunk, found, drawn, number=number, threshold=None, start=start)
    place = {event: rank for rank, event in enumerate(alike)}
    pool.orders[Reason.SIMILAR] = sorted(
        (index for index, event in enumerate(pool.ids) if event in place),
        key=lambda index: place[pool.ids[index]],
    )
    return pool


def _alike(issue: Issue, skip: set[uuid.UUID], led: Led) -> tuple[dict[uuid.UUID, float], bool]:
    """(The events most like the definition, best first, with their fused worth, of all sources; whether a reader, or what a person started the search
    from, is among these.)"""
    limit = SHORTLIST + len(skip)
    near = nearest_events(project=issue.project, vector=definition_vector(issue), limit=limit)
    by_reader = found_by_reader(issue, limit)
    fused = fuse(
        [
            (MEANING_WEIGHT, [event for event, _ in near]),
            (WORDS_WEIGHT, found_by_words(issue, limit)),
            (READER_WEIGHT, by_reader),
            *((_weight_of(lead), found) for lead, found in led),
        ]
    )
    is_led = bool(by_reader) or any(lead.is_start and found for lead, found in led)
    return {event: worth for event, worth in fused.items() if event not in skip}, is_led


def _weight_of(lead: Lead) -> float:
    return START_WEIGHT if lead.is_start else QUERY_WEIGHT if lead.kind == QUERY else SIGNAL_WEIGHT


def _scored(
    issue: Issue,
    classifier: Classifier,
    skip: set[uuid.UUID],
    start: float,
    matches: int,
    taught: Mapping[uuid.UUID, bool],
    new: Sequence[uuid.UUID],
    led: Led,
) -> Pool:
    """With a classifier: the events with the largest projection on its weights, those most like the definition, those that a teacher called a match
    (`taught`: what it said of events), a random draw, and `new` ones, all with their scores."""
    weights, definition = weights_of([classifier])[0], definition_vector(issue)
    ids: dict[uuid.UUID, None] = {}
    for side, direction in weight_directions(weights).items():
        near = nearest_events(project=issue.project, vector=direction, limit=SHORTLIST + len(skip), side=side)
        ids.update(dict.fromkeys(event for event, _ in near if event not in skip))
    alike, is_led = _alike(issue, skip, led)
    ids.update(dict.fromkeys(list(alike)[: SHORTLIST // 2]))
    ids.update(dict.fromkeys(event for event, is_match in taught.items() if is_match and event not in skip))
    drawn, number = _drawn(issue.project, skip)
    ids.update(dict.fromkeys([*drawn, *new]))
    chunk = vectors_of(project=issue.project, event_ids=list(ids))
    found = scores(chunk.user, chunk.agent, weights)
    # Beside a classifier the fused worth counts with a reader among the sources, and where a person named one: without, it was not measured.
    likeness = (
        np.array([alike.get(event, 0.0) for event in chunk.ids])
        if is_led
        else np.maximum(chunk.user @ definition, chunk.agent @ definition).astype(np.float64)
    )
    pool = _pool(chunk, found, drawn, number=number, threshold=classifier.threshold, start=start)
    verdicts = _verdicts(pool.ids, taught)
    order_by_score(pool, likeness, threshold=classifier.threshold, matches=matches, taught=verdicts)
    return pool


def _verdicts(events: Sequence[uuid.UUID], taught: Mapping[uuid.UUID, bool]) -> NDArray[np.float64]:
    """(n,): what the teacher said of each, as `order_by_score` takes it."""
    return np.array([0.0 if event not in taught else 1.0 if taught[event] else -1.0 for event in events])


def _new_events(project: Project, since: dt.datetime, skip: set[uuid.UUID]) -> list[uuid.UUID]:
    """Drawn at random, without those in `skip`."""
    drawn = draw_between(project=project, count=REGION_SAMPLE + len(skip), since=since)
    return [event for event in drawn if event not in skip][:REGION_SAMPLE]


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
        chunk.together(),
        found,
        {Reason.RANDOM: cards},
        dict(zip(cards, chances, strict=True)),
    )
