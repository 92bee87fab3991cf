"""The agent says that it has no means for something."""

import pytest

from tests.signals.detectors.asking import GREETING, holds, span


@pytest.mark.parametrize(
    "text",
    [
        "I don't have access to a browser.",
        "I don’t have the ability to send e-mails.",
        "I'm sorry, but I can't browse the internet.",
        "I cannot open links, but you can paste the text here.",
        "As a text-based AI, I am unable to view images.",
        "I have no way to see your screen.",
        "I currently don't have real-time data.",
        "Sending emails is not something I can do.",
        "That is beyond my capabilities.",
        "I lack the ability to run code.",
    ],
)
def test_claims_of_a_missing_capability_are_seen(text: str) -> None:
    assert holds("missing_capability", ("Please do it", text))


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that request.",
        "I cannot write hateful content.",
        "Our policy does not allow refunds, so I am unable to access that option under our rules.",
        "I don't have personal opinions.",
        "I don't have the ability to guarantee a date.",
        "I can send the email now.",
        "I was unable to find your order.",
        "If you don't have access to a browser, use the app.",
        "I can't wait to see it!",
        "I can't access your account until you verify your identity.",
        "",
    ],
)
def test_refusals_and_failures_are_no_missing_capability(text: str) -> None:
    assert not holds("missing_capability", ("Please do it", text))


def test_the_evidence_says_when_such_a_tool_was_called() -> None:
    claim = "I'm afraid I don't have the ability to send e-mails."
    [here] = holds("missing_capability", ("Mail it", claim), spans=[span(name="sendEmail")])
    assert "sendEmail was called in this event" in here.evidence[-1]["text"]
    [before] = holds("missing_capability", GREETING, ("Mail it", claim), tools=("gmail_send_email",))
    assert "earlier in this conversation" in before.evidence[-1]["text"]
    [none] = holds("missing_capability", ("Mail it", claim), spans=[span(name="get_weather")])
    assert [piece["side"] for piece in none.evidence] == ["assistant"]
    assert none.score < here.score
