"""Complaints that something given or saved is gone."""

import pytest

from tests.signals.detectors.asking import GREETING, holds


@pytest.mark.parametrize(
    "text",
    [
        "I already gave you my order number",
        "you forgot what I said",
        "You’ve deleted my changes!",
        "WHERE DID MY DRAFT GO?",
        "you overwrote the whole file I was working on",
        "All my notes are gone",
        "I’ve already told you that",
        "Why did you delete my essay",
        "I want my old version back",
        "What happened to my data?",
    ],
)
def test_complaints_about_lost_information_are_seen(text: str) -> None:
    assert holds("lost_information", GREETING, (text, ""))


@pytest.mark.parametrize(
    "text",
    [
        "Please delete my account",
        "You removed the item, thank you!",
        "I forgot my password",
        "My luggage is lost",
        "Play the song we just discussed",
        "Where is my order?",
        "I already did a soil test last week.",
        "Can you undo that for me?",
        "If you delete my file, can I get it back?",
        "I want my money back",
        "do you remember the cast?",
        "",
    ],
)
def test_ordinary_requests_are_no_such_complaint(text: str) -> None:
    assert not holds("lost_information", GREETING, (text, ""))


def test_in_a_first_message_only_what_the_agent_did_counts() -> None:
    assert not holds("lost_information", ("I already gave you my order number", ""))
    assert not holds("lost_information", ("All my data is gone from my phone", ""))
    assert holds("lost_information", ("You deleted my changes", ""))
