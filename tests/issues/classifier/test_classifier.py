"""The small model, on made-up vectors: topics are directions, events lie around them."""

from typing import Any

import numpy as np
import pytest

from issues.classifier.model import (
    CAUTIOUS,
    SIDE,
    WIDTH,
    Sides,
    best_threshold,
    calibrate,
    fit,
    from_bytes,
    scores,
    to_bytes,
    weight_directions,
)

DRAW = np.random.default_rng(7)
TOPICS = np.linalg.qr(DRAW.normal(size=(SIDE, 12)))[0].T.astype(np.float32)


def around(topic: int, count: int, seed: int, noise: float = 0.03) -> np.ndarray:
    rows = TOPICS[topic] + np.random.default_rng(seed).normal(scale=noise, size=(count, SIDE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def events(topics: list[int], seed: int) -> Sides:
    user = np.vstack([around(topic, 1, seed * 1000 + i) for i, topic in enumerate(topics)])
    agent = np.vstack([around(11, 1, seed * 2000 + i) for i in range(len(topics))])
    return Sides(user, agent)


EVERYTHING = [topic for topic in range(1, 10) for _ in range(30)] + [0] * 15  # 5 % are of topic 0
BACKGROUND = events(EVERYTHING, 1)
TESTED = events(EVERYTHING, 2)
TRUTH = np.array(EVERYTHING) == 0


def f1(threshold: float, found: np.ndarray) -> float:
    predicted = found >= threshold
    return float(2 * (predicted & TRUTH).sum() / (predicted.sum() + TRUTH.sum()))


@pytest.mark.parametrize(("matches", "others"), [(1, 0), (1, 1), (3, 3), (5, 20)])
def test_it_finds_the_rest(matches: int, others: int) -> None:
    labelled = events([0] * matches + [1 + i % 9 for i in range(others)], 3)
    answers = np.arange(matches + others) < matches
    fitted = fit(
        definition=around(0, 1, 99, noise=0.06)[0], labelled=labelled, answers=answers, background=BACKGROUND
    )
    assert fitted.weights.shape == (WIDTH,)
    assert f1(fitted.threshold, scores(TESTED.user, TESTED.agent, fitted.weights)) > 0.9


def test_it_learns_what_the_definition_does_not_say() -> None:
    """The definition is of another topic: the labels win over it."""
    labelled = events([0] * 8 + [5] * 8, 3)
    answers = np.arange(16) < 8
    fitted = fit(definition=TOPICS[5], labelled=labelled, answers=answers, background=BACKGROUND)
    found = scores(TESTED.user, TESTED.agent, fitted.weights)
    assert found[TRUTH].mean() > 2 * found[np.array(EVERYTHING) == 5].mean()


def test_a_common_issue_is_found_too() -> None:
    """Two thirds of all events are the issue: they must not be taken for the background."""
    mixed = [0, 1, 2, 3, 4, 5] * 30 + [6, 7, 8] * 30
    background, tested = events(mixed, 4), events(mixed, 5)
    labelled = events([0, 1, 2, 3, 4, 5] * 3 + [6, 7, 8] * 4, 6)
    answers = np.arange(30) < 18
    fitted = fit(
        definition=TOPICS[:6].sum(axis=0) / np.sqrt(6),
        labelled=labelled,
        answers=answers,
        background=background,
    )
    predicted = scores(tested.user, tested.agent, fitted.weights) >= fitted.threshold
    truth = np.array(mixed) < 6
    assert (predicted & truth).sum() / truth.sum() > 0.9
    assert (predicted & truth).sum() / predicted.sum() > 0.9


def test_quality_needs_labels_of_both_kinds() -> None:
    for matches, others, measurable in ((4, 30, False), (30, 4, False), (5, 5, True)):
        labelled = events([0] * matches + [1 + i % 9 for i in range(others)], 3)
        fitted = fit(
            definition=TOPICS[0],
            labelled=labelled,
            answers=np.arange(matches + others) < matches,
            background=BACKGROUND,
        )
        quality = fitted.quality
        assert quality["labels"] == matches + others
        if measurable:
            assert (
                quality["low"] is not None
                and quality["precision"] is not None
                and quality["high"] is not None
            )
            assert 0 <= quality["low"] <= quality["precision"] <= quality["high"] <= 1
            assert quality["recall"] == 1
        else:
            assert quality["precision"] is quality["recall"] is quality["low"] is quality["high"] is None


def test_only_labels_drawn_at_random_say_what_holds_over_all_events() -> None:
    labelled = events([0] * 10 + [1 + i % 9 for i in range(30)], 3)
    answers = np.arange(40) < 10

    def quality(chosen: list[int]) -> Any:
        weights = np.isin(np.arange(40), chosen) * 300.0
        return fit(
            definition=TOPICS[0], labelled=labelled, answers=answers, background=BACKGROUND, weights=weights
        ).quality

    few = quality(list(range(9)))
    assert (
        few["random_labels"] == 9 and few["audited_recall"] is few["audited_low"] is few["recall_low"] is None
    )
    enough = quality([0, 1, *range(20, 30)])
    assert (enough["random_labels"], enough["recall_high"], enough["audited_precision"]) == (12, 1.0, 1.0)
    assert enough["recall_low"] < enough["audited_recall"] < 1  # two of two do not say that all are found
    assert len(enough["audit"]) == 12 and {weight for _, _, weight in enough["audit"]} == {300.0}
    no_match = quality(list(range(20, 32)))
    assert no_match["audited_recall"] is None and no_match["random_labels"] == 12


def test_quality_tells_when_labels_cannot_be_learnt() -> None:
    """Labels by lot: whatever it claims must not be measured as good."""
    labelled = events([i % 9 + 1 for i in range(80)], 8)
    answers = np.random.default_rng(1).random(80) < 0.4
    fitted = fit(definition=TOPICS[10], labelled=labelled, answers=answers, background=BACKGROUND)
    assert (fitted.quality["precision"] or 0) < 0.75
    assert (fitted.quality["recall"] or 0) < 0.75


def test_where_no_label_is_found_without_itself_nothing_is_measured() -> None:
    """Matches that look like what is none: of them alone, 0 of 0 calls would be right, and a recall of 0 would say that nothing is ever found."""
    labelled = events([0] * 10 + [1, 2, 3, 4, 5] + [1 + i % 9 for i in range(30)], 3)
    fitted = fit(
        definition=TOPICS[0], labelled=labelled, answers=np.arange(45) < 15, background=BACKGROUND, measured=np.arange(45) >= 10
    )  # fmt: skip
    assert fitted.quality["claimed"] == [0, 0]
    assert fitted.quality["precision"] is fitted.quality["recall"] is None


def test_without_other_events_the_labels_do() -> None:
    nothing = Sides(np.zeros((0, SIDE), np.float32), np.zeros((0, SIDE), np.float32))
    labelled = events([0] * 6 + [1] * 6, 3)
    fitted = fit(definition=TOPICS[0], labelled=labelled, answers=np.arange(12) < 6, background=nothing)
    found = scores(labelled.user, labelled.agent, fitted.weights)
    assert found[:6].min() > found[6:].max()


def test_one_label_is_judged_cautiously() -> None:
    fitted = fit(
        definition=TOPICS[0], labelled=events([0], 3), answers=np.array([True]), background=BACKGROUND
    )
    found = scores(TESTED.user, TESTED.agent, fitted.weights)
    assert (found >= fitted.threshold).mean() < 0.08  # 5 % are
    assert fitted.threshold <= CAUTIOUS


def test_the_same_labels_give_the_same_weights() -> None:
    labelled = events([0] * 6 + [1] * 6, 3)
    first, second = (
        fit(definition=TOPICS[0], labelled=labelled, answers=np.arange(12) < 6, background=BACKGROUND)
        for _ in range(2)
    )
    assert (first.weights == second.weights).all()
    assert first.threshold == second.threshold


def test_nothing_to_learn_is_said() -> None:
    with pytest.raises(ValueError, match="a match among them"):
        fit(
            definition=TOPICS[0],
            labelled=events([1, 2], 3),
            answers=np.array([False, False]),
            background=BACKGROUND,
        )


def test_weights_survive_storage() -> None:
    weights = DRAW.normal(size=WIDTH).astype(np.float32)
    assert (from_bytes(memoryview(to_bytes(weights))) == weights).all()
    with pytest.raises(ValueError, match="not the weights"):
        from_bytes(b"1234")


def test_many_classifiers_in_one_product() -> None:
    weights = DRAW.normal(size=(3, WIDTH)).astype(np.float32)
    together = scores(TESTED.user, TESTED.agent, weights)
    assert together.shape == (len(TESTED), 3)
    for index in range(3):
        assert np.allclose(together[:, index], scores(TESTED.user, TESTED.agent, weights[index]), atol=1e-5)


def test_extreme_weights_do_not_overflow() -> None:
    with np.errstate(all="raise"):
        found = scores(TESTED.user, TESTED.agent, np.full(WIDTH, 1e6, np.float32))
    assert ((found >= 0) & (found <= 1)).all()


def test_calibration_settles_where_matches_and_others_overlap() -> None:
    """The held-out log-odds of an issue of an own project with 7 matches among 30 labels: whole steps of Newton's method end at a threshold of 1."""
    matches = [-1.8, -1.2, -1.1, 1.9, 3.0, 4.0, 4.8]
    others = [*np.linspace(-14.0, -1.8, 20), 0.2, 3.7, 3.9]
    found = np.array([*matches, *others])
    answers = np.arange(len(found)) < len(matches)
    slope, intercept = calibrate(found, answers)
    likely = 1 / (1 + np.exp(-(slope * found + intercept)))
    assert likely.sum() == pytest.approx(len(matches), abs=0.01)  # as many are expected as there are
    assert ((likely - answers) * found).sum() + slope - 1 == pytest.approx(0, abs=0.01)
    draw = np.random.default_rng(0)
    for _ in range(100):
        answers = np.arange(40) < draw.integers(2, 39)
        found = np.where(answers, draw.normal(2, 3, 40), draw.normal(-4, 4, 40))
        assert abs(calibrate(found, answers)[1]) < 30


def test_the_best_threshold_parts_the_kinds() -> None:
    assert best_threshold(
        np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    ) == pytest.approx(0.5)
    # The one match at 0.3 costs more non-matches than it is worth.
    assert best_threshold(
        np.array([0.3, 0.35, 0.4, 0.45, 0.8, 0.9]), np.array([True, False, False, False, True, True])
    ) == pytest.approx(0.625)


def test_a_side_that_says_nothing_is_no_direction() -> None:
    weights = np.zeros(WIDTH, np.float32)
    weights[:SIDE] = TOPICS[0]
    assert list(weight_directions(weights)) == ["user"]
