"""An agent that says that it has no memory claims to lack a capability; one that lost something, or speaks of memory, does not."""

import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, Turn, batch_of
from signals.detectors.text import Text


def found(key: str, batch: Batch) -> list[Finding]:
    return [one for one in DETECTORS[key].detect(batch) if one.score >= DETECTORS[key].threshold]


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, I don't have memory of earlier messages.",
        "I don't have any memory of previous conversations.",
        "I do not retain information from past sessions.",
        "I can't remember previous conversations, sadly.",
        "I’m unable to recall our earlier chats.",
        "I cannot access our conversation history.",
        "As an AI, I don't have the ability to remember past interactions.",
        "I don't keep any memory of other chats.",
        "I am not able to see what we discussed yesterday.",
        "I have no access to our previous conversation.",
        "Unfortunately I don't store anything from prior sessions.",
        "I can't look back at past conversations.",
    ],
)
def test_no_memory(answer: str) -> None:
    assert found("missing_capability", batch_of(("What did I ask last week?", answer)))


@pytest.mark.parametrize(
    "answer",
    [
        "I remember: you wanted the window seat.",
        "Your previous order was 8812.",
        "I can't recall a better album.",
        "If you don't remember your password, click here.",
        "The function does not keep any state between calls.",
        "I don't have personal opinions.",
        "You can't access past invoices without logging in.",
        "Add 8 GB of memory.",
        "I don't remember you telling me the colour.",
        "Elephants retain memories of past droughts.",
        "I looked at your earlier messages and found the number.",
        "The last session timed out.",
    ],
)
def test_memory_is_only_spoken_of(answer: str) -> None:
    assert not found("missing_capability", batch_of(("What did I ask last week?", answer)))


def asked(answer: str, *given: str) -> bool:
    turn = Turn(
        uuid.uuid4(),
        Text("ok"),
        Text(answer),
        previous=[Exchange(Text(text), Text("Sure.")) for text in given],
    )
    return bool(found("forgetting", Batch([turn])))


@pytest.mark.parametrize(
    "given", ["We are two adults and a toddler.", "a room for 4 people", "There are six of us"]
)
def test_asks_how_many_there_are_again(given: str) -> None:
    assert asked("How many people are travelling?", given)


@pytest.mark.parametrize("given", ["A week in Crete, please.", "two nights in May", "people like it"])
def test_asks_how_many_there_are(given: str) -> None:
    assert not asked("How many people are travelling?", given)
