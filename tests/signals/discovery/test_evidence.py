"""The sentence of a piece of evidence, where it stands in a text."""

import pytest

from signals.discovery.evidence import hint, sentence_of, source_of

TEXT = "Hello. I asked for v1.2, not this! Thanks"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("asked", "I asked for v1.2, not this!"), ("Hello", "Hello."), ("Thanks", "Thanks"), (TEXT, TEXT)],
)
def test_the_sentence_around_the_words(words: str, sentence: str) -> None:
    start = TEXT.index(words)
    piece = {"side": "user", "start": start, "end": start + len(words), "text": words}
    assert sentence_of(piece, user=TEXT, assistant="") == sentence


@pytest.mark.parametrize(
    "piece",
    [
        {"side": "signal", "start": 0, "end": 5, "text": "It took 3 s."},
        {"side": "user", "start": 3, "end": 9, "text": "elsewhere"},
        {"side": "user", "text": "no place"},
    ],
)
def test_words_that_stand_in_neither_text_are_taken_as_they_are(piece: dict[str, object]) -> None:
    assert sentence_of(piece, user=TEXT, assistant="") == piece["text"]


def test_what_a_signal_is_read_from() -> None:
    assert source_of("false_success", is_explicit=False) == "claim"
    assert source_of("refusal", is_explicit=False) == "signal"
    assert source_of("thumbs_down", is_explicit=True) == "explicit"


def test_a_hint_is_what_says_something_of_the_whole_conversation() -> None:
    assert hint("signal", "user_repetition") == hint("claim", "contradiction") == "forgetting"
    assert hint("tool", "bank_sync") == "tool bank_sync"
    assert hint("signal", "my_own_signal") == "my_own_signal"
    assert hint("signal", "user_frustration") is None
    assert hint("facet", "") is None
