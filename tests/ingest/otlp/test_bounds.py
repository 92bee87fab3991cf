"""What is too much in a span is cut, and the span is kept."""

import json

import pytest

from ingest.incoming.cleaning import CUT_MARK, MAX_TEXT
from ingest.models import Event, ExplicitSignal, Project, Span
from ingest.otlp.mapped import Message, ToolResult
from ingest.otlp.mapping import MAX_ATTRIBUTE_CHARS, MAX_ATTRIBUTES, MAX_SIGNALS
from ingest.otlp.message_rows import from_json, to_json
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import request, span
from tests.ingest.otlp.test_traces import chat, finish, send


@pytest.mark.django_db
def test_long_messages_are_cut_where_they_can_be_read_again(project: Project) -> None:
    send(project, request(span(1, a=chat("x" * 3_000_000, "y" * 3_000_000))))
    finish()
    event, row = Event.objects.get(), Span.objects.get()
    for text, letter in ((event.input, "x"), (event.output, "y")):
        assert text.startswith(letter * 1000) and text.endswith(CUT_MARK) and len(text) <= MAX_TEXT
    assert json.loads(row.input)[0]["role"] == "user" and len(row.input) <= MAX_TEXT


@pytest.mark.django_db
def test_many_signals_and_attributes_are_bounded(project: Project) -> None:
    many = {f"annotations.{n}.annotation.name": f"s{n}" for n in range(6000)}
    own = {f"own.{n}": "v" * 20_000 for n in range(2000)}
    send(project, request(span(1, a=chat("hi", "yo") | many | own)))
    finish()
    row = Span.objects.get()
    assert ExplicitSignal.objects.count() == MAX_SIGNALS
    kept = {name: value for name, value in row.attributes.items() if name.startswith("own.")}
    assert 0 < len(kept) <= MAX_ATTRIBUTES
    assert {len(value) for value in kept.values()} == {MAX_ATTRIBUTE_CHARS}


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "a" * 600_000), Message("assistant", "b" * 600_000), Message("user", "last")],
        [Message("user", "\x01" * 900_000)],  # six characters each in JSON
        [Message("user", f"{n} " + "a" * 1000) for n in range(4999)] + [Message("user", "last")],
        [Message("tool", tool_results=[ToolResult("i" * 1000, "r" * 1000) for _ in range(3000)]), Message("user", "last")],
        [Message("user", "x", media=["image"] * 200_000)],
    ],
)  # fmt: skip
def test_what_is_cut_is_still_json(messages: list[Message]) -> None:
    text = to_json(messages)
    assert len(text) <= MAX_TEXT
    read = from_json(text, "user")
    assert read[-1].text[:4] == messages[-1].text[:4]
    assert read[-1].role == "user"


def test_short_messages_stay_as_they_are() -> None:
    messages = [Message("user", "hi", media=["image"]), Message("assistant", "yo", reasoning="hm")]
    assert from_json(to_json(messages), "user") == messages
    assert traces.QUESTION in to_json([Message("user", traces.QUESTION)])
