"""What a signal that is being worded would find in the newest events. Nothing is saved."""

import heapq
from dataclasses import dataclass, field

from ingest.models import Event
from signals.detection.stage import findings
from signals.detection.trial import Sample
from signals.detectors.batch import Detector
from signals.kinds.registry import detector_of, is_scored, needs_spans
from signals.matching.batches import EventBatch, load_batch, load_texts
from signals.models import SignalDefinition
from signals.models.judgements import judgements

RECENT = 2000
SAMPLES = 10
NEAR = 6
CHUNK = 250


@dataclass(frozen=True, slots=True)
class Preview:
    """Of `tried` events `matched` match, from `users` end users; the newest as samples. `near`: those that come closest to
    the threshold from below, for kinds that score."""

    tried: int
    matched: int
    users: int
    threshold: float | None
    samples: list[Sample]
    near: list[Sample]

    @property
    def rate(self) -> float | None:
        return self.matched / self.tried if self.tried else None


@dataclass(slots=True)
class _Tally:
    tried: int = 0
    matched: int = 0
    users: set[object] = field(default_factory=set)
    newest: list[Event] = field(default_factory=list)
    near: list[tuple[float, int, Event]] = field(default_factory=list)  # a heap, the lowest score first


def preview(signal: SignalDefinition, *, recent: int = RECENT) -> Preview:
    """A signal that was checked and trained (signals.taxonomy.definitions), saved or not, on the newest events of its project."""
    quiet = detector_of(signal, findings=findings, quoting=False)
    full = detector_of(signal, findings=findings)
    if quiet is None or full is None:
        raise ValueError("The signal has no detector: check it first.")
    threshold = quiet.threshold if signal.threshold is None else signal.threshold
    events = Event.objects.filter(project=signal.project_id, is_pending=False).order_by("-timestamp", "-id")
    ids = list(events.values_list("id", flat=True)[:recent])
    tally = _Tally()
    for start in range(0, len(ids), CHUNK):
        rows = Event.objects.filter(id__in=ids[start : start + CHUNK]).order_by("-timestamp", "-id")
        _count(tally, quiet, threshold, _load(signal, list(rows.select_related("end_user", "conversation"))))
    near = [event for _, _, event in sorted(tally.near, key=lambda one: -one[0])]
    scored = is_scored(signal)
    return Preview(
        tried=tally.tried,
        matched=tally.matched,
        users=len(tally.users - {None}),
        threshold=threshold if scored else None,
        samples=_samples(signal, full, tally.newest),
        near=_samples(signal, full, near) if scored else [],
    )


def _load(signal: SignalDefinition, events: list[Event]) -> EventBatch:
    return load_batch(events) if needs_spans(signal) else load_texts(events)


def _count(tally: _Tally, detector: Detector, threshold: float, batch: EventBatch) -> None:
    tally.tried += len(batch.events)
    for found in sorted(detector.detect(batch), key=lambda found: found.index):
        event = batch.events[found.index]
        if found.score >= threshold:
            tally.matched += 1
            tally.users.add(event.end_user_id)
            if len(tally.newest) < SAMPLES:
                tally.newest.append(event)
            continue
        heapq.heappush(tally.near, (found.score, event.id.int, event))
        if len(tally.near) > NEAR:
            heapq.heappop(tally.near)


def _samples(signal: SignalDefinition, detector: Detector, events: list[Event]) -> list[Sample]:
    """With the evidence, which is only worked out for what is shown."""
    if not events:
        return []
    found = {one.index: one for one in detector.detect(_load(signal, events))}
    feedback = judgements().answers(signal, [event.id for event in events])
    return [
        Sample(
            event,
            found[index].score,
            [dict(piece) for piece in found[index].evidence],
            feedback.get(event.id),
        )
        for index, event in enumerate(events)
        if index in found
    ]
