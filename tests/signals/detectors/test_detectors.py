"""Each detector alone, on sentences: what counts, what does not, whatever the typography."""

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Evidence, Exchange, Finding, SpanFacts, Turn, batch_of
from signals.detectors.text import READ_CHARACTERS, Text
from tests.examples import examples
from tests.growth import ten_times_takes_tens_at_most


def found(key: str, batch: Batch) -> list[Finding]:
    detector = DETECTORS[key]
    return [f for f in detector.detect(batch) if f.score >= detector.threshold]


def user(key: str, text: str) -> bool:
    return bool(found(key, batch_of((text, ""))))


def agent(key: str, text: str, given: str = "Please do it.") -> bool:
    return bool(found(key, batch_of((given, text))))


FRUSTRATED = [
    "This is ridiculous.",
    "I’m getting really frustrated with this",
    "THIS IS NOT WHAT I ASKED FOR",
    "You keep giving me the same answer 😡",
    "I already told you my order number",
    "how many times do I have to repeat myself?!",
    "wtf is wrong with you",
    "You’re useless",
    "That didn't work at all.",
    "Are you kidding me?",
    "What a waste of time",
    "please stop asking me that",
    "This is unacceptable!! I want a refund",
    "I\u00adt still doesn\u2019t work",
    "ugh, forget it",
    "You completely ignored my question",
]
CALM = [
    "No problem, take your time.",
    "I can't wait to try it!",
    "Can you help me fix an error in my code?",
    "I'm not frustrated, just curious",
    "What does the word frustrating mean?",
    "Don't worry, it's not a problem",
    "My flight was cancelled. Can you rebook me?",
    "Please change the date to the 3rd.",
    "No, make it two tickets please.",
    "Sorry for being annoying, one more question",
    "NASA and ESA launched JWST",
    "That is great, thanks!",
    "I have a problem with my printer",
    "",
    "   \n ",
    "OK",
    "Could you explain the error message?",
    "This is a stupid question, but how do I log in?",
]
REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "I cannot provide instructions for this.",
    "As an AI language model, I cannot express political opinions.",
    "I must decline this request.",
    "Unfortunately, basic economy flights cannot be modified.",
    "I am unable to process a refund, because our policy does not allow it.",
    "It would be inappropriate for me to write that.",
    "I won’t write that.",
    "That goes against my guidelines.",
    "I don't feel comfortable writing this.",
    "I\u2019M NOT ABLE TO HELP YOU WITH THAT.",
    "I’m afraid that is not possible under the airline's policy; I can't change it.",
]
COMPLIED = [
    "Sure! Here is the poem.",
    "No problem, I can help with that.",
    "I can't wait to hear how it goes!",
    "I can't recommend this restaurant enough!",
    "This is not a refusal.",
    "If I can't find it, I will let you know.",
    "Your refund has been processed.",
    "I'm sorry to hear that. Your order has been cancelled, and the refund is on its way.",
    "You can't go wrong with the blue one.",
    "Here is the code:\n```python\nprint('I')\n```",
    "The recipe is simple: mix and bake.",
    "I've booked your flight for May 20th.",
    "",
]
FAILED = [
    "I was unable to find your reservation.",
    "I couldn’t find any flights on that date.",
    "Something went wrong while booking.",
    "There was an error processing your request.",
    "Sorry, the reservation failed.",
    "I'm sorry, I was unable to make that appointment.",
    "No results found for this query.",
    "The service is currently unavailable.",
    "I encountered an issue with the payment.",
    "Unfortunately, I could not complete the booking.",
    "I COULDN'T COMPLETE THE ORDER 😞",
    "Please try again later.",
]
SUCCEEDED = [
    "I am transferring you to a human agent.",
    "Your booking is confirmed.",
    "Done! I have cancelled the order.",
    "I found three flights for you.",
    "If you are unable to find it, contact us.",
    "The test suite has no errors.",
    "I fixed the error in your code.",
    "This function raises an error when the input is empty.",
    "You're welcome! Have a great day.",
    "I can't wait to see it.",
    "Which date would you prefer?",
    "Sorry to hear that! I have issued a refund.",
    "I've handled the exception in the loop.",
    "",
]
LAZY = [
    "...",
    "N/A",
    "```python\ndef f():\n    # ... rest of the code\n```",
    "The rest of the code remains the same.",
    "[insert your answer here]",
    "You can do the rest yourself.",
    "I'll leave the implementation as an exercise.",
    "// … existing code unchanged",
    "TODO: implement",
    "Lorem ipsum dolor sit amet",
    "Repeat the same steps for the remaining files.",
    "```python\ndef main():\n    print(",
    "Omitted for brevity.",
]
DILIGENT = [
    "Paris.",
    "Yes.",
    "42",
    "Here is the whole file:\n```python\nprint(1)\n```",
    "Your order will arrive tomorrow.",
    "I removed the placeholder without changing the rest.",
    "Hmm... let me think. The answer is 7.",
    "You can find it on page 3.",
    "The rest of the day is free.",
    "- one\n- two\n- three",
    "The code is below. It handles every case.",
    "Here is your list of tasks: milk, eggs.",
]
PLEASED = [
    "Thank you so much!",
    "thanks, that worked",
    "Perfect!",
    "You’re a lifesaver 🙏",
    "That's exactly what I needed",
    "it works now, great job",
    "Awesome, thanks a lot",
    "I really appreciate your help.",
    "THANK YOU!!!",
    "This is amazing, I love it",
    "Very helpful, thanks",
    "thx",
    "Great answer",
]
NOT_PLEASED = [
    "No thanks.",
    "Thanks for nothing",
    "That's not helpful",
    "It doesn't work",
    "It would be great if you could change the date",
    "Thanks in advance",
    "I'd appreciate it if you could check again",
    "Yes please, thank you. And can you also book a hotel?",
    "Find me a perfect place for dinner",
    "This is not what I wanted",
    "Nothing works",
    "thanks, but that is wrong",
    "I want to write something great",
    "",
    "Hello",
]


