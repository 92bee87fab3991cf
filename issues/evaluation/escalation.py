"""How soon an issue that escalates is found, and how often one is said to that does not (issues/escalation/limits.py): on months that are drawn.

Each seed draws, for every kind, one project and one issue in it: the traffic (level, hours of the day, week-ends, scatter of hours and of days), the
issue's share of it, its own rhythm, its own scatter (Poisson, or negative binomial, with days that are good and bad as a whole), and how long it
is known. The month is counted in steps of five minutes, and looked at after each of them, as the watch does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from issues.escalation.limits import (
    HISTORY_HOURS,
    LEAST,
    LEFT_OUT,
    RATIO,
    SPANS,
    USUAL_BY_NOW,
    Ending,
    Series,
    baseline_of,
    look,
)
from raindrop.evaluation.measurement import Measurement, Table
from raindrop.statistics import wilson

CHOSEN_ON = range(40)
REPORTED = range(3000, 3040)
STEPS = 12  # in an hour
MONTH = 30 * 24
WITHIN = 2  # hours
KNOWN_DAYS = (3, 7, 14, 28, 42)
KEPT = HISTORY_HOURS + LEFT_OUT + USUAL_BY_NOW

Array = NDArray[np.float64]


@dataclass
class Drawn:
    """Means by hour, warm-up first and then the month; `events` and `everything` are what a step's draws are made from. `must`: an alarm
    has to begin between the two hours; `may`: one may."""

    issue: Array
    traffic: Array
    scatter: float
    warm: int
    bursts: list[tuple[float, float, float]] = field(default_factory=list)  # from, to, events an hour
    must: list[tuple[float, float]] = field(default_factory=list)
    may: list[tuple[float, float]] = field(default_factory=list)


def measure(data: Path, *, only: str | None = None) -> Measurement:
    """`only`: "choose" measures on the seeds on which the constants were chosen."""
    seeds = CHOSEN_ON if only == "choose" else REPORTED
    rows, results = [], {}
    for name, draw in KINDS.items():
        scores = [run(seed, name, draw) for seed in seeds]
        found, planted = sum(one[0] for one in scores), sum(one[1] for one in scores)
        false, months = sum(one[2] for one in scores), sum(one[3] for one in scores)
        bounds = wilson(found, planted) if planted else None
        results[name] = {"found": found, "planted": planted, "false": false, "months": round(months, 1)}
        rows.append(
            [name, planted, found / planted if planted else None, *(bounds or (None, None)), round(months, 1), false / months]
        )  # fmt: skip
    every = {
        key: sum(one[key] for one in results.values()) for key in ("found", "planted", "false", "months")
    }
    results["all"] = every
    rows.append(
        ["all", every["planted"], every["found"] / every["planted"], *(wilson(int(every["found"]), int(every["planted"])) or (None, None)),
         round(every["months"], 1), every["false"] / every["months"]]
    )  # fmt: skip
    header = ["kind", "planted", "found in time", "low", "high", "issue months", "false per issue and month"]
    return Measurement([Table(f"Escalation, seeds {seeds[0]} to {seeds[-1]}", header, rows)], results)


def run(seed: int, name: str, draw: Callable[[Generator], Drawn]) -> tuple[int, int, int, float]:
    """(found in time, planted, false alarms, months)."""
    rng = np.random.default_rng([seed, *name.encode()])
    drawn = draw(rng)
    alarms = watch(drawn, rng)
    found = sum(any(start <= at <= end for at in alarms) for start, end in drawn.must)
    allowed = [*drawn.must, *drawn.may]
    false = sum(not any(start <= at <= end for start, end in allowed) for at in alarms)
    return found, len(drawn.must), false, MONTH / 720


def watch(drawn: Drawn, rng: Generator) -> list[float]:
    """The hours, from the start of the warm-up, at which an escalation begins in the month."""
    issue, traffic = numbers_of(drawn, rng)
    by_hour, all_by_hour = issue.reshape(-1, STEPS).sum(axis=1), traffic.reshape(-1, STEPS).sum(axis=1)
    alarms: list[float] = []
    began: int | None = None
    level = -1  # all is history
    for hour in range(drawn.warm, drawn.warm + MONTH):
        so_far = np.cumsum(issue[hour * STEPS : (hour + 1) * STEPS])
        all_so_far = np.cumsum(traffic[hour * STEPS : (hour + 1) * STEPS])
        if began is None and so_far[-1] + by_hour[max(0, hour - SPANS[-1] + 1) : hour].sum() < LEAST:
            continue
        start = max(0, hour - KEPT)
        events, everything = by_hour[start : hour + 1].copy(), all_by_hour[start : hour + 1].copy()
        running = None if began is None else hour - began
        # It leaves the newest hours out, and so is the same during the hour.
        baseline = baseline_of(Series(events, everything, start % 168), began=running, level=hour - level)
        for step in range(STEPS):
            events[-1], everything[-1] = so_far[step], all_so_far[step]
            told = look(Series(events, everything, start % 168, (step + 1) / STEPS), baseline, began=running)
            if isinstance(told, Ending):
                level = began if told == Ending.USUAL and began is not None else level
                began = None
                break
            if told is not None:
                began = hour
                alarms.append(hour + (step + 1) / STEPS)
                break
            if began is not None:
                break  # an end is looked for once an hour
    return alarms


def numbers_of(drawn: Drawn, rng: Generator) -> tuple[Array, Array]:
    """The issue's events and all events, step by step."""
    scatter = rng.gamma(1 / drawn.scatter, drawn.scatter, len(drawn.issue)) if drawn.scatter else 1.0
    mean = np.repeat(drawn.issue * scatter, STEPS)
    at = np.arange(len(mean)) / STEPS
    for start, end, more in drawn.bursts:
        mean += np.where((at >= start) & (at < end), more, 0.0)
    issue = rng.poisson(mean / STEPS).astype(float)
    rest = np.maximum(drawn.traffic - drawn.issue, 0.0)
    return issue, issue + rng.poisson(np.repeat(rest, STEPS) / STEPS)


