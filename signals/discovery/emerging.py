"""Which clusters are new, or grow against their own past, by users, with the traffic taken into account. Pure and deterministic.

A user counts once a week. Several tests a cluster, all of "the share of users who meet it has always been the same":

- It grows: of its users, those of the last days are more than the traffic's share (a conditional binomial test, one-sided; Przyborowski and
  Wilenski 1940). The last days are DAYS, and each number of days up to NEW_DAYS: what began ten days ago lies half before the last seven days,
  and those alone do not tell it from its past.
- It is new: all came after its first day, which lies in the last NEW_DAYS days. Each would have done so with the traffic's share since then.

A cluster's p value is how often the smallest of these p values is as small or smaller for as many users drawn from the traffic at random (the
smallest p, as Westfall and Young 1993 have it; DRAWS draws). What was met more often some days ago and is over does not emerge: in the last DAYS days
no smaller a share of the users met it than before. Over the clusters Benjamini and Hochberg (1995) hold the share of false marks at RATE, among
those that are large enough to be marked at all (Tarone 1990). Chosen with `manage.py evaluate emerging` (docs/benchmarks.md).
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
DAY = dt.timedelta(days=1)
DAYS = 7
NEW_DAYS = 14
LENGTHS = range(DAYS, NEW_DAYS + 1)  # days that are held against what was before them
DRAWS = 9999
# On the planted products, with a reader's phrases, p (corrected) is at most .01 of the problems that are new, and .9 or more of all others.
RATE = 0.15
FEWEST = 3  # users in the last DAYS days


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`user`: the end user, else the conversation or event: who is counted."""

    at: dt.datetime
    user: uuid.UUID


@dataclass(frozen=True, slots=True)
class Emergence:
    """`recent` of `recent_users` users met it in the last `days` days (of LENGTHS those that tell the most); before, `earlier` of `earlier_users` did
    in a week on average. `is_new`: it emerges, and was first seen in the last NEW_DAYS days. `p`: corrected for the number tried. `reason`: for
    people, "" where it does not emerge."""

    is_emerging: bool
    is_new: bool
    recent: int
    recent_users: int
    earlier: float
    earlier_users: float
    p: float
    reason: str
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class _Counts:
    """`ages`: (user, week) pairs by the age of their first event in whole days, 0 to NEW_DAYS - 1, and last those older than that. `newest`: users by
    the age of their last event, likewise. `weeks`: before the last one. `first`: the first moment."""

    ages: Ints
    newest: Ints
    weeks: int
    first: dt.datetime | None

    @property
    def total(self) -> int:
        return int(self.ages.sum())

    def recent(self, length: int) -> int:
        return int(self.ages[:length].sum())


def emerging(
    clusters: Sequence[Sequence[Occurrence]],
    traffic: Sequence[Occurrence],
    *,
    last: dt.datetime | None = None,
) -> list[Emergence]:
    """One answer a cluster. `traffic`: all events of the project in the time that the clusters cover. `last`: the project's last event
    (default: of the traffic). Nothing emerges in a project without a past."""
    end = last or max((one.at for one in traffic), default=None)
    if end is None:
        return [Emergence(False, False, 0, 0, 0.0, 0.0, 1.0, "") for _ in clusters]
    world = _Traffic(traffic, end)
    counts = [_count(cluster, end) for cluster in clusters]
    tested = corrected([world.p(one) for one in counts], [world.least(one) for one in counts])
    return [world.answer(one, p) for one, p in zip(counts, tested, strict=True)]


def corrected(values: Sequence[float], least: Sequence[float]) -> list[float]:
    """p values in the same order, adjusted by Benjamini and Hochberg among those whose `least` possible value could be marked; 1 for the
    others."""
    tried: list[int] = []
    for count in range(1, len(values) + 1):  # the smallest number tried that leaves no more than that to try
        tried = [i for i in range(len(values)) if least[i] <= RATE / count]
        if len(tried) <= count:
            break
    tried.sort(key=lambda i: values[i])
    found, worst = [1.0] * len(values), 1.0
    for rank in range(len(tried), 0, -1):
        i = tried[rank - 1]
        worst = min(worst, values[i] * len(tried) / rank)
        found[i] = worst
    return found