@pytest.mark.parametrize("text", FRUSTRATED)
def test_frustration_is_seen(text: str) -> None:
    assert user("user_frustration", text)


@pytest.mark.parametrize("text", CALM)
def test_calm_is_not_frustration(text: str) -> None:
    assert not user("user_frustration", text)


@pytest.mark.parametrize("text", REFUSED)
def test_refusal_is_seen(text: str) -> None:
    assert agent("refusal", text)


@pytest.mark.parametrize("text", COMPLIED)
def test_compliance_is_not_refusal(text: str) -> None:
    assert not agent("refusal", text)


@pytest.mark.parametrize("text", FAILED)
def test_task_failure_is_seen(text: str) -> None:
    assert agent("task_failure", text)


@pytest.mark.parametrize("text", SUCCEEDED)
def test_success_is_not_task_failure(text: str) -> None:
    assert not agent("task_failure", text)


@pytest.mark.parametrize("text", LAZY)
def test_laziness_is_seen(text: str) -> None:
    assert agent("laziness", text)


@pytest.mark.parametrize("text", DILIGENT)
def test_short_is_not_lazy(text: str) -> None:
    assert not agent("laziness", text)


@pytest.mark.parametrize("text", PLEASED)
def test_a_win_is_seen(text: str) -> None:
    assert found(
        "win",
        batch_of((text, ""), previous=[Exchange(Text("Where is my parcel?"), Text("It arrives today."))]),
    )


@pytest.mark.parametrize("text", NOT_PLEASED)
def test_manners_and_wishes_are_no_win(text: str) -> None:
    assert not user("win", text)


# -- laziness: an empty answer


def empty_answer(
    given: str, *, model: str = "", spans: list[SpanFacts] | None = None, output: str = ""
) -> bool:
    turn = Turn(uuid.uuid4(), Text(given), Text(output), model=model, spans=spans or [])
    return bool(found("laziness", Batch([turn])))


