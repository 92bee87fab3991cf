"""Words and patterns, on sentences."""

from typing import Any

import pytest

from signals.detectors.batch import batch_of
from signals.kinds.words import check, make_detector


def test_words_match_whole_words_in_any_case_and_typography() -> None:
    detect = make_detector({"words": ["don't", "money  back", "C++"]}, "user")
    hits = [
        bool(detect(batch_of((text, ""))))
        for text in ("DON’T", "money\nback!", "use c++ now", "moneyback", "xdon't")
    ]
    assert hits == [True, True, True, False, False]


def test_a_pattern_reads_the_sides_it_is_told() -> None:
    detect = make_detector({"pattern": r"refund\w*"}, "conversation")
    [one] = detect(batch_of(("a Refund", "was refunded 😀 REFUND")))
    assert [(piece["side"], piece["text"]) for piece in one.evidence] == [
        ("user", "Refund"), ("assistant", "refunded"), ("assistant", "REFUND"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [None, {}, {"words": "x"}, {"words": [" "]}, {"pattern": ""}, {"pattern": "a" * 600}, {"pattern": "\\1"}],
)
def test_a_bad_config_is_refused_with_words(config: Any) -> None:
    assert check(config)
