"""Trying a signal on the newest events, without saving anything."""

from dataclasses import dataclass

from ingest.models import Event
from signals.detection.stage import detector_of, matching
from signals.matching.batches import load_batch
from signals.models import SignalDefinition
from signals.models.definitions import Kind

RECENT = 500
SAMPLES = 20
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Sample:
    event: Event
    score: float
    evidence: list[dict[str, object]]
    feedback: bool | None = None  # by a person: whether the signal holds


@dataclass(frozen=True, slots=True)
class Trial:
    """`tried` events were looked at, `matched` of them match, `users` different users; the newest of them as samples. `reason`:
    why nothing could be tried."""

    signal: SignalDefinition
    tried: int
    matched: int
    users: int
    samples: list[Sample]
    reason: str = ""


def try_on_recent(signal: SignalDefinition) -> Trial:
    """What the signal, as it is set now, finds in the project's newest RECENT events, whether it is enabled or not."""
    detector = detector_of(signal)
    if detector is None:
        explicit = signal.kind == Kind.EXPLICIT
        reason = (
            "The app sends it: there is nothing to detect."
            if explicit
            else "It is found by the time that passed, not on an event: its matches are on its page."
            if signal.builtin
            else "Its configuration is not one that a detector reads."
        )
        return Trial(signal, 0, 0, 0, [], reason)
    events = list(
        Event.objects.filter(project=signal.project_id, is_pending=False)
        .select_related("end_user", "conversation")
        .order_by("-timestamp", "-id")[:RECENT]
    )
    matched, users = 0, set()
    samples: list[Sample] = []
    for start in range(0, len(events), CHUNK):
        chunk = events[start : start + CHUNK]
        for found in sorted(matching(signal, detector, load_batch(chunk)), key=lambda found: found.index):
            event = chunk[found.index]
            matched += 1
            users.add(event.end_user_id)
            if len(samples) < SAMPLES:
                samples.append(Sample(event, found.score, [dict(piece) for piece in found.evidence]))
    return Trial(signal, len(events), matched, len(users - {None}), samples)
