"""On what terms an issue is muted or resolved, and whether events that arrive end that. Pure; stored as JSON in `Issue.terms`."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from issues.states.releases import compare

MOST_COUNT = 100_000
LEAST_WINDOW, MOST_WINDOW = 60, 30 * 86400  # seconds

Occurrence = tuple[dt.datetime, object]  # when an event was, and whose (None: nobody known)


@dataclass(frozen=True, slots=True)
class MuteTerms:
    """Until when an issue stays muted; for ever when nothing is set. One of `until`, a count and `escalating`.

    `until`: the first event after it ends the muting. `events`, `users`: so many after it was muted, within any `window` seconds (None:
    in all). `escalating`: it comes back when it escalates.
    """

    until: dt.datetime | None = None
    events: int | None = None
    users: int | None = None
    window: int | None = None
    escalating: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError, whose message is meant for people."""
        counts = [count for count in (self.events, self.users) if count is not None]
        if (self.until is not None) + bool(counts) + self.escalating > 1:
            raise ValueError(
                "Mute for a time, until so many events or users, or until it escalates: one of these."
            )
        if any(not 1 <= count <= MOST_COUNT for count in counts):
            raise ValueError(f"events and users are 1 to {MOST_COUNT:,}.")
        if self.window is not None and not counts:
            raise ValueError("window goes with events or users.")
        if self.window is not None and not LEAST_WINDOW <= self.window <= MOST_WINDOW:
            raise ValueError(f"window is {LEAST_WINDOW} to {MOST_WINDOW} seconds.")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("until is a moment with its time zone.")

    @property
    def is_counted(self) -> bool:
        return self.events is not None or self.users is not None

    def as_json(self) -> dict[str, Any]:
        """What is set, and nothing else."""
        found = {
            "until": self.until and self.until.isoformat(),
            "events": self.events,
            "users": self.users,
            "window": self.window,
            "escalating": self.escalating or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MuteTerms":
        """Of `as_json`; what it does not know is left out."""
        until = data.get("until")
        return cls(
            until=dt.datetime.fromisoformat(until) if until else None,
            events=data.get("events"),
            users=data.get("users"),
            window=data.get("window"),
            escalating=bool(data.get("escalating")),
        )


@dataclass(frozen=True, slots=True)
class ResolveTerms:
    """In which release it is fixed; "" and "": now, everywhere. `after_release`: in the one that follows this one."""

    in_release: str = ""
    after_release: str = ""

    def as_json(self) -> dict[str, Any]:
        found = {"in_release": self.in_release, "after_release": self.after_release}
        return {name: value for name, value in found.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ResolveTerms":
        return cls(in_release=data.get("in_release", ""), after_release=data.get("after_release", ""))

    def says_fixed(self, release: str) -> bool:
        """Whether an event of that release ("": it names none) after the resolution means that the problem is back. A release that has no
        order with the fixed one counts: better a false alarm than a problem that is hidden for ever."""
        fixed = self.in_release or self.after_release
        if not fixed or not release:
            return True
        order = compare(release, fixed)
        return order is None or order > 0 or (order == 0 and bool(self.in_release))


def reached(terms: MuteTerms, occurred: Sequence[Occurrence]) -> dict[str, int] | None:
    """The numbers that ended the muting, {"events"} or {"users"}; None where neither count was reached within a window. `occurred`: of
    those after it was muted, in any order."""
    times = sorted(occurred, key=lambda one: one[0])
    window = dt.timedelta(seconds=terms.window) if terms.window else None
    people: Counter[object] = Counter()
    first = 0
    for last, (at, user) in enumerate(times):
        if user is not None:
            people[user] += 1
        while window is not None and at - times[first][0] > window:
            gone = times[first][1]
            first += 1
            if gone is not None:
                people[gone] -= 1
                if not people[gone]:
                    del people[gone]
        if terms.events is not None and last - first + 1 >= terms.events:
            return {"events": last - first + 1}
        if terms.users is not None and len(people) >= terms.users:
            return {"users": len(people)}
    return None
