"""Which of some candidates to ask about next, over arrays alone: the queue (of_issues.py) and its measurement (labeling/evaluation/)."""

import itertools
import math
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from issues.classifier.model import logits
from labeling.models import Reason

SHORTLIST = 400  # candidates looked at by each way in
FEW_MATCHES = 5
# From how many labels on random cards are among the others, and one card in how many is one. Of a rare issue they meet no match, and the first matches
# teach most: a quarter of random cards from the start costs .05 of F1 at 40 labels on public intents and .11 on planted problems. A program asks for
# them by name (candidates?for=audit); a person is given them, because nothing else says what is missed; a teacher's say what it is worth.
RANDOM_CARDS = {"person": (20, 4), "program": (40, 8), "teacher": (10, 5)}
# When so many labels stand and all are matches, every second card is random: a classifier needs an event that is none.
ALL_ALIKE = 4
BEFORE = (Reason.SIMILAR,)
EARLY = (Reason.LIKELY,)
LATER = (Reason.UNCERTAIN, Reason.LIKELY)
# As long as most labels are matches, only uncertain events are asked: another sure match teaches nothing
# (docs/benchmarks.md, "Issues from few labels").
BORDER = (Reason.UNCERTAIN,)
# From SETTLED labels on, of sixteen cards one on which two learners disagree, and one from a region without labels. Up to 80 labels they meet fewer
# matches and cost F1, at any share that was tried (docs/benchmarks.md, "Issues from few labels").
SETTLED = 80
SPARE = (*3 * LATER, Reason.UNCERTAIN, Reason.DISPUTED, *3 * LATER, Reason.UNCERTAIN, Reason.FAR)
AUDIT = (Reason.RANDOM,)
# Among the SPREAD best of a reason, the next event to ask has the highest RANK_WEIGHT * (1 - rank / SPREAD) - (largest cosine to an event asked
# before). Other weights: docs/benchmarks.md, "Issues from few labels".
SPREAD = 40
# A random draw takes this share from what counts as a match, from what scores next to that, and from the rest: at 1 % of all events a
# uniform draw meets no match in forty cards. Of few events strata would hold a handful each: these are drawn uniformly.
STRATA = (0.4, 0.3, 0.3)
STRATIFIED = 200
NEAR = 0.05  # of all events, or twice what counts where that is more: what scores next
GOLDEN = (5**0.5 - 1) / 2  # steps by which a unit interval is filled evenly
RANK_WEIGHT = 2.0
DUPLICATE = 0.97  # events this near to one that was asked before come after all others
# What a likely event's likeness to the definition weighs beside its score, each in standard deviations of the candidates, by 1 + the matches known: the
# first classifiers know less than the text does.
LIKENESS_WEIGHT = 1.0
DRIFT_CARDS = 3  # one drift card in so many of those that teach
NEIGHBOURS = 3  # likest labelled events that speak for an answer
REGION_SAMPLE = 400  # of the events drawn at random, among which regions are looked for
TAUGHT_WEIGHT = 2.0  # of what a teacher said of a likely event, in the same measure: its matches are what a person is best asked about


@dataclass(slots=True)
class Pool:
    """Candidates with what is known of them."""

    ids: list[uuid.UUID]
    vectors: NDArray[np.float32]  # (n, 768): both sides, together of unit length
    scores: NDArray[np.float64]  # (n,)
    orders: dict[Reason, list[int]]  # best first, as indices
    chances: dict[int, float]  # of each event in the order RANDOM, the probability of that draw


def cycle_of(
    *, labels: int, matches: int, trained: bool, who: str = "program", drifted: bool = False
) -> tuple[Reason, ...]:
    """The reasons in turn, with so many standing labels and matches among them, before or after the first classifier. `who` is asked, of RANDOM_CARDS.
    `drifted`: new events look unlike the labelled ones, so that of the cards that are not random every DRIFT_CARDS-th is one of
    them."""
    if not trained and labels == matches >= ALL_ALIKE:
        return (*BEFORE, Reason.RANDOM)
    picked = _taught_by(labels, matches) if trained else BEFORE
    if drifted and trained:
        picked = _with_every(picked, DRIFT_CARDS, Reason.DRIFT)
    since, each = RANDOM_CARDS[who]
    if labels < since:
        return picked
    return _with_every(picked, each, Reason.RANDOM)


