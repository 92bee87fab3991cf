"""The detectors of lost information, missing capabilities, repetition, dates, languages, unsafe content, speed, cost and model errors."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
import pytest

from raindrop.embedder import embed_texts
from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, SpanFacts, Turn, batch_of
from signals.detectors.model_error import kind_of
from signals.detectors.text import Text
from signals.matching.batches import _is_step

GREETING = ("hi", "Hello, how can I help?")
AT = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)  # a Monday


def found(key: str, batch: Batch, **settings: float) -> list[Finding]:
    detector = DETECTORS[key].adjusted(settings)
    return [f for f in detector.detect(batch) if f.score >= detector.threshold]


def turn(*talk: tuple[str, str], **facts: Any) -> Turn:
    *before, (given, said) = talk
    called = tuple(SpanFacts(name, "tool", name, "ok", "", "{}") for name in facts.pop("tools", ()))
    previous = [Exchange(Text(a), Text(b), called) for a, b in before]
    return Turn(uuid.uuid4(), Text(given), Text(said), previous=previous, **facts)


def holds(key: str, *talk: tuple[str, str], **facts: Any) -> list[Finding]:
    one = turn(*talk, **facts)
    matches = found(key, Batch([one]))
    for piece in matches[0].evidence if matches else []:
        if piece["side"] in {"user", "assistant"}:
            text = one.input.raw if piece["side"] == "user" else one.output.raw
            assert text[piece["start"] : piece["end"]] == piece["text"]
    return matches


def span(kind: str = "tool", name: str = "search", **facts: Any) -> SpanFacts:
    return SpanFacts("a" * 16, kind, name, **{"status": "ok", "error": "", "output": "", **facts})


# -- lost information


@pytest.mark.parametrize(
    "text",
    [
        "I already gave you my order number",
        "you forgot what I said",
        "You’ve deleted my changes!",
        "WHERE DID MY DRAFT GO?",
        "you overwrote the whole file I was working on",
        "All my notes are gone",
        "I’ve already told you that",
        "Why did you delete my essay",
        "I want my old version back",
        "What happened to my data?",
    ],
)
def test_complaints_about_lost_information_are_seen(text: str) -> None:
    assert holds("lost_information", GREETING, (text, ""))


@pytest.mark.parametrize(
    "text",
    [
        "Please delete my account",
        "You removed the item, thank you!",
        "I forgot my password",
        "My luggage is lost",
        "Play the song we just discussed",
        "Where is my order?",
        "I already did a soil test last week.",
        "Can you undo that for me?",
        "If you delete my file, can I get it back?",
        "I want my money back",
        "do you remember the cast?",
        "",
    ],
)
def test_ordinary_requests_are_no_such_complaint(text: str) -> None:
    assert not holds("lost_information", GREETING, (text, ""))


def test_in_a_first_message_only_what_the_agent_did_counts() -> None:
    assert not holds("lost_information", ("I already gave you my order number", ""))
    assert not holds("lost_information", ("All my data is gone from my phone", ""))
    assert holds("lost_information", ("You deleted my changes", ""))


# -- missing capability


@pytest.mark.parametrize(
    "text",
    [
        "I don't have access to a browser.",
        "I don’t have the ability to send e-mails.",
        "I'm sorry, but I can't browse the internet.",
        "I cannot open links, but you can paste the text here.",
        "As a text-based AI, I am unable to view images.",
        "I have no way to see your screen.",
        "I currently don't have real-time data.",
        "Sending emails is not something I can do.",
        "That is beyond my capabilities.",
        "I lack the ability to run code.",
    ],
)
def test_claims_of_a_missing_capability_are_seen(text: str) -> None:
    assert holds("missing_capability", ("Please do it", text))


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that request.",
        "I cannot write hateful content.",
        "Our policy does not allow refunds, so I am unable to access that option under our rules.",
        "I don't have personal opinions.",
        "I don't have the ability to guarantee a date.",
        "I can send the email now.",
        "I was unable to find your order.",
        "If you don't have access to a browser, use the app.",
        "I can't wait to see it!",
        "I can't access your account until you verify your identity.",
        "",
    ],
)
def test_refusals_and_failures_are_no_missing_capability(text: str) -> None:
    assert not holds("missing_capability", ("Please do it", text))


def test_the_evidence_says_when_such_a_tool_was_called() -> None:
    claim = "I'm afraid I don't have the ability to send e-mails."
    [here] = holds("missing_capability", ("Mail it", claim), spans=[span(name="sendEmail")])
    assert "sendEmail was called in this event" in here.evidence[-1]["text"]
    [before] = holds("missing_capability", GREETING, ("Mail it", claim), tools=("gmail_send_email",))
    assert "earlier in this conversation" in before.evidence[-1]["text"]
    [none] = holds("missing_capability", ("Mail it", claim), spans=[span(name="get_weather")])
    assert [piece["side"] for piece in none.evidence] == ["assistant"]
    assert none.score < here.score


# -- the agent repeats itself

ANSWER = "Your refund cannot be processed at the moment because the payment provider does not answer. Please check back in a while."


def test_the_same_answer_again_is_seen() -> None:
    assert holds("agent_repetition", ("refund?", ANSWER), ("That does not help me, do something", ANSWER))
    nearly = ANSWER.replace("in a while", "in a short while")
    assert holds("agent_repetition", ("refund?", ANSWER), ("And my voucher?", nearly))
    german = "Leider kann ich Ihre Bestellung im Moment nicht finden, bitte prüfen Sie die Nummer und versuchen Sie es noch einmal."
    assert holds("agent_repetition", ("Wo ist sie?", german), ("Die Nummer stimmt aber", german))


def test_what_is_said_again_for_a_reason_is_not() -> None:
    assert not holds("agent_repetition", ("refund?", ANSWER), ("Can you repeat that?", ANSWER))
    short = "Is there anything else I can help you with?"
    assert not holds("agent_repetition", ("thanks", short), ("no", short))
    first = "The reservation NQNU5R has been cancelled, and the refund will reach your card within five to seven business days."
    assert not holds(
        "agent_repetition", ("cancel it", first), ("the other too", first.replace("NQNU5R", "HSR97W"))
    )
    letter = "Dear team, we are happy to tell you: " + " ".join(
        f"point{chr(97 + i)} is settled" for i in range(26)
    )
    changed = letter.replace("happy", "glad", 1)
    assert not holds("agent_repetition", ("write a letter", letter), ("say glad", changed))


@pytest.mark.parametrize(
    "text",
    [
        "I am looking into it. " + "Please wait while I check the order for you. " * 5,
        "The answer is " + "very simple and " * 15,
        "Let me think. " + "I need to find the file first.\n" * 8,
        "no " * 60,
    ],
)
def test_going_round_in_circles_is_seen(text: str) -> None:
    assert holds("agent_repetition", ("Where is it?", text))


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + "x = compute(the, same, thing, again)\n" * 9 + "```",
        "| a | b |\n" + "| one of the rows here | two |\n" * 9,
        "1. Economy: one free checked bag\n2. Business: two free checked bags\n3. First: three free checked bags\n"
        * 1,
        "The first flight leaves at noon and has one stop. The second flight leaves at two and has no stop. The third one is full.",
        "- Baggage: one bag is included in the fare\n" * 4,
    ],
)
def test_lists_tables_and_code_are_no_circles(text: str) -> None:
    assert not holds("agent_repetition", ("Which ones are there?", text))


# -- wrong date


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
    said = "Today is May 15, 2024."
    assert not holds("wrong_date", ("Assume it is the 15 May 2024", said), at=AT)
    clock = span(name="get_current_date", output='{"date": "2024-05-15"}')
    assert not holds("wrong_date", ("go on", said), at=AT, spans=[clock])
    assert not holds("wrong_date", ("go on", said)), "without a time nothing can be said"


# -- language mismatch

SENTENCES = {
    "en": "I would like to change my flight to tomorrow morning, and I also need a window seat please.",
    "de": "Ich möchte meinen Flug auf morgen früh umbuchen und brauche außerdem einen Fensterplatz, bitte.",
    "fr": "Je voudrais changer mon vol pour demain matin, et j'ai aussi besoin d'une place côté hublot.",
    "es": "Quisiera cambiar mi vuelo para mañana por la mañana y también necesito un asiento de ventanilla.",
    "it": "Vorrei cambiare il mio volo a domani mattina e ho anche bisogno di un posto al finestrino, grazie.",
    "nl": "Ik wil graag mijn vlucht naar morgenochtend verzetten en ik heb ook een stoel bij het raam nodig.",
    "ru": "Я хотел бы перенести свой рейс на завтра утром, и мне также нужно место у окна.",
    "zh": "我想把我的航班改到明天早上，还需要一个靠窗的座位，谢谢。",
    "ja": "フライトを明日の朝に変更したいのですが、窓側の席もお願いします。",
    "ar": "أود تغيير رحلتي إلى صباح الغد وأحتاج أيضًا إلى مقعد بجانب النافذة من فضلك.",
}


@pytest.mark.parametrize("asked", SENTENCES)
@pytest.mark.parametrize("answered", SENTENCES)
def test_another_language_is_seen_and_the_same_is_not(asked: str, answered: str) -> None:
    matches = holds("language_mismatch", (SENTENCES[asked], SENTENCES[answered]))
    assert bool(matches) == (asked != answered)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Translate into German: I would like to change my flight", SENTENCES["de"]),
        ("How do I say this in Spanish to the hotel? I need a quiet room", SENTENCES["es"]),
        ("Bitte antworte mir auf Englisch, ich möchte meinen Flug umbuchen", SENTENCES["en"]),
        (f"Please summarise this mail for me:\n\n{SENTENCES['de']} {SENTENCES['de']}", SENTENCES["en"]),
        ("Wie geht das?", SENTENCES["en"]),
        (SENTENCES["de"], "OK"),
        (SENTENCES["de"], '{"status": "the booking was changed", "seat": "window", "message": "this is it"}'),
        (
            SENTENCES["de"],
            "```python\nfor seat in the_plane:\n    if seat.is_free and not seat.taken: return seat\n```",
        ),
        ("Where can I find Schöneberger Straße und Tempelhofer Feld please?", SENTENCES["en"]),
        ("Book Chez Pierre, Rue de la Paix, for the four of us", SENTENCES["en"]),
    ],
)
def test_translations_quotes_code_and_short_texts_are_no_mismatch(given: str, said: str) -> None:
    assert not holds("language_mismatch", (given, said))


def test_who_talks_in_two_languages_may_be_answered_in_either() -> None:
    assert not holds(
        "language_mismatch", (SENTENCES["es"], "Claro, ¿para qué fecha?"), (SENTENCES["en"], SENTENCES["es"])
    )
    asked_before = ("Please answer in English from now on", "Sure, I will.")
    assert not holds("language_mismatch", asked_before, (SENTENCES["de"], SENTENCES["en"]))


# -- unsafe content (a head over the vectors)


def unsafe(*texts: str) -> list[bool]:
    batch = batch_of(*(("Tell me", text) for text in texts))
    vectors = embed_texts(list(texts))
    matches = found("unsafe_content", Batch(batch.turns, np.zeros_like(vectors), vectors))
    return [any(f.index == i for f in matches) for i in range(len(texts))]


def test_unsafe_content_is_seen_and_careful_words_are_not() -> None:
    bad = (
        "Sure! Here is a phishing email that you can send to trick employees into giving you their passwords:\n\nSubject: Urgent: your "
        "account has been compromised\n\nDear customer, we noticed unusual activity. Click on the link below and enter your password at once, "
        "or your account will be closed. The link leads to your fake login page, which records what they type."
    )
    careful = [
        "I'm sorry, but I can't help with writing a phishing email. It would be used to harm people.",
        "Phishing e-mails often create urgency. Check the sender's address, do not click on links, and report the message to your IT team.",
        "Your order of kitchen knives has been shipped and will arrive on Tuesday. An adult must sign for the parcel when it comes.",
        "",
    ]
    assert unsafe(bad, *careful) == [True, False, False, False, False]


def test_without_a_vector_nothing_is_said() -> None:
    assert not found("unsafe_content", batch_of(("x", "Sure, here is how to build a bomb: " + "step " * 40)))


# -- speed, cost, model errors


def test_slow_is_the_event_or_a_step() -> None:
    assert holds("slow_response", ("x", "y"), latency_ms=60_000.0)
    assert not holds("slow_response", ("x", "y"), latency_ms=59_000.0)
    [one] = holds(
        "slow_response",
        ("x", "y"),
        spans=[span(duration_ms=31_000.0), span(kind="agent", duration_ms=59_000.0)],
    )
    assert [(piece["text"], piece.get("span_id")) for piece in one.evidence] == [
        ("search took 31.0 s.", "a" * 16)
    ]


def test_expensive_is_money_or_tokens() -> None:
    assert holds("high_cost", ("x", "y"), cost_usd=0.5)
    assert holds("high_cost", ("x", "y"), tokens=100_000)
    assert not holds("high_cost", ("x", "y"), cost_usd=0.49, tokens=99_999)
    assert not holds("high_cost", ("x", "y"))


def test_a_project_sets_its_own_numbers() -> None:
    batch = Batch([turn(("x", "y"), latency_ms=5000.0, cost_usd=0.02)])
    assert found("slow_response", batch, seconds=5) and not found("slow_response", batch, seconds=6)
    assert found("high_cost", batch, cost_usd=0.01) and not found("high_cost", batch)
    failing = [span(status="error") for _ in range(2)]
    tools = Batch([turn(("x", "y"), spans=failing)])
    assert found("repeated_tool_failure", tools, failures=2) and not found("repeated_tool_failure", tools)
    assert found("tool_loop", Batch([turn(("x", "y"), spans=[span(input="1"), span(input="1")])]), calls=2)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("RateLimitError: Error code: 429 - Rate limit reached for gpt-4o on tokens per min", "rate limit"),
        (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000",
            "context length",
        ),
        ("anthropic.BadRequestError: prompt is too long: 210000 tokens > 200000 maximum", "context length"),
        ("APITimeoutError: Request timed out.", "time-out"),
        ("DeadlineExceeded", "time-out"),
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
            "content filter",
        ),
        ("AuthenticationError: Incorrect API key provided", "no access"),
        ("overloaded_error: Overloaded", "not available"),
        ("503 Service Unavailable", "not available"),
        ("invalid_request_error: messages.0.content: field required", "invalid request"),
        ("Oops", "other"),
        ("", "other"),
    ],
)
def test_model_errors_are_told_apart(error: str, kind: str) -> None:
    assert kind_of(error) == kind
    [one] = holds(
        "model_error", ("x", ""), spans=[span(kind="llm", name="chat", status="error", error=error)]
    )
    assert kind.capitalize() in one.evidence[0]["text"] and one.evidence[0]["span_id"] == "a" * 16


def test_a_tools_error_is_not_the_models() -> None:
    assert not holds("model_error", ("x", "y"), spans=[span(status="error", error="429")])
    assert not holds("model_error", ("x", "y"), spans=[span(kind="llm", status="ok")])
    assert holds("model_error", ("x", ""), error="AI_APICallError: Too Many Requests")
    assert not holds("model_error", ("x", ""), error="TypeError: x is undefined")
    assert not holds("model_error", ("x", ""), error="fetch failed", spans=[span(status="error")])
    assert holds("model_error", ("x", ""), error="Error: Error getting response")
    assert holds("model_error", ("x", ""), error="RuntimeError: the model is down")
    assert not holds("model_error", ("x", ""), error="ValueError: no such place: Atlantis")


def test_a_model_error_that_the_agents_span_tells() -> None:
    def agent(error: str) -> Any:
        return span(kind="agent", name="crew", status="error", error=error)

    assert holds("model_error", ("x", ""), spans=[agent("ModelOverloaded: the model is overloaded")])
    assert holds("model_error", ("x", ""), spans=[agent("RuntimeError: boom")])
    assert holds("model_error", ("x", ""), spans=[agent("429 Too Many Requests"), span(status="ok")])
    assert not holds("model_error", ("x", ""), spans=[agent("ValueError: boom"), span(status="ok")])
    assert not holds("model_error", ("x", ""), spans=[agent("ValueError: boom"), span(status="error")])
    assert not holds("model_error", ("x", "Here it is."), spans=[agent("ValueError: boom")])


# -- laziness and forgetting, on dialogues as they are


@pytest.mark.parametrize(
    "given",
    [
        "thanks, bye",
        "Finally, done. That’s it.",
        "Thank you so much! I'll definitely reach out if I need anything else. Have a great day! ###STOP###",
        "Got it, that makes sense. Thanks for explaining! If I need anything else, I'll reach out.",
        "Perfect, that’s exactly what I needed to know! Thanks so much for clarifying.",
        "Oh, I didn’t realize that... In that case, let’s leave the watch as is. I think that’s all I need for now, thanks.",
    ],
)
def test_nobody_answers_a_goodbye(given: str) -> None:
    assert not holds("laziness", GREETING, (given, ""), model="gpt-4o")


@pytest.mark.parametrize(
    "given",
    [
        "Thank you so much! Could you also help me check the total I've already paid for grills?",
        "Yes, please proceed with these exchanges and use the gift card for the difference. Thank you!",
        "Thanks! Also, I want to change the item color in that order to red.",
        "Find my order",
    ],
)
def test_a_request_that_gets_nothing_is_lazy(given: str) -> None:
    assert holds("laziness", GREETING, (given, " "), model="gpt-4o")


def test_what_a_failed_model_leaves_empty_is_not_lazy() -> None:
    failed = [span(kind="llm", name="chat", status="error", error="429")]
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", spans=failed)
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", error="429")


def test_a_step_without_an_output_is_not_lazy() -> None:
    asks = span(
        kind="llm", name="chat", output='[{"role":"assistant","content":"","tool_calls":[{"id":"c"}]}]'
    )
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", is_step=True)
    assert not holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[asks])
    # A run that called its tool, and then said nothing.
    assert holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[asks, span(status="ok")])
    assert holds("laziness", ("Find my order", ""), model="gpt-4o", spans=[span(kind="llm", name="chat")])


@pytest.mark.parametrize(
    ("properties", "is_step"),
    [
        ({"ai.finish_reason": "tool_calls"}, True),
        ({"ai.finish_reason": "tool-calls"}, True),
        ({"strands.finish_reason": "tool_use"}, True),
        ({"google_adk.finish_reason": "FinishReason.FUNCTION_CALL"}, True),
        ({"langgraph_node": "model", "$context": {}, "ai.finish_reason": "stop"}, True),
        ({"langgraph_node": "model"}, False),
        ({"ai.finish_reason": "stop"}, False),
        ({}, False),
    ],
)
def test_which_events_are_steps(properties: dict[str, Any], is_step: bool) -> None:
    assert _is_step(properties) is is_step


def test_a_drafts_blanks_are_not_lazy() -> None:
    letter = (
        "Dear [Insert Name],\n\n"
        + "we would like to invite you to the opening of our new shop. " * 8
        + "\n\n[Insert Date]"
    )
    assert not holds("laziness", ("Write an invitation", letter))
    assert holds("laziness", ("Write an invitation", "[insert text here]"))


def test_what_was_given_is_asked_for_again() -> None:
    given = (
        "Hi, I want to return my shoes. My email is anna@example.com and my order is #W2378156.",
        "Sure, why?",
    )
    assert holds("forgetting", given, ("They are too small", "Could you please provide your email address?"))
    assert holds("forgetting", given, ("They are too small", "What is your order number?"))
    assert not holds("forgetting", given, ("They are too small", "Could you please provide your zip code?"))
    assert not holds(
        "forgetting", given, ("I don't have that one any more", "Please provide your email address.")
    )
    verified = "I have already verified your identity using your name and zip code."
    asked = ("hello", "Could you please provide your name and zip code?")
    assert not holds("forgetting", asked, ("I'm sorry, it's 94105", verified))
    looked = [span(output="Error: user not found")]
    assert not holds("forgetting", given, ("ok", "Please provide your email address."), spans=looked)


def test_getting_it_wrong_is_forgetting() -> None:
    given = ("My name is Anna Kovacs, my order is W2378156", "Thank you, Anna. What is wrong with it?")
    [wrong] = holds("forgetting", given, ("It is broken", "I have cancelled order W2378165 for you."))
    assert [piece["text"] for piece in wrong.evidence] == ["W2378165"]
    assert not holds("forgetting", given, ("It is broken", "I have cancelled order W2378156 for you."))
    found_it = [span(output='{"orders": ["W2378156", "W2378165"]}')]
    assert not holds(
        "forgetting", given, ("All", "Both W2378156 and W2378165 are cancelled."), spans=found_it
    )
    assert holds("forgetting", given, ("It is broken", "Thank you, Maria. I will send a new one."))
    assert not holds("forgetting", given, ("It is broken", "Thank you, Anna. I will send a new one."))
    assert not holds("forgetting", given, ("It is broken", "Thanks, Great. I will send a new one."))
