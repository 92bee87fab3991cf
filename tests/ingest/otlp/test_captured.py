"""The vendor's SDKs as they were captured: what they send, with their odd ids and names."""

import base64
import json
from typing import Any

import pytest

from ingest.models import Event, Project, Span
from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.dialects.raindrop_sdk import is_noise
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.traces.assembly import TraceEvent, assemble
from tests.ingest.fixtures.otlp.builders import T0, as_json, as_protobuf, pairs, request, span

PROPERTIES = "traceloop.association.properties."


def association(event_id: str, name_key: str) -> dict[str, Any]:
    return {f"{PROPERTIES}user_id": "user_1", f"{PROPERTIES}convo_id": "c1", f"{PROPERTIES}{name_key}": "agent_run",
            f"{PROPERTIES}event_id": event_id}  # fmt: skip


def read(body: bytes, *, is_json: bool = True) -> list[MappedSpan]:
    return [map_span(raw) for raw in decode_traces(body, is_json=is_json).items]


def only(body: bytes, *, is_json: bool = True) -> tuple[TraceEvent, list[MappedSpan]]:
    spans = read(body, is_json=is_json)
    [event] = assemble(spans)
    return event, spans


def test_python_tracing_protobuf() -> None:
    workflow = {
        "traceloop.workflow.name": "agent_workflow",
        "raindrop.project_id": "support-prod",
        "raindrop.auth_hint": "se...",
    }
    common = workflow | association("evt_tr", "event")
    made = request(
        span(1, "search_docs.tool", 9, a=common | {"traceloop.span.kind": "tool", "traceloop.entity.name": "search_docs",
             "gen_ai.tool.name": "search_docs", "traceloop.entity.input": '{"args": ["foo"], "kwargs": {}}',
             "traceloop.entity.output": '{"hits": ["a"]}'}),
        span(2, "plan.task", 9, a=common | {"traceloop.span.kind": "task", "traceloop.entity.name": "plan",
             "traceloop.entity.input": '{"args": ["in"]}', "traceloop.entity.output": '{"o": 1}'}),
        span(3, "weather.tool", 9, a=common | {"traceloop.span.kind": "tool", "traceloop.entity.name": "weather",
             f"{PROPERTIES}x": "y", "traceloop.entity.duration_ms": 150.0,
             "traceloop.entity.input": '{"args": [{"city": "NYC"}]}', "traceloop.entity.output": '{"t": 72}'}),
        span(4, "broken.tool", 9, error="boom", a=common | {"traceloop.span.kind": "tool", "traceloop.entity.name": "broken",
             "traceloop.entity.input": '{"args": [{"a": 1}]}'},
             events=[("exception", {"exception.type": "ValueError", "exception.message": "boom"})]),
        scope="traceloop.tracer",
    )  # fmt: skip
    event, spans = only(as_protobuf(made), is_json=False)
    assert (event.event_id, event.named, event.name) == ("evt_tr", True, "agent_run")
    assert (event.user_id, event.convo_id) == ("user_1", "c1")
    assert (event.tool_calls, event.tool_errors) == (3, 1)
    assert event.properties["x"] == "y"
    tools = {s.name: (s.tool_arguments, s.tool_result, s.error) for s in spans if s.kind == "tool"}
    assert tools == {
        "search_docs": ("foo", '{"hits": ["a"]}', ""),
        "weather": ('{"city":"NYC"}', '{"t": 72}', ""),
        "broken": ('{"a":1}', "", "ValueError: boom"),
    }
    assert {s.project for s in spans} == {"support-prod"}
    assert "auth_hint" not in repr(spans)


def bypass(name: str, trace: str, span_id: str, attributes: dict[str, Any]) -> bytes:
    """Both SDKs' JSON exporter for tools: ids in base64, times as text, status as a number."""
    made = {"traceId": trace, "spanId": span_id, "name": name, "startTimeUnixNano": str(T0),
            "endTimeUnixNano": str(T0 + 150_000_000), "status": {"code": 1}, "attributes": pairs(attributes)}  # fmt: skip
    return as_json({"resourceSpans": [{"resource": {"attributes": pairs({"service.name": "raindrop-ai"})},
                    "scopeSpans": [{"scope": {"name": "raindrop-ai", "version": "0.0.75"}, "spans": [made]}]}]})  # fmt: skip


