"""Which clusters are new, or grow against their own past, by users, with the traffic taken into account. Pure.

Two tests a cluster, both of "the share of users who meet it has always been the same":

- It grows: time is cut into spans of DAYS days that end with the project's last event, and a user counts once a span. The cluster's
  (user, span) pairs would fall into the last span in proportion to the traffic's (a conditional binomial test, one-sided; Przyborowski and
  Wilenski 1940).
- It is new: of its users, all came after its first event, which lies in the last NEW_DAYS days. Each would have done so with the probability
  of the traffic's share since then, in (user, day) pairs.

A cluster's p value is that of the two by Simes (1986). Over the clusters Benjamini and Hochberg (1995) hold the share of false marks at RATE,
among those that are large enough to be marked at all (Tarone 1990).
"""

import datetime as dt
import uuid
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAYS = 7
NEW_DAYS = 14
# On the planted products, with a reader's phrases, the planted ones lie at .01 and below, the next other at .9.
RATE = 0.15
FEWEST = 3  # users in the last span


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`user`: the end user, else the conversation or event: who is counted."""

    at: dt.datetime
    user: uuid.UUID


@dataclass(frozen=True, slots=True)
class Emergence:
    """`recent` of `recent_users` users met it in the last DAYS days; before, `earlier` of `earlier_users` did in a span of as many days on
    average. `is_new`: first seen in the last NEW_DAYS days. `p`: corrected for the number tried. `reason`: for people, in whole numbers of different
    users, "" where it does not emerge."""

    is_emerging: bool
    is_new: bool
    recent: int
    recent_users: int
    earlier: float
    earlier_users: float
    p: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Counts:
    """Users in the last span, (user, span) pairs before, different users before, different users, the first moment."""

    recent: int
    before: int
    users_before: int
    users: int
    first: dt.datetime | None


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


def judged(
    now: Mapping[uuid.UUID, Occurrence],
    before: Mapping[uuid.UUID, Occurrence] | None,
    *,
    last: dt.datetime | None,
) -> list[Occurrence]:
    """The occurrences, by event, by which a cluster is judged that holds `now`, and held `before` until this refresh (None: there was no such
    cluster). Of the last span those count that it holds now and held before; of the time until then those that it holds or held."""
    if not before or last is None:
        return list(now.values())
    return [
        one
        for event, one in {**before, **now}.items()
        if _span(one.at, last) > 0 or (event in now and event in before)
    ]


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
        self.end = end
        self.counts = _count(traffic, end)
        self.spans = max([1, *(_span(one.at, end) for one in traffic)])
        # The moment of the last event of each (user, day).
        days: dict[tuple[uuid.UUID, dt.date], dt.datetime] = {}
        for one in traffic:
            key = (one.user, one.at.date())
            days[key] = max(one.at, days.get(key, one.at))
        self._days = sorted(days.values())

    @property
    def _share(self) -> float:
        """Of the (user, span) pairs, in the last span."""
        return self.counts.recent / max(1, self.counts.recent + self.counts.before)

    def p(self, counts: _Counts) -> float:
        """Of both tests, by Simes."""
        if counts.recent < FEWEST or not self.counts.before:
            return 1.0
        from scipy.stats import binom

        grows = float(binom.sf(counts.recent - 1, counts.recent + counts.before, self._share))
        low, high = sorted([grows, self._new(counts)])
        return min(1.0, 2 * low, high)

    def least(self, counts: _Counts) -> float:
        """The smallest p value that a cluster of so many users can have."""
        total = counts.recent + counts.before
        return 1.0 if total < FEWEST or not self.counts.before else float(min(1.0, self._share**total))

    def _new(self, counts: _Counts) -> float:
        if counts.first is None or counts.first < self.end - dt.timedelta(days=NEW_DAYS):
            return 1.0
        since = len(self._days) - bisect_left(self._days, counts.first)
        return float((since / max(1, len(self._days))) ** counts.users)

    def answer(self, counts: _Counts, p: float) -> Emergence:
        is_emerging = p <= RATE and counts.recent >= FEWEST
        is_new = is_emerging and self._new(counts) < 1
        earlier, earlier_users = counts.before / self.spans, self.counts.before / self.spans
        reason = ""
        if is_emerging:
            reason = f"{counts.recent} of {self.counts.recent} users in the last {DAYS} days, "
            weeks = "the week" if self.spans == 1 else f"the {self.spans} weeks"
            reason += (
                f"{counts.users_before} of {self.counts.users_before} in {weeks} before"
                if counts.before
                else "nobody before"
            )
            if is_new and counts.before and counts.first:
                reason += f"; first seen on {counts.first.day} {counts.first:%B}"
        return Emergence(
            is_emerging, is_new, counts.recent, self.counts.recent, earlier, earlier_users, p, reason
        )


def _span(at: dt.datetime, end: dt.datetime) -> int:
    """0: the last DAYS days."""
    return max(0, int((end - at) / dt.timedelta(days=DAYS)))


def _count(occurrences: Sequence[Occurrence], end: dt.datetime) -> _Counts:
    pairs = {(one.user, _span(one.at, end)) for one in occurrences}
    recent = sum(span == 0 for _, span in pairs)
    users, users_before = {user for user, _ in pairs}, {user for user, span in pairs if span}
    first = min((one.at for one in occurrences), default=None)
    return _Counts(recent, len(pairs) - recent, len(users_before), len(users), first)
