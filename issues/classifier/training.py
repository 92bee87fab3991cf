"""Training the next version of an issue's classifier."""

import uuid
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max
from numpy.typing import NDArray

from ingest.counts.rollups import totals
from ingest.models import Project
from issues.classifier.audit import published
from issues.classifier.contradictions import contradicted_answers
from issues.classifier.definition_vectors import definition_vector
from issues.classifier.model import KIND, Sides, fit, to_bytes
from issues.classifier.sampling import random_event_ids
from issues.models import Activity, Classifier, Issue
from issues.models.activity import ActivityKind
from raindrop import live
from signals.vectors.reading import VectorChunk, vectors_of

BACKGROUND = 500  # unlabelled events to tell the issue from
# Of the teacher's answers before people checked any: (right, of so many). A yes is worth less than a no, because most events are no match: of a rare
# issue a teacher who errs on 8 % is wrong on most of what it calls a match.
PRIOR = {True: (3.0, 4.0), False: (9.0, 10.0)}
LEAST_TRUST = 0.05


class NothingToLearn(ValueError):
    """No labelled event that has a vector is a match, or there is no other event to tell the matches from."""


def train(
    *,
    issue: Issue,
    event_ids: list[uuid.UUID],
    answers: NDArray[np.bool_],
    drawn: Mapping[uuid.UUID, float] = MappingProxyType({}),
    taught: Mapping[uuid.UUID, bool] = MappingProxyType({}),
    unmeasured: Collection[uuid.UUID] = (),
    undecided: Collection[uuid.UUID] = (),
) -> Classifier:
    """Trains on people's answers (one per event id) and stores the result as the newest version. `drawn`: of events that people were asked about at
    random, 1 / the probability of that. `taught`: what a teacher said of events; where people answered too, they are right.
    `unmeasured`: events whose answers teach, and by which its quality is not measured. `undecided`: events that people answered without deciding: they
    teach nothing, and are left neither to draw nor as the usual event.

    Events without a vector (not embedded yet, or without text) are left out. Raises NothingToLearn. The caller asks for
    a rescore (issues/classifier/rescoring.py): until then the matches are those of the version before.
    """
    project = issue.project
    of_people = dict(zip(event_ids, answers.tolist(), strict=True))
    known = {**taught, **of_people}
    trust = trust_of_teacher(taught, of_people)
    chunk = vectors_of(project=project, event_ids=list(known))
    has_text = np.any(chunk.user, axis=1) | np.any(chunk.agent, axis=1)
    labelled = Sides(chunk.user, chunk.agent).take(has_text)
    kept = np.array([known[event] for event in chunk.ids], bool)[has_text]
    chance = np.array([drawn.get(event, 0.0) for event in chunk.ids], np.float64)[has_text]
    worth = np.array([1.0 if event in of_people else trust[known[event]] for event in chunk.ids])[has_text]
    if not kept.any():
        raise NothingToLearn("None of the labelled matches has been embedded yet, or none has text.")
    # The same draw for the same issue, so that a version differs from the last by its labels.
    others_drawn = random_event_ids(
        project=project, count=BACKGROUND + len(known) + len(undecided), seed=issue.pk.int
    )
    passed_over = known.keys() | set(undecided)
    others = [event for event in others_drawn if event not in passed_over][:BACKGROUND]
    around = vectors_of(project=project, event_ids=others)
    if kept.all() and not len(around.ids):
        raise NothingToLearn("Every event is labelled as a match: there is nothing to tell them from.")
    definition = issue.definitions.order_by("-version").first()
    assert definition is not None  # create_issue writes the first
    fitted = fit(
        definition=definition_vector(issue),
        labelled=labelled,
        answers=kept,
        weights=chance,
        trust=worth,
        measured=np.array([event not in unmeasured for event in chunk.ids], bool)[has_text],
        background=Sides(around.user, around.agent),
        unlabelled=_unlabelled(project, labelled=len(passed_over), drawn=len(others), known=around),
    )
    learnt_from = [event for event, usable in zip(chunk.ids, has_text.tolist(), strict=True) if usable]
    contradictions = contradicted_answers(fitted, events=learnt_from, answers=kept, of_people=worth == 1.0)
    with transaction.atomic():
        # Waits for the batches that are being scored by the version before (issues/classifier/matching.py).
        Issue.objects.select_for_update().get(pk=issue.pk)
        last = Classifier.objects.filter(issue=issue).aggregate(last=Max("version"))["last"] or 0
        classifier = Classifier.objects.create(
            issue=issue,
            version=last + 1,
            kind=KIND,
            weights=to_bytes(fitted.weights),
            threshold=fitted.threshold,
            definition_version=definition.version,
            labels_count=int((worth == 1.0).sum()),
            positives_count=int(kept[worth == 1.0].sum()),
            quality=fitted.quality,
            contradicted={str(event): answer for event, answer in contradictions.items()},
        )
        Activity.objects.create(
            issue=issue,
            kind=ActivityKind.TRAINED,
            data={
                "version": classifier.version,
                "labels": classifier.labels_count,
                "matches": classifier.positives_count,
                "threshold": round(fitted.threshold, 3),
                **{name: published(fitted.quality)[name] for name in ("precision", "recall", "low", "high")},
            },
        )
        live.changed([project.pk])
    return classifier


def _unlabelled(project: Project, *, labelled: int, drawn: int, known: VectorChunk) -> int:
    """How many events have no answer and may be scored. `drawn` of them were drawn at random, and `known` are those that have vectors. Exact where
    these are all; else by the share of them that has text."""
    with_text = int((np.any(known.user, axis=1) | np.any(known.agent, axis=1)).sum())
    if drawn < BACKGROUND:
        return with_text
    others = max(0, totals([project.pk])[project.pk].events - labelled)
    return max(with_text, round(others * with_text / drawn))


def trust_of_teacher(taught: Mapping[Any, bool], of_people: Mapping[Any, bool]) -> Mapping[bool, float]:
    """What one of the teacher's answers, yes and no, is worth beside a person's (below 1): by how many of them people agreed with where both
    answered, PRIOR taken as seen before. At half agreement an answer says nothing."""
    worth = {}
    for verdict in (True, False):
        both = [
            of_people[event] == verdict
            for event, match in taught.items()
            if match == verdict and event in of_people
        ]
        right, prior = PRIOR[verdict]
        share = (sum(both) + right) / (len(both) + prior)
        worth[verdict] = float(min(0.95, max(LEAST_TRUST, 2 * share - 1)))
    return worth
