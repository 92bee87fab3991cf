"""The pipeline's stage that decides, for each new event, which issues it belongs to."""

import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ingest.models import Event, Project
from issues.classifier.matching import Outdated, store_matches
from issues.classifier.model import Floats, from_bytes, scores
from issues.models import Classifier, Issue
from issues.models.issues import Follows
from signals.vectors.reading import VectorChunk, vectors_of

WEIGHTS_KEPT = 4096  # classifiers whose weights (3 KB each) a process keeps
TRIES = 5

_weights: OrderedDict[uuid.UUID, Floats] = OrderedDict()


def score(events: list[Event]) -> None:
    """Scores the events by the current classifier of each issue of their project, whatever the issue's state.

    Idempotent, and safe twice at once: what is counted is exactly the rows that were inserted or deleted. An event that was
    revised after it was loaded here is left to the run that its revision queued.
    """
    by_project: dict[Project, list[Event]] = defaultdict(list)
    for event in events:
        by_project[event.project].append(event)
    for project, mine in by_project.items():
        for remaining in reversed(range(TRIES)):
            try:
                _score(project, mine)
                break
            except Outdated:
                if not remaining:
                    raise


def _score(project: Project, events: list[Event]) -> None:
    classifiers = list(
        Classifier.objects.filter(issue__project=project, issue__follows=Follows.CLASSIFIER).current()
    )
    if not classifiers:
        return
    chunk = vectors_of(project=project, event_ids=[event.id for event in events])
    if not chunk.ids:
        return
    known = {event.id: event for event in events}
    store_matches(
        classifiers=classifiers,
        events=[known[event_id] for event_id in chunk.ids],
        found=found_in(chunk, classifiers),
        only_current=True,
    )


def score_again(*, issue: Issue, events: list[Event]) -> None:
    """These events (of the issue's project) by the issue's newest classifier, once what people answered of them changed. Nothing without
    a classifier."""
    for remaining in reversed(range(TRIES)):
        classifier = issue.classifiers.current().first()
        if classifier is None or not events:
            return
        chunk = vectors_of(project=issue.project, event_ids=[event.id for event in events])
        known = {event.id: event for event in events}
        try:
            store_matches(
                classifiers=[classifier],
                events=[known[event_id] for event_id in chunk.ids],
                found=found_in(chunk, [classifier]),
                only_current=True,
            )
            return
        except Outdated:
            if not remaining:
                raise


def found_in(chunk: VectorChunk, classifiers: Collection[Classifier]) -> NDArray[np.float64]:
    """(events, classifiers): the scores; -1 without text, so that nothing matches."""
    found = scores(chunk.user, chunk.agent, weights_of(classifiers))
    found[~(chunk.user.any(axis=1) | chunk.agent.any(axis=1))] = -1.0
    return found


def weights_of(classifiers: Collection[Classifier]) -> Floats:
    """(k, WIDTH): their weights, from this process's memory where it has them (a version never changes)."""
    missing = [classifier.pk for classifier in classifiers if classifier.pk not in _weights]
    for pk, stored in Classifier.objects.filter(pk__in=missing).values_list("pk", "weights"):
        _weights[pk] = from_bytes(stored)
    stacked: Floats = np.stack([_weights[classifier.pk] for classifier in classifiers])
    for classifier in classifiers:
        _weights.move_to_end(classifier.pk)
    while len(_weights) > WEIGHTS_KEPT:
        _weights.popitem(last=False)
    return stacked