# -- what is drawn


def usual(rng: Generator, *, own: float = 0.5, least: float = 0.03) -> Drawn:
    """`own`: the chance that the issue has a rhythm of its own; `least` events an hour."""
    warm = int(rng.choice(KNOWN_DAYS)) * 24
    hours = np.arange(warm + MONTH)
    level = log_uniform(rng, 20, 2000)
    traffic = level * rhythm(rng, hours, rng.uniform(0, 0.8), rng.uniform(0.3, 1)) * days(rng, hours, 0.1)
    traffic *= rng.gamma(1 / 0.05, 0.05, len(hours))
    rate = min(log_uniform(rng, least, 30), 0.3 * level)
    issue = rate * traffic / level * days(rng, hours, float(rng.choice([0, 0.1, 0.2])))
    if rng.random() < own:
        issue *= rhythm(rng, hours, rng.uniform(0, 0.9), rng.uniform(0.3, 1.5))
    scatter = float(rng.choice([0.0, log_uniform(rng, 0.02, 0.5)]))
    return Drawn(np.minimum(issue, traffic), traffic, scatter, warm)


def known_long(rng: Generator, **other: float) -> Drawn:
    """Known for two weeks at least: before that nobody can say what is the week's rhythm, and what is growth."""
    drawn = usual(rng, **other)
    while drawn.warm < 14 * 24:
        drawn = usual(rng, **other)
    return drawn


