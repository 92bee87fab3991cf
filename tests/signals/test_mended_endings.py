"""Conversations whose last event holds a complaint: left by a user, or mended by the agent's last answer."""

import uuid

import pytest

from signals.detectors.abandonment import judge
from signals.detectors.batch import Evidence, Turn
from signals.detectors.text import Text


def piece(side: str) -> Evidence:
    return {"side": side, "start": 0, "end": 1, "text": "x"}


def left(said: str, **held: str) -> bool:
    """`held`: signal -> whose words it was read from."""
    turn = Turn(uuid.uuid4(), Text("x"), Text(said))
    return judge(turn, {key: [piece(side)] for key, side in held.items()}, names={}) is not None


MENDED = [
    "I see two charges. I've reversed the second one.",
    "I'm sorry. I’ve escalated it and refunded you in full.",
    "Sure, here it is:\n```java\nclass A {}\n```",
    "You're right, it was 3.10 (PEP 634). I apologize for the mistake.",
    "Sorry! Here's the whole plan, day by day: ...",
    "My mistake: the table is now booked for eight.",
    "Your refund has been processed.",
    "Apologies, I have sent the form to your e-mail.",
    "Done. All 14 files use the new name now.",
    "I've made the change that you asked for.",
    "Fair enough, the parcel is on its way.",
    "Here are the three hotels with a pool.",
]
OPEN = [
    "I'm sorry you feel that way.",
    "I'm sorry for the inconvenience.",
    "Apologies. Which item is missing?",
    "I apologize for the confusion. Please run `mvn clean compile` again.",
    "",
    "I understand your frustration.",
    "I have noted your feedback.",
    "Let me know if you need more.",
    "You're right.",
    "I've checked your order. Could you tell me the item number?",
    "Please be patient.",
    "How can I help?",
]


@pytest.mark.parametrize("key", ["user_frustration", "lost_information", "forgetting"])
@pytest.mark.parametrize("said", MENDED)
def test_mended(said: str, key: str) -> None:
    assert not left(said, **{key: "user"})


@pytest.mark.parametrize("said", OPEN)
def test_left_open(said: str) -> None:
    assert left(said, user_frustration="user")


@pytest.mark.parametrize("said", MENDED)
def test_a_failure_of_the_answer_itself_counts(said: str) -> None:
    assert left(said, user_frustration="user", laziness="assistant")
    assert left(said, forgetting="assistant")
