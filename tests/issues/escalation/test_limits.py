"""Limits over series of hours: plain arrays, no database."""

import numpy as np
import pytest

from issues.escalation.limits import (
    LEAST,
    LEFT_OUT,
    USUAL_BY_NOW,
    Ending,
    Series,
    Verdict,
    baseline_of,
    look,
    verdict_of,
)
from issues.escalation.words import why_it_ends, why_it_escalates
from issues.evaluation.escalation import KINDS, run

WEEK = 168


def series_of(events: np.ndarray, everything: float = 1000.0, *, first: int = 0) -> Series:
    return Series(events.astype(float), np.full(len(events), everything), first)


def steady(mean: float, hours: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, hours).astype(float)


def looked(series: Series, **other: int | None) -> Verdict | Ending | None:
    return look(series, baseline_of(series, **other), began=other.get("began"))


def test_a_burst_is_over_its_limit_and_says_why() -> None:
    events = steady(5, 4 * WEEK)
    assert looked(series_of(events)) is None
    events[-1] = 60
    told = looked(series_of(events))
    assert isinstance(told, Verdict)
    assert (told.hours, told.events, told.everything, told.by) == (1, 60, 1000, "hour of the week")
    assert 3 < told.usual < 8
    assert 10 < told.limit < 30
    assert why_it_escalates(told) == (
        f"60 events in this hour (6.0% of 1,000). About {told.usual:.0f} would be usual at this time of the week; the limit is {told.limit}."
    )


@pytest.mark.parametrize("usual", [0.0, 0.01, 0.2])
def test_a_few_events_are_no_escalation_however_rare_it_was(usual: float) -> None:
    events = steady(usual, 4 * WEEK)
    events[-24:] = 0
    events[-1] = LEAST - 1
    assert looked(series_of(events)) is None
    events[-1] = 3 * LEAST
    assert isinstance(looked(series_of(events)), Verdict)


def test_the_traffic_is_no_escalation() -> None:
    events = steady(5, 4 * WEEK)
    everything = np.full(len(events), 1000.0)
    events[-3:], everything[-3:] = 50, 10_000
    assert looked(Series(events, everything, 0)) is None


def test_a_share_that_rises_because_all_else_is_silent_is_none() -> None:
    events = steady(20, 4 * WEEK)
    everything = np.full(len(events), 1000.0)
    everything[-5:] = events[-5:] + 1
    assert looked(Series(events, everything, 0)) is None


def test_what_happens_each_week_at_that_time_is_usual_then_and_not_else() -> None:
    events = steady(1, 4 * WEEK + 24)
    mondays = np.arange(len(events)) % WEEK == 9
    events[mondays] = 60
    at_nine = series_of(events[: 4 * WEEK + 10])
    assert looked(at_nine) is None
    events[3 * WEEK + 2 * 24 + 9] = 60
    told = looked(series_of(events[: 3 * WEEK + 2 * 24 + 10]))
    assert isinstance(told, Verdict)
    assert told.limit < 30


def test_slow_growth_is_found_by_the_day() -> None:
    hours = np.arange(5 * WEEK)
    mean = 2 * 2 ** (np.maximum(0, hours - 4 * WEEK) / 96)
    events = np.random.default_rng(3).poisson(mean).astype(float)
    first = next(end for end in range(4 * WEEK, 5 * WEEK) if looked(series_of(events[:end])) is not None)
    assert 1.3 < 2 ** ((first - 4 * WEEK) / 96) < 3


def test_too_little_is_known() -> None:
    events = np.zeros(LEFT_OUT + 20)
    events[-1] = 100
    assert looked(series_of(events)) is None


def test_nothing_at_all() -> None:
    assert looked(Series(np.zeros(0), np.zeros(0), 0)) is None
    assert looked(series_of(np.zeros(300), 0.0)) is None
    assert looked(series_of(np.zeros(300))) is None


def test_away_for_a_fortnight_and_back_as_it_was() -> None:
    events = steady(6, 5 * WEEK)
    events[-(2 * WEEK + 3) : -3] = 0
    assert looked(series_of(events)) is None


def test_it_ends_when_the_day_is_calm_and_not_before() -> None:
    events = steady(5, 4 * WEEK)
    events[-30:-24] = 80
    assert looked(series_of(events[:-20]), began=9) is None  # the day has the burst in it
    assert looked(series_of(events), began=29) is Ending.CALM
    assert looked(series_of(events[:-22]), began=3) is None
    assert why_it_ends(Ending.CALM, events=120, of=24_000) == (
        "It happens about as often as usual again: 120 events in the last 24 hours (0.5% of 24,000)."
    )


def test_a_week_of_it_is_what_is_usual_then() -> None:
    events = steady(5, 5 * WEEK + 24)
    events[4 * WEEK :] *= 4
    assert looked(series_of(events), began=USUAL_BY_NOW) is Ending.USUAL
    assert (
        looked(series_of(events), level=USUAL_BY_NOW + 1) is None
    )  # measured by that week it is nothing new
    assert "7 days" in why_it_ends(Ending.USUAL, events=480, of=24_000)


def test_a_burst_of_the_past_does_not_hide_the_next() -> None:
    events = steady(0.5, 4 * WEEK)
    events[2 * WEEK : 2 * WEEK + 8] = 40
    events[-1] = 20
    told = looked(series_of(events))
    assert isinstance(told, Verdict)
    assert told.limit <= 12


def test_part_of_an_hour_is_measured_by_the_events_that_came_in_it() -> None:
    events, everything = steady(20, 4 * WEEK), np.full(4 * WEEK, 1000.0)
    events[-1], everything[-1] = 16, 100
    series = Series(events, everything, 0, elapsed=0.1)
    baseline = baseline_of(series)
    assert baseline is not None
    verdict = verdict_of(series, baseline, 1)
    assert verdict.usual == pytest.approx(2, rel=0.6)
    assert verdict.is_over


def test_the_measurement_finds_bursts_and_is_the_same_each_time() -> None:
    first = run(1, "bursts", KINDS["bursts"])
    assert first == run(1, "bursts", KINDS["bursts"])
    assert first[:3] == (2, 2, 0)