def test_an_empty_answer_counts_when_the_agent_was_to_answer() -> None:
    assert empty_answer("What is the capital of France?", model="gpt-4o")
    assert empty_answer("Find my order", spans=[span("ok", "[]")], output=" \n")
    assert not empty_answer("What is the capital of France?"), "the app may send the two sides apart"
    assert not empty_answer("No, that's all. Thank you!", model="gpt-4o"), "nobody answers a goodbye"
    assert not empty_answer("", model="gpt-4o")


# -- forgetting


def talk(*turns: tuple[str, str], spans: list[SpanFacts] | None = None) -> bool:
    *before, (given, answer) = turns
    previous = [Exchange(Text(a), Text(b)) for a, b in before]
    turn = Turn(uuid.uuid4(), Text(given), Text(answer), previous=previous, spans=spans or [])
    return bool(found("forgetting", Batch([turn])))


ASKED = ("I want to return my shoes", "Could you please provide your email address?")
GREETING = ("hi", "Hello, how can I help?")
FORGOTTEN = [
    (GREETING, ("I already told you my name", "")),
    (GREETING, ("You forgot what I said earlier", "")),
    (GREETING, ("You just asked me that", "")),
    (GREETING, ("don’t you remember my order number?", "")),
    (GREETING, ("We already discussed this", "")),
    (GREETING, ("Why are you asking me again", "")),
    (GREETING, ("As I said before, it is the blue one", "")),
    (GREETING, ("what about it?", "I don't have memory of previous conversations.")),
    (GREETING, ("and then?", "Could you remind me which city you wanted?")),
    (GREETING, ("and?", "I apologize for forgetting your request.")),
    (ASKED, ("It is anna@example.com", "Thanks! Please provide your email address.")),
    (ASKED, ("anna@example.com", "Which item?"), ("The shoes", "What is your email address?")),
]
REMEMBERED = [
    (GREETING, ("I forgot my password", "Let me help you reset it.")),
    (GREETING, ("If I forget it, what then?", "You can reset it.")),
    (
        ASKED,
        (
            "It is anna@example.com",
            "I could not find an account with it. Please provide your email address again.",
        ),
    ),
    (ASKED, ("I don't have one", "Could you please provide your email address?")),
    (ASKED, ("anna@example.com", "Thanks Anna! Which item is it?")),
    (GREETING, ("My order is #123", "Thank you. What is your zip code?")),
    (GREETING, ("Don't forget to add milk", "Added.")),
    (GREETING, ("He told me you are closed", "We are open.")),
    (("I already told you my name", ""),),
    (GREETING, ("What did we say?", "You said the blue one.")),
    (GREETING, ("", "")),
]


@pytest.mark.parametrize("turns", FORGOTTEN)
def test_forgetting_is_seen(turns: Any) -> None:
    assert talk(*turns)


@pytest.mark.parametrize("turns", REMEMBERED)
def test_remembering_is_not_forgetting(turns: Any) -> None:
    assert not talk(*turns)


def test_a_request_that_is_repeated_word_by_word_is_frustration() -> None:
    request = "I want to change my flight to the evening of the 3rd"
    turn = Turn(
        uuid.uuid4(),
        Text(request + "!"),
        Text(""),
        previous=[Exchange(Text(request), Text("Sure, what else?"))],
    )
    assert found("user_frustration", Batch([turn]))


# -- tool failure


def span(status: str, output: str, *, error: str = "", kind: str = "tool") -> SpanFacts:
    return SpanFacts("a" * 16, kind, "book", status, error, output)


def tool(facts: SpanFacts) -> list[Finding]:
    return found("tool_failure", Batch([Turn(uuid.uuid4(), Text("x"), Text("y"), spans=[facts])]))


@pytest.mark.parametrize(
    "facts",
    [
        span("error", "whatever"),
        span("error", ""),
        span("error", "", error="timeout"),
        span("ok", "Error: user not found"),
        span("unset", "Traceback (most recent call last):\n File"),
        span("unset", '{"error": "no such order"}'),
        span("ok", '{\n  "error": "Product details not valid"'),
        span("ok", '{"status": "error", "code": 5}'),
        span("ok", '{"success": false}'),
        span("unset", "ValueError: bad input"),
        span("unset", "Exception: boom"),
    ],
)
def test_a_failed_tool_is_seen(facts: SpanFacts) -> None:
    assert tool(facts)


