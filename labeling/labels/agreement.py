"""How far two agree on the events that both have answered: Cohen's kappa with its interval. Of people with each other, and of the teacher with
people (labeling/teacher/)."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from labeling.labels.authors import PERSON
from labeling.labels.labels import Standing
from labeling.models import Answer, Reason

DRAWS = (
    2000  # bootstrap samples, whose 5 % and 95 % points are the interval; they move by .01 from seed to seed
)
LEAST = 10  # events that both answered, before anything is said


@dataclass(frozen=True, slots=True)
class Kappa:
    """`compared`: events that both answered. The rest is None below LEAST of these; the kappa also where one of them gave the same answer throughout
    and they agreed (it has no value then). Intervals are 90 %."""

    compared: int
    agreed: float | None = None
    kappa: float | None = None
    low: float | None = None
    high: float | None = None


def kappa_of(pairs: Sequence[tuple[bool, bool]]) -> Kappa:
    """Cohen 1960, "A coefficient of agreement for nominal scales", with a percentile bootstrap over the events. Deterministic. `pairs`: the two
    answers on each event."""
    if len(pairs) < LEAST:
        return Kappa(len(pairs))
    both = np.array(pairs, bool)
    draw = np.random.default_rng(0).integers(0, len(both), (DRAWS, len(both)))
    sampled = _kappas(both[draw])
    [value] = _kappas(both[None])
    agreed = float((both[:, 0] == both[:, 1]).mean())
    if np.isnan(value) or np.isnan(sampled).mean() > 0.5:
        return Kappa(len(pairs), agreed)
    low, high = np.nanquantile(sampled, [0.05, 0.95]).tolist()
    return Kappa(len(pairs), agreed, float(value), min(low, float(value)), max(high, float(value)))


def agreement_of_people(labels: Iterable[Standing]) -> Kappa:
    """Of the first two people who answered an event. `labels`: of a subject, by time. "Unsure", programs and answers in bulk are left out."""
    given: dict[uuid.UUID, list[bool]] = defaultdict(list)
    for row in labels:
        if row.author.startswith(PERSON) and row.answer != Answer.UNSURE and row.reason != Reason.BULK:
            given[row.event].append(row.answer == Answer.MATCH)
    return kappa_of([(answers[0], answers[1]) for answers in given.values() if len(answers) > 1])


def _kappas(samples: np.ndarray) -> np.ndarray:
    """(s,) of samples (s, n, 2); NaN where chance alone would agree always."""
    first, second = samples[:, :, 0].mean(1), samples[:, :, 1].mean(1)
    agreed = (samples[:, :, 0] == samples[:, :, 1]).mean(1)
    chance = first * second + (1 - first) * (1 - second)
    found = np.full(len(samples), np.nan)
    np.divide(agreed - chance, 1 - chance, out=found, where=chance < 1)
    return found
