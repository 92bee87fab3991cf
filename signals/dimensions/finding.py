"""Finding what explains a problem among many dimensions. Pure: counts over arrays, tested without a database.

The unit is the conversation (an event outside of one is a unit too), because the events of one conversation are not independent. For each
value of each dimension the units with the problem are compared with all units by Fisher's exact test, one-sided: only what comes with
more of the problem explains it.

How many were tried is corrected for in three steps. The error allowed (ALPHA, that anything at all is claimed of a problem without a cause)
is shared equally among the dimensions, so that one with a hundred values does not hide one with three. Within a dimension it is shared
among the values (Bonferroni) that could be significant at all, whose smallest possible p is small enough (Tarone 1990, "A modified
Bonferroni method for discrete data", Biometrics 46). Pairs have a share of their own.

What is given before a conversation begins (the model, the release, a property) may cause what happens in it, and not the other way round:
it stands before the tools that were called or failed, which stand before what else was observed. Two values that go together are tested
within each other (Cochran, Mantel and Haenszel): what says nothing more once the other is known is explained by it.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from raindrop.statistics import Z90, wilson
from signals.dimensions.names import CALLED, FAILED, INTENT, SIGNAL, Value

Bools = NDArray[np.bool_]
Having = Mapping[Value, Bools]  # by value which units have it

ALPHA = 0.10
OF_PAIRS = 0.2  # of ALPHA
BESIDE = 0.01  # the error of intents and signals in all: they claim nothing by themselves, and take nothing from what does
LEAST = 3  # units with the problem that have the value
MOST = 20  # causes
VALUES = 50  # of a dimension that are tried: those that most units have
# A tool that was only called tells what a conversation is about: a problem with receipts comes with the tool for receipts. By itself it is
# claimed with so many times less error.
STRICTER = 1000
# Of fewer than FEW units with the problem a value has to have half, a pair of any number: what explains less is often chance.
FEW, HALF = 30, 0.5
PAIRED = 12  # values that pairs are made of: those with the smallest p
EXPLAINED = 0.05  # the p from which a value says nothing more once another is known

GIVEN, TOOLS, OBSERVED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Unit:
    """A conversation, or an event outside of one. `events`: of the problem, 0 without; `first`: the first of these. `values`: what any of
    its events has."""

    values: frozenset[Value]
    events: int = 0
    users: frozenset[object] = frozenset()
    first: dt.datetime | None = None


@dataclass(slots=True)
class Cause:
    """Of the units with the problem `conversations` have the value (of a pair: both), with `events` of the problem by `users`; that is
    `rate` of them, `lift` times the share of all units (`low` to `high`: 90 %, of the lift). `explained_by`: the cause after which this
    one says nothing more."""

    values: tuple[Value, ...]
    events: int
    conversations: int
    users: int
    rate: float
    lift: float
    low: float
    high: float
    since: dt.datetime | None
    p: float
    explained_by: "Cause | None" = field(default=None, repr=False)

    @property
    def rank(self) -> int:
        return max(rank_of(dimension) for dimension, _ in self.values)


def rank_of(dimension: str) -> int:
    if dimension in (CALLED, FAILED):
        return TOOLS
    return OBSERVED if dimension == INTENT or dimension.startswith(SIGNAL) else GIVEN


def having_of(units: Sequence[Unit]) -> Having:
    """Every value that may be tried, whether a problem has it or not: what was tried may not depend on what was found."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit in units:
        for dimension, value in unit.values:
            counts[dimension][value] += 1
    wanted = {
        (dimension, value): np.zeros(len(units), bool)
        for dimension, counter in counts.items()
        for value, n in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES]
        if n >= LEAST
    }
    for row, unit in enumerate(units):
        for pair in unit.values:
            if pair in wanted:
                wanted[pair][row] = True
    return {value: has for value, has in wanted.items() if not has.all()}


