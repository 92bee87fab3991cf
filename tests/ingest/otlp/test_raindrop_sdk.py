"""What running the published SDKs against a server taught (tests/sdks): one small test for each."""

from typing import Any

import pytest

from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.traces.assembly import TraceEvent, assemble
from tests.ingest.fixtures.otlp.builders import as_json, request, span

META = "ai.telemetry.metadata."
EVENT_ID = "traceloop.association.properties.event_id"


def spans_of(*spans: dict[str, Any]) -> list[MappedSpan]:
    return [map_span(raw) for raw in decode_traces(as_json(request(*spans)), is_json=True).items]


def event_of(*spans: dict[str, Any]) -> TraceEvent:
    [event] = assemble(spans_of(*spans))
    return event


@pytest.mark.parametrize("prefix", ["", META, "ai.settings.context."])
def test_a_sub_agent_names_its_parent_under_any_prefix(prefix: str) -> None:
    told = {
        "raindrop.handoff.parentEventId": "parent", "raindrop.handoff.parentSpanId": "00f0", "raindrop.handoff.name": "researcher",
        "raindrop.handoff.terminal": "cancelled", "raindrop.agent.role": "subagent",
    }  # fmt: skip
    event = event_of(span(1, a={EVENT_ID: "child", **{prefix + name: value for name, value in told.items()}}))
    assert event.properties == {"service": "shop", **told}


@pytest.mark.parametrize("prefix", ["", META])
def test_launching_a_sub_agent_does_not_name_the_launcher_after_it(prefix: str) -> None:
    launch = {
        f"{prefix}raindrop.handoff.mode": "detached", f"{prefix}raindrop.handoff.childEventId": "child",
        f"{prefix}raindrop.handoff.name": "researcher",
    }  # fmt: skip
    [launched] = spans_of(span(1, a={EVENT_ID: "parent", "traceloop.span.kind": "tool", **launch}))
    assert event_of(span(1, a={EVENT_ID: "parent", **launch})).properties == {"service": "shop"}
    assert launched.attributes["raindrop.handoff.childEventId"] == "child"
    assert launched.attributes["raindrop.handoff.name"] == "researcher"


def test_a_child_in_its_launchers_trace_is_linked_by_the_prefixed_name_too() -> None:
    parent, child = assemble(
        spans_of(
            span(1, a={EVENT_ID: "parent", f"{META}raindrop.handoff.childEventId": "child"}),
            span(2, a={EVENT_ID: "child"}, start=1, end=2),
        )
    )
    assert (parent.event_id, child.properties["raindrop.handoff.parentEventId"]) == ("parent", "parent")


def test_the_ai_sdk_names_the_user_of_a_span_its_own_way() -> None:
    assert (
        event_of(span(1, a={f"{META}raindrop.ai.userId": "ada", "ai.operationId": "ai.toolCall"})).user_id
        == "ada"
    )


def test_event_metadata_carries_properties_as_json() -> None:
    event = event_of(
        span(
            1,
            a={f"{META}raindrop.properties": '{"tenant":"blue","n":2}', "ai.operationId": "ai.generateText"},
        )
    )
    assert event.properties == {"service": "shop", "tenant": "blue", "n": 2}


def test_a_function_that_returns_nothing_says_nothing() -> None:
    event = event_of(
        span(1, end=3, a={"traceloop.span.kind": "workflow", "traceloop.entity.input": '{"args":["hi"],"kwargs":{}}',
                          "traceloop.entity.output": "null"}),
        span(2, parent=1, start=1, end=2, a={"gen_ai.operation.name": "chat", "gen_ai.completion.0.role": "assistant",
                                             "gen_ai.completion.0.content": "hello"}),
    )  # fmt: skip
    assert (event.input, event.output) == ("hi", "hello")


@pytest.mark.parametrize("arguments", ['{"args":[null],"kwargs":{}}', '{"args":[],"kwargs":{}}'])
def test_a_call_without_arguments_has_no_input(arguments: str) -> None:
    task = {
        "traceloop.span.kind": "task",
        "traceloop.entity.input": arguments,
        "traceloop.entity.output": '"done"',
    }
    assert event_of(span(1, a=task)).input == ""
    [tool] = spans_of(span(1, a={"traceloop.span.kind": "tool", "traceloop.entity.input": arguments}))
    assert tool.tool_arguments == ""
