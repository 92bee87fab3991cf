"""Complaints that something was told before count for the signal of forgetting; others stay what they are."""

import pytest

from signals.discovery.told_before import FORGETTING, said_key


@pytest.mark.parametrize(
    "sentence",
    [
        "I said pounds and you even repeated it to me.",
        "I’ve already told you the size.",
        "See above.",
        "it's literally my first message",
        "it was usd two lines up",
        "Das habe ich dir doch schon geschrieben.",
        "Ya te lo dije.",
        "je l'ai écrit au début",
        "Já disse isso.",
    ],
)
def test_what_was_told_before(sentence: str) -> None:
    assert said_key("correction", sentence) == FORGETTING
    assert said_key("user_frustration", sentence) == FORGETTING
    assert said_key("abuse", sentence) == "abuse"


@pytest.mark.parametrize(
    "sentence", ["That is wrong.", "65+39 is 104 not 96", "useless piece of rubbish app", "No, in euros.", ""]
)
def test_other_complaints(sentence: str) -> None:
    assert said_key("correction", sentence) == "correction"
