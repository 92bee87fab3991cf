"""Problems and intents: what is alike is one group, whatever the order; a group has a name that a person would write."""

import datetime as dt
import uuid

import numpy as np

from signals.discovery.intents import group_intents
from signals.discovery.observations import Floats, Observation, Source
from signals.discovery.problems import group_problems

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
AXES = np.eye(384, dtype=np.float32)


def seen(
    phrase: str, *, source: Source = "facet", key: str = "", user: uuid.UUID | None = None
) -> Observation:
    return Observation(uuid.uuid4(), uuid.uuid4(), user or uuid.uuid4(), NOW, source, key, phrase)


def near(*axes: int) -> Floats:
    """A vector mostly along each axis in turn, none equal to another."""
    rows = np.array([AXES[axis] + 0.2 * AXES[100 + i] for i, axis in enumerate(axes)], dtype=np.float32)
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
    finest = [
        one
        for one in found
        if not any(other.parent == place for place, other in enumerate(found) if other is one)
    ]
    level = max(one.level for one in found)
    assert sorted(i for one in found if one.level == level for i in one.members) == [0, 1, 2, 3, 4]
    for one in finest:
        if one.parent is not None:
            assert set(one.members) <= set(found[one.parent].members)
