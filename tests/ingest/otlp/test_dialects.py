"""The same story in every dialect becomes the same event."""

import random
from typing import Any

import pytest

from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.traces.assembly import TraceEvent, assemble
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, as_json, as_protobuf, request, span


def spans_of(made: dict[str, Any]) -> list[MappedSpan]:
    return [map_span(raw) for raw in decode_traces(as_json(made), is_json=True).items]


def event_of(made: dict[str, Any]) -> TraceEvent:
    [event] = assemble(spans_of(made))
    return event


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_the_story_is_read(dialect: str) -> None:
    event = event_of(traces.DIALECTS[dialect]())
    assert (event.input, event.output) == (traces.QUESTION, traces.ANSWER)
    assert (event.user_id, event.convo_id) == ("user-1", "conv-1")
    assert (event.tokens.input, event.tokens.output) == (30, 12)
    assert event.tool_calls == 1
    assert event.event_id == event.trace_id == TRACE
    assert event.latency_ms in (3000.0, 4000.0)


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_both_encodings_say_the_same(dialect: str) -> None:
    made = traces.DIALECTS[dialect]()
    read = decode_traces(as_json(made), is_json=True, received_ns=1)
    assert decode_traces(as_protobuf(made), is_json=False, received_ns=1).items == read.items


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_the_order_of_arrival_does_not_matter(dialect: str) -> None:
    spans = spans_of(traces.DIALECTS[dialect]())
    wanted = assemble(spans)
    for seed in range(10):
        random.Random(seed).shuffle(spans)
        assert assemble(spans) == wanted
    assert assemble(spans + spans) == wanted


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_the_tool_call_is_read(dialect: str) -> None:
    [tool] = [s for s in spans_of(traces.DIALECTS[dialect]()) if s.kind == "tool"]
    assert tool.name == "find_order"
    assert tool.tool_arguments.replace(" ", "") == '{"id":42}'
    assert "shipping tomorrow" in tool.tool_result or tool.error == "KeyError: 42"


def test_history_is_not_kept_twice() -> None:
    spans = {s.span_id[-1]: s for s in spans_of(traces.generation_c())}
    assert [m.role for m in spans["2"].input_messages] == ["system", "user"]
    assert [m.role for m in spans["4"].input_messages] == ["user", "tool"]
    assert spans["4"].input_messages[1].tool_results[0].text == "shipping tomorrow"
    assert spans["4"].attributes["raindrop.earlier_messages"] == 2
    assert spans["4"].attributes["gen_ai.request.temperature"] == 0.5
    assert spans["2"].tokens.cache_read == 4
    assert spans["2"].model == "gpt-5-2026"
    assert spans["2"].output_messages[0].tool_calls[0].name == "find_order"


def test_span_events_of_generation_b() -> None:
    event = event_of(traces.generation_b())
    assert (event.input, event.output, event.model) == (traces.QUESTION, traces.ANSWER, "gpt-4o")
    [chat] = spans_of(traces.generation_b())
    assert [m.role for m in chat.input_messages] == ["system", "user"]


def test_openinference_errors_cost_and_annotations() -> None:
    event = event_of(traces.openinference())
    assert event.tool_errors == 1
    assert event.cost == 0.25
    assert event.properties == {"plan": "pro", "tags": ["a"], "service": "shop"}
    [signal] = event.signals
    assert (signal.name, signal.sentiment, signal.source) == ("helpful", "NEGATIVE", "human")
    assert signal.properties == {"score": 0.0, "label": "thumbs-down", "source": "human"}


def test_vercel_headers_are_dropped_and_the_name_is_the_function() -> None:
    event = event_of(traces.vercel_5())
    assert event.name == "ask"
    assert event.properties == {"plan": "pro", "service": "shop"}
    assert "secret" not in repr(spans_of(traces.vercel_5()))


def test_vercel_3_names() -> None:
    made = request(
        span(1, "ai.generateText", a={"ai.operationId": "ai.generateText", "ai.prompt": '{"prompt": "hi"}', "ai.result.text": "yo"}),
        span(2, "ai.generateText.doGenerate", 1, a={"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m",
             "ai.prompt.messages": '[{"role":"user","content":[{"type":"text","text":"hi"}]}]', "ai.result.text": "yo",
             "ai.usage.promptTokens": 3, "ai.usage.completionTokens": 4}),
    )  # fmt: skip
    event = event_of(made)
    assert (event.input, event.output, event.model) == ("hi", "yo", "m")
    assert (event.tokens.input, event.tokens.output) == (3, 4)


