"""Tokens, cost and tool calls count once, and wherever they are told."""

import json
from typing import Any

import pytest

from ingest.models import Event, Project
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import request, span
from tests.ingest.otlp.test_assembly import chat, events_of, spans_of
from tests.ingest.otlp.test_traces import finish, send
from tests.ingest.otlp.test_turns import AGENT, agent

USAGE = traces.usage(300, 50)


def sums(*spans: dict[str, Any]) -> tuple[Any, Any, Any]:
    [event] = events_of(*spans)
    return event.tokens.input, event.tokens.output, event.cost


@pytest.mark.parametrize(
    "attributes",
    [
        AGENT | USAGE,
        {"ai.operationId": "ai.streamText", "ai.usage.inputTokens": 300, "ai.usage.outputTokens": 50},
        {"openinference.span.kind": "AGENT", "llm.token_count.prompt": 300, "llm.token_count.completion": 50},
        {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 300, "llm.token_count.completion": 50},
        {
            "langfuse.observation.type": "agent",
            "langfuse.observation.usage_details": '{"input": 300, "output": 50}',
        },
        {
            "traceloop.span.kind": "workflow",
            "gen_ai.usage.prompt_tokens": 300,
            "gen_ai.usage.completion_tokens": 50,
        },
        {
            "mlflow.spanType": '"AGENT"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 300, "output_tokens": 50, "total_tokens": 350}',
        },
    ],
)
def test_usage_that_only_an_outer_span_tells(attributes: dict[str, Any]) -> None:
    inner = span(2, parent=1, a=chat("hi", "yo"))
    assert sums(span(1, end=2, a=attributes))[:2] == (300, 50)
    assert sums(span(1, end=2, a=attributes), inner)[:2] == (300, 50)
    told = span(2, parent=1, a=chat("hi", "yo", **traces.usage(290, 40)))
    assert sums(span(1, end=2, a=attributes), told)[:2] == (290, 40)


@pytest.mark.django_db
def test_the_stored_sums_are_the_same(project: Project) -> None:
    send(project, request(
        span(1, end=9, a=agent("hi", "yo", **USAGE) | {"gen_ai.usage.cost": 0.5}),
        span(2, parent=1, a=chat("hi", "let me see")),
        span(3, parent=1, start=1, end=2, a={"openinference.span.kind": "EMBEDDING", "llm.token_count.prompt": 7, "llm.cost.total": 0.1}),
        span(8, "POST /ask", start=0, end=30, a={"http.request.method": "POST"}),
    ))  # fmt: skip
    finish()
    event = Event.objects.get()
    assert (event.input_tokens, event.output_tokens, event.cost_usd, event.latency_ms) == (
        300,
        50,
        0.1,
        9000.0,
    )
    send(
        project,
        request(
            span(
                4,
                parent=1,
                start=3,
                end=4,
                a=chat("hi", "yo", **traces.usage(290, 40)) | {"gen_ai.usage.cost": 0.4},
            )
        ),
    )
    finish()
    event.refresh_from_db()
    assert (event.input_tokens, event.output_tokens, event.cost_usd) == (290, 40, 0.5)


def twice(first: dict[str, Any], second: dict[str, Any], *, apart: float = 0.01) -> tuple[Any, Any, Any]:
    return sums(
        span(9, end=5, a=agent("Translate: good morning", "Guten Morgen.")),
        span(1, parent=9, start=1, end=2, a=chat("Translate: good morning", "Guten Morgen.", **traces.usage(140, 12)) | first),
        span(2, parent=9, start=1 + apart, end=2 + apart, a=chat("Translate: good morning", "Guten Morgen.", **traces.usage(140, 12)) | second),
    )  # fmt: skip


def test_one_call_that_two_instrumentations_recorded() -> None:
    one = {"gen_ai.response.id": "chatcmpl-71"}
    assert twice(one, one) == (140, 12, None)
    assert twice(one, one, apart=0.4) == (140, 12, None)
    assert twice({"ai.response.id": "chatcmpl-71"}, one) == (140, 12, None)
    assert twice({}, {}) == twice(one, {}) == (140, 12, None)  # the same words and tokens at the same time
    assert twice(one | {"gen_ai.usage.cost": 0.25}, one) == (140, 12, 0.25)
    assert twice(one, one | {"gen_ai.usage.cost": 0.25}) == (140, 12, 0.25)
    assert twice(one, {"gen_ai.response.id": "chatcmpl-72"}) == (280, 24, None)
    assert twice(one, one, apart=1) == (280, 24, None)  # a stub's id for all its answers
    assert twice({}, {}, apart=2) == (280, 24, None)
    assert twice({}, {"gen_ai.usage.output_tokens": 13}) == (280, 25, None)


