"""How often a signal or an issue holds on several sets of events side by side: releases, models, flags, or any queries.

The unit is the conversation, as for causes: five events of one are one observation. Each side is compared with the first.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from django.http import Http404

from ingest.counts.period import Period
from ingest.counts.waiting import processed
from ingest.models import Event, Project
from issues.access import get_issue
from issues.models import Issue, IssueMatch
from raindrop.statistics import Z90, newcombe, wilson, would_show
from signals.catalogue.access import find_signal
from signals.dimensions.facts import facts_of
from signals.dimensions.names import is_dimension, part_of, plain_name, query_of
from signals.models import SignalDefinition, SignalMatch
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope

MOST_SIDES = 6
NEWEST = 10_000  # events of a side that are read
LOOKED_THROUGH = 5000  # newest events in which the values of a dimension are looked for
USUAL_SIDES = 4
LONGEST = 200  # characters of a side's name
FEW = 20  # conversations: of fewer, a rate says little

Subject = Issue | SignalDefinition


@dataclass(frozen=True, slots=True)
class ComparedSet:
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the rate to the first side's, in shares; `low` to `high`: 90 % in all, however many sides are compared with the first."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """More than chance: the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A side: its events and conversations, those on which the subject holds (`matches`, `matched`, of `users`), and `rate`, the share of
    its conversations with a 90 % Wilson interval; None without any. `curve`: the share per day of the period, None on days without one.
    `is_cut`: it has more than NEWEST events, and the newest were read."""

    side: ComparedSet
    events: int
    conversations: int
    matches: int
    matched: int
    users: int
    rate: float | None
    low: float | None
    high: float | None
    first: dt.datetime | None
    last: dt.datetime | None
    curve: list[float | None]
    is_cut: bool
    difference: Difference | None = None


def read_subject(project: Project, name: str) -> Subject:
    """`issue:12` or `signal:KEY`. Raises Http404."""
    kind, _, key = name.replace("\x00", "").partition(":")
    if kind == "issue" and key.isascii() and key.isdigit() and len(key) < 10:
        return get_issue(project, int(key))
    if kind == "signal" and key:
        return find_signal(project, key)
    raise Http404("Say what is compared: subject=issue:12 or subject=signal:frustration.")


def read_sides(
    project: Project, *, by: str, values: Sequence[str], queries: Sequence[str], period: Period
) -> list[ComparedSet]:
    """The values of the dimension `by` (none given: the commonest), or without one the queries: one alone is compared with all other events.
    Raises ValueError, whose message is meant for people."""
    queries = [query.strip() for query in queries if query.strip()]
    values = list(dict.fromkeys(value for value in values if value))
    if any("\x00" in text for text in [*queries, *values, by]):
        raise ValueError("A text holds a NUL character.")
    if max(len(queries), len(values)) > MOST_SIDES:
        raise ValueError(f"At most {MOST_SIDES} sides are compared.")
    if by:
        if not is_dimension(by):
            raise ValueError(f"There is no dimension {by[:LONGEST]!r}.")
        by = plain_name(by)
        return _sides_of(values or usual_values(project, by, period), dimension=by)
    if len(queries) == 1:
        queries.append(f"-({queries[0]})")
    return [ComparedSet(query[:LONGEST], query) for query in queries]


def _sides_of(values: Sequence[str], *, dimension: str) -> list[ComparedSet]:
    """The events that have each value. Raises ValueError for a dimension that no query selects."""
    found = [ComparedSet(value, query_of([(dimension, value)])) for value in values]
    if not all(side.query for side in found):
        raise ValueError(f"There is no query for {dimension}.")
    return found


def usual_values(project: Project, dimension: str, period: Period) -> list[str]:
    """The values that most of the newest events have, in the order in which they were first seen there."""
    newest = processed(Event.objects.filter(timestamp__gte=period.start), project=project.pk)
    ids = list(newest.order_by("-timestamp", "-id").values_list("id", flat=True)[:LOOKED_THROUGH])
    counts: Counter[str] = Counter()
    first: dict[str, dt.datetime] = {}
    for facts in facts_of(project, ids, parts=[part_of(dimension)]).values():
        for name, value in facts.values:
            if name == dimension:
                counts[value] += 1
                first[value] = min(first.get(value, facts.at), facts.at)
    chosen = [value for value, _ in counts.most_common(USUAL_SIDES)]
    return sorted(chosen, key=lambda value: (first[value], value))


def compare(subject: Subject, sides: Sequence[ComparedSet], *, period: Period) -> list[Seen]:
    """Three queries for each side. Raises QueryError for a side's query."""
    scope = Scope(subject.project, now=period.end)
    seen = [_read(subject, side, scope, period) for side in sides]
    if len(seen) < 2:
        return seen
    z = _z(len(seen))
    base = seen[0]
    return [base, *(replace(one, difference=_difference(one, base, z)) for one in seen[1:])]


