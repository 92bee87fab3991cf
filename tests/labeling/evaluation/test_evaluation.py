"""The measurement of few labels: the rounds over made-up worlds, and what it reads of data sets."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from issues.classifier.model import Sides
from labeling.evaluation import erring as erring_person
from labeling.evaluation import fewshot, quality, worlds
from labeling.evaluation.erring import erring
from labeling.evaluation.rounds import ours, plain
from labeling.evaluation.worlds import World, intent_worlds, narrow_worlds, planted_worlds, roughened
from signals.evaluation.builtin.vectors import VectorStore

TOPICS = np.linalg.qr(np.random.default_rng(7).normal(size=(384, 12)))[0].T


def world(events: int = 240, *, every: int = 12) -> World:
    """Of twelve topics the first is the issue; the second half is measured on."""
    draw = np.random.default_rng(3)
    topic = np.arange(events) % every
    rows = TOPICS[topic] + draw.normal(scale=0.03, size=(events, 384))
    user = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    half = events // 2
    return World(
        "made up",
        user[0],
        Sides(user, np.zeros_like(user)),
        topic == 0,
        np.arange(half),
        np.arange(half, events),
    )


@pytest.mark.parametrize("who", ["ours", "plain"])
def test_few_labels_find_a_clear_topic(who: str) -> None:
    run = ours(world(), (20, 40), seed=0) if who == "ours" else plain(world(), (20, 40))
    assert list(run.f1) == [20, 40] and run.f1[40] > 0.9
    assert 1 <= run.met[20] <= run.met[40] <= 10


def test_a_seed_gives_the_same_run() -> None:
    assert ours(world(), (20,), seed=1) == ours(world(), (20,), seed=1)


def test_a_world_ends_before_the_budget() -> None:
    assert ours(world(24), (20, 40), seed=0).f1 == {}  # twelve events may be asked about


def test_conversations_are_found_by_any_of_their_turns() -> None:
    made = world(24)
    of_two = World(
        "talks", made.definition, made.sides, np.arange(24) % 6 == 0, made.pool, np.arange(24), np.arange(24) // 2
    )  # fmt: skip
    answers = np.zeros(24, bool)
    answers[[1, 6]] = (
        True  # the second turn of the first conversation, and the fourth conversation; two others are missed
    )
    assert of_two.f1(answers) == pytest.approx(2 * 2 / (2 + 4))


def test_the_teacher_is_wrong_on_the_same_events() -> None:
    large = world(2400)
    wrong = [event for event in range(2400) if fewshot.mistaken(large, event) != large.truth[event]]
    assert 0.06 < len(wrong) / 2400 < 0.1
    assert wrong == [event for event in range(2400) if fewshot.mistaken(large, event) != large.truth[event]]


def test_rough_texts_differ_and_repeat() -> None:
    text = "Where is the refund that you promised to send me last week?"
    assert roughened(text, 1) == roughened(text, 1) != roughened(text, 2)
    assert set(text.lower().split()) & set(roughened(text, 1).split())


def test_intents_become_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "SETS", ("mini",))
    with gzip.open(tmp_path / "mini_fewshot_splits.jsonl.gz", "wt") as file:
        for split in ("train", "test"):
            for number in range(16):
                for label in ("refund_late", "card_lost"):
                    row = {"text": f"{label} {split} {number}", "label": label, "split": split}
                    file.write(json.dumps(row) + "\n")
    store = VectorStore(tmp_path / "vectors.npz")
    [one] = intent_worlds(tmp_path, store, chosen_on=True)
    [other] = intent_worlds(tmp_path, store, chosen_on=False)
    assert (one.name, other.name) == ("mini: card_lost", "mini: refund_late")
    assert one.truth.sum() == 32 and len(one.pool) == len(one.tested) == 32
    assert not set(one.pool) & set(one.tested)


def test_few_intents_are_the_whole_traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "SETS", ("mini",))
    monkeypatch.setattr(worlds, "SMALL_WORLD", 2)
    with gzip.open(tmp_path / "mini_fewshot_splits.jsonl.gz", "wt") as file:
        for split in ("train", "test"):
            for label in ("a", "b", "c", "d", "e", "f"):
                file.write(json.dumps({"text": f"{label} {split}", "label": label, "split": split}) + "\n")
    store = VectorStore(tmp_path / "vectors.npz")
    chosen = [one.name for one in narrow_worlds(tmp_path, store, chosen_on=True)]
    reported = [one.name for one in narrow_worlds(tmp_path, store, chosen_on=False)]
    assert len(chosen) == len(reported) == 2 and not set(chosen) & set(reported)


def test_questions_change_only_what_a_person_who_errs_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[int | None] = []
    doubtful = erring_person._doubtful

    def recorded(*known: Any) -> int | None:
        questions.append(doubtful(*known))
        return questions[-1]

    monkeypatch.setattr(erring_person, "_doubtful", recorded)
    right = erring(world(480), (20, 40), seed=0, wrong=0.0, asks=True)
    assert right == erring(world(480), (20, 40), seed=0, wrong=0.0, asks=False) and right[40] > 0.9
    assert questions and set(questions) == {None}, "the classifier contradicts nobody who is right"
    erring(world(480), (20, 80), seed=0, wrong=0.2, asks=True)
    assert set(questions) > {None}


def test_a_planted_problem_stands_on_the_turn_that_shows_it(tmp_path: Path) -> None:
    folder = tmp_path / "planted" / "shop"
    folder.mkdir(parents=True)
    turns = [("user", "Hello"), ("assistant", "Hi"), ("user", "Refund?"), ("assistant", "Refunded, I think.")]
    messages = [
        {"role": role, "content": text, "timestamp": f"2026-11-02T07:06:{at:02}Z"}
        for at, (role, text) in enumerate(turns)
    ]
    rows = [
        {
            "conversation_id": name,
            "user_id": name,
            "messages": messages,
            "properties": {},
            "labels": {"intent": "x", "problem": problem, "problem_message": 3 if problem else None},
        }
        for name, problem in (("a", "invented"), ("b", None))
    ]
    (folder / "conversations.jsonl").write_text("\n".join(map(json.dumps, rows)))
    problem = {"title": "It invents", "description": "", "cause": None, "conversations": 1}
    (folder / "problems.json").write_text(json.dumps({"invented": problem}))
    [one] = planted_worlds(tmp_path, VectorStore(tmp_path / "vectors.npz"), "shop")
    assert one.truth.tolist() == [False, True, False, False]
    assert one.units is not None and one.units.tolist() == [0, 0, 1, 1]


def test_what_is_published_stands_on_cards_drawn_at_random() -> None:
    made = world(600)
    run = ours(made, (10,), seed=0, audit=20)
    assert len(run.cards) == 30 and len(run.audit) == 20
    assert all(weight > 0 for _, _, weight in run.audit)
    outcome = quality.outcome_of(made, run)
    precision, recall = outcome.published["precision"], outcome.published["recall"]
    assert (
        precision
        and outcome.truth["precision"]
        and precision.low <= outcome.truth["precision"] <= precision.high
    )
    assert recall and recall.low < recall.value < recall.high


def test_quality_is_measured_by_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("intent_worlds", "mixed_worlds", "planted_worlds"):
        monkeypatch.setattr(quality, name, lambda *args, **options: [world(240)])
    monkeypatch.setattr(quality, "AUDITS", (5,))
    monkeypatch.setattr(quality, "PICKED", 10)
    monkeypatch.setattr(quality, "SEEDS", (0,))
    found = quality.measure(tmp_path)
    assert [row[:3] for row in found.tables[0].rows] == [
        [kind, "10 + 5", 1] for kind in ("public intents", "half out of scope", "planted, ledgerly")
    ]
    with pytest.raises(ValueError, match="report or chosen"):
        quality.measure(tmp_path, only="all")
