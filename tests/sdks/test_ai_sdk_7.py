"""`ai` 7 with `@ai-sdk/otel`: its GenAI conventions (protobuf, gzip) and its `LegacyOpenTelemetry` (JSON), over a stubbed model."""

import json

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, facts, signal, spans

pytestmark = pytest.mark.slow

PROVIDER = {"semconv": "openai", "legacy": "openai.chat"}  # the conventions' name, and the SDK's own


@pytest.fixture(params=["semconv", "legacy"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def events(world: World, dialect: str) -> dict[str, list[Row]]:
    """By function id, in their order; those of this dialect."""
    found = world.found("ai7")
    assert (found["loose_spans"], found["loose_signals"]) == ([], [])
    mine: dict[str, list[Row]] = {}
    for event in sorted(found["events"].values(), key=lambda event: str(event["timestamp"])):
        if event["convo_id"] == f"talk-{dialect}-{event['name']}":
            mine.setdefault(event["name"], []).append(event)
    return mine


def test_every_call_is_an_event_of_its_user_and_conversation(
    events: dict[str, list[Row]], world: World, dialect: str
) -> None:
    assert {name: len(made) for name, made in events.items()} == {
        "search": 2, "stream": 1, "object": 1, "error": 1, "tool-error": 1, "approval": 2,
    }  # fmt: skip
    assert len(world.found("ai7")["events"]) == 16
    for made in (event for name in events for event in events[name] if event["spans"]):
        assert made["user_id"] == "ada"
        wanted = {"tenant": "blue", "service": "shop", "release": "1.2.3"}
        assert {key: made["properties"][key] for key in wanted} == wanted


def test_a_turn_with_a_tool(events: dict[str, list[Row]], dialect: str) -> None:
    event = events["search"][-1]
    assert facts(event, "input", "output") == (f"Search for foo in {dialect}", f"Found FOO in {dialect}.")
    assert facts(event, "model", "input_tokens", "output_tokens") == ("mock-1-2026", 42, 16)
    assert facts(event, "tool_calls", "tool_errors") == (1, 0)
    calls = [span for span in event["spans"] if span["kind"] == "llm"]
    assert [facts(call, "provider", "input_tokens", "output_tokens") for call in calls] == [
        (PROVIDER[dialect], 21, 8)
    ] * 2
    assert calls[1]["model"] == "mock-1-2026"
    assert calls[1]["attributes"]["gen_ai.response.id"] == f"resp-{dialect}"
    for call in calls:
        told = call["attributes"]["raindrop.span"]["tokens"]
        assert told == {"input": 21, "output": 8, "cache_read": 1, "cache_write": 0, "reasoning": 2}
    search = spans(event, "tool")["search"]
    assert facts(search, "input", "output", "status") == ('{"q":"foo"}', '{"hits":["FOO"]}', "unset")
    [answered] = json.loads(calls[1]["output"])
    assert (answered["content"], answered["reasoning"]) == (f"Found FOO in {dialect}.", "Let me think.")
    [request] = json.loads(calls[0]["output"])
    assert request["tool_calls"] == [
        {"id": "call-1", "function": {"name": "search", "arguments": '{"q":"foo"}'}}
    ]
    assert "Searches." in json.dumps(calls[0]["attributes"])  # the tools on offer
    [root] = [span for span in event["spans"] if not span["parent_span_id"]]
    assert root["kind"] == "agent"
    assert [part for message in json.loads(root["input"]) for part in message.get("media", ())] == ["image"]


def test_what_was_said_before_the_first_call_is_an_event_too(
    events: dict[str, list[Row]], dialect: str
) -> None:
    """The first call that we saw carried a turn that we never did."""
    earlier, event = events["search"]
    assert facts(earlier, "input", "output") == (f"What is foo in {dialect}?", "A placeholder.")
    assert facts(earlier, "user_id", "model", "spans", "input_tokens") == ("ada", "", [], None)
    assert earlier["timestamp"] < event["timestamp"]


def test_streams_and_objects(events: dict[str, list[Row]]) -> None:
    [stream], [made] = events["stream"], events["object"]
    assert facts(stream, "input", "output", "model") == ("Greet me", "Hello", "mock-2")
    assert facts(made, "input", "output", "model") == ("What is 2+2?", '{"n":4}', "mock-3")
    for event in (stream, made):
        assert facts(event, "input_tokens", "output_tokens", "tool_calls") == (21, 8, 0)


def test_errors(events: dict[str, list[Row]]) -> None:
    [down], [failed] = events["error"], events["tool-error"]
    assert facts(down, "input", "output", "model") == ("Are you up?", "", "mock-4")
    assert facts(down["properties"], "error.type", "error.message") == ("Error", "model is down")
    assert {span["status"] for span in down["spans"]} == {"error"}
    assert facts(failed, "output", "tool_calls", "tool_errors") == ("It failed.", 1, 1)
    assert facts(spans(failed, "tool")["search"], "input", "status", "error") == (
        '{"q":"fail"}',
        "error",
        "Error: no index",
    )


def test_a_tool_call_that_the_user_does_not_approve_is_a_signal(events: dict[str, list[Row]]) -> None:
    request, denied = events["approval"]
    assert facts(request, "input", "output", "signals") == ("Pay 5 euros", "", [])
    assert facts(denied, "input", "output") == ("Pay 5 euros", "I did not pay.")
    no = signal(denied, "tool call denied")
    assert facts(no, "sentiment", "properties") == ("NEGATIVE", {"reason": "too much", "source": "approval"})


def test_secrets_stay_where_they_are(world: World) -> None:
    """Request headers, and runtime context that was not to be included."""
    assert "hunter2" not in json.dumps(world.found("ai7"))