def test_the_record_that_tells_is_the_one_that_counts() -> None:
    one = {"gen_ai.response.id": "r", "gen_ai.operation.name": "chat"}
    assert sums(span(1, a=one), span(2, start=0.01, a=one | USAGE))[:2] == (300, 50)
    assert sums(span(1, a=one | USAGE), span(2, start=0.01, a=one))[:2] == (300, 50)
    assert sums(span(1, a=one | USAGE), span(2, parent=1, start=0.01, a=one | USAGE))[:2] == (300, 50)
    [event] = events_of(span(1, a=one | USAGE), span(2, start=0.01, a=one | USAGE))
    assert event.corrected_kinds == {f"{2:016x}": "other"}


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        # The input holds what was cached, whatever the dialect's own word for it says.
        ({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 9, "gen_ai.usage.cache_read.input_tokens": 60}, (100, 9)),
        ({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 9, "gen_ai.usage.cache_read_input_tokens": 60}, (70, 9)),
        ({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 9, "gen_ai.usage.cache_read_input_tokens": 60, "gen_ai.usage.total_tokens": 169}, (160, 9)),
        ({"langfuse.observation.usage_details": '{"input": 40, "output": 9, "cache_read_input_tokens": 60}'}, (100, 9)),
        ({"langfuse.observation.usage_details": '{"input": 100, "output": 9, "input_cached_tokens": 60, "total": 109}'}, (100, 9)),
        ({"langfuse.observation.usage_details": '{"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 60}}'}, (100, 9)),
        ({"gcp.vertex.agent.llm_response": '{"usage_metadata": {"prompt_token_count": 11, "candidates_token_count": 5, "thoughts_token_count": 4}}'}, (11, 9)),
        ({"response_data": '{"usage": {"prompt_tokens": 9, "completion_tokens": 1}}'}, (9, 1)),
        ({"response_data": '{"usage": {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 90}}'}, (99, 1)),
        ({"gen_ai.completion": '{"generations": [], "llm_output": {"token_usage": {"prompt_tokens": 9, "completion_tokens": 1}}}'}, (9, 1)),
        ({"output.value": '{"id": "c", "usage": {"prompt_tokens": 9, "completion_tokens": 1}}'}, (9, 1)),
    ],
)  # fmt: skip
def test_one_meaning_of_tokens(attributes: dict[str, Any], told: tuple[int, int]) -> None:
    [mapped] = spans_of(request(span(1, a={"gen_ai.operation.name": "chat"} | attributes)))
    assert (mapped.tokens.input, mapped.tokens.output) == told


TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "stock"}


@pytest.mark.parametrize(
    "failure",
    [
        {"gen_ai.tool.status": "error"},
        {"gen_ai.tool.status": "FAILED"},
        {"lk.function_tool.is_error": True},
        {"error.type": "tool_error"},
        {"gen_ai.tool.call.result": {"isError": True, "content": []}},
        {"gen_ai.tool.call.result": '{"isError": true, "content": [{"type": "text", "text": "no"}]}'},
        {"gen_ai.tool.call.result": '{"result": {"isError": true}}'},
        {
            "gen_ai.tool.call.result": '{"type": "tool_result", "tool_use_id": "t", "content": "locked", "is_error": true}'
        },
        {
            "gen_ai.tool.call.result": '[{"toolResult": {"status": "error", "toolUseId": "t", "content": [{"text": "no"}]}}]'
        },
        {"gen_ai.tool.call.result": '{"error": "timeout"}'},
        {"ai.toolCall.result": '{"type": "error-text", "value": "boom"}'},
        {
            "output.value": '{"output": {"lc": 1, "id": ["ToolMessage"], "kwargs": {"content": "boom", "status": "error"}}}'
        },
        {
            "langfuse.observation.output": '{"content": "boom", "tool_call_id": "c", "status": "error", "type": "tool"}'
        },
        {
            "gen_ai.tool.call.result": '{"isError": true, "content": [{"type": "text", "text": "'
            + "x" * 9_000
        },  # cut
    ],
)
def test_a_tool_that_failed_is_told_in_many_ways(failure: dict[str, Any]) -> None:
    [mapped] = spans_of(request(span(1, a=TOOL | failure)))
    assert mapped.status == "error" and mapped.error
    [event] = events_of(span(9, a=agent("hi", "sorry")), span(1, parent=9, a=TOOL | failure))
    assert (event.tool_calls, event.tool_errors) == (1, 1)


@pytest.mark.parametrize(
    "result",
    [
        '{"isError": false, "content": []}', '{"error": null, "rows": []}', '{"status": "error", "order": 7}', '{"errors_today": 0}',
        '{"error": "was 503 yesterday", "rows": [1]}', "Error is the name of a film", '{"message": "no error"}', '"isError"',
    ],
)  # fmt: skip
def test_a_tool_that_did_not_fail(result: str) -> None:
    [mapped] = spans_of(request(span(1, a=TOOL | {"gen_ai.tool.call.result": result})))
    assert mapped.status == "unset" and not mapped.error


def test_a_failure_that_only_the_next_call_tells() -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "locked", "is_error": True}
    told = chat("", "Sorry.") | {
        "gen_ai.input.messages": json.dumps([
            {"role": "user", "content": "Book it"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "stock", "input": {}}]},
            {"role": "user", "content": [result]},
        ])
    }  # fmt: skip
    [event] = events_of(
        span(9, end=5, a=agent("Book it", "Sorry.")),
        span(
            1,
            parent=9,
            start=1,
            end=2,
            a=TOOL | {"gen_ai.tool.call.id": "t1", "gen_ai.tool.call.result": "locked"},
        ),
        span(2, parent=9, start=2, end=3, a=told),
    )
    assert (event.tool_calls, event.tool_errors, event.failed_spans) == (1, 1, {f"{1:016x}"})


@pytest.mark.django_db
def test_it_is_stored_too(project: Project) -> None:
    test = [
        {"role": "user", "content": "Book it"},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "t1", "response": "locked", "is_error": True}],
        },
    ]
    send(project, request(
        span(9, end=5, a=agent("Book it", "Sorry.")),
        span(1, parent=9, start=1, end=2, a=TOOL | {"gen_ai.tool.call.id": "t1"}),
        span(3, parent=9, start=1, end=2, a=TOOL | {"gen_ai.tool.call.id": "t1"}),
        span(2, parent=9, start=2, end=3, a=chat("", "Sorry.") | {"gen_ai.input.messages": test}),
    ))  # fmt: skip
    for _ in range(2):
        finish()
        event = Event.objects.get()
        assert (event.tool_calls, event.tool_errors) == (1, 1)
        send(project, request(span(9, end=5, a=agent("Book it", "Sorry."))))
