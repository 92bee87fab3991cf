"""The sentence of a piece of evidence, where it stands in a text."""

import datetime as dt
import uuid
from typing import Any

import pytest

from signals.discovery.evidence import hint, sentence_of, sentences_of, source_of, without_reports
from signals.discovery.observations import Observation

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
    ("text", "words"),
    [
        ("I cannot book callbacks, but the page tidewell.example/visit lets you choose a slot.", "example/visit lets you"),
        ("I cannot book callbacks, but the page tidewell.example/visit lets you choose a slot.", "the page tidewell"),
        ("I cannot read docs/api/v2.1.json, sorry.", "1.json"),
        ("Version 10.4.12 has no export.", "12 has no export"),
        ("It costs 1.200,50 EUR or 3.14 of them.", "200,50"),
        ("Send it to a.b@mail.example.org, not to me.", "org, not"),
        ("See ~/.config/app.toml?x=1.5!y for that.", "config"),
    ],
)  # fmt: skip
def test_a_dot_within_a_name_or_a_number_ends_no_sentence(text: str, words: str) -> None:
    """Wherever the words begin and end, also right behind the dot."""
    whole = f"Hello there! {text} Anything else?"
    at = whole.index(words)
    piece = {"side": "assistant", "start": at, "end": at + len(words), "text": words}
    assert sentence_of(piece, user="", assistant=whole) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Wait... what is it?", "what is it?"),
        ("Gut.\nNun what is it", "Nun what is it"),
        ("See v1.2. what is it? Fine.", "what is it?"),
    ],
)
def test_what_ends_a_sentence(text: str, sentence: str) -> None:
    at = text.index("what is it")
    piece = {"side": "user", "start": at, "end": at + 10, "text": "what is it"}
    assert sentence_of(piece, user=text, assistant="") == sentence


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


def test_a_failed_task_in_the_event_of_a_failed_tool_is_its_report() -> None:
    events = [uuid.uuid4() for _ in range(2)]

    def seen(event: uuid.UUID, source: Any, key: str) -> Observation:
        return Observation(event, event, event, dt.datetime.now(dt.UTC), source, key, "It failed.")

    tool, refusal = seen(events[0], "tool", "order"), seen(events[0], "signal", "refusal")
    report, alone = (seen(event, "signal", "task_failure") for event in events)
    of_the_app = seen(events[0], "explicit", "task_failure")
    assert without_reports([report, tool, refusal, of_the_app, alone]) == [tool, refusal, of_the_app, alone]


def test_the_sentences_of_a_text() -> None:
    assert sentences_of("It is 4.5 kg.  It\tis!\n- one\nIt is 4.5 kg. ") == [
        "It is 4.5 kg.",
        "It is!",
        "- one",
    ]
    assert sentences_of(" ") == []
