"""From one refresh to the next: the same clusters stay the same, what is new or grows is told, new events are assigned."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from signals.discovery.assigner import FOLDS, RECALL, STRENGTH, WANTED, assign, from_bytes, train_assigner
from signals.discovery.emerging import Occurrence, corrected, emerging, judged
from signals.discovery.matching_runs import Trace, match_to_known

LAST = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
AXES = np.eye(384, dtype=np.float32)


def ids(count: int) -> list[uuid.UUID]:
    return [uuid.uuid4() for _ in range(count)]


def test_a_cluster_is_known_again_by_its_events_and_by_its_meaning() -> None:
    events = ids(10)
    known = [Trace(frozenset(events[:5]), AXES[0]), Trace(frozenset(events[5:]), AXES[1])]
    new = [
        Trace(frozenset(ids(4)), AXES[1]),
        Trace(frozenset(events[:4]), AXES[2]),
        Trace(frozenset(ids(3)), AXES[3]),
    ]
    assert match_to_known(new, known) == [1, 0, None]


def test_clusters_of_two_tools_are_never_one() -> None:
    events = frozenset(ids(3))
    assert match_to_known([Trace(events, AXES[0], "a")], [Trace(events, AXES[0], "b")]) == [None]


def test_one_known_cluster_is_found_once() -> None:
    known = [Trace(frozenset(ids(3)), AXES[0])]
    assert match_to_known([Trace(frozenset(), AXES[0]), Trace(frozenset(), AXES[0])], known) == [0, None]
    assert match_to_known([], known) == []
    assert match_to_known(known, []) == [None]


def traffic() -> list[Occurrence]:
    """40 users a week for four weeks."""
    return [Occurrence(LAST - dt.timedelta(days=day), user) for day in (1, 8, 15, 22) for user in ids(40)]


def at(day: int, users: list[uuid.UUID]) -> list[Occurrence]:
    return [Occurrence(LAST - dt.timedelta(days=day), user) for user in users]


def test_what_is_new_this_week_emerges_and_what_was_always_there_does_not() -> None:
    everyone = traffic()
    week = [one.user for one in everyone if one.at > LAST - dt.timedelta(days=7)]
    new = at(1, week[:8])
    steady = everyone[::4]
    fresh, old = emerging([new, steady], everyone, last=LAST)
    assert (
        fresh.is_emerging
        and fresh.is_new
        and fresh.reason == "8 of 40 users in the last 7 days, nobody before"
    )
    assert not old.is_emerging and old.reason == ""


def test_more_traffic_alone_is_no_growth() -> None:
    before, now = ids(30), ids(300)
    everyone = at(20, before) + at(1, now)
    [answer] = emerging([at(20, before[:3]) + at(1, now[:30])], everyone, last=LAST)
    assert not answer.is_emerging


def test_one_user_many_times_does_not_emerge() -> None:
    everyone = traffic()
    [answer] = emerging([at(1, [everyone[0].user] * 50)], everyone, last=LAST)
    assert not answer.is_emerging


def test_a_project_of_less_than_a_week_has_no_past() -> None:
    everyone = at(1, ids(40))
    [answer] = emerging([everyone[:10]], everyone, last=LAST)
    assert not answer.is_emerging
    assert [one.is_emerging for one in emerging([[]], [])] == [False]


def test_what_began_lately_and_stays_is_new_though_it_began_before_this_week() -> None:
    everyone = [Occurrence(LAST - dt.timedelta(days=day), user) for day in range(28) for user in ids(10)]
    late = [one.user for one in everyone if one.at > LAST - dt.timedelta(days=10)]
    cluster = at(9, late[:3]) + at(3, late[3:8])
    steady = everyone[::9]
    fresh, old = emerging([cluster, steady], everyone, last=LAST)
    assert fresh.is_emerging and fresh.is_new
    assert (
        fresh.reason
        == "5 of 70 users in the last 7 days, 3 of 210 in the 3 weeks before; first seen on 20 November"
    )
    assert not old.is_emerging


def test_what_a_refresh_gives_to_a_known_cluster_is_no_growth_and_what_it_takes_stays_its_past() -> None:
    stays, comes, went, came_early, went_early = (at(day, ids(1)) for day in (1, 1, 1, 20, 20))
    now = dict(zip(ids(3), (*stays, *comes, *came_early), strict=True))
    before = {event: one for event, one in now.items() if one in stays}
    before |= dict(zip(ids(2), (*went, *went_early), strict=True))
    assert set(judged(now, before, last=LAST)) == {*stays, *came_early, *went_early}
    assert judged(now, None, last=LAST) == list(now.values())


def test_chance_marks_few() -> None:
    """Of 200 clusters drawn from the traffic at random, in 20 projects, hardly any emerges."""
    draw = np.random.default_rng(0)
    everyone = [Occurrence(LAST - dt.timedelta(days=day), user) for day in range(28) for user in ids(10)]
    marked = 0
    for _ in range(20):
        clusters = [[everyone[i] for i in draw.choice(len(everyone), 8, replace=False)] for _ in range(10)]
        marked += sum(one.is_emerging for one in emerging(clusters, everyone, last=LAST))
    assert marked <= 3


def test_the_correction_counts_only_what_could_be_marked() -> None:
    assert corrected([0.01, 0.04, 0.03], [0.0, 0.0, 0.0]) == pytest.approx([0.03, 0.04, 0.04])
    assert corrected([0.01, 0.5, 0.5], [0.0, 0.5, 0.5]) == pytest.approx([0.01, 1.0, 1.0])
    assert corrected([], []) == []


def test_an_assigner_finds_new_members_and_knows_its_precision() -> None:
    draw = np.random.default_rng(0)
    members = (AXES[0] + 0.2 * draw.standard_normal((20, 384))).astype(np.float32)
    others = (0.2 * draw.standard_normal((80, 384))).astype(np.float32)
    model = train_assigner(members, others)
    assert model is not None
    again = from_bytes(model.to_bytes())
    assert again is not None and again.judged == model.judged
    earlier = from_bytes(
        replace(model, judged=None).to_bytes()
    )  # as it was stored before the number was kept
    assert earlier is not None and earlier.judged is None and earlier.low == model.low
    assert again is not None and again.threshold == model.threshold
    new = (AXES[0] + 0.2 * draw.standard_normal((10, 384))).astype(np.float32)
    assert (assign(again, new) >= again.threshold).mean() >= 0.6
    assert model.low <= model.precision <= model.high


def test_members_that_nothing_tells_apart_give_a_poor_precision() -> None:
    draw = np.random.default_rng(0)
    rows = draw.standard_normal((200, 20)).astype(np.float32)
    model = train_assigner(rows[:20], rows[20:])
    assert model is not None and model.precision < 0.5 and not model.is_used


def best_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """By every threshold in turn: the best F1 among those that are precise and find enough, else of all."""
    tried = []
    for threshold in sorted(scores, reverse=True):
        found = scores >= threshold
        precision, recall = truth[found].mean(), truth[found].sum() / truth.sum()
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        tried.append((precision >= WANTED and recall >= RECALL, f1, threshold))
    fits = [row for row in tried if row[0]] or tried
    return float(max(fits, key=lambda row: row[1])[2])


def test_the_precision_is_of_folds_held_out_at_thresholds_of_the_others() -> None:
    """Beside what a threshold would promise that is chosen on the fold itself, or on all of them."""
    draw = np.random.default_rng(3)
    truth = np.arange(80) < 30
    rows = (draw.standard_normal((80, 12)) + 0.6 * truth[:, None] * (np.arange(12) < 4)).astype(np.float32)
    fold = np.concatenate([np.arange(30) % FOLDS, np.arange(50) % FOLDS])
    scores = np.zeros(80)
    for one in range(FOLDS):
        model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=200)
        model.fit(rows[fold != one], truth[fold != one])
        scores[fold == one] = model.predict_proba(rows[fold == one])[:, 1]

    def measured(chosen_on: Callable[[int], np.ndarray]) -> tuple[int, int]:
        """(right, found)."""
        found = np.zeros(80, dtype=bool)
        for one in range(FOLDS):
            inside = chosen_on(one)
            found[fold == one] = scores[fold == one] >= best_threshold(scores[inside], truth[inside])
        return int((found & truth).sum()), int(found.sum())

    honest = measured(lambda one: fold != one)
    on_itself, on_all = measured(lambda one: fold == one), measured(lambda one: fold >= 0)
    assert len({honest, on_itself, on_all}) == 3 and on_itself[0] / on_itself[1] > honest[0] / honest[1]
    trained = train_assigner(rows[truth], rows[~truth])
    assert trained is not None
    assert (trained.precision, trained.judged) == (pytest.approx(honest[0] / honest[1]), honest[1])
    assert trained.recall == pytest.approx(honest[0] / 30)


def test_too_few_members_train_nothing() -> None:
    assert train_assigner(AXES[:2], AXES[2:50]) is None
    assert from_bytes(b"") is None


def test_names_of_what_holds_tell_members_where_vectors_do_not() -> None:
    draw = np.random.default_rng(0)
    rows = draw.standard_normal((120, 20)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    names = [["wrong_date"] if i < 20 else (["refusal"] if i % 3 else []) for i in range(120)]
    model = train_assigner(rows[:20], rows[20:], member_names=names[:20], other_names=names[20:])
    assert model is not None and model.precision >= 0.9 and model.recall >= 0.9
    again = from_bytes(model.to_bytes())
    assert again is not None and again.names == model.names and "wrong_date" in again.names
    scores = assign(again, rows[:2], [["wrong_date", "never seen"], ["refusal"]])
    assert scores[0] >= again.threshold > scores[1]
    assert assign(again, rows[:1])[0] < again.threshold


def test_a_precision_of_few_that_happened_to_be_right_is_not_believed() -> None:
    """A threshold that is high enough is right by chance: it is chosen on other folds than those that it is judged on."""
    draw = np.random.default_rng(1)
    measured = []
    for _ in range(10):
        rows = draw.standard_normal((100, 10)).astype(np.float32)
        model = train_assigner(rows[:10], rows[10:])
        assert model is not None
        measured.append(model.precision)
    assert np.mean(measured) < 0.25
