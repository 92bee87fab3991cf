"""Problems and intents: what is alike is one group, whatever the order; a group has a name that a person would write."""

import datetime as dt
import uuid
from dataclasses import replace

import numpy as np
import pytest

from signals.discovery import intents
from signals.discovery.intents import group_intents
from signals.discovery.likeness import HINTS, features
from signals.discovery.observations import Floats, Observation, Source
from signals.discovery.problems import group_problems
from signals.discovery.sampling import alike
from signals.discovery.tongues import without_language

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
AXES = np.eye(384, dtype=np.float32)


def seen(
    phrase: str, *, source: Source = "facet", key: str = "", user: uuid.UUID | None = None
) -> Observation:
    return Observation(uuid.uuid4(), uuid.uuid4(), user or uuid.uuid4(), NOW, source, key, phrase)


def near(*axes: int) -> Floats:
    """A vector mostly along each axis in turn, none equal to another."""
    rows = np.array([AXES[axis] + 0.2 * AXES[100 + i % 284] for i, axis in enumerate(axes)], dtype=np.float32)
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_phrases_that_are_alike_are_one_group_and_the_largest_comes_first() -> None:
    observations = [
        seen("Forgot the name"),
        seen("Wrong year"),
        seen("Forgot the date"),
        seen("Wrong year again"),
        seen("Forgot it all"),
    ]
    groups = group_problems(observations, near(0, 1, 0, 1, 0))
    assert [group.members for group in groups] == [(0, 2, 4), (1, 3)]
    assert groups[0].label in {"Forgot the name", "Forgot the date", "Forgot it all"}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Error: Error executing tool sync: no answer came", "no answer came"),
        ("Error executing tool 'sync': Error: no answer came", "no answer came"),
        ("Error executing tool other: no answer came", "Error executing tool other: no answer came"),
        ("Error: user not found", "user not found"),
        ("no answer: error", "no answer: error"),
        ("Error: 42", "Error: …"),
    ],
)
def test_a_failing_tools_name_leaves_out_what_stands_around_the_message(message: str, name: str) -> None:
    [group] = group_problems([seen(message, source="tool", key="sync") for _ in range(2)], near(0, 0))
    assert group.label == f"`sync` fails: {name}"


def test_a_name_is_no_row_of_holes() -> None:
    """Of sentences that are alike the one that still says something when names and numbers are masked."""
    sentences = [
        "export was called with 2025-10-01 on 23 November 2026.",
        "bank_sync was called with 2025-11-01 on 25 November 2026.",
        "Your advance return for October is due a year ago.",
    ]
    [group] = group_problems(
        [seen(text, source="claim", key="wrong_date") for text in sentences], near(0, 0, 0), signals={"wrong_date": "Wrong date"},
    )  # fmt: skip
    assert group.label == "Wrong date: “Your advance return for … is due a year ago.”"


def test_a_tool_that_fails_each_time_in_another_way_says_so() -> None:
    errors = [
        seen(f'{{"error": "{error}"}}', source="tool", key="bank_sync")
        for error in ("bank unavailable", "consent window closed", "maintenance")
    ]
    [group] = group_problems(errors, near(0, 0, 0))
    assert group.label.startswith("`bank_sync` fails: ") and group.label.endswith(", and in other ways")


def test_one_user_who_says_it_twice_is_no_group() -> None:
    user = uuid.uuid4()
    observations = [seen("Forgot the name", user=user), seen("Forgot the name", user=user)]
    assert group_problems(observations, near(0, 0)) == []


def test_a_failing_tool_is_named_with_its_message() -> None:
    errors = [seen('{"error": "connection refused"}', source="tool", key="bank_sync") for _ in range(3)]
    [group] = group_problems(errors, near(0, 0, 0))
    assert group.label == "`bank_sync` fails: connection refused"
    assert (group.source, group.key) == ("tool", "bank_sync")


def test_nothing_to_group() -> None:
    assert group_problems([], np.zeros((0, 384), np.float32)) == []
    assert group_intents([], np.zeros((0, 384), np.float32)) == []


