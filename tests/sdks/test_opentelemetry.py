"""The OpenTelemetry SDK and its OTLP exporter (protobuf, gzip), alone and under two kinds of instrumentation of OpenAI's SDK."""

import json

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, facts, signal, spans

pytestmark = pytest.mark.slow

RESOURCE = {"service": "weather-agent", "release": "1.2.3", "environment": "staging"}


@pytest.fixture(params=["openinference", "openllmetry"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def events(world: World, dialect: str) -> dict[str, Row]:
    """By what the user said."""
    found = world.found(dialect)
    assert found["loose_spans"] == []
    by_input = {event["input"]: event for event in found["events"].values()}
    assert len(by_input) == len(found["events"]) == 3
    return by_input


def test_an_agents_turn(events: dict[str, Row], dialect: str) -> None:
    event = events["How is the weather in Paris?"]
    assert facts(event, "name", "user_id", "convo_id", "output") == (
        "weather",
        "ada",
        f"talk-{dialect}",
        "Sunny, 21 degrees.",
    )
    assert facts(event, "model", "input_tokens", "output_tokens") == ("gpt-4o-2024-08-06", 60, 14)
    assert facts(event, "tool_calls", "tool_errors", "event_id") == (1, 0, event["trace_id"])
    agent = {"agent": "weather"} if dialect == "openinference" else {}
    assert event["properties"] == RESOURCE | agent
    [root] = spans(event, "agent").values()
    calls = [span for span in event["spans"] if span["kind"] == "llm"]
    assert [(c["model"], c["provider"], c["input_tokens"], c["output_tokens"]) for c in calls] == [
        ("gpt-4o-2024-08-06", "openai", 30, 7)
    ] * 2
    assert {span["parent_span_id"] for span in event["spans"]} == {"", root["span_id"]}
    assert root["duration_ms"] == pytest.approx(event["latency_ms"])
    assert facts(spans(event, "tool")["weather"], "input", "output") == ('{"city":"Paris"}', '{"t": 21}')


def test_the_messages_of_the_calls(events: dict[str, Row]) -> None:
    first, second = (
        span for span in events["How is the weather in Paris?"]["spans"] if span["kind"] == "llm"
    )
    assert json.loads(first["input"]) == [
        {"role": "system", "content": "You know the weather."},
        {"role": "user", "content": "How is the weather in Paris?"},
    ]
    [message] = json.loads(first["output"])
    assert message["tool_calls"] == [
        {"id": "call_1", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
    ]
    assert json.loads(second["input"])[1]["parts"][0] == {
        "type": "tool_result",
        "id": "call_1",
        "result": '{"t": 21}',
    }
    assert json.loads(second["output"]) == [{"role": "assistant", "content": "Sunny, 21 degrees."}]
    assert "weather" in str(first["attributes"])  # the tools on offer


def test_a_streamed_call_alone(events: dict[str, Row]) -> None:
    event = events["And in Rome?"]
    assert facts(event, "name", "user_id", "output") == ("ai_generation", None, "Sunny, 21 degrees.")
    assert facts(event, "model", "input_tokens", "output_tokens") == ("gpt-4o-2024-08-06", 30, 7)
    assert facts(event, "convo_id", "properties") == (event["trace_id"], RESOURCE)


def test_a_call_that_fails(events: dict[str, Row]) -> None:
    event = events["fail"]
    assert facts(event, "output", "model") == ("", "gpt-none")
    assert event["properties"]["error.type"] == "openai.BadRequestError"
    assert event["properties"]["error.message"] == "Error code: 400 - no such model"
    [call] = event["spans"]
    assert facts(call, "kind", "status", "error") == (
        "llm",
        "error",
        "openai.BadRequestError: Error code: 400 - no such model",
    )
    assert "Traceback" in call["attributes"]["exception.stacktrace"]


def test_spans_with_their_text_in_logs(world: World) -> None:
    """Set up as for Langfuse: its path, Basic, and metrics that are taken and dropped."""
    found = world.found("plain")
    [event] = found["events"].values()
    assert facts(event, "name", "user_id", "convo_id") == ("helper", "ada", "talk-plain")
    assert facts(event, "input", "output") == ("Do you hear me?", "Loud and clear.")
    assert facts(event, "model", "input_tokens", "output_tokens", "tool_calls") == ("m-1", 5, 2, 1)
    assert event["properties"] == {"service": "plain-agent", "agent": "helper"}
    assert found["unknown"] == []
    assert facts(spans(event, "tool")["lookup"], "input", "output") == ('{"id":1}', '{"ok":true}')
    judged = signal(event, "relevance")
    assert judged["properties"]["explanation"] == "beside the point"
    assert facts(judged, "signal_type", "sentiment") == ("standard", "NEGATIVE")
    assert found["loose_spans"] == []
