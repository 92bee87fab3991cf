"""What labels that were drawn at random say of all events."""

import numpy as np
import pytest

from issues.classifier.audit import RANDOM_LEAST, Audited, DrawnLabel, estimate, more_labels, published

NEAR_SIZE, ALL = 200, 4000
SHARES = (0.4, 0.3, 0.3)  # of the draws: from what counts, from what is near, from the rest


def row(hit: bool, yes: bool, weight: float = 1.0) -> DrawnLabel:
    return (float(hit), float(yes), weight)


def test_too_few_say_nothing() -> None:
    rows = [row(True, True)] * (RANDOM_LEAST - 1)
    assert estimate(rows, rate=0.1) == Audited()


def test_a_label_counts_for_as_many_events_as_its_probability_says() -> None:
    rows = [row(True, True, 10)] * 3 + [row(True, False, 30)]
    rows += [row(False, True, 100)] + [row(False, False, 300)] * 9
    found = estimate(rows, rate=0.2)
    assert found.precision and found.rate
    assert found.precision.value == pytest.approx(30 / 60)
    assert found.rate.value == pytest.approx(0.2 * 0.5 + 0.8 * 100 / 2800, abs=0.01)  # the plain rate


def test_until_a_miss_is_met_recall_may_be_whole_and_is_not_claimed_to_be() -> None:
    found = estimate([row(True, True)] * 5 + [row(False, False)] * 7, rate=0.02)
    assert found.recall and found.precision
    assert found.recall.low < 0.4 < found.recall.value < 0.9 and found.recall.high == 1
    assert found.precision.value == found.precision.high == 1 and 0.5 < found.precision.low < 0.9


def test_without_a_match_nothing_is_known() -> None:
    found = estimate([row(False, False)] * 20, rate=0.05)
    assert found == Audited()
    wrong = estimate([row(True, False)] * 20, rate=0.05)
    assert wrong.precision and wrong.precision.value == wrong.precision.low == 0 < wrong.precision.high < 0.15
    assert wrong.recall is None and wrong.rate is None


def test_where_nothing_or_all_counts() -> None:
    none = estimate([row(False, True)] * 10 + [row(False, False)] * 20, rate=0.0)
    assert none.precision is None and none.recall is None
    assert none.rate and none.rate.low < 1 / 3 < none.rate.high
    every = estimate([row(True, True)] * 18 + [row(True, False)] * 2, rate=1.0)
    assert every.recall and every.recall.value == 1
    assert every.rate and every.rate.value == pytest.approx(0.9)
    rare = estimate(
        [row(True, True)] * 5 + [row(False, True, 1000)] + [row(False, False, 1000)] * 30, rate=1e-6
    )
    assert rare.rate and rare.rate.low < 1 / 31 < rare.rate.high


def test_many_labels_leave_little_doubt() -> None:
    rows = (
        [row(True, True)] * 80 + [row(True, False)] * 20 + [row(False, True)] * 20 + [row(False, False)] * 880
    )
    found = estimate(rows, rate=0.1)
    assert found.precision and found.recall and found.rate
    for share, value in ((found.precision, 0.8), (found.recall, 0.8), (found.rate, 0.1)):
        assert share.low < value < share.high and share.high - share.low < 0.2
        assert share.value == pytest.approx(value, abs=0.02)


def drawn(draw: np.random.Generator, labels: int) -> tuple[list[DrawnLabel], float, dict[str, float]]:
    """(Random labels of a made-up issue in three strata, the share that counts, the truth.)"""
    true = round(ALL * float(np.exp(draw.uniform(np.log(0.006), np.log(0.1)))))
    found = max(1, round(true * draw.beta(3, 1.5)))
    missed = true - found
    total = max(found, round(found / draw.beta(5, 1.5)))
    near = max(2 * total, NEAR_SIZE)
    near_missed = min(near, int(draw.binomial(missed, 0.75)))
    strata = [(total, found), (near, near_missed), (ALL - total - near, missed - near_missed)]
    rows: list[DrawnLabel] = []
    for number, share in zip(draw.multinomial(labels, SHARES), SHARES, strict=True):
        size, yes = strata.pop(0)
        answers = draw.permutation(np.arange(size) < yes)[:number]
        rows += [row(len(strata) == 2, bool(answer), size / share) for answer in answers]
    truth = {"precision": found / total, "recall": found / true, "rate": true / ALL}
    return rows, total / ALL, truth


