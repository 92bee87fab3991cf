"""What frameworks put around arguments, results and messages is taken off: LangChain's callbacks, Bedrock's parts, Agno's object."""

import json
from typing import Any

import pytest

from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.dialects.semconv import message_event
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from tests.ingest.fixtures.otlp.builders import as_json, request, span

RUN = {"tags": ["seq:step:1"], "metadata": {"langgraph_step": 3}}
TOOL_MESSAGE = {
    "content": "4 degrees",
    "type": "tool",
    "name": "weather",
    "tool_call_id": "call_1",
    "status": "success",
}
ERROR = [{"text": "no such place"}, {"json": {"code": 4}}]


def mapped(a: dict[str, Any], events: list[tuple[str, dict[str, Any]]] = []) -> MappedSpan:  # noqa: B006
    return map_span(decode_traces(as_json(request(span(1, a=a, events=events))), is_json=True).items[0])


def tool(**more: Any) -> MappedSpan:
    return mapped({"traceloop.span.kind": "tool", "traceloop.entity.name": "weather"} | {
        f"traceloop.entity.{name}": value if isinstance(value, str) else json.dumps(value) for name, value in more.items()
    })  # fmt: skip


@pytest.mark.parametrize(
    "envelope",
    [
        {
            "input_str": "{'city': 'Oslo'}",
            **RUN,
            "inputs": {"city": "Oslo"},
            "kwargs": {"tool_call_id": "call_1"},
        },
        {"input_str": '{"city": "Oslo"}', **RUN, "inputs": None, "kwargs": {"tool_call_id": "call_1"}},
    ],
)
def test_the_arguments_in_langchains_callback(envelope: dict[str, Any]) -> None:
    read = tool(input=envelope)
    assert json.loads(read.tool_arguments) == {"city": "Oslo"}
    assert read.tool_call_id == "call_1"


@pytest.mark.parametrize(
    "output",
    [
        "4 degrees",
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", "ToolMessage"],
            "kwargs": TOOL_MESSAGE,
        },
        {
            "lc": 1,
            "id": ["x", "ToolMessage"],
            "kwargs": TOOL_MESSAGE | {"content": [{"type": "text", "text": "4 degrees"}]},
        },
    ],
)
def test_the_result_in_langchains_callback(output: Any) -> None:
    read = tool(output={"output": output, "kwargs": {"color": "green", "name": "weather"}})
    assert (read.tool_result, read.status) == ("4 degrees", "unset")


def test_a_failure_in_langchains_callback() -> None:
    failed = {
        "lc": 1,
        "id": ["x", "ToolMessage"],
        "kwargs": TOOL_MESSAGE | {"content": "no such place", "status": "error"},
    }
    read = tool(output={"output": failed, "kwargs": {}})
    assert (read.tool_result, read.error, read.status) == ("no such place", "no such place", "error")


def test_what_only_looks_like_a_callback_stays() -> None:
    for value in ({"inputs": 1}, {"output": "x", "kwargs": {}, "price": 3}, {"kwargs": {"a": 1}}):
        assert json.loads(tool(input=value).tool_arguments) == value


def test_a_chain_that_gave_nothing_says_nothing() -> None:
    a = {"traceloop.span.kind": "workflow", "traceloop.entity.name": "LangGraph"}
    read = mapped(a | {"traceloop.entity.output": json.dumps({"outputs": None, "kwargs": {"tags": ["x"]}})})
    assert not read.output_messages
    update = {
        "outputs": [
            {"graph": None, "update": {"messages": [{"role": "assistant", "content": "Yo"}]}, "goto": []}
        ],
        "kwargs": {},
    }
    read = mapped(a | {"traceloop.entity.output": json.dumps(update)})
    assert [message.text for message in read.output_messages] == ["Yo"]


@pytest.mark.parametrize("key", ["content", "message"])
@pytest.mark.parametrize(
    "dress", [json.dumps, lambda value: value, lambda value: json.dumps(value, indent=2)]
)
def test_bedrocks_parts_in_span_events(key: str, dress: Any) -> None:
    result = {"toolResult": {"toolUseId": "t1", "status": "error", "content": ERROR}}
    call = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}}
    [system, user, assistant, told, answer] = [
        message
        for name, parts in (
            ("gen_ai.system.message", [{"text": "Be brief."}]),
            ("gen_ai.user.message", [{"text": "How warm"}, {"text": "is it?"}]),
            ("gen_ai.assistant.message", [{"text": "I look."}, call]),
            ("gen_ai.tool.message", [result]),
            ("gen_ai.choice", [{"text": "I could not"}, {"text": "find it."}]),
        )
        for message in message_event(name, {key: dress(parts), "finish_reason": "end_turn"})
    ]
    assert (system.text, user.text) == ("Be brief.", "How warm\nis it?")
    [tool_call] = assistant.tool_calls
    assert assistant.text == "I look."
    assert (tool_call.id, tool_call.name, json.loads(tool_call.arguments)) == (
        "t1",
        "weather",
        {"city": "Oslo"},
    )
    [given] = told.tool_results
    assert (told.role, given.id, given.text, given.failed) == (
        "tool",
        "t1",
        'no such place\n{"code":4}',
        True,
    )
    assert answer.text == "I could not\nfind it."


@pytest.mark.parametrize(
    "dress", [lambda result: [{"toolResult": result}], lambda result: {"toolResult": result}]
)
def test_bedrocks_result_of_a_tool_span(dress: Any) -> None:
    result = {"toolUseId": "t1", "status": "error", "content": ERROR}
    told = ("gen_ai.choice", {"message": json.dumps(dress(result)), "id": "t1"})
    read = mapped({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}, [
        ("gen_ai.tool.message", {"role": "tool", "content": '{"city": "Oslo"}', "id": "t1"}), told,
    ])  # fmt: skip
    assert json.loads(read.tool_arguments) == {"city": "Oslo"}
    assert (read.tool_result, read.status) == ('no such place\n{"code":4}', "error")
    for value in (result, {"toolResult": result}):
        read = tool(output=value)
        assert (read.tool_result, read.status, read.tool_call_id) == (
            'no such place\n{"code":4}',
            "error",
            "t1",
        )


def test_langchains_message_as_text() -> None:
    read = tool(output="content='4 degrees, it\\'s cold\\nindeed' name='weather' tool_call_id='call_1'")
    assert read.tool_result == "4 degrees, it's cold\nindeed"


def test_agnos_object() -> None:
    read = tool(
        output="status='success' result='it\\'s \"4\"' error=None updated_session_state=None images=None"
    )
    assert (read.tool_result, read.status) == ('it\'s "4"', "unset")
    read = tool(
        output="status='failure' result=None error='no such place: Atlantis' updated_session_state=None"
    )
    assert (read.tool_result, read.error, read.status) == ("", "no such place: Atlantis", "error")


def test_an_id_that_adk_does_not_know_is_none() -> None:
    read = mapped({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.id": "<not specified>"})
    assert not read.tool_call_id
