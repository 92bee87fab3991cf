"""The pipeline's stage that decides, for each new event, which issues it belongs to."""

import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Collection

import numpy as np

from ingest.models import Event, Project
from issues.classifier import Floats, from_bytes, scores
from issues.matching import Outdated, store_matches
from issues.models import Classifier
from signals.vectors import vectors_of

WEIGHTS_KEPT = 4096  # classifiers whose weights (3 KB each) a process keeps
TRIES = 5

_weights: OrderedDict[uuid.UUID, Floats] = OrderedDict()


def score(events: list[Event]) -> None:
    """Scores the events by the current classifier of each issue of their project, whatever the issue's state.

    Idempotent, and safe twice at once: what is counted is exactly the rows that were inserted or deleted.
    """
    by_project: dict[Project, list[uuid.UUID]] = defaultdict(list)
    for event in events:
        by_project[event.project].append(event.id)
    for project, event_ids in by_project.items():
        for remaining in reversed(range(TRIES)):
            try:
                _score(project, event_ids)
                break
            except Outdated:
                if not remaining:
                    raise


def _score(project: Project, event_ids: list[uuid.UUID]) -> None:
    classifiers = list(Classifier.objects.filter(issue__project=project).current())
    if not classifiers:
        return
    chunk = vectors_of(project=project, event_ids=event_ids)
    if not chunk.ids:
        return
    found = scores(chunk.user, chunk.agent, weights_of(classifiers))
    found[~(chunk.user.any(axis=1) | chunk.agent.any(axis=1))] = -1.0  # without text nothing matches
    store_matches(classifiers=classifiers, event_ids=chunk.ids, found=found, only_current=True)


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
