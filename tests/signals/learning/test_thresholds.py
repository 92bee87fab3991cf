"""Choosing a threshold from labelled scores: pure arrays."""

import numpy as np
import pytest

from signals.learning.thresholds import (
    choose_threshold,
    cross_validated_matches,
    figures,
    folds,
    no_better,
    too_thin,
)


def labelled(*, even: float, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores over 0 to 1, of which those above `even` are mostly right."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.2, 1, count)
    return scores, draw.uniform(size=count) < 1 / (1 + np.exp(-14 * (scores - even)))


@pytest.mark.parametrize("even", [0.4, 0.6, 0.8])
def test_it_lies_where_right_and_wrong_are_as_likely(even: float) -> None:
    found = choose_threshold(*labelled(even=even, count=400))
    assert found is not None and abs(found - even) < 0.07


def test_it_does_not_depend_on_which_scores_were_asked_about() -> None:
    scores, answers = labelled(even=0.6, count=2000)
    low = (scores < 0.7) | (np.arange(2000) % 10 == 0)  # the queue asks about uncertain ones mostly
    everywhere, mostly_low = choose_threshold(scores, answers), choose_threshold(scores[low], answers[low])
    assert everywhere is not None and mostly_low is not None and abs(everywhere - mostly_low) < 0.05


def test_scores_that_say_nothing_or_the_contrary_give_none() -> None:
    scores, answers = labelled(even=0.6, count=100)
    assert choose_threshold(scores, ~answers) is None
    assert cross_validated_matches(scores, ~answers) is None


def test_it_stays_within_what_was_labelled() -> None:
    scores = np.array([0.55, 0.6, 0.65, 0.7, 0.75, 0.8])
    found = choose_threshold(scores, np.array([False, True, True, True, True, True]))
    assert found is not None and 0.55 <= found <= 0.8


def test_each_label_is_tried_once_and_both_answers_are_spread() -> None:
    answers = np.arange(23) % 3 == 0
    tried = [index for _, part in folds(answers) for index in part]
    assert sorted(tried) == list(range(23))
    assert all(answers[part].any() and not answers[part].all() for _, part in folds(answers))
    assert [list(part) for _, part in folds(answers)] == [list(part) for _, part in folds(answers)]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [(10, 9, "19 of the 20"), (20, 3, "Only 3 of 23 labels say that it is wrong"),
     (3, 20, "say that it is right"), (16, 4, ""), (4, 16, "")],
)  # fmt: skip
def test_thin_evidence(right: int, wrong: int, message: str) -> None:
    found = too_thin(np.array([True] * right + [False] * wrong))
    assert message in found if message else found == ""


@pytest.mark.parametrize(("gained", "lost", "better"), [(4, 0, True), (3, 0, False), (8, 2, True), (8, 4, False), (0, 0, False), (0, 3, False)])  # fmt: skip
def test_what_chance_may_bring_is_no_improvement(gained: int, lost: int, better: bool) -> None:
    answers = np.array([True] * 20)
    before, after = answers.copy(), answers.copy()
    before[:gained] = False
    after[20 - lost :] = False
    assert (no_better(before, after, answers) == "") is better


def test_figures() -> None:
    matched = np.array([True, True, True, False, False])
    answers = np.array([True, True, False, True, False])
    found = figures(matched, answers, events=200, matching=10).as_json()
    assert (found["labels"], found["matches"], found["right"]) == (5, 3, 2)
    assert found["precision"] == pytest.approx(2 / 3) and found["recall"] == pytest.approx(2 / 3)
    assert found["low"] < 2 / 3 < found["high"] and found["share"] == 0.05
    nothing = figures(matched & False, answers, events=0, matching=0)
    assert (nothing.precision, nothing.low, nothing.recall, nothing.share) == (None, None, 0, None)