def test_every_text_has_one_finest_intent_and_parents_hold_their_children() -> None:
    texts = ["make an invoice", "new invoice", "match bank lines", "bank lines", "new bill"]
    found = group_intents(texts, near(0, 0, 1, 1, 0))
    level = max(one.level for one in found)
    assert sorted(i for one in found if one.level == level for i in one.members) == [0, 1, 2, 3, 4]
    for place, one in enumerate(found):
        if one.parent is not None:
            assert set(one.members) <= set(found[one.parent].members)
            assert one.parent < place and found[one.parent].level == one.level - 1


def test_what_is_of_many_things_has_no_name_that_says_one() -> None:
    """A broad intent joins what is alike; a finest one that holds unlike texts says so."""
    texts = [f"{word} {i}" for word in ("Refund", "Discount", "Sensor") for i in range(8)]
    apart = group_intents(texts, near(*[0] * 8, *[1] * 8, *[2] * 8))
    fine = [one for one in apart if one.level == 1]
    assert [len(one.members) for one in fine] == [8, 8, 8]
    assert len([one for one in apart if one.level == 0]) == 3
    assert not any(one.label.startswith("Mixed: ") or " · " in one.label for one in apart)
    unlike = group_intents(["Refund", "Discount", "Sensor", "Parcel"], AXES[:4])
    assert all(one.label.startswith("Mixed: ") for one in unlike if len(one.members) > 1)
    assert any(len(one.members) > 1 for one in unlike)
    # What is alike in meaning has a name, though it is all that there is.
    [broad, finest] = group_intents([f"Refund {i}" for i in range(6)], near(*[0] * 6))
    assert broad.label == finest.label and broad.label.startswith("Refund")