def _taught_by(labels: int, matches: int) -> tuple[Reason, ...]:
    """The reasons of the cards that teach a classifier."""
    if matches < FEW_MATCHES:
        return EARLY
    if labels >= SETTLED:
        return SPARE
    return BORDER if 2 * matches > labels else LATER


def _with_every(picked: tuple[Reason, ...], each: int, reason: Reason) -> tuple[Reason, ...]:
    """The cycle with every `each`-th card of the reason, and the others in turn as often as before: as long as both together need."""
    length = math.lcm(len(picked), each - 1)
    others = itertools.cycle(picked)
    return tuple(
        reason if (place + 1) % each == 0 else next(others) for place in range(length * each // (each - 1))
    )


def reasons_in_turn(cycle: tuple[Reason, ...], *, start: int) -> Iterator[Reason]:
    """The cycle, repeated for ever. It begins at place `start` (modulo its length), where the last request stopped."""
    return itertools.islice(itertools.cycle(cycle), start % len(cycle), None)


def order_by_score(
    pool: Pool, likeness: NDArray[np.float64], *, threshold: float, matches: int, taught: NDArray[np.float64]
) -> None:
    """Adds the orders that a classifier gives: the nearest to its threshold first; the highest score first, together with `likeness` (n,) to the
    definition while few `matches` are known. `taught`: (n,), what a teacher said of each, 1 for a match, -1 for none, 0 where it was not asked."""
    odds = logits(pool.scores)
    pool.orders[Reason.UNCERTAIN] = np.argsort(
        np.abs(odds - logits(np.array(threshold))), kind="stable"
    ).tolist()
    worth = _standard(odds) + LIKENESS_WEIGHT / (1 + matches) * _standard(likeness) + TAUGHT_WEIGHT * taught
    pool.orders[Reason.LIKELY] = np.argsort(-worth, kind="stable").tolist()


def order_by_doubt(
    pool: Pool,
    labelled: NDArray[np.float32],
    answers: NDArray[np.bool_],
    *,
    threshold: float,
    taught: NDArray[np.float64],
) -> None:
    """Adds the order of disagreement. `labelled`: (m, 768), of the events with an answer, as `Pool.vectors`; `answers`:
    (m,). `taught`: as `order_by_score`.

    Two learners disagree on an event that one calls a match and the other does not, the more the surer the less sure of them is: the classifier, and the
    nearest neighbours, of which the NEIGHBOURS likest matches speak for it and as many non-matches against (query by committee: Seung, Opper and
    Sompolinsky 1992). A teacher that says the opposite of the classifier comes before all.
    """
    if answers.all() or not answers.any():
        return
    odds = logits(pool.scores) - logits(np.array(threshold))
    cosines = pool.vectors @ labelled.T
    neighbours = _likest(cosines[:, answers]) - _likest(cosines[:, ~answers])
    surest = np.minimum(_unit(np.abs(odds)), _unit(np.abs(neighbours)))
    doubt = np.where(odds * neighbours < 0, surest, -1.0) + np.where(taught * odds < 0, 2.0, 0.0)
    pool.orders[Reason.DISPUTED] = [
        int(index) for index in np.argsort(-doubt, kind="stable") if doubt[index] > 0
    ]


def order_by_region(
    pool: Pool, labelled: NDArray[np.float32], *, reason: Reason, among: Sequence[int]
) -> None:
    """Adds, as `reason`, the order of distance from the labels. `labelled`: (m, 768), of the events with an answer, as `Pool.vectors`. `among`: the
    candidates that it is about, in random order, by index. First comes what is liker to its own neighbours than to any labelled event, so that a region
    comes before a stray event."""
    sample = np.array(among[:REGION_SAMPLE], np.intp)
    if len(sample) < 2 or not len(labelled):
        return
    among_them = pool.vectors[sample] @ pool.vectors[sample].T
    np.fill_diagonal(among_them, -1.0)
    apart = _likest(among_them) - (pool.vectors[sample] @ labelled.T).max(axis=1)
    pool.orders[reason] = sample[np.argsort(-apart, kind="stable")].tolist()


def _likest(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, m) -> (n,): the mean of each row's NEIGHBOURS largest."""
    most = min(NEIGHBOURS, cosines.shape[1])
    largest = np.partition(cosines, -most, axis=1)[:, -most:]
    found: NDArray[np.float64] = largest.mean(axis=1, dtype=np.float64)
    return found


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks, 0 to 1: log-odds and cosines have no common measure."""
    ranks: NDArray[np.float64] = values.argsort(kind="stable").argsort(kind="stable") / max(
        1, len(values) - 1
    )
    return ranks


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(values):
        return values
    found: NDArray[np.float64] = (values - values.mean()) / (values.std() + 1e-9)
    return found


def draw_in_strata(
    found: NDArray[np.float64], *, threshold: float | None, number: int, start: float
) -> tuple[list[int], list[float]]:
    """(The order in which to ask about events drawn at random, of each the probability with which it was drawn.)

    `found`: the scores (before a classifier, the likenesses; `threshold` is then None) of a uniform sample in random order, of `number`
    events. `start`: 0 to 1, where the even sequence begins that decides from which stratum each card comes; uniform over issues, so that the
    k-th card comes from a stratum with the probability of its share. A stratum that has run out leaves its share to the others.
    """
    if len(found) < STRATIFIED:
        return list(range(len(found))), [1 / max(1, number)] * len(found)
    hit = np.zeros(len(found), bool) if threshold is None else found >= threshold
    others = np.argsort(np.where(hit, -np.inf, found), kind="stable")[::-1]
    near = np.zeros(len(found), bool)
    near[others[: max(round(NEAR * len(found)), 2 * int(hit.sum()))]] = True
    near &= ~hit
    strata = [np.flatnonzero(mask).tolist() for mask in (hit, near, ~hit & ~near)]
    sizes = [number * len(stratum) / len(found) for stratum in strata]
    order, chances = [], []
    shares = _shares(strata)
    ends = list(itertools.accumulate(shares.values()))
    for card in range(len(found)):
        at = (start + card * GOLDEN) % 1.0
        stratum = list(shares)[min(bisect_right(ends, at), len(ends) - 1)]
        order.append(strata[stratum].pop(0))
        chances.append(shares[stratum] / sizes[stratum])
        if not strata[stratum]:
            shares = _shares(strata)
            ends = list(itertools.accumulate(shares.values()))
    return order, chances


def _shares(strata: list[list[int]]) -> dict[int, float]:
    """Of the cards, by the number of the stratum, for those that hold events still."""
    shares = {number: STRATA[number] for number, stratum in enumerate(strata) if stratum}
    return {number: share / sum(shares.values()) for number, share in shares.items()}


def pick(
    pool: Pool, asked_vectors: NDArray[np.float32], reasons: Iterator[Reason], limit: int
) -> list[tuple[int, Reason]]:
    """Takes from each reason in turn an event that is high in its order and unlike those asked before.

    `asked_vectors`: (n, 768), of the events asked before. A random card is the next one drawn; likeness does not count for it. A reason
    that has no event left is skipped. Returns (index into the pool, reason) pairs.
    """
    likeness = (pool.vectors @ asked_vectors.T).max(axis=1, initial=0.0)
    orders = {reason: list(order) for reason, order in pool.orders.items() if order}
    picked: list[tuple[int, Reason]] = []
    while len(picked) < limit and orders:
        reason = next(reasons)
        if reason not in orders:
            continue
        head = orders[reason][: 1 if reason == Reason.RANDOM else SPREAD]
        worth = RANK_WEIGHT * (1 - np.arange(len(head)) / SPREAD) - likeness[head]
        if reason != Reason.RANDOM:
            worth -= np.where(likeness[head] > DUPLICATE, 2 * RANK_WEIGHT, 0.0)
        index = head[int(np.argmax(worth))]
        picked.append((index, reason))
        likeness = np.maximum(likeness, pool.vectors @ pool.vectors[index])
        for order in orders.values():
            if index in order:
                order.remove(index)
        orders = {name: order for name, order in orders.items() if order}
    return picked