def test_langfuse_dimensions_and_cost() -> None:
    event = event_of(traces.langfuse())
    assert event.name == "ask"
    assert event.cost == 0.25
    assert event.properties == {
        "plan": "pro",
        "tags": ["a"],
        "environment": "prod",
        "release": "1.2",
        "service": "shop",
    }


def test_a_trace_without_content_is_an_event() -> None:
    event = event_of(traces.without_content())
    assert event.no_text
    assert (event.model, event.tokens.input, event.tool_calls, event.tool_errors) == ("gpt-5", 10, 1, 1)
    tool = next(s for s in spans_of(traces.without_content()) if s.kind == "tool")
    assert tool.error == "TimeoutError: timed out"


@pytest.mark.parametrize(
    ("attributes", "question", "answered"),
    [
        ({"pydantic_ai.all_messages": '[{"role":"user","parts":[{"type":"text","content":"hi"}]},'
          '{"role":"assistant","parts":[{"type":"text","content":"yo"}]}]', "model_name": "x"}, "hi", "yo"),
        ({"gcp.vertex.agent.llm_request": '{"model":"g","contents":[{"role":"user","parts":[{"text":"hi"}]}]}',
          "gcp.vertex.agent.llm_response": '{"content":{"role":"model","parts":[{"text":"yo"}]}}'}, "hi", "yo"),
        ({"mlflow.spanInputs": '{"messages":[{"role":"user","content":"hi"}]}',
          "mlflow.spanOutputs": '{"choices":[{"message":{"role":"assistant","content":"yo"}}]}'}, "hi", "yo"),
        ({"genkit:input": '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}',
          "genkit:output": '{"message":{"role":"model","content":[{"text":"yo"}]}}'}, "hi", "yo"),
        ({"lk.user_transcript": "hi", "lk.response.text": "yo"}, "hi", "yo"),
        ({"events": '[{"event.name":"gen_ai.user.message","content":"hi","role":"user"},'
          '{"event.name":"gen_ai.choice","index":0,"message":{"role":"assistant","content":"yo"}}]',
          "gen_ai.request.model": "m"}, "hi", "yo"),
        ({"input.value": '{"messages":[[{"lc":1,"type":"constructor","id":["langchain","HumanMessage"],'
          '"kwargs":{"content":"hi"}}]]}', "output.value": '{"generations":[[{"text":"yo"}]]}',
          "openinference.span.kind": "LLM"}, "hi", "yo"),
        ({"gen_ai.prompt": "hi", "gen_ai.completion": "yo"}, "hi", "yo"),
        ({"openinference.span.kind": "CHAIN", "input.value": '{"a": 1}', "output.value": "[1, 2]"}, '{"a": 1}', "[1, 2]"),
    ],
)  # fmt: skip
def test_smaller_dialects(attributes: dict[str, Any], question: str, answered: str) -> None:
    event = event_of(request(span(1, a=attributes)))
    assert (event.input, event.output) == (question, answered)


def test_a_denied_approval_is_a_signal_once() -> None:
    messages = (
        '[{"role":"user","parts":[{"type":"text","content":"delete it"}]},{"role":"assistant","parts":[]},'
        '{"role":"tool","parts":[{"type":"tool_approval_response","approval_id":"a","approved":false,"reason":"no!"}]}]'
    )
    chat = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages}
    later = (
        messages[:-1]
        + ',{"role":"assistant","parts":[]},{"role":"user","parts":[{"type":"text","content":"ok"}]}]'
    )
    event = event_of(
        request(span(1, a=chat), span(2, start=2, end=3, a=chat | {"gen_ai.input.messages": later}))
    )
    [signal] = event.signals
    assert (signal.name, signal.source, signal.properties["reason"]) == (
        "tool call denied",
        "approval",
        "no!",
    )


def test_what_no_mapping_knows_is_kept_within_bounds() -> None:
    attributes = {f"my.key{i}": "x" * 10_000 for i in range(100)} | {"gen_ai.operation.name": "chat"}
    [mapped] = spans_of(request(span(1, a=attributes)))
    assert len(mapped.attributes) == 64
    assert max(len(str(v)) for v in mapped.attributes.values()) == 8192


def test_feature_flags_from_metadata_and_from_span_events() -> None:
    made = request(
        span(1, a={"gen_ai.operation.name": "chat", "ai.telemetry.metadata.raindrop.featureFlags": '["beta"]'},
             events=[("feature_flag.evaluation", {"feature_flag.key": "exp", "feature_flag.result.variant": "b"})])
    )  # fmt: skip
    assert event_of(made).feature_flags == {"beta": "true", "exp": "b"}
