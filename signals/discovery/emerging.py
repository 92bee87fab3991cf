"""Which clusters are new, or grow against their own past, by users, with the traffic taken into account. Pure.

The test is Fisher's exact test, one-sided: of the users who were there in the last DAYS days, and of those who were there before, how
many met the problem. Holm's correction for the number of clusters tried.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

DAYS = 7
ALPHA = 0.05
FEWEST = 3  # users in the last days


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`user`: the end user, else the conversation or event: who is counted once a period."""

    at: dt.datetime
    user: uuid.UUID


@dataclass(frozen=True, slots=True)
class Emergence:
    """`recent` of `recent_users` users met it in the last days, `earlier` of `earlier_users` before. `p`: corrected."""

    is_emerging: bool
    is_new: bool
    recent: int
    recent_users: int
    earlier: int
    earlier_users: int
    p: float
    reason: str


def emerging(
    clusters: Sequence[Sequence[Occurrence]],
    traffic: Sequence[Occurrence],
    *,
    last: dt.datetime | None = None,
) -> list[Emergence]:
    """One answer a cluster. `traffic`: all events of the project in the time that the clusters cover, once each at least. `last`: the
    project's last event (default: of the traffic)."""
    if not traffic:
        return [Emergence(False, False, 0, 0, len(one), 0, 1.0, "") for one in clusters]
    since = (last or max(one.at for one in traffic)) - dt.timedelta(days=DAYS)
    recent_users, earlier_users = _users(traffic, since)
    counted = [_users(cluster, since) for cluster in clusters]
    tested = [_p(len(r), len(recent_users), len(e), len(earlier_users)) for r, e in counted]
    return [
        _answer(len(r), len(recent_users), len(e), len(earlier_users), p)
        for (r, e), p in zip(counted, holm(tested), strict=True)
    ]


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in the same order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    found, worst = [1.0] * len(values), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, values[i] * (len(values) - rank)))
        found[i] = worst
    return found


def _users(occurrences: Sequence[Occurrence], since: dt.datetime) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    recent = {one.user for one in occurrences if one.at > since}
    return recent, {one.user for one in occurrences if one.at <= since}


def _p(recent: int, recent_users: int, earlier: int, earlier_users: int) -> float:
    if not earlier_users or recent < FEWEST:
        return 1.0
    from scipy.stats import fisher_exact

    table = [[recent, max(0, recent_users - recent)], [earlier, max(0, earlier_users - earlier)]]
    return float(fisher_exact(table, alternative="greater").pvalue)


def _answer(recent: int, recent_users: int, earlier: int, earlier_users: int, p: float) -> Emergence:
    is_emerging = p <= ALPHA
    reason = ""
    if is_emerging:
        before = f"{earlier} of {earlier_users} before" if earlier else f"none of {earlier_users} before"
        reason = f"{recent} of {recent_users} users in the last {DAYS} days, {before}"
    return Emergence(
        is_emerging, is_emerging and not earlier, recent, recent_users, earlier, earlier_users, p, reason
    )