@pytest.mark.parametrize("labels", [15, 40])
def test_the_intervals_cover_the_truth(labels: int) -> None:
    draw = np.random.default_rng(5)
    covered: dict[str, list[bool]] = {"precision": [], "recall": [], "rate": []}
    for _ in range(150):
        rows, rate, truth = drawn(draw, labels)
        found = estimate(rows, rate=rate)
        for name, value in truth.items():
            share = getattr(found, name)
            if share:
                covered[name].append(share.low - 1e-9 <= value <= share.high + 1e-9)
    assert all(len(cases) > 120 for cases in covered.values())
    assert all(np.mean(cases) > 0.85 for cases in covered.values()), covered


def test_what_is_published_comes_from_the_audit() -> None:
    rows = [list(row(True, True))] * 6 + [list(row(False, False))] * 6
    stored = {
        "precision": 0.4,
        "recall": 0.3,
        "audited_precision": 1.0,
        "audited_recall": 0.7,
        "audit": rows,
        "labels": 30,
    }
    figures = published(stored)
    assert (figures["precision"], figures["recall"], figures["labelled_precision"]) == (1.0, 0.7, 0.4)
    rarer, commoner = (published(stored, rate=rate)["recall_low"] for rate in (0.01, 0.2))
    assert rarer < commoner  # the rest of a common issue is looked at better
    assert published({})["recall"] is None and published({"precision": 0.9})["precision"] is None


def test_what_all_was_drawn_of_is_known() -> None:
    rows = [row(True, True)] * 6 + [row(True, False)] * 4 + [row(False, True)] * 2 + [row(False, False)] * 18
    found = estimate(rows, rate=1 / 3, events=30)
    assert found.precision and found.recall
    assert found.precision.high - found.precision.low < 0.01 and found.precision.value == 0.6
    assert found.recall.high - found.recall.low < 0.02 and found.recall.value == pytest.approx(0.75, abs=0.01)
    assert more_labels(rows, rate=1 / 3, events=30) == 0
    endless = more_labels(rows, rate=1 / 3)
    assert endless and endless > 300, "of a population without end"


def test_the_labels_wanted_end_where_the_events_do() -> None:
    rows = [row(True, True)] * 6 + [row(True, False)] * 4 + [row(False, False)] * 20
    wanted = [more_labels(rows, rate=1 / 3, events=events) for events in (31, 60, 400, 100_000)]
    assert all(more is not None for more in wanted) and wanted == sorted(wanted, key=lambda more: more or 0)
    assert all(
        30 + (more or 0) <= events for more, events in zip(wanted, (31, 60, 400, 100_000), strict=True)
    )
    assert more_labels(rows, rate=1 / 3, events=400, unlabelled=7) == 7


def test_the_intervals_of_a_small_population_cover_the_truth() -> None:
    """Of 60 events 45 are drawn, alike."""
    draw = np.random.default_rng(3)
    covered: dict[str, list[bool]] = {"precision": [], "recall": []}
    for _ in range(200):
        yes = draw.random(60) < draw.uniform(0.1, 0.4)
        hit = np.where(yes, draw.random(60) < 0.8, draw.random(60) < 0.1)
        if not (yes & hit).any():
            continue
        truth = {"precision": (yes & hit).sum() / hit.sum(), "recall": (yes & hit).sum() / yes.sum()}
        rows = [row(bool(hit[at]), bool(yes[at])) for at in draw.permutation(60)[:45]]
        found = estimate(rows, rate=float(hit.mean()), events=60)
        for name, value in truth.items():
            share = getattr(found, name)
            if share:
                covered[name].append(share.low - 1e-9 <= value <= share.high + 1e-9)
    assert all(len(cases) > 150 and np.mean(cases) > 0.85 for cases in covered.values()), {
        name: np.mean(cases) for name, cases in covered.items()
    }
