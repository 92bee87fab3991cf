"""How far the teacher and people agree on the events that both have answered: Cohen's kappa with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from issues.models import Issue
from labeling.labels.labels import standing_answers, taught_answers

DRAWS = (
    2000  # bootstrap samples, whose 5 % and 95 % points are the interval; they move by .01 from seed to seed
)
LEAST = 10  # events that both answered, before anything is said


@dataclass(frozen=True, slots=True)
class Agreement:
    """`labels`, `matches`: the teacher's; `compared`: events that people settled too. The rest is None below LEAST of these; the kappa also where
    one of them gave the same answer throughout and they agreed (it has no value then). Intervals are 90 %."""

    labels: int
    matches: int
    compared: int
    agreed: float | None = None
    kappa: float | None = None
    low: float | None = None
    high: float | None = None


def agreement(issue: Issue) -> Agreement:
    taught, people = taught_answers(issue), standing_answers(issue)
    pairs = [(taught[event], people[event]) for event in sorted(taught.keys() & people.keys())]
    return measured(pairs, labels=len(taught), matches=sum(taught.values()))


def measured(pairs: Sequence[tuple[bool, bool]], *, labels: int, matches: int) -> Agreement:
    """Deterministic. `pairs`: the two answers on each event."""
    if len(pairs) < LEAST:
        return Agreement(labels, matches, len(pairs))
    both = np.array(pairs, bool)
    draw = np.random.default_rng(0).integers(0, len(both), (DRAWS, len(both)))
    sampled = _kappas(both[draw])
    [value] = _kappas(both[None])
    agreed = float((both[:, 0] == both[:, 1]).mean())
    if np.isnan(value) or np.isnan(sampled).mean() > 0.5:
        return Agreement(labels, matches, len(pairs), agreed)
    low, high = np.nanquantile(sampled, [0.05, 0.95]).tolist()
    return Agreement(
        labels, matches, len(pairs), agreed, float(value), min(low, float(value)), max(high, float(value))
    )


def _kappas(samples: np.ndarray) -> np.ndarray:
    """(s,) of samples (s, n, 2); NaN where chance alone would agree always."""
    first, second = samples[:, :, 0].mean(1), samples[:, :, 1].mean(1)
    agreed = (samples[:, :, 0] == samples[:, :, 1]).mean(1)
    chance = first * second + (1 - first) * (1 - second)
    found = np.full(len(samples), np.nan)
    np.divide(agreed - chance, 1 - chance, out=found, where=chance < 1)
    return found