def log_uniform(rng: Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def rhythm(rng: Generator, hours: NDArray[np.int_], depth: float, weekend: float) -> Array:
    """By the hour of the day, and at the week-end (hour 0 is a Monday's)."""
    wave = 1 + depth * np.cos(2 * np.pi * (hours % 24 - rng.uniform(0, 24)) / 24)
    return np.asarray(wave * np.where(hours % 168 >= 120, weekend, 1.0))


def days(rng: Generator, hours: NDArray[np.int_], sigma: float) -> Array:
    """Days that are good or bad as a whole."""
    return np.asarray(np.exp(rng.normal(0, sigma, hours[-1] // 24 + 1))[hours // 24])


def steady(rng: Generator) -> Drawn:
    return usual(rng)


def weekly(rng: Generator) -> Drawn:
    """An hour or a few of the week, or the nights, have many times what others have; known for two weeks at least."""
    drawn = known_long(rng, own=1.0)
    hours = np.arange(len(drawn.issue))
    start, length = int(rng.integers(168)), int(rng.choice([1, 2, 4, 8]))
    busy = (hours - start) % (168 if rng.random() < 0.5 else 24) < length
    drawn.issue = drawn.issue * np.where(busy, rng.uniform(5, 30), 1.0)
    drawn.traffic = np.maximum(drawn.traffic, drawn.issue)
    return drawn


def silent(rng: Generator) -> Drawn:
    """The issue, or all traffic, is away for 3 to 14 days and comes back as it was."""
    drawn = usual(rng)
    start = drawn.warm + int(rng.integers(24, 300))
    away = slice(start, start + int(rng.integers(72, 336)))
    drawn.issue[away] = 0
    if rng.random() < 0.5:
        drawn.traffic[away] = 0
    return drawn


def outage(rng: Generator) -> Drawn:
    """All else falls away for some hours, and twice: the issue's share rises, and nobody meets it more often."""
    drawn = usual(rng)
    for _ in range(2):
        start = drawn.warm + int(rng.integers(MONTH - 24))
        gone = slice(start, start + int(rng.integers(2, 24)))
        rest = (drawn.traffic - drawn.issue)[gone]
        drawn.traffic[gone] = drawn.issue[gone] + 0.05 * rest
    return drawn


def drift(rng: Generator) -> Drawn:
    """The traffic grows, up to threefold in the month, the issue with it and up to a tenth a week beyond it."""
    drawn = usual(rng)
    hours = np.arange(len(drawn.issue)) / 168
    traffic = rng.uniform(0.9, 1.3) ** hours
    drawn.traffic, drawn.issue = (
        drawn.traffic * traffic,
        drawn.issue * traffic * rng.uniform(0.9, 1.1) ** hours,
    )
    drawn.issue = np.minimum(drawn.issue, drawn.traffic)
    return drawn


def burst(rng: Generator) -> Drawn:
    """Two bursts, of 4 to 20 times what would be usual and at least 15 events an hour more, for 3 to 12 hours."""
    drawn = usual(rng)
    for begin, end in ((24, MONTH // 2 - 24), (MONTH // 2 + 24, MONTH - 24)):
        onset = drawn.warm + round(rng.uniform(begin, end) * STEPS) / STEPS
        length = rng.uniform(3, 12)
        mean = drawn.issue[int(onset) : int(onset + length)].mean()
        drawn.bursts.append((onset, onset + length, float(max((rng.uniform(4, 20) - 1) * mean, 15.0))))
        drawn.must.append((onset, onset + WITHIN))
        drawn.may.append((onset, onset + length + 1))
    return drawn


def growth(rng: Generator) -> Drawn:
    """It is known for two weeks and then doubles every 2 to 7 days, up to 4 to 10 times what it was. It has to be found two hours after it stands at three times; before it
    stands at RATIO / 1.5 times an alarm is false, and so is one once it has stood at its height for two days."""
    drawn = known_long(rng, least=0.5)
    hours = np.arange(len(drawn.issue))
    doubling, height = rng.uniform(2, 7) * 24, rng.uniform(4, 10)
    onset = drawn.warm + rng.uniform(24, 120)
    factor = np.minimum(height, 2 ** (np.maximum(0, hours - onset) / doubling))
    drawn.issue = drawn.issue * factor
    drawn.traffic = np.maximum(drawn.traffic, drawn.issue)
    low, three, top = (onset + doubling * np.log2(times) for times in (RATIO / 1.5, 3, height))
    drawn.must.append((low, three + WITHIN))
    drawn.may.append((low, top + 48))
    return drawn


KINDS: dict[str, Callable[[Generator], Drawn]] = {
    "steady": steady,
    "weekly rhythm": weekly,
    "silent weeks": silent,
    "all else falls silent": outage,
    "traffic grows": drift,
    "bursts": burst,
    "slow growth": growth,
}
