"""Which cards come next, over arrays alone: the cycle of reasons, disagreement, and regions without labels."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from labeling.models import Reason
from labeling.queue import picking
from labeling.queue.picking import Pool, cycle_of, order_by_doubt, order_by_region, pick, reasons_in_turn


def around(axes: list[int], *, seed: int = 0) -> NDArray[np.float32]:
    """(n, 768) unit vectors, each near its axis."""
    vectors = np.random.default_rng(seed).normal(0, 0.01, (len(axes), 768))
    vectors[np.arange(len(axes)), axes] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def pool_of(vectors: NDArray[np.float32], scores: list[float]) -> Pool:
    return Pool([], vectors, np.array(scores), {}, {})


@pytest.mark.parametrize("who", list(picking.RANDOM_CARDS))
@pytest.mark.parametrize(("trained", "drifted"), [(False, False), (True, False), (True, True), (False, True)])
def test_every_reason_has_its_share(who: str, trained: bool, drifted: bool) -> None:
    for labels, matches in itertools.product((0, 4, 9, 10, 19, 20, 39, 40, 79, 80, 200), (0, 4, 5, 20)):
        holds_shares(labels=labels, matches=matches, trained=trained, who=who, drifted=drifted)


def holds_shares(*, labels: int, matches: int, trained: bool, who: str, drifted: bool) -> None:
    cycle = cycle_of(labels=labels, matches=matches, trained=trained, who=who, drifted=drifted)
    counts = Counter(cycle)
    since, each = picking.RANDOM_CARDS[who]
    if not trained and labels == matches >= picking.ALL_ALIKE:
        assert cycle == (*picking.BEFORE, Reason.RANDOM)
        return
    if labels >= since:
        assert all(
            (reason == Reason.RANDOM) == ((place + 1) % each == 0) for place, reason in enumerate(cycle)
        )
    else:
        assert Reason.RANDOM not in counts
    if trained and drifted:
        picked = len(cycle) - counts[Reason.RANDOM]
        assert counts[Reason.DRIFT] * picking.DRIFT_CARDS == picked
    else:
        assert Reason.DRIFT not in counts
    if trained and not drifted:
        later = picking.BORDER if 2 * matches > labels else picking.LATER
        if labels >= picking.SETTLED:
            later = picking.SPARE
        usual = Counter(picking.EARLY if matches < picking.FEW_MATCHES else later)
        rounds = (len(cycle) - counts[Reason.RANDOM]) / usual.total()
        assert all(counts[reason] == number * rounds for reason, number in usual.items())
    assert (
        list(zip(reasons_in_turn(cycle, start=3 * len(cycle) + 1), range(1), strict=False))[0][0]
        == cycle[1 % len(cycle)]
    )


def test_two_learners_disagree_on_what_lies_near_the_other_answers() -> None:
    labelled, answers = around([0] * 4 + [1] * 4), np.array([True] * 4 + [False] * 4)
    pool = pool_of(around([0, 0, 1, 1, 2], seed=1), [0.9, 0.05, 0.97, 0.1, 0.5])
    order_by_doubt(pool, labelled, answers, threshold=0.5, taught=np.zeros(5))
    assert set(pool.orders[Reason.DISPUTED]) <= {1, 2, 4} and {1, 2} <= set(pool.orders[Reason.DISPUTED])


def test_a_teacher_who_contradicts_the_classifier_comes_first() -> None:
    labelled, answers = around([0] * 4 + [1] * 4), np.array([True] * 4 + [False] * 4)
    pool = pool_of(around([0, 1, 1], seed=1), [0.9, 0.9, 0.1])
    order_by_doubt(pool, labelled, answers, threshold=0.5, taught=np.array([-1.0, 0.0, -1.0]))
    assert pool.orders[Reason.DISPUTED] == [0, 1], "what it agrees on is not disputed"


@pytest.mark.parametrize("answers", [[True, True], [False, False], []])
def test_without_both_answers_nobody_disagrees(answers: list[bool]) -> None:
    pool = pool_of(around([0, 1]), [0.9, 0.1])
    order_by_doubt(
        pool, around([0] * len(answers)), np.array(answers, bool), threshold=0.5, taught=np.zeros(2)
    )
    assert Reason.DISPUTED not in pool.orders


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20))
def test_a_region_comes_before_a_stray_event(seed: int) -> None:
    """Events near the labels, a group of ten far from them, and one that is like nothing."""
    vectors = around([0] * 20 + [1] * 10 + [5], seed=seed)
    among = np.random.default_rng(seed).permutation(31).tolist()
    pool = pool_of(vectors, [0.5] * 31)
    order_by_region(pool, around([0] * 5, seed=seed + 1), reason=Reason.FAR, among=among)
    order = pool.orders[Reason.FAR]
    assert sorted(order) == list(range(31)) and set(order[:10]) == set(range(20, 30)), (
        "the group, by its size"
    )
    [(first, _)] = pick(pool, around([0] * 5), reasons_in_turn((Reason.FAR,), start=0), 1)
    assert first in range(20, 30)


def test_too_few_to_have_regions() -> None:
    pool = pool_of(around([0, 1]), [0.5, 0.5])
    order_by_region(pool, around([0]), reason=Reason.FAR, among=[1])
    order_by_region(pool, around([]), reason=Reason.FAR, among=[0, 1])
    assert not pool.orders
