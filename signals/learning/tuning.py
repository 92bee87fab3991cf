"""A signal learns from its labels: a threshold for detectors that score, a model for sentences. Proposed with before and after, applied
by one click, taken back by another; either reads the history again. The labels are handed in: they lie in an upper app."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, User
from raindrop import live
from signals.catalogue.history import remember, save_changed
from signals.detection.backfill import request_backfill
from signals.detection.stage import detector_of, findings
from signals.detectors import sentence
from signals.detectors.batch import SIDES, Detector
from signals.kinds import registry
from signals.kinds.base import SignalKind
from signals.kinds.small_model import Judgements
from signals.learning.thresholds import (
    LEAST_LABELS,
    Answers,
    Scores,
    choose_threshold,
    cross_validated_matches,
    figures,
    folds,
    no_better,
    too_thin,
)
from signals.matching.batches import EventBatch, load_batch, load_texts
from signals.models import SignalDefinition, SignalTuning
from signals.models.tuning import TuningKind, TuningState

TUNE = "tune"  # the job's kind; the app that holds the labels does the work (labeling/teaching.py)
AGAIN_AFTER = 5  # labels since the last time
MOST_LABELS = 1000  # the newest, of which `tune` is to be handed no more
RECENT = 2000  # events on which the share that matches is counted
CHUNK = 250


class CannotDecide(Exception):
    """The signal is no longer what the tuning was made for; the message is for people."""


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """Whether the signal holds on the event, as the last word on it says."""

    event_id: uuid.UUID
    right: bool


@dataclass(frozen=True, slots=True)
class _Labels:
    events: list[Event]
    answers: Answers
    scores: Scores  # by the signal as it is
    recent: Scores  # of the newest events


def can_tune(signal: SignalDefinition) -> bool:
    """Whether it scores, and its labels can change that. Words, numbers and combinations match or do not."""
    return (signal.builtin or _learner(signal) is not None) and detector_of(signal) is not None


def is_due(signal: SignalDefinition, *, labels: int) -> bool:
    """Whether enough labels are new since the last time; `labels` stand now, "unsure" left out."""
    if not can_tune(signal):
        return False
    last = signal.tunings.first()
    return labels >= (last.labels + AGAIN_AFTER if last else LEAST_LABELS)


def request_tuning(signal: SignalDefinition, *, user: User | None = None) -> Job:
    return queue_job(project=signal.project, kind=TUNE, subject=signal.pk, user=user)


def tune(signal: SignalDefinition, judged: Sequence[JudgedEvent]) -> SignalTuning:
    """Learns from the labels, each event once and the newest first, and writes down what came of it: a proposal, or why there is none.
    For a signal that scores (`can_tune`)."""
    learner = _learner(signal)
    answers = np.array([one.right for one in judged], dtype=bool)
    made = SignalTuning(
        project_id=signal.project_id, signal=signal, labels=len(judged), state=TuningState.KEPT, note=too_thin(answers),
        kind=TuningKind.THRESHOLD if learner is None else TuningKind.MODEL,
        old_threshold=signal.threshold, new_threshold=signal.threshold, old_trained=signal.trained, new_trained=signal.trained,
    )  # fmt: skip
    if not made.note:
        labels = _labels(signal, judged)
        if learner is None:
            _learn_threshold(signal, made, labels)
        else:
            _learn_model(signal, learner, made, labels)
    made.state = TuningState.KEPT if made.note else TuningState.PROPOSED
    return _save(made)


@transaction.atomic
def apply_tuning(*, tuning: SignalTuning, user: User) -> SignalTuning:
    """The signal works by the proposal from now on, and its history is read again. Raises CannotDecide."""
    return _decide(tuning, user, states={TuningState.PROPOSED}, to=TuningState.APPLIED)


@transaction.atomic
def revert_tuning(*, tuning: SignalTuning, user: User) -> SignalTuning:
    """As it was before `apply_tuning`. Raises CannotDecide."""
    return _decide(tuning, user, states={TuningState.APPLIED}, to=TuningState.REVERTED)


def is_current(tuning: SignalTuning, signal: SignalDefinition) -> bool:
    """Whether the signal still is what the tuning was made for (or, once applied, made it)."""
    applied = tuning.state == TuningState.APPLIED
    threshold, trained = (
        (tuning.new_threshold, tuning.new_trained) if applied else (tuning.old_threshold, tuning.old_trained)
    )
    return signal.threshold == threshold and _bytes(signal.trained) == _bytes(trained)


# -- inside


def _learner(signal: SignalDefinition) -> SignalKind | None:
    """The signal's kind, where its model learns from labels; None: its threshold does."""
    kind = registry.kind_of(signal)
    return kind if kind is not None and kind.learns_from_labels else None


def _decide(tuning: SignalTuning, user: User, *, states: set[TuningState], to: TuningState) -> SignalTuning:
    signal = (
        SignalDefinition.objects.select_for_update(of=("self",))
        .select_related("project")
        .get(pk=tuning.signal_id)
    )
    locked = SignalTuning.objects.select_for_update().get(pk=tuning.pk)
    if locked.state not in states:
        raise CannotDecide(f"This was {locked.get_state_display().lower()} already.")
    if not is_current(locked, signal):
        raise CannotDecide("The signal was changed since.")
    remember([signal])
    forward = to == TuningState.APPLIED
    signal.threshold = locked.new_threshold if forward else locked.old_threshold
    signal.trained = locked.new_trained if forward else locked.old_trained
    signal.own_fields = sorted({*signal.own_fields, "threshold"})
    save_changed([signal], fields=["threshold", "trained", "own_fields"], user=user, via="its labels")
    locked.state, locked.decided_at, locked.decided_by = to, timezone.now(), user
    locked.save(update_fields=["state", "decided_at", "decided_by"])
    if signal.enabled:
        request_backfill(signal, user=user)
    live.changed([signal.project_id])
    return locked


