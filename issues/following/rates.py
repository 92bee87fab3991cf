"""How frequent an issue is, put right by what people answered of events drawn at random."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.models import Total
from issues.classifier.model import RANDOM_LEAST
from issues.models.answers import answers
from raindrop.statistics import wilson

Z90 = 1.6448536269514722  # the normal distribution's 95 % point: a two-sided 90 % interval
DRAWS = 20_000  # of the simulated shares, whose 5 % and 95 % points are the interval; they move by .002 from seed to seed


@dataclass(frozen=True, slots=True)
class Corrected:
    """A share with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the project's events and conversations, of all time; the corrected ones None below RANDOM_LEAST random answers."""

    rate: float | None
    conversation_rate: float | None
    corrected: Corrected | None
    corrected_conversations: Corrected | None


def rates_of(
    issues: Sequence[uuid.UUID],
    *,
    totals: Mapping[uuid.UUID, Total],
    qualities: Mapping[uuid.UUID, Mapping[str, Any]],
    project: uuid.UUID,
) -> dict[uuid.UUID, Rates]:
    """Of issues of one project. `totals`: of the issues and of the project; `qualities`: of what decides each issue. One query."""
    given = answers().all_of(issues)
    every = totals[project]
    rates = {}
    for issue in issues:
        total = totals[issue]
        # What holds on an event is counted a moment before the event is.
        all_events = max(every.events, total.events)
        all_talks = max(every.conversations, total.conversations)
        rate = total.events / all_events if all_events else None
        talks = total.conversations / all_talks if all_talks else None
        drawn = [one.is_match for one in given.get(issue, []) if one.is_random]
        strata = qualities.get(issue, {}).get("strata")
        if strata is None or sum(strata) != len(
            drawn
        ):  # too few, or answers that nothing was measured on yet
            strata = [0, 0, sum(drawn), len(drawn) - sum(drawn)]
        corrected = corrected_rate(strata, rate=rate or 0.0)
        rates[issue] = Rates(rate, talks, corrected, _of_talks(corrected, rate, talks, total, every))
    return rates


def corrected_rate(strata: Sequence[int], *, rate: float) -> Corrected | None:
    """The share of all events on which the issue holds, by people's answers on events drawn at random; None with fewer than RANDOM_LEAST.

    `strata`: of these events, those that count as matches: how many people call a match, how many not; then the same of those that do not
    count. `rate`: the share of all events that count. The sizes of the two strata are known exactly: the share of each that people call a
    match, weighted by these, is the estimate (post-stratification: Cochran, Sampling Techniques, 5A.9). Where one stratum was not drawn
    from, it is the plain share. The interval is of the same sum over draws from the strata's posteriors (Beta, Jeffreys' prior),
    Wilson's where there is one stratum.
    """
    hit_yes, hit_no, rest_yes, rest_no = strata
    n = sum(strata)
    if n < RANDOM_LEAST:
        return None
    plain = (hit_yes + rest_yes) / n
    low, high = wilson(hit_yes + rest_yes, n, z=Z90) or (0.0, 1.0)
    if not hit_yes + hit_no or not rest_yes + rest_no:
        return Corrected(plain, low, high)
    draw = np.random.default_rng(0)
    value, simulated = 0.0, np.zeros(DRAWS)
    for yes, no, weight in ((hit_yes, hit_no, rate), (rest_yes, rest_no, 1.0 - rate)):
        value += weight * yes / (yes + no)
        simulated += weight * draw.beta(yes + 0.5, no + 0.5, DRAWS)
    low, high = np.quantile(simulated, [0.05, 0.95]).tolist()
    return Corrected(value, min(low, value), max(high, value))


def _of_talks(
    corrected: Corrected | None, rate: float | None, talks: float | None, total: Total, every: Total
) -> Corrected | None:
    """The same of conversations. An event drawn at random says nothing of the rest of its conversation: the conversations are taken to be
    as many more or fewer than those counted as the events are, and where none is counted, each event to be in one of its own."""
    if corrected is None or talks is None or not every.conversations:
        return None
    if rate and total.conversations:
        factor = talks / rate
    else:
        factor = every.events / every.conversations
    return Corrected(
        *(min(1.0, factor * share) for share in (corrected.value, corrected.low, corrected.high))
    )