class _Traffic:
    """The project's traffic, and what is expected of a cluster by it."""

    def __init__(self, traffic: Sequence[Occurrence], end: dt.datetime) -> None:
        self.counts = _count(traffic, end)
        self._shares = self.counts.ages / max(1, self.counts.total)
        self._since = self._shares.cumsum()
        # Nothing grows without a past.
        self.lengths = [length for length in LENGTHS if self.counts.recent(length) < self.counts.total]
        self._smallest: dict[int, Doubles] = {}

    def p(self, counts: _Counts) -> float:
        """Of all tests together."""
        if not self._may_emerge(counts):
            return 1.0
        [own] = self._least_p(counts.ages[None, :])
        if own > RATE:  # and so is what all of them together say
            return float(own)
        total = counts.total
        if total not in self._smallest:
            drawn = np.random.default_rng(0).multinomial(total, self._shares, size=DRAWS)
            self._smallest[total] = self._least_p(drawn)
        return float((1 + (self._smallest[total] <= own * (1 + 1e-9)).sum()) / (1 + DRAWS))

    def _may_emerge(self, counts: _Counts) -> bool:
        return counts.recent(DAYS) >= FEWEST and DAYS in self.lengths

    def _least_p(self, ages: Ints) -> Doubles:
        """The smallest p of all tests of each row of `ages` (n, NEW_DAYS + 1), of which all have the same sum."""
        total = int(ages[0].sum())
        among = ages.cumsum(axis=1)
        found = np.ones(len(ages))
        for length in self.lengths:
            found = np.minimum(found, self._grows(total, length)[among[:, length - 1]])
        first = np.argmax(among == total, axis=1)  # the age of the first
        new = np.where(first < NEW_DAYS, self._since[np.minimum(first, NEW_DAYS)] ** total, 1.0)
        return np.minimum(found, new)

    def _grows(self, total: int, length: int) -> Doubles:
        """The p of each number of recent ones, 0 to `total`."""
        from scipy.stats import binom

        found: Doubles = binom.sf(np.arange(total + 1) - 1, total, self._since[length - 1])
        return found

    def least(self, counts: _Counts) -> float:
        """The smallest p value that a cluster of so many users can have by growth in the last DAYS days: those too few to reach RATE by it are not
        tried. It goes by their number alone, so that to leave them out makes no p value of the others wrong."""
        total = counts.total
        return 1.0 if total < FEWEST or DAYS not in self.lengths else float(self._since[DAYS - 1] ** total)

    def _is_new(self, counts: _Counts) -> bool:
        return not counts.ages[NEW_DAYS] and bool(counts.total)

    def _lasts(self, counts: _Counts, length: int) -> bool:
        """Whether in the last DAYS days no smaller share of the users met it than before the last `length` days."""
        now, usual = counts.recent(DAYS), self.counts.recent(DAYS)
        before, usual_before = (one.total - one.recent(length) for one in (counts, self.counts))
        return now * usual_before >= before * usual

    def answer(self, counts: _Counts, p: float) -> Emergence:
        may, length = p <= RATE and self._may_emerge(counts), DAYS
        if may:
            length = min(
                self.lengths, key=lambda one: (self._grows(counts.total, one)[counts.recent(one)], one)
            )
        is_emerging = may and self._lasts(counts, length)
        is_new = is_emerging and self._is_new(counts)
        recent, recent_users = (int(one.newest[:length].sum()) for one in (counts, self.counts))
        before, before_users = (one.total - one.recent(length) for one in (counts, self.counts))
        weeks = max(1.0, self.counts.weeks + 1 - length / DAYS)  # before the last `length` days
        earlier, earlier_users = before / weeks, before_users / weeks
        reason = ""
        if is_emerging:
            reason = f"{recent} of {recent_users} users in the last {length} days, "
            reason += f"{earlier:.1f} of {earlier_users:.0f} a week before" if before else "nobody before"
            if is_new and counts.first and counts.recent(DAYS) < counts.total:
                reason += f"; first seen on {counts.first.day} {counts.first:%B}"
        return Emergence(is_emerging, is_new, recent, recent_users, earlier, earlier_users, p, reason, length)


def _count(occurrences: Sequence[Occurrence], end: dt.datetime) -> _Counts:
    oldest: dict[tuple[uuid.UUID, int], int] = {}
    newest: dict[uuid.UUID, int] = {}
    for one in occurrences:
        day = max(0, (end - one.at) // DAY)
        key = (one.user, day // DAYS)
        oldest[key] = max(day, oldest.get(key, 0))
        newest[one.user] = min(day, newest.get(one.user, day))
    weeks = max((week for _, week in oldest), default=0)
    first = min((one.at for one in occurrences), default=None)
    return _Counts(_by_age(oldest.values()), _by_age(newest.values()), weeks, first)


def _by_age(days: Iterable[int]) -> Ints:
    """(NEW_DAYS + 1,): how many of each age, the last of those that are older."""
    ages = np.array([min(day, NEW_DAYS) for day in days], dtype=np.int64)
    return np.bincount(ages, minlength=NEW_DAYS + 1)
