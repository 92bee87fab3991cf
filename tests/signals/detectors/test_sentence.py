"""A signal of a sentence knows its own examples, wherever they stand in a text."""

import uuid

import numpy as np
import pytest

from signals.detectors.batch import Batch, Turn
from signals.detectors.sentence import make_detector
from signals.detectors.text import Text
from signals.models.embeddings import DIMENSIONS

CALL = "She will call you back within the hour."
NOTHING = np.zeros(DIMENSIONS + 1, np.float32)  # a model that finds nothing likely


def found_in(output: str, *, user: str = "", reads: str = "assistant", **texts: list[str]) -> list[str]:
    """The words by which the examples find the turn."""
    detect = make_detector(
        NOTHING, reads, embed=lambda texts: np.zeros((len(texts), DIMENSIONS), np.float32), **texts
    )
    no_text = np.zeros((1, DIMENSIONS), np.float32)
    batch = Batch([Turn(uuid.uuid4(), Text(user), Text(output))], no_text, no_text)
    return [piece["text"] for finding in detect(batch) if finding.score == 1.0 for piece in finding.evidence]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Of course. I told Anna, and she will call you back within the hour.", "she will call you back within the hour"),
        ("SHE WILL CALL\n  YOU BACK within the hour! Anything else?", "SHE WILL CALL\n  YOU BACK within the hour"),
        ("She will call you back within the hourglass shop.", None),
        ("She will call you back tomorrow.", None),
        ("", None),
    ],
)  # fmt: skip
def test_an_example_word_for_word_is_a_match(output: str, words: str | None) -> None:
    assert found_in(output, examples=[CALL]) == ([words] if words else [])


def test_only_on_the_side_that_is_read() -> None:
    assert found_in("Yes.", user=CALL, examples=[CALL]) == []
    assert found_in("Yes.", user=CALL, examples=[CALL], reads="conversation") == [CALL[:-1]]


def test_a_counterexample_and_few_words_are_none() -> None:
    output = "She will call you back within the hour if the line is free."
    assert found_in(output, examples=[CALL], counterexamples=["within the hour if the line is free"]) == []
    assert found_in("No, call me.", examples=["call me", "No"]) == []
    assert found_in("Anything. (a+)+b. More", examples=["(a+)+b", "x y z"]) == []