def test_python_bypass_json() -> None:
    body = bypass("weather.tool", "Bxl6LqufrvamsFP2MMQP5A==", "vwV6t9BeNAU=", association("evt_dir", "event") | {
        "traceloop.span.kind": "tool", "traceloop.entity.name": "weather", "traceloop.entity.duration_ms": 150,
        "traceloop.entity.input": '{"args": [{"city": "NYC"}]}', "traceloop.entity.output": '{"t": 72}'})  # fmt: skip
    event, [tool] = only(body)
    assert (tool.trace_id, tool.span_id) == ("07197a2eab9faef6a6b053f630c40fe4", "bf057ab7d05e3405")
    assert (tool.name, tool.status, tool.tool_arguments) == ("weather", "ok", '{"city":"NYC"}')
    assert (event.event_id, event.name, event.latency_ms) == ("evt_dir", "agent_run", 150.0)


def test_js_bypass_json() -> None:
    body = bypass("weather", "+vDrdk3yHVny9Kr7ncawgg==", "6vGh4O77Joc=", association("js_dir", "event_name") | {
        "traceloop.span.kind": "tool", "traceloop.entity.input": '{"city":"NYC"}', "traceloop.entity.output": '{"t":72}'})  # fmt: skip
    event, [tool] = only(body)
    assert tool.trace_id == base64.b64decode("+vDrdk3yHVny9Kr7ncawgg==").hex()
    assert (tool.name, tool.tool_arguments, tool.tool_result) == ("weather", '{"city":"NYC"}', '{"t":72}')
    assert (event.event_id, event.name, event.user_id) == ("js_dir", "agent_run", "user_1")


def test_js_protobuf_error() -> None:
    made = request(
        span(1, "broken", error="boom", a=association("js_part", "event_name") | {
            "traceloop.span.kind": "tool", "traceloop.entity.input": "{}", "traceloop.entity.duration_ms": 5},
            events=[("exception", {"exception.type": "Error", "exception.message": "boom", "exception.stacktrace": "Error: boom\n at x"})]),
        resource={"service.name": "unknown_service", "process.pid": 1},
    )  # fmt: skip
    event, [tool] = only(as_protobuf(made), is_json=False)
    assert (tool.name, tool.kind, tool.error) == ("broken", "tool", "Error: boom")
    assert tool.attributes["exception.stacktrace"].endswith("at x")
    assert (event.tool_errors, event.properties) == (1, {})


def test_ai_sdk_spans() -> None:
    event_id = {"ai.telemetry.metadata.raindrop.eventId": "as_2"}
    made = request(
        span(2, "grep_search", 1, a=event_id | {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "grep_search",
             "traceloop.entity.input": '{"pattern":"x"}', "ai.toolCall.args": '{"pattern":"x"}',
             "traceloop.entity.output": '{"matches":2}', "ai.toolCall.result": '{"matches":2}'}),
        span(1, "agent_turn", error="boom", a=event_id),
        scope="raindrop.ai-sdk",
    )  # fmt: skip
    event, spans = only(as_json(made))
    assert (event.event_id, event.tool_calls, event.properties["error.message"]) == ("as_2", 1, "boom")
    assert [s.kind for s in spans] == ["tool", "other"]


def test_the_sdk_own_post_is_noise() -> None:
    made = request(span(1, "POST", kind=3, a={"http.method": "POST", "http.status_code": 200,
                   "http.url": "http://127.0.0.1:8000/v1/events/track_partial"}), scope="opentelemetry.instrumentation.requests")  # fmt: skip
    [raw] = decode_traces(as_protobuf(made), is_json=False).items
    assert is_noise(raw)


@pytest.mark.django_db
def test_partial_and_trace_meet_in_one_event(project: Project, post: Any) -> None:
    from django.utils import timezone

    from ingest.decoding.json_bodies import decode_partials
    from ingest.store.events import store_events
    from ingest.tracing.trace_events import finish_open_traces
    from ingest.tracing.traces import SILENCE

    body = bypass("weather", "+vDrdk3yHVny9Kr7ncawgg==", "6vGh4O77Joc=", association("js_dir", "event_name") | {
        "traceloop.span.kind": "tool", "traceloop.entity.input": '{"city":"NYC"}', "traceloop.entity.output": '{"t":72}'})  # fmt: skip
    partial = {"event_id": "js_dir", "event": "agent_run", "user_id": "user_1", "is_pending": False,
               "properties": {"trace_id": "+vDrdk3yHVny9Kr7ncawgg=="}, "ai_data": {"input": "do it", "output": "done", "convo_id": "c1"}}  # fmt: skip
    assert post(body).status_code == 200
    store_events(project=project, events=decode_partials(json.dumps(partial).encode()))
    finish_open_traces(timezone.now() + SILENCE * 2)
    event = Event.objects.get()
    assert (event.event_id, event.input, event.output, event.tool_calls) == ("js_dir", "do it", "done", 1)
    assert Span.objects.get().event == event
