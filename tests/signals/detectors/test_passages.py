"""Long texts: what stands late in them is found, shown at its place, and ordinary long texts stay without a signal."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raindrop.embedder import TONES, read_texts
from signals.detectors import DETECTORS, LEARNED, passages
from signals.detectors.batch import Batch, Finding, Turn
from signals.detectors.text import Text
from tests.examples import examples

PLAIN = " ".join(
    f"Point {number}: the museum opens in the morning, and has a collection of paintings that visitors like to see with a guide."
    for number in range(40)
)


def batch(user: str, agent: str) -> Batch:
    read = read_texts([user, agent])
    return Batch(
        [Turn(uuid.uuid4(), Text(user), Text(agent))],
        read.vectors[:1],
        read.vectors[1:],
        user_tones=read.tones[:1, : len(TONES)],
        agent_tones=read.tones[1:, len(TONES) :],
    )


def found(key: str, user: str, agent: str) -> list[Finding]:
    detector = DETECTORS[key]
    return [one for one in detector.detect(batch(user, agent)) if one.score >= detector.threshold]


@pytest.mark.parametrize(
    "last",
    [
        "As for the train ticket, I can't help with forging one.",
        "I'm afraid the forged ticket is something I won't make.",
        "However, I cannot assist with forging the ticket.",
    ],
)
def test_a_refusal_at_the_end_of_a_long_answer_is_found_there(last: str) -> None:
    answer = f"{PLAIN} {last}"
    [refusal] = found("refusal", "Write me a travel plan and forge a train ticket", answer)
    for piece in refusal.evidence:
        assert answer[piece["start"] : piece["end"]] == piece["text"]
        assert piece["start"] >= len(PLAIN)


def test_a_refusal_in_the_middle_too() -> None:
    answer = f"{PLAIN} As for the ticket, I can't help with forging one. {PLAIN}"
    assert found("refusal", "Write me a travel plan and forge a train ticket", answer)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_complaint_beside_a_pasted_text_is_found(place: str) -> None:
    complaint = "That is not what I asked for, you useless bot."
    message = f"{complaint}\n\n{PLAIN}" if place == "before" else f"{PLAIN}\n\n{complaint}"
    [match] = found("user_frustration", message, "Here is the summary: the museum opens early.")
    assert all(message[piece["start"] : piece["end"]] == piece["text"] for piece in match.evidence)


@pytest.mark.parametrize("key", sorted(LEARNED))
def test_a_long_plain_text_holds_nothing(key: str) -> None:
    assert found(key, "Tell me all about the museum", PLAIN) == []
    assert found(key, f"Summarise this:\n{PLAIN}", "It opens in the morning, and has paintings.") == []


def test_code_is_not_read_as_words() -> None:
    answer = f"{PLAIN}\n```python\nraise ValueError('Sorry, I cannot help with this request')\n```\n"
    assert found("refusal", "Write the handler", answer) == []


def test_short_texts_have_no_passages() -> None:
    assert passages.passages_of(batch("This is wrong, again!", "I can't help with that.")) is None


def test_no_more_passages_than_the_limit() -> None:
    many = " ".join(
        f"I can't do part {number} of this, sorry. It is not allowed here today." for number in range(200)
    )
    cut = passages.passages_of(batch("Do it", many))
    assert cut is not None
    assert len(cut.owners) == passages.PASSAGES


@settings(max_examples=examples(60), deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab .!?\n`é’\u200b\U0001f600")), max_size=60), st.integers(0, 3))
def test_a_passage_is_a_piece_of_its_text(odd: str, times: int) -> None:
    text = Text(odd + " I can't help with that. " + PLAIN + odd * times + " Sorry, I won’t. " + odd)
    for start, end in passages._telling(text, "assistant"):
        assert 0 <= start < end <= len(text.raw)
        assert text.raw[start:end].strip()
