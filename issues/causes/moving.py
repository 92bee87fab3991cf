"""How often each of several subjects (signals, issues) held in a stretch of time, and which of them moved against another one."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from ingest.counts.period import sums_between
from raindrop.statistics import newcombe, wilson, would_show

ERROR = 0.05  # in all, however many subjects are looked at
ALONE = 0.10  # of one that is looked at alone, as issues/causes/comparing.py does
LEAST_EVENTS = 5  # of a subject, in both stretches together: of fewer nothing can be told


@dataclass(frozen=True, slots=True)
class Share:
    """`events` of all `of` events, with the 95 % Wilson interval; None where there was no event."""

    events: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """The difference of the shares is more than chance: `low` to `high`, corrected for how many subjects were looked at (not by `moves_alone`),
    leaves 0 out."""

    subject: uuid.UUID
    now: Share
    before: Share
    difference: float
    low: float
    high: float


def share(events: int, of: int) -> Share:
    of = max(events, of)  # what holds on an event is counted a moment before the event is
    low, high = wilson(events, of) or (None, None)
    return Share(events, of, events / of if of else None, low, high)


def shares_between(
    project: uuid.UUID, subjects: Sequence[uuid.UUID], start: dt.datetime, end: dt.datetime
) -> dict[uuid.UUID, Share]:
    """Of each subject, from the roll-ups of the full hours from `start` to before `end`."""
    sums = sums_between([project, *subjects], start, end)
    return {subject: share(sums.get(subject, 0), sums.get(project, 0)) for subject in subjects}


def moves(now: dict[uuid.UUID, Share], before: dict[uuid.UUID, Share]) -> list[Move]:
    """What moved, the largest difference first. Newcombe's interval of a difference, with Bonferroni's correction."""
    tried = _tried(now, before)
    return _moved(tried, now, before, z=_z(len(tried)))


def moves_alone(now: dict[uuid.UUID, Share], before: dict[uuid.UUID, Share]) -> list[Move]:
    """What differs where it is looked at alone, as a comparison of this one subject says it: among many some do by chance. The largest first."""
    return _moved(_tried(now, before), now, before, z=NormalDist().inv_cdf(1 - ALONE / 2))


def _moved(
    subjects: Sequence[uuid.UUID], now: dict[uuid.UUID, Share], before: dict[uuid.UUID, Share], *, z: float
) -> list[Move]:
    found = []
    for subject in subjects:
        one, other = now[subject], before[subject]
        difference = newcombe(one.events, one.of, other.events, other.of, z=z)
        if difference is not None and (difference[1] > 0 or difference[2] < 0):
            found.append(Move(subject, one, other, *difference))
    return sorted(found, key=lambda move: -abs(move.difference))


def can_be_told(now: dict[uuid.UUID, Share], before: dict[uuid.UUID, Share]) -> int:
    """Of how many subjects `moves` would find that their share doubled. Of the others there are too few events to tell."""
    tried = _tried(now, before)
    z = _z(len(tried))
    return sum(
        would_show(
            now[one].of,
            before[one].of,
            share=(now[one].events + before[one].events) / (now[one].of + before[one].of),
            z=z,
        )
        for one in tried
    )


def _tried(now: dict[uuid.UUID, Share], before: dict[uuid.UUID, Share]) -> list[uuid.UUID]:
    return [one for one in now if now[one].events + before[one].events >= LEAST_EVENTS]


def _z(tried: int) -> float:
    return NormalDist().inv_cdf(1 - ERROR / 2 / max(1, tried))
