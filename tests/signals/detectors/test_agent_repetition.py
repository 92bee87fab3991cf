"""The agent gives the same answer again, or goes round in circles."""

import pytest

from tests.signals.detectors.asking import holds

ANSWER = "Your refund cannot be processed at the moment because the payment provider does not answer. Please check back in a while."


def test_the_same_answer_again_is_seen() -> None:
    assert holds("agent_repetition", ("refund?", ANSWER), ("That does not help me, do something", ANSWER))
    nearly = ANSWER.replace("in a while", "in a short while")
    assert holds("agent_repetition", ("refund?", ANSWER), ("And my voucher?", nearly))
    german = "Leider kann ich Ihre Bestellung im Moment nicht finden, bitte prüfen Sie die Nummer und versuchen Sie es noch einmal."
    assert holds("agent_repetition", ("Wo ist sie?", german), ("Die Nummer stimmt aber", german))


def test_what_is_said_again_for_a_reason_is_not() -> None:
    assert not holds("agent_repetition", ("refund?", ANSWER), ("Can you repeat that?", ANSWER))
    short = "Is there anything else I can help you with?"
    assert not holds("agent_repetition", ("thanks", short), ("no", short))
    first = "The reservation NQNU5R has been cancelled, and the refund will reach your card within five to seven business days."
    assert not holds(
        "agent_repetition", ("cancel it", first), ("the other too", first.replace("NQNU5R", "HSR97W"))
    )
    letter = "Dear team, we are happy to tell you: " + " ".join(
        f"point{chr(97 + i)} is settled" for i in range(26)
    )
    changed = letter.replace("happy", "glad", 1)
    assert not holds("agent_repetition", ("write a letter", letter), ("say glad", changed))


@pytest.mark.parametrize(
    "text",
    [
        "I am looking into it. " + "Please wait while I check the order for you. " * 5,
        "The answer is " + "very simple and " * 15,
        "Let me think. " + "I need to find the file first.\n" * 8,
        "no " * 60,
    ],
)
def test_going_round_in_circles_is_seen(text: str) -> None:
    assert holds("agent_repetition", ("Where is it?", text))


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + "x = compute(the, same, thing, again)\n" * 9 + "```",
        "| a | b |\n" + "| one of the rows here | two |\n" * 9,
        "1. Economy: one free checked bag\n2. Business: two free checked bags\n3. First: three free checked bags\n"
        * 1,
        "The first flight leaves at noon and has one stop. The second flight leaves at two and has no stop. The third one is full.",
        "- Baggage: one bag is included in the fare\n" * 4,
    ],
)
def test_lists_tables_and_code_are_no_circles(text: str) -> None:
    assert not holds("agent_repetition", ("Which ones are there?", text))
