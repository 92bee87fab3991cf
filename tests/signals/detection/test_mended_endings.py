"""Conversations whose last event holds a complaint: left by a user, or mended by the agent's last answer."""

import uuid

import pytest

from signals.detectors.abandonment import judge
from signals.detectors.batch import Evidence, Exchange, Turn
from signals.detectors.text import Text


def piece(side: str) -> Evidence:
    return {"side": side, "start": 0, "end": 1, "text": "x"}


BEFORE = [Exchange(Text("Where is it?"), Text("It is on its way."))]


def left(answer: str, *, question: str = "x", **held: str) -> bool:
    """`held`: signal -> whose words it was read from."""
    turn = Turn(uuid.uuid4(), Text(question), Text(answer), previous=BEFORE)
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
    "I apologize for the confusion. Please run `mvn clean compile` again.",
    "Both right: 250 grams of flour is 2 cups plus one spoon.",
    "Nine, of course, forgive me. Two shoulders of about 2 kg each.",
    "Bad auf 22.",
]
OPEN = [
    "I'm sorry you feel that way.",
    "I'm sorry for the inconvenience.",
    "Apologies. Which item is missing?",
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
@pytest.mark.parametrize("answer", MENDED)
def test_mended(answer: str, key: str) -> None:
    assert not left(answer, **{key: "user"})


@pytest.mark.parametrize("answer", OPEN)
def test_left_open(answer: str) -> None:
    assert left(answer, user_frustration="user")


@pytest.mark.parametrize("answer", MENDED)
def test_a_failure_of_the_answer_itself_counts(answer: str) -> None:
    assert left(answer, user_frustration="user", refusal="assistant")
    assert left(answer, forgetting="assistant")


@pytest.mark.parametrize(
    "question",
    [
        "forget it",
        "No. I will google",
        "ok ill do it in canva instead",
        "Then I'll do it myself.",
        "Vergiss es.",
        "laisse tomber",
        "I can look it up elsewhere",
    ],
)
def test_who_gives_up_has_left_whatever_is_answered(question: str) -> None:
    assert left("The counter is open until 18:00. Bring your ID.", question=question, user_frustration="user")


@pytest.mark.parametrize("question", ["Yes, please proceed.", "ok", "Sure, go ahead", "ja bitte"])
def test_a_go_ahead_leaves_nobody(question: str) -> None:
    assert not left("I could not do that, the system is down.", question=question, task_failure="assistant")


def test_a_run_of_one_turn_is_not_left() -> None:
    turn = Turn(uuid.uuid4(), Text("Book it."), Text("I could not book it."))
    assert judge(turn, {"task_failure": [piece("assistant")]}, names={}) is None


@pytest.mark.parametrize("key", ["win", "human_request"])
def test_who_is_pleased_or_goes_to_a_person_has_not_given_up(key: str) -> None:
    assert not left("I could not book it.", task_failure="assistant", **{key: "user"})
