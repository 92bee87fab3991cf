"""Which events to ask a person about next, to teach a signal.

In turn: an uncertain match (the lowest scores that still match), a match drawn at random (only these and what people met on pages count
for the measured precision), and a near miss (the highest scores that do not match any more: what the signal overlooks). A signal whose
matches all score alike has random matches only. Nothing is asked twice.
"""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.models import Event
from labeling.queue.of_issues import Card
from signals.detection.stage import detector_of
from signals.learning.tuning import can_tune, scores_of, threshold_of
from signals.models import SignalDefinition, SignalFeedback, SignalMatch
from signals.models.feedback import Asked

MATCHES = 1000  # the newest, among which is chosen
EVENTS = 400  # the newest, among which near misses are looked for: 50 to 300 ms
CYCLE = (Asked.UNCERTAIN, Asked.RANDOM, Asked.NEAR)


@dataclass(frozen=True, slots=True)
class _Candidate:
    event: uuid.UUID
    score: float


def next_signal_cards(*, signal: SignalDefinition, limit: int) -> list[Card]:
    """Up to `limit` cards, in the order to ask them. `score` is the detector's."""
    said = SignalFeedback.objects.filter(signal=signal)
    asked = set(said.values_list("event_id", flat=True))
    matches = [
        _Candidate(event, score)
        for event, score in SignalMatch.objects.filter(signal=signal, project=signal.project_id)
        .order_by("-timestamp", "-id")
        .values_list("event_id", "score")[:MATCHES]
    ]
    pools = {Asked.RANDOM: sorted(matches, key=_shuffled)}
    if len({match.score for match in matches}) > 1:
        pools[Asked.UNCERTAIN] = sorted(matches, key=lambda match: match.score)
    if can_tune(signal):
        pools[Asked.NEAR] = _near_misses(signal)
    picked = list(itertools.islice(_in_turn(pools, asked), limit))
    events = Event.objects.select_related("conversation", "end_user").in_bulk(
        [one.event for one, _ in picked]
    )
    return [Card(events[one.event], one.score, reason) for one, reason in picked if one.event in events]


def _in_turn(
    pools: dict[Asked, list[_Candidate]], asked: set[uuid.UUID]
) -> Iterator[tuple[_Candidate, Asked]]:
    """By each reason in turn its next candidate that was not asked about; a reason that is used up is passed over."""
    start = len(asked) % len(CYCLE)
    left = {reason: iter(pools.get(reason, [])) for reason in CYCLE[start:] + CYCLE[:start]}
    done = set(asked)
    while left:
        for reason in list(left):
            found = next((one for one in left[reason] if one.event not in done), None)
            if found is None:
                del left[reason]
                continue
            done.add(found.event)
            yield found, reason


def _near_misses(signal: SignalDefinition) -> list[_Candidate]:
    """Of the newest events, those with a score that does not match, the highest first."""
    detector = detector_of(signal)
    if detector is None:
        return []
    newest = Event.objects.filter(project=signal.project_id, is_pending=False).order_by("-timestamp", "-id")
    events = list(newest[:EVENTS])
    scores = scores_of(signal, detector, events).tolist()
    below = [_Candidate(event.id, score) for event, score in zip(events, scores, strict=True)
             if 0 < score < threshold_of(signal, detector)]  # fmt: skip
    return sorted(below, key=lambda one: -one.score)


def _shuffled(match: _Candidate) -> bytes:
    """The end of a UUIDv7 is random, and stays the same: a page that is loaded again asks the same."""
    return match.event.bytes[-6:]
