"""@raindrop-ai/ai-sdk 0.3.0 over `ai` 6, and `ai`'s own telemetry, both with a model that is a stub."""

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, attachment, facts, signal, spans, without

pytestmark = pytest.mark.slow


@pytest.fixture
def found(world: World) -> Row:
    return world.found("ai-sdk")


@pytest.fixture
def events(found: Row) -> dict[str, Row]:
    events: dict[str, Row] = found["events"]
    return events


def test_exactly_the_events_that_were_sent(found: Row) -> None:
    assert set(found["events"]) == {
        "ai", "spans", "generated", "streamed", "object", "errored", "integrated", "parent", "child", "child-failed",
        "child-cancelled",
    }  # fmt: skip
    assert not [event_id for event_id, event in found["events"].items() if event["is_pending"]]
    assert (found["loose_spans"], found["loose_signals"]) == ([], [])
    assert found["users"] == {"ada": {"plan": "team", "org": {"id": 7}}, "bob": {"beta": True}}


def test_events(events: dict[str, Row]) -> None:
    event = events["ai"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("chat", "ada", "talk-1", "m2")
    assert facts(event, "input", "output", "timestamp") == ("hi", "yo2", "2026-11-20T10:11:13.250000+00:00")
    assert without(event["properties"], "$context") == {
        "p": 1,
        "q": 2,
        "deep": {"a": 1, "b": 2},
        "done": True,
    }
    assert event["properties"]["$context"]["library"] == {"name": "@raindrop-ai/ai-sdk", "version": "0.3.0"}
    assert event["feature_flags"] == {"exp": "b", "beta": "true", "late": "yes"}
    assert event["attachments"] == [
        attachment("code", "x=1", "output", "x.js", "js", "att-1"),
        attachment("text", "words", "input"),
    ]
    assert event["revision"] >= 1


def test_signals(events: dict[str, Row]) -> None:
    event = events["ai"]
    down = signal(event, "thumbs_down")
    assert facts(down, "signal_type", "sentiment", "properties") == (
        "default",
        "NEGATIVE",
        {"screen": "chat"},
    )
    assert down["timestamp"] == "2026-11-20T10:12:00+00:00"
    assert facts(signal(event, "fb"), "signal_type", "properties") == ("feedback", {"comment": "bad"})
    assert facts(signal(event, "edit"), "signal_type", "properties", "attachment_id") == (
        "edit",
        {"after": "better"},
        "att-1",
    )
    told = signal(event, "self diagnostics - capability_gap")
    assert (
        facts(told, "signal_type", "sentiment") == ("agent", "NEGATIVE")
        and told["properties"]["detail"] == "cannot fly"
    )


def test_traces(events: dict[str, Row]) -> None:
    event = events["spans"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output") == (
        "agent_turn",
        "ada",
        "talk-2",
        "grep it",
        "found",
    )
    assert facts(event, "tool_calls", "tool_errors") == (2, 1)
    [turn] = spans(event, "other").values()
    tools = spans(event, "tool")
    grep, broken = tools["grep_search"], tools["broken"]
    assert facts(turn, "name", "status", "error") == ("agent_turn", "error", "boom")
    assert turn["attributes"]["round"] == turn["attributes"]["end"] == "1"
    assert turn["attributes"]["raindrop.span"]["user_id"] == "ada"
    assert grep["parent_span_id"] == broken["parent_span_id"] == turn["span_id"]
    assert facts(grep, "input", "output", "duration_ms") == ('{"pattern":"x"}', '{"matches":2}', 12.0)
    assert facts(grep, "started_at", "trace_id") == ("2026-11-20T10:11:12.345000+00:00", event["trace_id"])
    assert grep["attributes"]["index"] == "main"
    assert facts(broken, "input", "status", "error", "duration_ms") == ("i", "error", "no such file", 5.0)


def test_a_wrapped_generation_with_a_tool(events: dict[str, Row]) -> None:
    event = events["generated"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("searching", "ada", "talk-3", "mock-1")
    assert facts(event, "input", "output") == ("Search for foo", "Found FOO.")
    assert facts(event, "input_tokens", "output_tokens", "tool_calls") == (42, 16, 1)
    assert (event["properties"]["w"], event["properties"]["m"], event["feature_flags"]) == (
        1,
        "1",
        {"exp": "d"},
    )
    [root] = spans(event, "agent").values()
    calls = [span for span in event["spans"] if span["kind"] == "llm"]
    assert [(c["name"], c["parent_span_id"], c["input_tokens"]) for c in calls] == [
        ("ai.generateText.doGenerate", root["span_id"], 21)
    ] * 2
    search = spans(event, "tool")["search"]
    assert facts(search, "input", "output", "parent_span_id") == (
        '{"q":"foo"}',
        '{"hits":["FOO"]}',
        root["span_id"],
    )
    assert (
        "You search." in calls[0]["input"]
        and "__raindrop_report" in calls[0]["attributes"]["ai.prompt.tools"][1]
    )


def test_other_wrapped_calls(events: dict[str, Row]) -> None:
    for event_id, question, answered, model in (
        ("streamed", "Greet me", "Hello", "mock-2"),
        ("object", "What is 2+2?", '{"n":4}', "mock-1"),
        ("errored", "Are you up?", "", "mock-3"),
    ):
        event = events[event_id]
        assert facts(event, "name", "user_id", "convo_id") == ("wrapped", "ada", "talk-3")
        assert facts(event, "input", "output", "model") == (question, answered, model)
        assert event["feature_flags"] == {"exp": "c"} and event["properties"]["w"] == 1
    assert facts(events["streamed"], "input_tokens", "output_tokens") == (21, 8)
    failed = events["errored"]
    assert (failed["properties"]["error.type"], failed["properties"]["error.message"]) == (
        "Error",
        "model is down",
    )
    assert {span["status"] for span in failed["spans"]} == {"error"}


def test_the_telemetry_integration(events: dict[str, Row]) -> None:
    event = events["integrated"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output") == (
        "integrated",
        "bob",
        "talk-4",
        "Hello",
        "Integrated.",
    )
    assert facts(event, "model", "input_tokens", "output_tokens") == ("mock-1", 21, 8)


def test_detached_sub_agents_are_linked_to_their_parent(events: dict[str, Row]) -> None:
    parent = events["parent"]
    assert facts(parent, "name", "input", "output", "tool_calls") == ("supervisor", "research", "launched", 3)
    assert "raindrop.handoff.name" not in parent["properties"]
    launches = {span["attributes"]["raindrop.handoff.childEventId"]: span for span in parent["spans"]}
    assert set(launches) == {"child", "child-failed", "child-cancelled"}
    assert facts(launches["child"], "name", "input") == ("launch", '{"task":"researcher"}')
    for event_id, name in {"child": "researcher", "child-failed": "writer"}.items():
        told = events[event_id]["properties"]
        assert told["raindrop.handoff.parentEventId"] == "parent"
        assert told["raindrop.handoff.parentSpanId"] == launches[event_id]["span_id"]
        assert (told["raindrop.handoff.name"], told["raindrop.agent.role"]) == (name, "subagent")
    child, failed, cancelled = events["child"], events["child-failed"], events["child-cancelled"]
    assert facts(child, "name", "user_id", "convo_id", "input", "output") == (
        "research",
        "ada",
        "talk-5",
        "t",
        "the answer",
    )
    assert failed["spans"][0]["status"] == "error" and failed["output"] == "Aborted: no ink"
    assert cancelled["properties"]["raindrop.handoff.terminal"] == "cancelled"


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_the_ai_sdks_own_telemetry(world: World, encoding: str) -> None:
    found = world.found("vercel")
    assert len(found["events"]) == 2 and found["loose_spans"] == []
    [event] = [event for event in found["events"].values() if event["convo_id"] == f"talk-{encoding}"]
    assert facts(event, "name", "user_id", "model") == (f"search-{encoding}", "ada", "mock-1")
    assert facts(event, "input", "output") == (f"Search for foo in {encoding}", f"Found FOO in {encoding}.")
    assert facts(event, "input_tokens", "output_tokens", "tool_calls") == (42, 16, 1)
    assert event["properties"] == {"tenant": "blue", "service": "shop", "release": "1.2.3"}
    assert sorted(span["kind"] for span in event["spans"]) == ["agent", "llm", "llm", "tool"]
    assert facts(spans(event, "tool")["search"], "input", "output") == ('{"q":"foo"}', '{"hits":["FOO"]}')
    assert [
        s["attributes"]["raindrop.span"]["tokens"]["cache_read"] for s in event["spans"] if s["kind"] == "llm"
    ] == [1, 1]
