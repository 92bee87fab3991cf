"""A project's own patterns."""

import re

import pytest

from ingest.redaction import PatternError, Redactor, check_patterns
from ingest.redaction.patterns import MAX_LENGTH, MAX_PATTERNS
from tests.growth import ten_times_takes_tens_at_most


def test_own_patterns_are_hidden() -> None:
    redactor = Redactor((), [r"\bEMP-[0-9]{6}\b", "café"])
    assert redactor.text("ok") == "ok"
    assert (
        redactor.text("é EMP-123456, in the café 日本 EMP-654321!")
        == "é <REDACTED_CUSTOM>, in the <REDACTED_CUSTOM> 日本 <REDACTED_CUSTOM>!"
    )


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "missing"),
        (r"(?=a)", "look-around"),
        (r"(a)\1", "back-references"),
        ("a*", "empty text"),
        ("x" * (MAX_LENGTH + 1), "at most"),
        ("(a{1,100}){1,100}", "repetition size"),
        (r"(?:\pL{1,60}\pN{1,60}){1,9}", "too complex|too large"),
    ],
)
def test_wrong_patterns_say_why(pattern: str, says: str) -> None:
    with pytest.raises(PatternError, match=says):
        Redactor((), [pattern])
    assert re.search(says, check_patterns(["fine", pattern])[1])


def test_patterns_are_bounded() -> None:
    assert list(check_patterns([f"a{number}" for number in range(MAX_PATTERNS + 2)])) == [
        MAX_PATTERNS,
        MAX_PATTERNS + 1,
    ]
    assert "stands above" in check_patterns(["same", "same"])[1]


def test_a_hostile_pattern_takes_linear_time() -> None:
    redactor = Redactor((), ["(a+)+$", "(x|xx)+y"])
    assert ten_times_takes_tens_at_most(
        lambda size: redactor.text("a" * size + "b" + "x" * size), size=20_000
    )