def find_causes(
    units: Sequence[Unit], *, having: Having | None = None, without: Collection[str] = ()
) -> list[Cause]:
    """`having`: of units with these values (default: it is counted). `without`: dimensions that are not tried.

    Best first, at most MOST: what nothing else explains, what is given beforehand first, then tools, then pairs; then what another
    explains. Intents and signals only stand beside a cause: they are other readings of the same conversations."""
    table = _Table(units, having_of(units) if having is None else having, without)
    if not LEAST <= table.held.sum() < len(units):
        return []
    tried = table.singles()
    singles = significant(
        [one for one in tried if rank_of(one.dimension) < OBSERVED], share=ALPHA * (1 - OF_PAIRS)
    )
    singles += significant([one for one in tried if rank_of(one.dimension) == OBSERVED], share=BESIDE)
    found = [table.cause(one) for one in singles if table.explains(one)]
    found.sort(key=_order)
    _explain(found, table)
    pairs = [table.cause(one) for one in _pairs(tried, table) if table.explains(one)]
    if not any(one.rank < OBSERVED for one in (*found, *pairs)):
        return []
    clear = [one for one in found if one.explained_by is None]
    own = [one for one in clear if one.rank < OBSERVED]
    beside = [one for one in clear if one.rank == OBSERVED]
    explained = [one for one in found if one.explained_by is not None]
    return [*own, *sorted(pairs, key=lambda one: one.p), *beside, *explained][:MOST]


def told(causes: Sequence[Cause]) -> list[Cause]:
    """Of what was found, what is claimed: it was given or done, and nothing else explains it."""
    return [one for one in causes if one.explained_by is None and one.rank < OBSERVED]


def _order(cause: Cause) -> tuple[int, float, float, tuple[Value, ...]]:
    return cause.rank, cause.p, -cause.lift, cause.values


@dataclass(frozen=True, slots=True)
class _Tried:
    """`has`: which units have it."""

    values: tuple[Value, ...]
    has: Bools
    p: float
    smallest_p: float  # if as many as possible of the units with the problem had it

    @property
    def dimension(self) -> str:
        return self.values[0][0]


class _Table:
    def __init__(self, units: Sequence[Unit], having: Having, without: Collection[str]) -> None:
        self.units = units
        self.held: Bools = np.array([unit.events > 0 for unit in units], bool)
        self.having = {value: has for value, has in having.items() if value[0] not in without}

    def singles(self) -> list[_Tried]:
        return self.tried([((value,), has) for value, has in self.having.items()])

    def tried(self, made: Sequence[tuple[tuple[Value, ...], Bools]]) -> list[_Tried]:
        """All at once: each call of the test costs a millisecond, whatever it is asked."""
        if not made:
            return []
        units, held = len(self.held), int(self.held.sum())
        having = np.array([int(has.sum()) for _, has in made])
        both = np.array([int((has & self.held).sum()) for _, has in made])
        p = fisher(both, units=units, held=held, having=having)
        smallest = fisher(np.minimum(having, held), units=units, held=held, having=having)
        return [
            _Tried(values, has, float(one), float(least))
            for (values, has), one, least in zip(made, p, smallest, strict=True)
        ]

    def explains(self, tried: _Tried) -> bool:
        held, both = int(self.held.sum()), int((tried.has & self.held).sum())
        whole = held >= FEW and len(tried.values) == 1
        return both >= LEAST and (whole or both >= HALF * held)

    def cause(self, tried: _Tried) -> Cause:
        held, n = int(self.held.sum()), int(tried.has.sum())
        mine = [self.units[row] for row in np.flatnonzero(tried.has & self.held).tolist()]
        rate, usual = len(mine) / held, n / len(self.units)
        low, high = wilson(len(mine), held, z=Z90) or (0.0, 1.0)
        firsts = [unit.first for unit in mine if unit.first is not None]
        return Cause(
            values=tried.values,
            events=sum(unit.events for unit in mine),
            conversations=len(mine),
            users=len({user for unit in mine for user in unit.users}),
            rate=rate,
            lift=rate / usual,
            low=low / usual,
            high=high / usual,
            since=min(firsts, default=None),
            p=tried.p,
        )

    def has(self, cause: Cause) -> Bools:
        first, *others = (self.having[value] for value in cause.values)
        for other in others:
            first = first & other
        return first