def _difference(one: Seen, base: Seen, z: float) -> Difference | None:
    found = newcombe(one.matched, one.conversations, base.matched, base.conversations, z=z)
    return Difference(*found) if found else None


def _read(subject: Subject, side: ComparedSet, scope: Scope, period: Period) -> Seen:
    among = processed(
        Event.objects.filter(timestamp__gte=period.start, timestamp__lt=period.until),
        project=subject.project_id,
    )
    events = find_events(parse(side.query), scope, among=among).order_by("-timestamp", "-id")
    rows = list(events.values_list("id", "conversation_id", "end_user_id", "timestamp")[: NEWEST + 1])
    is_cut, rows = len(rows) > NEWEST, rows[:NEWEST]
    held = _held(subject, [row[0] for row in rows])
    units: dict[uuid.UUID, dt.date] = {}  # a conversation's first day
    with_it = {talk or event for event, talk, *_ in rows if event in held}
    for event, talk, _, at in rows:  # the newest first
        units[talk or event] = at.astimezone(dt.UTC).date()
    low, high = wilson(len(with_it), len(units), z=Z90) or (None, None)
    times = [row[3] for row in rows]
    return Seen(
        side=side, events=len(rows), conversations=len(units), matches=len(held), matched=len(with_it),
        users=len({user for event, _, user, _ in rows if event in held and user}),
        rate=len(with_it) / len(units) if units else None, low=low, high=high,
        first=min(times, default=None), last=max(times, default=None),
        curve=_curve(units, with_it, period), is_cut=is_cut,
    )  # fmt: skip


def _held(subject: Subject, event_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    if isinstance(subject, Issue):
        return set(
            IssueMatch.objects.filter(issue=subject, event__in=event_ids).values_list("event_id", flat=True)
        )
    matches = SignalMatch.objects.filter(signal=subject, project=subject.project_id, event__in=event_ids)
    return set(matches.values_list("event_id", flat=True))


def _curve(units: dict[uuid.UUID, dt.date], with_it: set[uuid.UUID], period: Period) -> list[float | None]:
    """Per calendar day of the period."""
    all_, held = Counter(units.values()), Counter(units[unit] for unit in with_it)
    first, last = period.start.date(), period.end.date()
    days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    return [held[day] / all_[day] if all_[day] else None for day in days]


def in_words(seen: Sequence[Seen]) -> str:
    """What the comparison says, in a sentence; "" of fewer than two sides with conversations."""
    if len(seen) < 2:
        return ""
    base, *others = seen
    known = [one for one in others if one.difference]
    if base.rate is None or not known:
        return ""
    sure = [one for one in known if one.difference and one.difference.is_sure]
    if not sure:
        if not any(_can_be_told(base, one, sides=len(seen)) for one in known):
            return f"Too few conversations to tell whether a side differs from {base.side.name}."
        few = " Some sides have few conversations." if any(one.conversations < FEW for one in seen) else ""
        return f"No side differs from {base.side.name} by more than chance.{few}"
    most = max(sure, key=lambda one: abs(one.difference.value) if one.difference else 0.0)
    assert most.difference is not None and most.rate is not None
    low, high = sorted((abs(most.difference.low), abs(most.difference.high)))
    return (
        f"{most.side.name} has it in {most.rate:.1%} of conversations, {base.side.name} in {base.rate:.1%}: "
        f"{abs(most.difference.value) * 100:.1f} points {'more' if most.difference.value > 0 else 'less'} ({low * 100:.1f} to {high * 100:.1f})."
    )


def _can_be_told(base: Seen, other: Seen, *, sides: int) -> bool:
    """Whether so many conversations would tell that the rate doubled."""
    of_both = base.conversations + other.conversations
    share = (base.matched + other.matched) / of_both if of_both else 0.0
    return would_show(other.conversations, base.conversations, share=share, z=_z(sides))


def _z(sides: int) -> float:
    """Bonferroni: two-sided 90 % for all sides against the first."""
    return NormalDist().inv_cdf(1 - 0.05 / (sides - 1))