@pytest.mark.parametrize(
    "facts",
    [
        span("ok", "[]"),
        span("ok", '{"error": null, "data": [1]}'),
        span("ok", '{"error": "", "data": [1]}'),
        span("ok", '{"errors": [], "ok": true}'),
        span("ok", '{"success": true}'),
        span("ok", "The error rate is 3%"),
        span("ok", "Errors were found in 0 files"),
        span("ok", "failover complete"),
        span("unset", ""),
        span("error", "boom", kind="llm"),
        span("ok", '{"title": "error: a novel"}'),
        span("ok", '{"status": "ok"}'),
    ],
)
def test_a_tool_that_worked_is_not_a_failure(facts: SpanFacts) -> None:
    assert not tool(facts)


def test_the_errors_words_are_found_in_the_output_or_in_the_error() -> None:
    [inside] = tool(span("error", "{'m': 'card declined'}", error="card declined"))[0].evidence
    assert inside["text"] == "{'m': 'card declined'}"[inside["start"] : inside["end"]] == "card declined"
    [beside] = tool(span("error", "", error="  timeout "))[0].evidence
    assert beside["text"] == "  timeout "[beside["start"] : beside["end"]] == "timeout"


# -- any text: evidence is where it says, and nothing is slow


PHRASES = FRUSTRATED + REFUSED + FAILED + LAZY + PLEASED + [t[-1][0] for t in FORGOTTEN]
ODD = st.text(
    st.sampled_from("aI' .!?\n’“”-–—\u00ad\u200b\u200d\ufe0f😀İﬁẞſ\u0130\x01Ａé\u0301👨"), max_size=12
)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(PHRASES), ODD, st.text(max_size=20)), max_size=6),
    st.lists(st.sampled_from(PHRASES)),
)
def test_evidence_is_the_text_at_its_place(first: list[str], second: list[str]) -> None:
    given_, answer = " ".join(first), "\n".join(second)
    batch = Batch(
        [Turn(uuid.uuid4(), Text(given_), Text(answer), previous=[Exchange(Text(answer), Text(given_))])]
    )
    sides = {"user": given_, "assistant": answer}
    for detector in DETECTORS.values():
        for f in detector.detect(batch):
            assert 0 < f.score <= 1
            for piece in f.evidence:
                assert_in_place(piece, sides[piece["side"]])


def assert_in_place(piece: Evidence, text: str) -> None:
    assert 0 <= piece["start"] < piece["end"] <= len(text)
    assert text[piece["start"] : piece["end"]] == piece["text"]


@pytest.mark.parametrize("filler", ["a ", "no problem. ", "Das Wetter. ", "très bien. "])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_what_stands_at_either_end_of_a_long_text_is_found(filler: str, at_the_end: bool) -> None:
    phrase, body = "You are useless.", filler * (200_000 // len(filler))
    text = f"{body}\n{phrase}" if at_the_end else f"{phrase}\n{body}"
    [found] = DETECTORS["abuse"].detect(batch_of((text, "")))
    [piece] = found.evidence
    assert_in_place(piece, text)
    assert abs(piece["start"] - text.index(phrase)) < len(phrase)


@pytest.mark.parametrize(
    "filler",
    ["a ", "\u200b", "é ", "no problem. ", "I can't ", "((((", "?!", "\n# ...", "```", "[insert ", "very "],
)
def test_a_long_text_is_read_at_both_ends_and_fast(filler: str) -> None:
    def read(characters: int) -> None:
        text = f"This is ridiculous. {filler * (characters // len(filler))} You are useless."
        batch = batch_of((text, text))
        for detector in DETECTORS.values():
            for f in detector.detect(batch):
                for piece in f.evidence:
                    assert_in_place(piece, text)

    assert ten_times_takes_tens_at_most(read, size=30_000)
    body = filler * (300_000 // len(filler))
    assert len(Text(body).normal) <= READ_CHARACTERS + 1
