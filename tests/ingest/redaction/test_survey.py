"""The short way, one search over all text of an event, leaves nothing stored that the long way would hide."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.incoming.values import IncomingAttachment, IncomingEvent, IncomingSpan
from ingest.otlp.mapped import MappedSpan, Message, ToolCall, ToolResult, TraceSignal
from ingest.redaction import KINDS, Redactor, Survey, redact_event
from ingest.tracing.redacted import redact
from tests.examples import examples
from tests.ingest.redaction.test_kinds import FOUND
from tests.ingest.redaction.test_properties import texts

EVERY_KIND = Redactor(KINDS)
REDACTORS = [Redactor(), EVERY_KIND, Redactor(KINDS, ["x.*y"]), *(Redactor({kind}) for kind in KINDS)]
KEYS = [
    "note",
    "password",
    "api_key",
    "session",
    "token",
    "auth",
    "card_number",
    "phone",
    "first_name",
    "id",
    "created_at",
    "x",
]
numbers = st.one_of(
    st.integers(), st.sampled_from([4111111111111111, 5554443333, 1732370000000]), st.floats()
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
objects = st.recursive(
    st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), scalars, max_size=4),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS), st.one_of(inner, st.lists(st.one_of(inner, scalars), max_size=3)), max_size=3
    ),
    max_leaves=6,
)


def is_clear(redactor: Redactor, *values: Any) -> bool:
    survey = Survey()
    for value in values:
        assert survey.value(value) is value
    return redactor.is_clear(survey)


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(REDACTORS), st.lists(st.one_of(scalars, objects), max_size=5))
def test_what_is_clear_would_be_left_as_it_is(redactor: Redactor, values: list[Any]) -> None:
    if is_clear(redactor, *values):
        assert all(redactor.value(value) is value for value in values)


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_what_is_found_alone_is_found_among_others(kind: str, text: str, expected: str) -> None:
    for redactor in (Redactor({kind}), EVERY_KIND):
        for place in range(3):
            values = ["nothing here", "nor here"]
            values.insert(place, text)
            assert not is_clear(redactor, *values)
            assert not is_clear(redactor, {"notes": [{"of": values}]})


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(REDACTORS), texts, texts, objects, st.lists(texts, min_size=4, max_size=4))
def test_an_event_is_redacted_as_text_by_text(
    redactor: Redactor, user_text: str, answer: str, properties: dict[str, Any], more: list[str]
) -> None:
    event = IncomingEvent(
        input=user_text,
        output=answer,
        properties=properties,
        attachments=[IncomingAttachment(value=more[0], name=more[1])],
        spans=[IncomingSpan(input=more[2], error=more[3], attributes=properties)],
    )
    redacted = redact_event(event, redactor)
    text, value = redactor.text, redactor.value
    assert (redacted.input, redacted.output) == (text(user_text), text(answer))
    assert repr(redacted.properties) == repr(value(properties))  # NaN equals nothing
    (attachment,) = redacted.attachments
    assert (attachment.value, attachment.name) == (text(more[0]), text(more[1]))
    assert (redacted.spans[0].input, redacted.spans[0].error) == (text(more[2]), text(more[3]))


def test_plain_text_takes_the_short_way() -> None:
    flags = {"plan": "pro", "id": 1732370000000, "nested": [{"page": 3}]}
    assert is_clear(Redactor(), "Where is my order?", "It is on its way.", flags, None)
    assert not is_clear(Redactor(), "Where is my order?", {"session_token": "abcd"})
    assert not is_clear(Redactor({"card"}, ["x.*y"]), "x y")
    assert is_clear(Redactor(()), "4111 1111 1111 1111")


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(REDACTORS), st.lists(texts, min_size=8, max_size=8), objects)
def test_a_mapped_span_is_redacted_as_text_by_text(
    redactor: Redactor, user_texts: list[str], attributes: dict[str, Any]
) -> None:
    message = Message(
        "user", user_texts[0], reasoning=user_texts[1], tool_calls=[ToolCall("1", "f", user_texts[2])]
    )
    answer = Message("tool", tool_results=[ToolResult("1", user_texts[3])])
    span = MappedSpan(
        "a" * 32, "b" * 16, "", 0, 1, "ok", "chat",
        input_messages=[message], output_messages=[answer], tool_arguments=user_texts[4], tool_result=user_texts[5], error=user_texts[6],
        attributes=attributes, signals=[TraceSignal("thumb", properties={"comment": user_texts[7]})],
    )  # fmt: skip
    redact(span, redactor)
    text = redactor.text
    assert (message.text, message.reasoning, message.tool_calls[0].arguments) == tuple(
        map(text, user_texts[:3])
    )
    assert answer.tool_results[0].text == text(user_texts[3])
    assert (span.tool_arguments, span.tool_result, span.error) == tuple(map(text, user_texts[4:7]))
    assert repr(span.attributes) == repr(redactor.value(attributes))
    assert span.signals[0].properties == {"comment": text(user_texts[7])}