@transaction.atomic
def _save(made: SignalTuning) -> SignalTuning:
    waiting = SignalTuning.objects.filter(signal=made.signal_id, state=TuningState.PROPOSED)
    waiting.update(state=TuningState.OUTDATED)
    made.save(force_insert=True)
    return made


def _labels(signal: SignalDefinition, rows: Sequence[JudgedEvent]) -> _Labels:
    """Without those whose event is gone."""
    found = Event.objects.select_related("end_user", "conversation").in_bulk([row.event_id for row in rows])
    kept = [row for row in rows if row.event_id in found]
    events = [found[row.event_id] for row in kept]
    newest = Event.objects.filter(project=signal.project_id, is_pending=False).order_by("-timestamp", "-id")
    detector = _detector(signal)
    return _Labels(
        events,
        np.array([row.right for row in kept], dtype=bool),
        scores_of(signal, detector, events),
        scores_of(signal, detector, list(newest[:RECENT])),
    )


def scores_of(signal: SignalDefinition, detector: Detector, events: list[Event]) -> Scores:
    """(n,): 0 where the detector finds nothing worth a score."""
    found = np.zeros(len(events))
    for start in range(0, len(events), CHUNK):
        for one in detector.detect(load_for(signal, events[start : start + CHUNK])):
            found[start + one.index] = one.score
    return found


def load_for(signal: SignalDefinition, events: list[Event]) -> EventBatch:
    return load_batch(events) if registry.needs_spans(signal) else load_texts(events)


def _detector(signal: SignalDefinition) -> Detector:
    quiet = registry.detector_of(signal, findings=findings, quoting=False) or detector_of(signal)
    assert quiet is not None, "can_tune() was asked first"
    return quiet


def threshold_of(signal: SignalDefinition, detector: Detector) -> float:
    return detector.threshold if signal.threshold is None else signal.threshold


def _learn_threshold(signal: SignalDefinition, made: SignalTuning, labels: _Labels) -> None:
    old = threshold_of(signal, _detector(signal))
    new = choose_threshold(labels.scores, labels.answers)
    matched = cross_validated_matches(labels.scores, labels.answers)
    before = labels.scores >= old
    _count(made, labels, before=before, matching=int((labels.recent >= old).sum()))
    if new is None or matched is None:
        made.note = "A higher score does not speak for the signal here, so that no threshold helps."
        return
    made.new_threshold = new
    made.after = figures(
        matched, labels.answers, events=len(labels.recent), matching=int((labels.recent >= new).sum())
    ).as_json()
    made.note = no_better(before, matched, labels.answers)


def _learn_model(signal: SignalDefinition, kind: SignalKind, made: SignalTuning, labels: _Labels) -> None:
    """The signal's model once more, with what was judged as examples and counterexamples."""
    threshold = threshold_of(signal, _detector(signal))
    before = labels.scores >= threshold
    _count(made, labels, before=before, matching=int((labels.recent >= threshold).sum()))
    vectors = labels_vectors(signal, labels.events)
    matched = np.zeros(len(labels.answers), dtype=bool)
    for learnt, tried in folds(labels.answers):
        trained = kind.train(signal, judged=Judgements(vectors[learnt], labels.answers[learnt]))
        assert trained is not None, "a kind that learns from labels has a model"
        matched[tried] = sentence.score(vectors[tried], sentence.from_bytes(trained)) >= threshold
    made.new_trained = kind.train(signal, judged=Judgements(vectors, labels.answers))
    signal.trained, kept = made.new_trained, signal.trained
    try:
        newest = Event.objects.filter(project=signal.project_id, is_pending=False)
        recent = scores_of(signal, _detector(signal), list(newest.order_by("-timestamp", "-id")[:RECENT]))
    finally:
        signal.trained = kept
    made.after = figures(
        matched, labels.answers, events=len(recent), matching=int((recent >= threshold).sum())
    ).as_json()
    made.note = no_better(before, matched, labels.answers)


def labels_vectors(signal: SignalDefinition, events: list[Event]) -> sentence.Floats:
    """(n, 384): of each event the side that the signal reads; of two sides the one that its model scores higher."""
    batch = load_texts(events)
    sides = {"user": batch.user_vectors, "assistant": batch.agent_vectors}
    read = [sides[side] for side in SIDES[signal.reads]]
    weights = sentence.from_bytes(signal.trained or b"")
    best = np.stack([sentence.score(rows, weights) for rows in read]).argmax(axis=0)
    picked: sentence.Floats = np.stack(read)[best, np.arange(len(events))]
    return picked


def _count(made: SignalTuning, labels: _Labels, *, before: Answers, matching: int) -> None:
    made.before = figures(before, labels.answers, events=len(labels.recent), matching=matching).as_json()


def _bytes(stored: bytes | memoryview | None) -> bytes | None:
    return None if stored is None else bytes(stored)
