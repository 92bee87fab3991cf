"""Spreading conversations without times over the last days, with the rhythm of a product that people use: `--redate 14d`. Pure."""

import bisect
import datetime as dt
import hashlib
import itertools
import re

# How busy each hour of a day is (UTC): quiet nights, a busy afternoon.
HOURS = (3, 2, 1, 1, 1, 2, 4, 8, 14, 20, 24, 25, 24, 28, 31, 32, 30, 26, 21, 17, 14, 11, 8, 5)
# Monday to Sunday.
WEEKDAYS = (1.0, 1.05, 1.05, 1.0, 0.9, 0.5, 0.45)
UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def parse_span(text: str) -> dt.timedelta:
    """`14d`, `36h` or `2w`. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,4})([hdw])", text.strip().lower())
    if not match or not int(match[1]):
        raise ValueError(f"Expected a span such as 14d, 36h or 2w, not {text!r}.")
    return dt.timedelta(**{UNITS[match[2]]: int(match[1])})


class Rhythm:
    """Moments between `end - span` and `end`, as dense as people are awake."""

    def __init__(self, *, span: dt.timedelta, end: dt.datetime) -> None:
        start = end - span
        self.start, self.end = start, end
        first = start.replace(minute=0, second=0, microsecond=0)
        hours = range(int((end - first).total_seconds() // 3600) + 1)
        self._edges, weights = [], []
        for hour in (first + dt.timedelta(hours=number) for number in hours):
            low, high = max(hour, start), min(hour + dt.timedelta(hours=1), end)
            if high > low:
                self._edges.append((low, high))
                weights.append(HOURS[hour.hour] * WEEKDAYS[hour.weekday()] * (high - low).total_seconds())
        self._sums = list(itertools.accumulate(weights))

    def moment(self, key: str, share: tuple[float, float] = (0.0, 1.0)) -> dt.datetime:
        """The moment that belongs to a key: always the same one for the same span and end, within that share of what happens in it."""
        digest = hashlib.sha256(key.encode(errors="replace")).digest()
        chance = share[0] + int.from_bytes(digest[:7]) / 2**56 * (share[1] - share[0])
        chance *= self._sums[-1]
        place = min(bisect.bisect_right(self._sums, chance), len(self._sums) - 1)
        before = self._sums[place - 1] if place else 0.0
        low, high = self._edges[place]
        return low + (high - low) * ((chance - before) / (self._sums[place] - before))
