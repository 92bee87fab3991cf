"""Requests that get nothing, and answers that only look like it."""

import pytest

from tests.signals.detectors.asking import GREETING, holds, span


@pytest.mark.parametrize(
    "given",
    [
        "thanks, bye",
        "Finally, done. That’s it.",
        "Thank you so much! I'll definitely reach out if I need anything else. Have a great day! ###STOP###",
        "Got it, that makes sense. Thanks for explaining! If I need anything else, I'll reach out.",
        "Perfect, that’s exactly what I needed to know! Thanks so much for clarifying.",
        "Oh, I didn’t realize that... In that case, let’s leave the watch as is. I think that’s all I need for now, thanks.",
    ],
)
def test_nobody_answers_a_goodbye(given: str) -> None:
    assert not holds("laziness", GREETING, (given, ""), model="gpt-4o")


@pytest.mark.parametrize(
    "given",
    [
        "Thank you so much! Could you also help me check the total I've already paid for grills?",
        "Yes, please proceed with these exchanges and use the gift card for the difference. Thank you!",
        "Thanks! Also, I want to change the item color in that order to red.",
        "Find my order",
    ],
)
def test_a_request_that_gets_nothing_is_lazy(given: str) -> None:
    assert holds("laziness", GREETING, (given, " "), model="gpt-4o")


def test_what_a_failed_model_leaves_empty_is_not_lazy() -> None:
    failed = [span(kind="llm", name="chat", status="error", error="429")]
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", spans=failed)
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", error="429")


def test_a_step_without_an_output_is_not_lazy() -> None:
    asks = span(
        kind="llm", name="chat", output='[{"role":"assistant","content":"","tool_calls":[{"id":"c"}]}]'
    )
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", is_step=True)
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[asks])
    # A run that called its tool, and then said nothing.
    assert holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[asks, span(status="ok")])
    assert holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[span(kind="llm", name="chat")])


def test_a_drafts_blanks_are_not_lazy() -> None:
    letter = (
        "Dear [Insert Name],\n\n"
        + "we would like to invite you to the opening of our new shop. " * 8
        + "\n\n[Insert Date]"
    )
    assert not holds("laziness", ("Write an invitation", letter))
    assert holds("laziness", ("Write an invitation", "[insert text here]"))