def fisher(both: NDArray[np.int_], *, units: int, held: int, having: NDArray[np.int_]) -> NDArray[np.float64]:
    """P(at least `both` of the `held` among the `having`) where the two have nothing to do with each other, `units` in all."""
    from scipy.stats import hypergeom  # 0.5 s: only where causes are looked for

    found: NDArray[np.float64] = hypergeom.sf(both - 1, units, held, having)
    return found


def significant(tried: Sequence[_Tried], *, share: float) -> list[_Tried]:
    """Those that hold after all were tried, with an error of `share` in all."""
    by_dimension: dict[str, list[_Tried]] = defaultdict(list)
    for one in tried:
        by_dimension[one.dimension].append(one)
    # A dimension none of whose values could ever be significant costs nothing.
    testable = {
        name: mine for name, mine in by_dimension.items() if any(one.smallest_p <= share for one in mine)
    }
    found = []
    for name, mine in testable.items():
        alpha = share / len(testable) / (STRICTER if name == CALLED else 1)
        level = tarone([one.smallest_p for one in mine], alpha=alpha)
        found += [one for one in mine if one.p <= level]
    return found


def tarone(smallest: Sequence[float], *, alpha: float) -> float:
    """The level of each test: alpha / k with the smallest k such that no more than k of the tests could be significant at it."""
    for k in range(1, len(smallest) + 1):
        if sum(p <= alpha / k for p in smallest) <= k:
            return alpha / k
    return alpha / max(1, len(smallest))


def _explain(found: list[Cause], table: _Table) -> None:
    """Marks what says nothing more once one that stands before it is known, of what comes no later than itself."""
    rows = {id(one): table.has(one) for one in found}
    for place, one in enumerate(found):
        for other in found[:place]:
            if other.explained_by is None and within(rows[id(one)], rows[id(other)], table.held) > EXPLAINED:
                one.explained_by = other
                break


def within(has: Bools, other: Bools, held: Bools) -> float:
    """The one-sided p that `has` comes with more of `held` where `other` is the same: Cochran, Mantel and Haenszel's test over the two
    strata, with the correction for continuity. 1 where it does not vary within them."""
    from scipy.stats import norm

    excess, variance = 0.0, 0.0
    for stratum in (other, ~other):
        n = int(stratum.sum())
        having, with_it = int((has & stratum).sum()), int((held & stratum).sum())
        if n < 2:
            continue
        excess += int((has & held & stratum).sum()) - having * with_it / n
        variance += having * (n - having) * with_it * (n - with_it) / (n * n * (n - 1))
    if variance <= 0:
        return 1.0
    return float(norm.sf((excess - 0.5) / variance**0.5))


def _pairs(tried: Sequence[_Tried], table: _Table) -> list[_Tried]:
    """Pairs of values of two dimensions that hold on the problem more than either does alone."""
    best = sorted((one for one in tried if rank_of(one.dimension) < OBSERVED), key=lambda one: one.p)[:PAIRED]
    made = []
    for place, one in enumerate(best):
        for other in best[:place]:
            has = one.has & other.has
            if one.dimension == other.dimension or (has & table.held).sum() < LEAST:
                continue
            if (has == one.has).all() or (has == other.has).all():
                continue  # one contains the other
            first, second = sorted((one, other), key=lambda part: (rank_of(part.dimension), part.p))
            made.append(((*first.values, *second.values), has, first, second))
    # The best were chosen by what they say of the problem: all that they were chosen from were tried.
    level = ALPHA * OF_PAIRS / max(1, len(tried) * PAIRED)
    found = []
    pairs = table.tried([(values, has) for values, has, _, _ in made])
    for pair, (_, _, first, second) in zip(pairs, made, strict=True):
        if pair.p > level:
            continue
        more = [fisher_of(part.has & ~pair.has, pair.has, table.held) for part in (first, second)]
        if max(more) <= ALPHA * OF_PAIRS / max(1, len(made)):
            found.append(pair)
    return found


def fisher_of(without: Bools, with_it: Bools, held: Bools) -> float:
    """The one-sided p that `held` is more frequent among `with_it` than among `without`."""
    among = without | with_it
    [p] = fisher(
        np.array([int((with_it & held).sum())]),
        units=int(among.sum()),
        held=int((held & among).sum()),
        having=np.array([int(with_it.sum())]),
    )
    return float(p)
