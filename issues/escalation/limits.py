"""From which number of events on an issue escalates: pure, over its hourly events beside all events of the project.

The usual rate (the issue's events by all events) is learned from the history for each hour of the week. An hour of the week of which little was
seen is drawn to the hour of the day, and that to the rate of all hours. What the next hours bring is negative binomial around it: as
scattered as the history is, and more so where the history is short. The limit is the number that chance would pass once in 1 / CHANCE windows,
at least LEAST events, and at least RATIO times the usual. Three windows are looked at, all ending now: SPANS.

The constants were chosen on seeds 0 to 39 of issues/evaluation/escalation.py; docs/benchmarks.md has what others give.
"""

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

Array = NDArray[np.float64]

HISTORY_HOURS = 6 * 168
# The newest hours teach nothing: a rise that goes on would soon be its own measure.
LEFT_OUT = 24
LEFT_OUT_LONG, KNOWN_LONG = 96, 14 * 24  # where so much is known
LEAST_HISTORY = 24  # hours that teach
SPANS = (1, 2, 24)  # hours; the first is the hour that is not over
LEAST = 10
RATIO = 2.0
CHANCE = 2e-6
COUNT_CHANCE = 1e-3  # of the number by itself, whatever the share
# A cell (an hour of the week, of the day) is believed as if so many events of the coarser rate had been seen in it too.
PRIOR_EVENTS = 3.0
LEAST_SCATTER = 0.02  # variance beyond Poisson's, by the square of the mean
BURSTS = 0.03  # of the history's hours may be bursts that say nothing of the scatter of the others
FEW_DAYS, FEW_SCATTER = 14, 0.1  # at least this where fewer days are known
# So long without an event, where so many were usual, the issue was away: that says nothing of its rate. Longer than a long week-end.
SILENT_HOURS, SILENT_EVENTS = 96, 14.0
LEAST_PRESENT = 168  # hours beside the silences; else these few are the exception, and not the silence
# It is over when the last day has less than so much of the usual; less than RATIO, so that it does not come and go.
CALM = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """Hour by hour, zeros filled in, oldest first; the last hour is not over. `first`: the hour of the week (0: Monday, 00:00 UTC) of the first
    one. `elapsed`: how much of the last one is over, above 0 to 1."""

    events: Array
    everything: Array
    first: int
    elapsed: float = 1.0

    def __len__(self) -> int:
        return len(self.events)

    def until(self, hours: int, *, newest: int | None = None) -> "Series":
        """Without the last `hours`; of what is left, at most HISTORY_HOURS, and of the whole at most the `newest` hours."""
        end = max(0, len(self) - hours)
        start = max(0, end - HISTORY_HOURS, len(self) - newest if newest is not None else 0)
        return Series(self.events[start:end], self.everything[start:end], (self.first + start) % 168)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one window that ends now. `usual`: the events that were to be expected among `everything`. `limit`: the fewest that are too many.
    `by`: what the usual rate was learned from: "hour of the week", "hour of the day" or "all hours"."""

    hours: int
    events: int
    everything: int
    usual: float
    limit: int
    by: str

    @property
    def is_over(self) -> bool:
        return self.events >= self.limit


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in an hour of the week, by something: arrays of 168. `doubt`: the variance of the mean, by its square. `scatter`: by the
    length of a window, the variance of what it brings beyond Poisson's, by the square of the mean."""

    mean: Array
    doubt: Array
    scatter: dict[int, float]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Events of the issue by event of the project, and by hour. `seen`, `times`: events and hours of which an hour of the week was learned."""

    share: Usual
    count: Usual
    seen: Array
    times: NDArray[np.intp]


def learn(series: Series) -> Baseline | None:
    """From all hours of the series (the caller leaves out what is to be judged). None where they are too few."""
    events = _without_silences(series)
    hours = (series.first + np.arange(len(series))) % 168
    known = (series.everything > 0) & ~np.isnan(events)
    if known.sum() < LEAST_HISTORY:
        return None
    n, of, hours = events[known], series.everything[known], hours[known]
    capped = _capped(n, of, hours)
    n, plain = capped, capped == n
    return Baseline(
        share=_usual(n, of, hours, plain),
        count=_usual(n, np.ones_like(n), hours, plain),
        seen=np.bincount(hours, n, minlength=168).astype(float),
        times=np.bincount(hours, minlength=168),
    )


def judge(series: Series, baseline: Baseline) -> Verdict | None:
    """The first window, the shortest first, that is over its limit. None where none is."""
    for span in SPANS:
        events = series.events[-span:].sum()
        if (
            span <= len(series)
            and events >= LEAST
            and events >= RATIO * _expected(series, baseline, span).sum()
        ):
            verdict = verdict_of(series, baseline, span)
            if verdict.is_over:
                return verdict
    return None


def verdict_of(series: Series, baseline: Baseline, span: int) -> Verdict:
    """Of the last `span` hours, the one that is not over included."""
    at = _hours(series, span)
    expected = _expected(series, baseline, span)
    usual = float(expected.sum())
    lasted = np.ones(span)
    lasted[-1] = series.elapsed
    limit = max(
        LEAST,
        int(np.ceil(RATIO * usual)),
        _highest(baseline.share, at, expected, CHANCE),
        # A share that rises only because all else fell silent is no rise.
        _highest(baseline.count, at, baseline.count.mean[at] * lasted, COUNT_CHANCE),
    )
    return Verdict(
        span, int(series.events[-span:].sum()), int(series.everything[-span:].sum()), usual, limit, _by(baseline, int(at[-1]))
    )  # fmt: skip


def is_calm(series: Series, baseline: Baseline) -> bool:
    """Whether the last day is about as usual again."""
    span = LEFT_OUT
    events = series.events[-span:].sum()
    return bool(events < LEAST or events < CALM * _expected(series, baseline, span).sum())


# Longer than that it is no rise any more, but what is usual now.
USUAL_BY_NOW = 7 * 24


class Ending(enum.StrEnum):
    CALM = "calm"
    USUAL = "usual"


def baseline_of(series: Series, *, began: int | None = None, level: int | None = None) -> Baseline | None:
    """What to measure the newest hours by. `began`: how many hours ago the escalation that runs began, None where none does. `level`: only the
    newest so many hours tell what is usual (an earlier escalation ended as what is usual by now)."""
    if began is None:
        known = len(series) if level is None else min(level, len(series))
        return learn(series.until(LEFT_OUT if known < KNOWN_LONG else LEFT_OUT_LONG, newest=level))
    return learn(series.until(began + LEFT_OUT, newest=level)) or learn(series.until(began, newest=level))


def look(series: Series, baseline: Baseline | None, *, began: int | None = None) -> Verdict | Ending | None:
    """What is to be done of an issue now: it escalates, for the reason that is returned; or its escalation ends."""
    if began is not None and began >= USUAL_BY_NOW:
        return Ending.USUAL
    if baseline is None:
        return None
    if began is None:
        return judge(series, baseline)
    return Ending.CALM if began >= LEFT_OUT and is_calm(series, baseline) else None


def _hours(series: Series, span: int) -> NDArray[np.int_]:
    return (series.first + np.arange(len(series) - span, len(series))) % 168


def _expected(series: Series, baseline: Baseline, span: int) -> Array:
    return np.asarray(series.everything[-span:] * baseline.share.mean[_hours(series, span)])


def _highest(usual: Usual, at: NDArray[np.int_], expected: Array, chance: float) -> int:
    """The fewest events that chance brings less often than `chance`: of a negative binomial."""
    mean = float(expected.sum())
    if mean <= 0:
        return 1
    spread = usual.scatter[len(at)] + float((expected**2 * usual.doubt[at]).sum()) / mean**2
    size = 1 / spread
    return 1 + int(nbinom.isf(chance, size, size / (size + mean)))


def _by(baseline: Baseline, hour: int) -> str:
    if baseline.times[hour] >= 2 and baseline.seen[hour] >= PRIOR_EVENTS:
        return "hour of the week"
    return "hour of the day" if baseline.seen[hour % 24 :: 24].sum() >= PRIOR_EVENTS else "all hours"


def _capped(n: Array, of: Array, hours: NDArray[np.int_]) -> Array:
    """Bursts of the past cut down to what the rest finds possible: they are to teach as little as they should. The scatter that the rest has
    is not asked of the bursts: without the highest hours."""
    usual, means = _expected_of(n, of, hours)
    # Of the other weeks alone: what happens each week is expected, and what happened once is not.
    pull = np.minimum(means.pull, 0.9)
    usual = np.maximum(0, (usual - pull * n) / (1 - pull))
    rest = n <= np.quantile(n - usual, 1 - BURSTS) + usual
    spread = _scatter(n[rest], usual[rest], np.zeros(int(rest.sum())), 1) + means.doubt[hours]
    return np.asarray(np.minimum(n, usual + 5 * np.sqrt(usual + usual**2 * spread) + 3))


def _usual(n: Array, of: Array, hours: NDArray[np.int_], plain: NDArray[np.bool_]) -> Usual:
    """`plain`: the hours that were not cut down; the others say nothing of the scatter."""
    usual, means = _expected_of(n, of, hours)
    scatter = {span: _scatter(n[plain], usual[plain], means.pull[plain], span) for span in SPANS}
    return Usual(means.mean, means.doubt, scatter)


class _Means(NamedTuple):
    """Of each hour of the week; `pull`: by how much each hour of the history draws its own mean to itself, 0 to 1."""

    mean: Array
    doubt: Array
    pull: Array


def _expected_of(n: Array, of: Array, hours: NDArray[np.int_]) -> tuple[Array, _Means]:
    """(The usual number in each hour of the history, from which means.)"""
    day = _drawn(n, of, hours % 24, 24, np.full(24, (n.sum() + 0.5) / of.sum()))[np.arange(168) % 24]
    mean = _drawn(n, of, hours, 168, day)
    weight = np.bincount(hours, of, minlength=168) + PRIOR_EVENTS / day
    doubt = 1 / (np.bincount(hours, n, minlength=168) + PRIOR_EVENTS)
    return of * mean[hours], _Means(mean, doubt, of / weight[hours])


def _drawn(n: Array, of: Array, cell: NDArray[np.int_], size: int, coarse: Array) -> Array:
    """The rate in each cell: the mean of a gamma distribution around the coarser rate, after what was seen."""
    seen = np.bincount(cell, n, minlength=size)
    exposed = np.bincount(cell, of, minlength=size)
    return np.asarray((seen + PRIOR_EVENTS) / (exposed + PRIOR_EVENTS / coarse))


def _scatter(n: Array, usual: Array, pull: Array, span: int) -> float:
    """The variance beyond Poisson's of windows of that length, by the square of the mean: by moments."""
    blocks = len(n) // span
    if not blocks:
        return FEW_SCATTER
    start = len(n) - blocks * span
    apart = (n - usual) / np.sqrt(1 - np.minimum(pull, 0.9))
    apart, mean = (each[start:].reshape(blocks, span).sum(axis=1) for each in (apart, usual))
    squares = float((mean**2).sum())
    scatter = float((apart**2 - mean).sum()) / squares if squares else 0.0
    return max(scatter, LEAST_SCATTER if len(n) >= FEW_DAYS * 24 else FEW_SCATTER)


def _without_silences(series: Series) -> Array:
    """The events, NaN where the issue was away."""
    events = series.events.astype(float)
    rate = events.sum() / max(1.0, series.everything.sum())
    places = np.flatnonzero(events > 0)
    edges = np.concatenate([[-1], places, [len(events)]])
    away = np.zeros(len(events), dtype=bool)
    for before in np.flatnonzero(np.diff(edges) > SILENT_HOURS):
        silence = slice(edges[before] + 1, edges[before + 1])
        away[silence] = rate * series.everything[silence].sum() >= SILENT_EVENTS
    if (~away).sum() >= LEAST_PRESENT:
        events[away] = np.nan
    return events
