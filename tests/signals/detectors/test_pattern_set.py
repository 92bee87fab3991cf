"""Many patterns in one pass answer as one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from signals.detectors.correction import AGENT_SET, USER_SET
from tests.examples import examples

WORDS = [
    "no",
    "No, thanks",
    "actually",
    "I meant",
    "don't",
    "like",
    "other",
    "?",
    "!",
    "sorry",
    "booked",
    "ok",
    "a" * 40,
    "\n",
    "not",
    "é",
]


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), max_size=9))
def test_the_set_says_what_each_pattern_says(parts: list[str]) -> None:
    text = " ".join(parts).lower()
    for pattern_set in (USER_SET, AGENT_SET):
        alone = [float(bool(text) and pattern.search(text) is not None) for pattern in pattern_set.patterns]
        assert pattern_set.found(text) == alone
