"""Which question about a definition to ask next, over arrays alone.

A question is about a contrast pair: a first event, of which it is not clear whether it counts, and a second one that is settled. Its region
are the events that lie near the first and nearer to it than to the second: an answer settles these. Rows number the events that are looked
at; vectors are unit rows.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from issues.classifier.contradictions import sure_beyond

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
MATCH, NOT_MATCH, UNSURE = "match", "not_match", "unsure"

# A region's events have at least this cosine to its first event. Of 40 texts on each of two topics (tests/issues/people.py) the user's
# sides have .51 within a topic and .28 between the two in the median.
NEAR = 0.5
UNCLEAR_LEAST = 3  # answers "unsure" because the definition is unclear, before it asks
GROUP_LEAST = 3  # matches in the smaller of two groups
# Two groups are asked about when the cosine of their centres, on the user's side, is at most this. Ten texts of each of
# two intents are told apart in 90 % of HWU64's pairs and 68 % of BANKING77's; twenty of one intent are parted in 8 % and 1 %.
FAR_APART = 0.4
OVERLAP = 0.5  # least share of the smaller issue's matches that are the other's too
OVERLAP_LEAST = 10  # events that both hold on


class Kind(enum.StrEnum):
    """In the order in which equal ones are asked."""

    DISAGREEMENT = "disagreement"
    FLIP = "flip"
    CONFLICT = "conflict"
    UNCLEAR = "unclear"
    SPLIT = "split"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Vote:
    """A live answer on the event in a row. `version`: of the definition that it is about. `is_unclear`: unsure, because the text does not say."""

    row: int
    author: str
    answer: str
    version: int | None = None
    is_unclear: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of n events. `weights` (n,): how many of all events each stands for, 0 of those that are not in the random sample.
    `users`: unit rows of the user's side alone, of both sides where the user said nothing. `scores` (n,) and `threshold` are the classifier's; None
    before the first one. `contradictions`: row -> the answer of which it was confident of the opposite, before it learnt from it."""

    vectors: Floats
    users: Floats
    weights: NDArray[np.float64]
    scores: NDArray[np.float64] | None = None
    threshold: float | None = None
    contradictions: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that could be asked, by rows. `settles`: how many events of its region no label settles; of SPLIT, whose first event is answered itself,
    without those of which the classifier is sure. `other`: of MERGE, which of the other issues."""

    kind: Kind
    first: int
    second: int
    settles: int
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another issue that holds on many of the same events. `both` and `only`: rows of events that both hold on, that this issue alone holds on."""

    other: int
    both: Sequence[int]
    only: Sequence[int]


def candidates(
    known: Known,
    votes: Sequence[Vote],
    *,
    taught: Sequence[Vote] = (),
    overlaps: Iterable[Overlap] = (),
    parted: Collection[tuple[int, int]] = (),
) -> list[Candidate]:
    """Every question that the votes (the oldest first) and the scores give reason for: first what people disagree on, then the one that settles most
    events. `taught`: a teacher's votes, which may disagree with people's, and settle nothing. `parted`: pairs about which a SPLIT was asked.

    A question concerns what the labels leave open: a SPLIT, both of whose events are answered, is none where nothing in its region is open; of
    what two issues hold on, an event that nobody answered is asked about."""
    settled = settled_rows(votes)
    among_people = set(disputed(votes))
    doubts = [(Kind.DISAGREEMENT, row) for row in disputed([*votes, *taught])]
    doubts += [(Kind.FLIP, row) for row in flipped(votes)]
    doubts += [(Kind.CONFLICT, row) for row in contradicted(known, settled)]
    doubts += [(Kind.UNCLEAR, row) for row in unclear(known.vectors, votes)]
    found = []
    for kind, first in doubts:
        if (second := clearest(known.vectors, first, settled)) is not None:
            settles = max(1, _weight(known, first, second, but=settled))
            found.append(Candidate(kind, first, second, settles))
    matches = [row for row, is_match in settled.items() if is_match]
    if (pair := split(known.users, matches, parted=parted)) is not None:
        settles = _weight(known, *pair, but={*settled, *sure_rows(known)})
        if settles:
            found.append(Candidate(Kind.SPLIT, *pair, settles))
    for overlap in overlaps:
        unanswered = [row for row in overlap.both if row not in settled]
        if unanswered and overlap.only:
            first = _middle(known.vectors, unanswered)
            second = _middle(known.vectors, overlap.only)
            settles = max(1, _weight(known, first, second, but=settled))
            found.append(Candidate(Kind.MERGE, first, second, settles, overlap.other))
    order = list(Kind)

    def place(one: Candidate) -> tuple[bool, int, int, int]:
        of_people = one.kind == Kind.DISAGREEMENT and one.first in among_people
        return not of_people, -one.settles, order.index(one.kind), one.first

    return sorted(found, key=place)


def region(vectors: Floats, first: int, second: int) -> Bools:
    """(n,): which events lie near the first (NEAR) and nearer to it than to the second; always the first, never the second."""
    to_first, to_second = vectors @ vectors[first], vectors @ vectors[second]
    inside: Bools = (to_first >= NEAR) & (to_first > to_second)
    inside[first], inside[second] = True, False
    return inside


