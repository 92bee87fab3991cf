"""How often a tool fails by release, and what changed with the last one."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from raindrop.statistics import Z90, newcombe, wilson, would_show
from signals.tools.calls import Call

SMALLEST = (
    0.05  # share of failed calls whose double is to be told; a tool that never failed has none of its own
)


@dataclass(frozen=True, slots=True)
class InRelease:
    """`low` to `high`: 90 % (Wilson) of the share of the calls that failed."""

    release: str
    calls: int
    errors: int
    rate: float
    low: float
    high: float
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What the last release changed: `difference` of the share of failed calls since, to that in all releases before; `low` to `high`: its
    interval (Newcombe's, of two Wilson intervals), 90 % for all the tools that are looked at together. `can_be_told`: so many
    calls would tell that the share doubled."""

    release: str
    before: float
    rate: float
    difference: float
    low: float
    high: float
    can_be_told: bool

    @property
    def is_unsure(self) -> bool:
        """There are too few calls to tell whether anything changed."""
        return not self.tone and not self.can_be_told

    @property
    def tone(self) -> str:
        """ "worse" or "better" where the interval leaves out no change, else ""."""
        return "worse" if self.low > 0 else "better" if self.high < 0 else ""


def last_release(calls: Sequence[Call]) -> str:
    """The one whose first call of any tool came last, "" without two. `calls` oldest first."""
    seen = list(dict.fromkeys(call.release for call in calls if call.release))
    return seen[-1] if len(seen) > 1 else ""


def by_release(calls: Sequence[Call]) -> list[InRelease]:
    """Of one tool's calls, oldest first: the releases in the order in which they were first seen."""
    mine: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.release:
            mine[call.release].append(call)
    found = []
    for release, some in mine.items():
        errors = sum(call.failed for call in some)
        low, high = wilson(errors, len(some), z=Z90) or (0.0, 1.0)
        found.append(InRelease(release, len(some), errors, errors / len(some), low, high, some[0].at))
    return sorted(found, key=lambda one: one.since)


def change_since(release: str, found: Sequence[InRelease], *, tools: int = 1) -> Change | None:
    """None where one side has no call. `tools`: how many are looked at (Bonferroni): of fifty tools that did not change, five would seem to."""
    now = next((one for one in found if one.release == release), None)
    calls = sum(one.calls for one in found if one.release != release)
    errors = sum(one.errors for one in found if one.release != release)
    z = NormalDist().inv_cdf(1 - 0.05 / tools)
    found_difference = newcombe(now.errors, now.calls, errors, calls, z=z) if now else None
    if now is None or found_difference is None:
        return None
    share = max(SMALLEST, (now.errors + errors) / (now.calls + calls))
    can_be_told = would_show(now.calls, calls, share=share, z=z)
    return Change(release, errors / calls, now.rate, *found_difference, can_be_told=can_be_told)
