"""Which events to ask a person about next, to teach a signal.

In turn: an uncertain match (the lowest scores that still match), a match drawn at random (only these and what people met on pages count
for the measured precision; these carry the probability with which they were drawn), and a near miss (the highest scores that do not match any more: what the signal overlooks). A signal whose
matches all score alike has random matches only. Nothing is asked twice.
"""

import itertools
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ingest.models import Event
from labeling.labels.labels import last_words
from labeling.models import Reason
from labeling.queue.cards import Card
from signals.detection.stage import detector_of
from signals.learning.tuning import can_tune, scores_of, threshold_of
from signals.models import SignalDefinition, SignalMatch

MATCHES = 1000  # the newest, among which is chosen
EVENTS = 400  # the newest, among which near misses are looked for: 50 to 300 ms
CYCLE = (Reason.UNCERTAIN, Reason.RANDOM, Reason.NEAR)


@dataclass(frozen=True, slots=True)
class _Candidate:
    event: uuid.UUID
    score: float


def next_signal_cards(
    *, signal: SignalDefinition, limit: int, exclude: Collection[uuid.UUID] = (), audit: bool = False
) -> list[Card]:
    """Up to `limit` cards, in the order to ask them. `score` is the detector's. `exclude`: event ids that are on somebody's screen
    already. `audit`: only matches that are drawn at random."""
    asked = set(last_words(signal).values_list("event_id", flat=True)).union(exclude)
    matches = [
        _Candidate(event, score)
        for event, score in SignalMatch.objects.filter(signal=signal, project=signal.project_id)
        .order_by("-timestamp", "-id")
        .values_list("event_id", "score")[:MATCHES]
    ]
    pools = {Reason.RANDOM: sorted(matches, key=_shuffled)}
    if len({match.score for match in matches}) > 1 and not audit:
        pools[Reason.UNCERTAIN] = sorted(matches, key=lambda match: match.score)
    if not audit and can_tune(signal):
        pools[Reason.NEAR] = _near_misses(signal)
    chance = 1 / max(1, sum(match.event not in asked for match in matches))
    picked = list(itertools.islice(_in_turn(pools, asked), limit))
    events = Event.objects.select_related("conversation", "end_user").in_bulk(
        [one.event for one, _ in picked]
    )
    return [
        Card(events[one.event], one.score, reason, chance if reason == Reason.RANDOM else None)
        for one, reason in picked
        if one.event in events
    ]


def _in_turn(
    pools: dict[Reason, list[_Candidate]], asked: set[uuid.UUID]
) -> Iterator[tuple[_Candidate, Reason]]:
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