def settled_rows(votes: Sequence[Vote]) -> dict[int, bool]:
    """Row -> is it a match, where all who decided say the same, now and before."""
    answers: dict[int, set[str]] = defaultdict(set)
    for vote in votes:
        answers[vote.row].add(vote.answer)
    return {
        row: found == {MATCH}
        for row, given in answers.items()
        if len(found := given - {UNSURE}) == 1 and UNSURE not in given
    }


def disputed(votes: Sequence[Vote]) -> list[int]:
    """Rows on which the last answers of two say the opposite."""
    last: dict[tuple[int, str], str] = {(vote.row, vote.author): vote.answer for vote in votes}
    answers: dict[int, set[str]] = defaultdict(set)
    for (row, _), answer in last.items():
        answers[row].add(answer)
    return sorted(row for row, given in answers.items() if {MATCH, NOT_MATCH} <= given)


def flipped(votes: Sequence[Vote]) -> list[int]:
    """Rows on which one and the same answered the opposite of what they had answered before, of the same version of the definition."""
    given: dict[tuple[int, str, int | None], set[str]] = defaultdict(set)
    for vote in votes:
        given[vote.row, vote.author, vote.version].add(vote.answer)
    return sorted({row for (row, _, _), answers in given.items() if {MATCH, NOT_MATCH} <= answers})


def contradicted(known: Known, settled: Mapping[int, bool]) -> list[int]:
    """Rows whose answer still is the one that the classifier contradicts."""
    return sorted(row for row, answer in known.contradictions.items() if settled.get(row) == answer)


def sure_rows(known: Known) -> set[int]:
    """Rows of which the classifier is confident, either way."""
    if known.scores is None or known.threshold is None:
        return set()
    low, high = sure_beyond(known.threshold)
    return set(np.flatnonzero((known.scores <= low) | (known.scores >= high)).tolist())


def unclear(vectors: Floats, votes: Sequence[Vote]) -> list[int]:
    """From UNCLEAR_LEAST events on whose last answer is that the definition is unclear: the one in their middle."""
    last = {(vote.row, vote.author): vote for vote in votes}
    rows = sorted({vote.row for vote in last.values() if vote.is_unclear})
    return [_middle(vectors, rows)] if len(rows) >= UNCLEAR_LEAST else []


def clearest(vectors: Floats, first: int, settled: Mapping[int, bool]) -> int | None:
    """The settled row that is most like the first, among those that count where there are any: with one that does not count beside it, the
    question would be about a detail. None without any other settled row."""
    others = sorted(row for row in settled if row != first)
    ordered = [row for row in others if settled[row]] or others
    return ordered[int(np.argmax(vectors[ordered] @ vectors[first]))] if ordered else None


def split(
    vectors: Floats, rows: Sequence[int], *, parted: Collection[tuple[int, int]] = ()
) -> tuple[int, int] | None:
    """The middles of the smaller and of the larger of two groups of the rows that lie far apart (FAR_APART); None where there are none, and where
    the two of one of the pairs `parted` lie near the one and near the other.

    Two-means on the sphere, from the two rows that are least alike.
    """
    if len(rows) < 2 * GROUP_LEAST:
        return None
    mine = vectors[list(rows)]
    cosines = mine @ mine.T
    first, second = np.unravel_index(int(np.argmin(cosines)), cosines.shape)
    centres = mine[[first, second]]
    group = np.zeros(len(mine), np.intp)
    for _ in range(20):
        group = np.argmax(mine @ centres.T, axis=1)
        if len(set(group.tolist())) < 2:
            return None
        moved = np.stack([mine[group == side].mean(axis=0) for side in (0, 1)])
        moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
        if np.allclose(moved, centres, atol=1e-6):
            break
        centres = moved
    sizes = Counter(group.tolist())
    small, large = (0, 1) if sizes[0] <= sizes[1] else (1, 0)
    if sizes[small] < GROUP_LEAST or float(centres[0] @ centres[1]) > FAR_APART:
        return None
    groups = [
        [row for row, side in zip(rows, group.tolist(), strict=True) if side == of] for of in (small, large)
    ]
    for pair in parted:
        near = vectors[list(pair)] @ centres.T
        if (near.max(axis=1) >= FAR_APART).all() and len(set(near.argmax(axis=1).tolist())) > 1:
            return None
    return _middle(vectors, groups[0]), _middle(vectors, groups[1])


def overlaps_enough(*, both: int, mine: int, others: int) -> bool:
    """Do two issues hold on so many of the same events that they may be one? `mine`, `others`: how many each holds on."""
    return both >= OVERLAP_LEAST and both >= OVERLAP * min(mine, others)


# -- inside


def _weight(known: Known, first: int, second: int, *, but: Collection[int]) -> int:
    """How many of all events the region's rows stand for, without those in `but`."""
    inside = region(known.vectors, first, second)
    inside[list(but)] = False
    return round(float(known.weights[inside].sum()))


def _middle(vectors: Floats, rows: Sequence[int]) -> int:
    """The row that is most like all of them."""
    mine = vectors[list(rows)]
    return rows[int(np.argmax((mine @ mine.T).sum(axis=1)))]
