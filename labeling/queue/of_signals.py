"""Which events to ask a person about next, to teach a signal.

The reasons alternate:

- uncertain: a match with one of the lowest scores that still match,
- random: a match drawn at random, with the probability of the draw. The measured precision counts only these, and the events that people
  judged where they met them on a page,
- near: one of the highest scores that no longer match. It shows what the signal overlooks.

A signal whose matches all have the same score offers random matches only. No event is offered twice.
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
    """Up to `limit` cards, in the order to ask them. A card's `score` is the detector's. `exclude`: event ids that are on somebody's
    screen. `audit`: only matches drawn at random."""
    asked_ids = set(last_words(signal).values_list("event_id", flat=True)).union(exclude)
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
    chance = 1 / max(1, sum(match.event not in asked_ids for match in matches))
    picked = list(itertools.islice(_in_turn(pools, asked_ids), limit))
    events = Event.objects.select_related("conversation", "end_user").in_bulk(
        [one.event for one, _ in picked]
    )
    return [
        Card(events[one.event], one.score, reason, chance if reason == Reason.RANDOM else None)
        for one, reason in picked
        if one.event in events
    ]


def _in_turn(
    pools: dict[Reason, list[_Candidate]], asked_ids: set[uuid.UUID]
) -> Iterator[tuple[_Candidate, Reason]]:
    """Takes from each reason in turn its next candidate that is not in `asked_ids`, and skips a reason that has none."""
    start = len(asked_ids) % len(CYCLE)
    remaining = {reason: iter(pools.get(reason, [])) for reason in CYCLE[start:] + CYCLE[:start]}
    taken = set(asked_ids)
    while remaining:
        for reason in list(remaining):
            found = next((one for one in remaining[reason] if one.event not in taken), None)
            if found is None:
                del remaining[reason]
                continue
            taken.add(found.event)
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
    """A random order that stays the same when the page is loaded again: the last bytes of a UUIDv7 are random."""
    return match.event.bytes[-6:]
