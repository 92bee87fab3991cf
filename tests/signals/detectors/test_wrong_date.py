"""What the agent holds for today."""

import pytest

from tests.signals.detectors.asking import AT, holds, span


@pytest.mark.parametrize(
    "text",
    [
        "The current year is 2024.",
        "As of today, 2023, there is no such law.",
        "Today is May 15, 2024.",
        "Today's date is 2023-10-01.",
        "Today’s date: 14 November 2026",
        "It is currently 2022, so the event is over.",
        "Today is Friday.",
        "We are now in 2025.",
    ],
)
def test_a_wrong_today_is_seen(text: str) -> None:
    assert holds("wrong_date", ("What is the date?", text), at=AT)


@pytest.mark.parametrize(
    "text",
    [
        "The current year is 2026.",
        "Today is November 23, 2026.",
        "Today is Monday, November 23rd.",
        "Today is Tuesday.",  # in the user's time zone, perhaps
        "Napoleon died in 1821.",
        "As of my last update in 2023, it was so.",
        "My knowledge goes up to 2023.",
        "As of my knowledge cutoff, the current year is 2023.",
        "If today is May 15, 2024, the deadline has passed.",
        "In 2023, sales rose; as of 2024 they fell.",
        "As of today, 2,023 people have signed.",
        "",
    ],
)
def test_a_right_today_and_other_dates_are_not(text: str) -> None:
    assert not holds("wrong_date", ("What is the date?", text), at=AT)


def test_a_date_that_somebody_else_brought_in_is_not_the_agents() -> None:
    answer = "Today is May 15, 2024."
    assert not holds("wrong_date", ("Assume it is the 15 May 2024", answer), at=AT)
    clock = span(name="get_current_date", output='{"date": "2024-05-15"}')
    assert not holds("wrong_date", ("go on", answer), at=AT, spans=[clock])
    assert not holds("wrong_date", ("go on", answer)), "without a time nothing can be said"
