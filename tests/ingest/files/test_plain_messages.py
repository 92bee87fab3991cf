"""Tool loops and refusals in a file, in every provider's shape: one turn, with its calls and what came of them."""

from typing import Any

import pytest

from ingest.files.formats import Line, parse_line
from ingest.files.plain_messages import plain_messages
from ingest.incoming.values import IncomingEvent
from tests.ingest.files.test_importing import NOON


def events(line: dict[str, Any]) -> list[IncomingEvent]:
    return parse_line(Line(value=line, raw=b"", start_of=lambda key, seconds: NOON)).events


def one(*messages: dict[str, Any], **line: Any) -> tuple[Any, ...]:
    [event] = events({"messages": list(messages), **line})
    calls = [(span.name, span.status, span.input, span.output) for span in event.spans]
    return event.input, event.output, calls


LOOPS: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {"role": "user", "content": "Book it"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "tool_use", "id": "t1", "name": "look", "input": {"day": 5}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "free"}]}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t2", "name": "book", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2", "content": "locked", "is_error": True}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Sorry."}]},
    ],
    "anthropic, two calls at once": [
        {"role": "user", "content": [{"type": "text", "text": "Book it"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"day": 5}}, {"type": "tool_use", "id": "t2", "name": "book", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t2", "content": "locked", "is_error": True},
            {"type": "tool_result", "tool_use_id": "t1", "content": "free"},
        ]},
        {"role": "assistant", "content": "Sorry."},
    ],
    "openai": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Book it"}, {"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"day":5}'}}]},
        {"role": "tool", "tool_call_id": "t1", "content": "free"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t2", "type": "function", "function": {"name": "book", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "t2", "content": '{"error": "locked"}'},
        {"role": "assistant", "content": None, "refusal": "Sorry."},
    ],
    "openai, responses": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Book it"}]},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "t1", "name": "look", "arguments": '{"day":5}'},
        {"type": "function_call_output", "call_id": "t1", "output": "free"},
        {"type": "function_call", "call_id": "t2", "name": "book", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "t2", "output": "Error: locked"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "Sorry."}]},
    ],
    "gemini": [
        {"role": "user", "parts": [{"text": "Book it"}]},
        {"role": "model", "parts": [{"functionCall": {"id": "t1", "name": "look", "args": {"day": 5}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "t1", "name": "look", "response": {"result": "free"}}}]},
        {"role": "model", "parts": [{"functionCall": {"id": "t2", "name": "book", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "t2", "name": "book", "response": {"error": "locked"}}}]},
        {"role": "model", "parts": [{"text": "Sorry."}]},
    ],
    "bedrock": [
        {"role": "user", "content": [{"text": "Book it"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "look", "input": {"day": 5}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "free"}], "status": "success"}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t2", "name": "book", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t2", "content": [{"text": "locked"}], "status": "error"}}]},
        {"role": "assistant", "content": [{"text": "Sorry."}]},
    ],
    "ai sdk": [
        {"role": "user", "content": [{"type": "text", "text": "Book it"}]},
        {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "t1", "toolName": "look", "input": {"day": 5}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "t1", "toolName": "look", "output": "free"}]},
        {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "t2", "toolName": "book", "input": {}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "t2", "toolName": "book", "output": "error: locked"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Sorry."}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("shape", LOOPS)
def test_a_tool_loop_is_one_turn(shape: str) -> None:
    question, answered, calls = one(*LOOPS[shape])
    assert (question, answered) == ("Book it", "Sorry.")
    assert [call[:2] for call in calls] == [("look", "ok"), ("book", "error")]
    assert calls[0][2].replace(" ", "") == '{"day":5}'
    assert "free" in calls[0][3] and "locked" in calls[1][3]


def test_a_loop_goes_on_over_turns() -> None:
    made = events(
        {
            "messages": [
                *LOOPS["anthropic"],
                {"role": "user", "content": "Thanks"},
                {"role": "assistant", "content": "Bye."},
            ]
        }
    )
    assert [(event.input, event.output, len(event.spans)) for event in made] == [
        ("Book it", "Sorry.", 2),
        ("Thanks", "Bye.", 0),
    ]


def test_words_beside_a_result_are_the_users() -> None:
    loop = [*LOOPS["anthropic"][:3]]
    loop[2] = {"role": "user", "content": [*loop[2]["content"], {"type": "text", "text": "and hurry"}]}
    made = events({"messages": [*loop, {"role": "assistant", "content": "Done."}]})
    assert [(event.input, event.output) for event in made] == [("Book it", ""), ("and hurry", "Done.")]


def test_anthropics_request_with_its_answer() -> None:
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Hello."}],
        "usage": {"input_tokens": 3, "output_tokens": 2},
        "model": "claude",
    }
    request = {
        "model": "claude",
        "messages": [{"role": "user", "content": "Hi"}],
        "metadata": {"user_id": "ada"},
    }
    for line in (
        {**request, "response": answer},
        {"custom_id": "x", "params": request, "result": {"type": "succeeded", "message": answer}},
    ):
        [event] = events(line)
        assert (event.input, event.output, event.model, event.user_id) == ("Hi", "Hello.", "claude", "ada")
        assert (event.input_tokens, event.output_tokens) == (3, 2)


def test_what_is_plain_stays_as_it_is() -> None:
    plain = [
        {"role": "user", "content": '[{"type": "text", "text": "typed"}]'}, {"role": "assistant", "content": "x", "tool_calls": []},
        {"role": "tool", "content": [{"type": "text", "text": "r"}], "name": "look"}, "no message", {"role": "user", "content": ["a", "b"]},
        {"role": "system", "content": [{"type": "text", "text": "s"}]}, {"role": "user", "content": None},
    ]  # fmt: skip
    assert plain_messages(plain) == plain
