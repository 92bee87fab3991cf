"""What a proposed definition would change, worked out before anybody accepts it.

The proposal is accepted for a trial, down to the training, inside of a transaction that is rolled back: so the figures are of the very classifier that
accepting would make.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingest.models import Event
from issues.classifier.sampling import draw_events
from issues.classifier.scoring import found_in
from issues.models import Issue
from labeling.labels.labels import standing_answers
from labeling.teaching import retrain
from signals.vectors.reading import VectorChunk, vectors_of

SAMPLE = 4000  # events; a smaller project is looked at as a whole
EXAMPLES = 5

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of n events: `decided` (n,), what the classifier says; `answers` {row: is it a match}, what people say, which counts before it."""

    decided: Bools
    answers: dict[int, bool]

    def hold(self) -> Bools:
        held = self.decided.copy()
        for row, is_match in self.answers.items():
            held[row] = is_match
        return held


@dataclass(frozen=True, slots=True)
class Effect:
    """`labels`: events with an answer. `labels_flipped`: of these, those that the classifier would no longer decide as they are answered, and does
    now. `labels_reasked`: events whose labels would be taken back and asked about again. Rates and counts of events are of all events, counted
    over `sampled` of them. `gained`, `lost`: some of them, by the app's own ids."""

    labels: int
    labels_flipped: int
    labels_reasked: int
    rate_before: float
    rate_after: float
    events_gained: int
    events_lost: int
    events: int
    sampled: int
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def effect_of(issue: Issue, apply: Callable[[Issue], list[uuid.UUID]]) -> dict[str, Any]:
    """The Effect, as plain data, of `apply(issue)`, which changes the definition and returns the events to be asked about again. Nothing stays
    changed."""
    sample, number = draw_events(project=issue.project, count=SAMPLE, seed=issue.pk.int)
    wanted = list(dict.fromkeys([*sample, *standing_answers(issue)]))
    chunk = vectors_of(project=issue.project, event_ids=wanted)
    before = _verdicts(issue, chunk)
    with transaction.atomic():
        trial = Issue.objects.select_related("project").get(pk=issue.pk)
        reasked = apply(trial)
        retrain(trial, rescore=False)
        after = _verdicts(trial, chunk)
        transaction.set_rollback(True)
    drawn = set(sample)
    is_sampled = np.array([event in drawn for event in chunk.ids], bool)
    effect, gained, lost = compare(before, after, is_sampled=is_sampled, reasked=len(reasked), number=number)
    names = dict(
        Event.objects.filter(pk__in=[chunk.ids[row] for row in gained + lost]).values_list("pk", "event_id")
    )
    shown = asdict(effect)
    shown["gained"] = [names[chunk.ids[row]] for row in gained if chunk.ids[row] in names]
    shown["lost"] = [names[chunk.ids[row]] for row in lost if chunk.ids[row] in names]
    return shown


def compare(
    before: Verdicts, after: Verdicts, *, is_sampled: Bools, reasked: int, number: int
) -> tuple[Effect, list[int], list[int]]:
    """(The effect, rows of a few events that are gained, of a few that are lost). `is_sampled` (n,): drawn at random from `number` events."""
    held, holds = before.hold(), after.hold()
    size = max(1, int(is_sampled.sum()))
    gained, lost = np.flatnonzero(holds & ~held & is_sampled), np.flatnonzero(held & ~holds & is_sampled)
    flipped = sum(
        bool(before.decided[row]) == is_match and bool(after.decided[row]) != is_match
        for row, is_match in before.answers.items()
    )
    effect = Effect(
        labels=len(before.answers),
        labels_flipped=flipped,
        labels_reasked=reasked,
        rate_before=float(held[is_sampled].sum()) / size,
        rate_after=float(holds[is_sampled].sum()) / size,
        events_gained=round(len(gained) * number / size),
        events_lost=round(len(lost) * number / size),
        events=number,
        sampled=int(is_sampled.sum()),
    )
    return effect, gained[:EXAMPLES].tolist(), lost[:EXAMPLES].tolist()


def _verdicts(issue: Issue, chunk: VectorChunk) -> Verdicts:
    """By the issue's newest classifier, or nothing before the first one, and by people."""
    classifier = issue.classifiers.current().first()
    decided = np.zeros(len(chunk.ids), bool)
    if classifier is not None:
        decided = found_in(chunk, [classifier])[:, 0] >= classifier.threshold
    answers = standing_answers(issue)
    return Verdicts(decided, {row: answers[event] for row, event in enumerate(chunk.ids) if event in answers})
