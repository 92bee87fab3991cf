"""Which of some candidates to ask about next, over arrays alone: the queue (of_issues.py) and its measurement (labeling/evaluation/)."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.models import Reason

SHORTLIST = 400  # candidates looked at by each way in
FEW_LABELS = 20
BEFORE = (Reason.SIMILAR, Reason.SIMILAR, Reason.SIMILAR, Reason.RANDOM)
EARLY = (Reason.LIKELY, Reason.UNCERTAIN, Reason.LIKELY, Reason.RANDOM)
LATER = (Reason.UNCERTAIN, Reason.LIKELY, Reason.UNCERTAIN, Reason.RANDOM)
AUDIT = (Reason.RANDOM,)
# Among the SPREAD best of a reason, the next event to ask has the highest RANK_WEIGHT * (1 - rank / SPREAD) - (largest cosine to an
# event asked before). Simulated on BANKING77 and HWU64 (24 intents each, true labels), F1 after 20 labels is 0.66 and 0.61. It is
# 0.58 and 0.26 when the best is taken each time.
SPREAD = 40
RANK_WEIGHT = 0.5


@dataclass(slots=True)
class Pool:
    """Candidates with what is known of them."""

    ids: list[uuid.UUID]
    vectors: NDArray[np.float32]  # (n, 768): both sides, together of unit length
    scores: NDArray[np.float64]  # (n,)
    orders: dict[Reason, list[int]]  # best first, as indices
    chance: float  # of each event, when one is drawn at random


def cycle_of(*, labels: int, trained: bool) -> tuple[Reason, ...]:
    """The reasons in turn, with so many standing labels, before or after the first classifier."""
    return BEFORE if not trained else EARLY if labels < FEW_LABELS else LATER


def reasons_in_turn(cycle: tuple[Reason, ...], *, start: int) -> Iterator[Reason]:
    """The cycle, repeated for ever. It begins at place `start` (modulo its length), where the last request stopped."""
    return itertools.islice(itertools.cycle(cycle), start % len(cycle), None)


def order_by_score(pool: Pool, *, threshold: float) -> None:
    """Adds the orders that a classifier gives: the nearest to its threshold first, the highest score first."""
    pool.orders[Reason.UNCERTAIN] = np.argsort(np.abs(pool.scores - threshold), kind="stable").tolist()
    pool.orders[Reason.LIKELY] = np.argsort(-pool.scores, kind="stable").tolist()


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
        index = head[int(np.argmax(worth))]
        picked.append((index, reason))
        likeness = np.maximum(likeness, pool.vectors @ pool.vectors[index])
        for order in orders.values():
            if index in order:
                order.remove(index)
        orders = {name: order for name, order in orders.items() if order}
    return picked