def test_a_broad_intent_says_how_many_it_joins() -> None:
    """Three kinds of one thing, beside another thing."""
    along = np.array(
        [AXES[0] + 0.9 * AXES[1 + i // 14] for i in range(42)] + [AXES[9]] * 42, dtype=np.float32
    )
    rows = along + 0.2 * AXES[100:184]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = [f"{word} {i}" for word in ("Refund", "Return", "Exchange") for i in range(14)] + [
        f"Weather {i}" for i in range(42)
    ]
    found = group_intents(texts, rows)
    joined = next(one for one in found if one.level == 0 and 0 in one.members)
    assert len([one for one in found if one.parent == found.index(joined)]) == 3
    assert " · " in joined.label and joined.label.endswith(", and 1 more")


def test_small_intents_of_a_small_project_are_not_joined() -> None:
    """Eleven intents of five conversations each; two of them have to do with each other."""
    along = np.array([AXES[i // 5] + 0.7 * AXES[20] * (i >= 45) for i in range(55)], dtype=np.float32)
    rows = along + 0.9 * AXES[100:155]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = group_intents([f"{'abcdefghijk'[i // 5]}wish {i}" for i in range(55)], rows)
    assert sorted(one.members for one in found if one.level == 1) == [
        tuple(range(i, i + 5)) for i in range(0, 55, 5)
    ]
    broad = sorted(one.members for one in found if one.level == 0)
    assert broad == [*(tuple(range(i, i + 5)) for i in range(0, 45, 5)), tuple(range(45, 55))]


def test_tools_tell_intents_apart_that_words_do_not() -> None:
    texts = [f"please do number {i}" for i in range(40)]
    vectors = near(*range(40))
    found = group_intents(texts, vectors, tools=[["export"] if i < 20 else ["bank_sync"] for i in range(40)])
    for one in found:
        if one.level == 1:
            assert len({i < 20 for i in one.members}) == 1


def test_more_texts_than_are_compared_each_have_an_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "PART", 30)
    found = group_intents([f"text {i}" for i in range(100)], near(*[i % 4 for i in range(100)]))
    finest = [one for one in found if one.level == 1]
    assert sorted(i for one in finest for i in one.members) == list(range(100))
    assert len(finest) >= 2


def test_a_signal_that_says_what_went_wrong_is_one_group_whatever_its_words() -> None:
    things = [seen(f"I will not do {i}", source="signal", key="refusal") for i in range(4)]
    [group] = group_problems(things, near(0, 1, 2, 3), signals={"refusal": "Refusal"})
    assert group.members == (0, 1, 2, 3)
    assert group.origins == (("signal", "refusal"),)
    assert group.label.startswith("Refusal: “I will not do")


def test_signals_of_one_family_are_one_group() -> None:
    things = [
        seen("I told you", source="signal", key="user_repetition"),
        seen("As I said", source="signal", key="forgetting"),
    ]
    [group] = group_problems(things, near(0, 1))
    assert set(group.origins) == {("signal", "user_repetition"), ("signal", "forgetting")}
    assert group.key == ""


def told_by(observation: Observation, key: str) -> Observation:
    """The same sentence of the same event, read by another signal."""
    return replace(observation, key=key)


def test_one_failure_told_by_two_signals_is_one_problem() -> None:
    refusals = [seen("I can't make calls", source="signal", key="refusal") for _ in range(3)]
    lacks = [told_by(one, "missing_capability") for one in refusals[:2]]
    complaints = [told_by(one, "task_failure") for one in refusals]
    every = refusals + lacks + complaints
    [group] = group_problems(every, near(*[0] * len(every)))
    assert group.members == (0, 1, 2, 3, 4)
    assert set(group.origins) == {("signal", "refusal"), ("signal", "missing_capability")}


def test_signals_that_share_few_sentences_stay_apart() -> None:
    refusals = [seen(f"I can't do {word}", source="signal", key="refusal") for word in "abcdef"]
    lacks = [told_by(one, "missing_capability") for one in refusals[:2]]
    groups = group_problems(refusals + lacks, near(*[0] * 8))
    assert [group.key for group in groups] == ["refusal", "missing_capability"]
    # The same words in other events are other failures.
    elsewhere = [replace(one, event=uuid.uuid4(), key="missing_capability") for one in refusals]
    assert len(group_problems(refusals + elsewhere, near(*[0] * 12))) == 2


def test_a_symptom_leaves_out_conversations_in_which_something_more_exact_was_read() -> None:
    told = [seen(f"I said {i}", source="signal", key="user_repetition") for i in range(5)]
    beside = [
        replace(told[0], key="agent_repetition", phrase="The same again."),
        replace(told[1], source="tool", key="bank_sync", phrase="timeout"),
        replace(told[2], key="correction", phrase="That is wrong."),
    ]
    groups = group_problems([*told, *beside], near(0, 1, 2, 3, 4, 5, 6, 7))
    assert [group.members for group in groups] == [(2, 3, 4)]
    assert groups[0].origins == ()  # a new event of the signal is not given to it unseen


def test_a_symptom_that_is_explained_everywhere_is_no_group() -> None:
    told = [seen(f"I said {i}", source="signal", key="user_repetition") for i in range(2)]
    loops = [replace(one, key="agent_repetition", phrase="The same again.") for one in told]
    [group] = group_problems([*told, *loops], near(0, 1, 2, 3))
    assert group.key == "agent_repetition"


@pytest.mark.parametrize("key", ["task_failure", "jailbreak"])
def test_a_signal_that_does_not_say_what_went_wrong_is_no_group_of_its_own(key: str) -> None:
    words = ["No lamp is on", "The bus is late", "Rice burns", "My file is lost"]
    things = [seen(one, source="signal", key=key) for one in words]
    assert group_problems(things, near(0, 1, 2, 3)) == []


def test_complaints_are_a_group_only_where_several_people_say_the_same() -> None:
    things = [
        seen(f"This {what} is wrong", source="signal", key="user_frustration")
        for what in ("total", "year", "name")
    ]
    assert group_problems(things, near(0, 1, 2)) == []
    same = [seen("The total is wrong again", source="signal", key="correction") for _ in range(3)]
    assert [group.members for group in group_problems(same, near(0, 0, 0))] == [(0, 1, 2)]


def test_the_errors_of_a_tool_are_its_parts() -> None:
    errors = [seen("connection refused", source="tool", key="sync") for _ in range(3)]
    errors += [seen("no such account", source="tool", key="sync") for _ in range(3)]
    whole, *parts = group_problems(errors, near(0, 0, 0, 1, 1, 1))
    assert whole.label == "`sync` fails" and whole.members == tuple(range(6))
    assert {(part.label, part.parent, part.level) for part in parts} == {
        ("`sync` fails: connection refused", 0, 1),
        ("`sync` fails: no such account", 0, 1),
    }


def test_ids_in_an_error_do_not_make_two_of_it() -> None:
    errors = [seen(f"order {i} not found", source="tool", key="orders") for i in range(5)]
    [group] = group_problems(errors, near(0, 0, 0, 0, 0))
    assert group.label == "`orders` fails: order … not found"


def test_a_large_signal_falls_into_parts() -> None:
    things = [
        seen(f"{'call the bank' if i % 2 else 'ask a doctor'} {'now ' * i}", source="signal", key="laziness")
        for i in range(16)
    ]
    whole, *parts = group_problems(
        things, near(*[i % 2 for i in range(16)]), signals={"laziness": "Laziness"}
    )
    assert whole.label == "Laziness" and len(whole.members) == 16
    assert {part.members for part in parts} == {tuple(range(0, 16, 2)), tuple(range(1, 16, 2))}


def test_the_same_observations_in_any_order_give_the_same_groups() -> None:
    draw = np.random.default_rng(0)
    axes = draw.integers(0, 6, 60).tolist()
    observations = [seen(f"Problem {axis} seen {i}") for i, axis in enumerate(axes)]
    vectors = near(*axes)
    order = draw.permutation(60).tolist()
    one = group_problems(observations, vectors)
    other = group_problems([observations[i] for i in order], vectors[order])
    again = {frozenset(order[i] for i in group.members) for group in other}
    assert {frozenset(group.members) for group in one} == again
    assert len(one) == 6


def test_more_phrases_than_are_compared_keep_their_groups_and_a_small_kind_is_found() -> None:
    axes = [i % 5 for i in range(500)] + [7] * 4
    groups = alike([f"phrase {i}" for i in range(504)], near(*axes), apart=0.8, part=60)
    assert sorted(len(group) for group in groups if len(group) > 1) == [4, 100, 100, 100, 100, 100]
    assert sorted(i for group in groups for i in group) == list(range(504))


def test_what_lies_along_the_topic_counts_less() -> None:
    """Two problems under two topics, where the topic weighs as much as the problem."""
    kinds, about = [0, 1] * 10, [2, 2, 3, 3] * 5
    rows = [
        AXES[k] + AXES[t] + 0.1 * AXES[100 + i] for i, (k, t) in enumerate(zip(kinds, about, strict=True))
    ]
    vectors = np.array(rows, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"unlike{i}" for i in range(20)]
    plain, without = (features(texts, vectors, topics).likeness() for topics in (None, AXES[about]))
    same_kind, same_topic = (0, 2), (0, 1)
    assert plain[same_kind] == pytest.approx(plain[same_topic], abs=0.02)
    assert without[same_kind] > without[same_topic] + 0.1


def test_what_else_holds_in_the_conversations_brings_phrases_together() -> None:
    draw = np.random.default_rng(0)
    rows = draw.standard_normal((40, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = [f"unlike{i}" for i in range(40)]
    hints = [["wrong_date"] if i < 4 else [f"own {i}"] for i in range(40)]
    with_hints, without = (features(texts, rows, None, some).likeness() for some in (hints, None))
    assert with_hints[0, 1] == pytest.approx(without[0, 1] + HINTS, abs=1e-5)
    assert with_hints[0, 5] == pytest.approx(without[0, 5], abs=1e-5)


def test_texts_of_one_language_are_not_alike_for_that() -> None:
    spanish = [
        "Buenos días, no puedo cancelar mi reserva de hotel para mañana y nadie contesta al teléfono",
        "El precio de la factura no es correcto, por favor quiero que lo revisen lo antes posible",
    ] * 3
    english = [
        "I would like to cancel my booking for tomorrow",
        "the price on the invoice is not right, please",
    ] * 3
    rows = [AXES[i % 2] + AXES[5 if i < 6 else 6] for i in range(12)]
    vectors = np.array(rows, dtype=np.float32) / np.float32(2**0.5)
    found = without_language(spanish + english, vectors)
    assert vectors[0] @ vectors[1] == pytest.approx(0.5) and vectors[0] @ vectors[6] == pytest.approx(0.5)
    assert found[0] @ found[1] < 0 < found[0] @ found[6]
    assert np.array_equal(without_language(english, vectors[6:]), vectors[6:])


def test_a_name_has_letters() -> None:
    [group] = group_problems(
        [seen("[]", source="signal", key="empty_tool_result") for _ in range(2)], near(0, 0)
    )
    assert group.label == "Empty tool result"
