"""raindrop-ai 0.0.75 (PyPI), both ways of sending tool spans: every field that its public functions take is found again."""

from typing import Any

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, attachment, facts, signal, spans, without

pytestmark = pytest.mark.slow

CONTEXT = {"library": {"name": "python-sdk", "version": "0.0.75"}}


@pytest.fixture(params=["py-otlp", "py-bypass"])
def project(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def found(world: World, project: str) -> Row:
    return world.found(project)


@pytest.fixture
def events(found: Row) -> dict[str, Row]:
    events: dict[str, Row] = found["events"]
    return events


def test_exactly_the_events_that_were_sent(found: Row, world: World, project: str) -> None:
    [made] = [
        line.split()[1] for line in world.programs[project].output.splitlines() if line.startswith("made ")
    ]
    assert set(found["events"]) == {
        made, "plain", "ai", "comes-later", "partial", "from-elsewhere", "tools", "loose-event", "traced", "parent", "child",
        "child-failed", "child-cancelled", "child-silent", "client-plain", "client-redacted", "client-partial", "client-span",
    }  # fmt: skip
    assert found["events"][made]["input"] == "only an input"
    assert not [event_id for event_id, event in found["events"].items() if event["is_pending"]]
    assert (found["loose_spans"], found["loose_signals"]) == (
        [],
        [],
    )  # and the SDK's own HTTP spans are nowhere


def test_identify(found: Row) -> None:
    assert found["users"] == {
        "ada": {"name": "Ada", "plan": "team", "age": 36, "beta": True, "org": {"id": 7, "tags": ["x"]}},
        "bob": {}, "carol": {}, "dora": {"plan": "free"},
    }  # fmt: skip


def test_track(events: dict[str, Row]) -> None:
    event = events["plain"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output", "model") == (
        "signup",
        "ada",
        None,
        "",
        "",
        "",
    )
    assert event["timestamp"] == "2026-11-20T10:11:12+00:00"
    assert without(event["properties"], "$context") == {
        "source": "web", "n": 3, "ratio": 0.5, "ok": True, "nested": {"a": [1, None]}, "raindrop.wizardSession": "wizard-1",
    }  # fmt: skip
    assert without(event["properties"]["$context"], "metadata") == CONTEXT
    assert event["properties"]["$context"]["metadata"]["pyVersion"].startswith("v3.")
    assert event["attachments"] == [attachment("text", "a note", "context", "note")]


def test_track_ai(events: dict[str, Row]) -> None:
    event = events["ai"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("chat_message", "ada", "talk-1", "gpt-4o")
    assert facts(event, "input", "output") == ("What is 2+2? \U0001f600", "4.\nSurely.")
    assert event["timestamp"] == "2026-11-20T10:11:13.250000+00:00"
    assert without(event["properties"], "$context") == {
        "k": "v", "feature_flags": {"exp": "b"}, "ai.usage.prompt_tokens": 12, "ai.usage.completion_tokens": 3,
        "raindrop.app.commit_sha": "0123abc", "raindrop.wizardSession": "wizard-1",
    }  # fmt: skip
    assert facts(event, "feature_flags", "input_tokens", "output_tokens") == ({"exp": "b"}, 12, 3)
    assert event["attachments"] == [
        attachment("code", "print(2+2)", "output", "sum.py", "python"),
        attachment("iframe", "https://example.com/", "", "page"),
        attachment("image", "https://example.com/i.png", "input"),
    ]


def test_track_signal(events: dict[str, Row]) -> None:
    event = events["ai"]
    down, up = signal(event, "thumbs_down"), signal(event, "thumbs_up")
    assert facts(down, "signal_type", "sentiment", "properties") == (
        "default",
        "NEGATIVE",
        {"screen": "chat"},
    )
    assert down["timestamp"] == "2026-11-20T10:12:00+00:00"
    assert facts(up, "signal_type", "sentiment", "attachment_id") == ("default", "POSITIVE", "att-1")
    feedback, edit = signal(event, "user_feedback"), signal(event, "edit")
    assert facts(feedback, "signal_type", "sentiment", "properties") == (
        "feedback",
        "",
        {"comment": "wrong answer"},
    )
    assert facts(edit, "signal_type", "properties") == ("edit", {"after": "It is 4."})
    assert len(event["signals"]) == 4
    assert signal(events["comes-later"], "copied")["sentiment"] == ""  # it came before its event


def test_an_interaction_is_merged_from_its_parts(events: dict[str, Row]) -> None:
    event = events["partial"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("agent_run", "ada", "talk-1", "claude")
    assert facts(event, "input", "output") == ("do it", "done, revised")
    assert event["properties"] == {
        "p": 2, "deep": {"a": 1, "b": 2}, "stage": "two", "finished": True, "raindrop.wizardSession": "wizard-1",
    }  # fmt: skip
    assert event["attachments"] == [
        attachment("code", "x=1", "output", "x.py", "python"),
        attachment("text", "ctx", "context"),
        attachment("text", "given", "input", "given.txt"),
    ]
    assert event["revision"] >= 2  # it did come in parts


def test_resume_interaction(events: dict[str, Row]) -> None:
    event = events["from-elsewhere"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("resumed", "bob", "talk-2", "m-1")
    assert facts(event, "input", "output", "timestamp") == ("in", "out", "2026-11-20T09:00:00+00:00")
    assert event["properties"] == {"r": [1, 2], "raindrop.wizardSession": "wizard-1"}


def test_track_tool(events: dict[str, Row], project: str) -> None:
    event = events["tools"]
    assert facts(event, "user_id", "convo_id", "input", "output") == ("ada", "talk-3", "use them", "used")
    assert facts(event, "tool_calls", "tool_errors") == (4, 2)
    found = spans(event, "tool")
    assert set(found) == {"weather", "broken", "told", "manual"}
    weather = found["weather"]
    assert facts(weather, "input", "output", "status") == ('{"city":"NYC"}', '{"t": 72}', "ok")
    assert facts(weather, "started_at", "duration_ms") == ("2026-11-20T10:11:12.345000+00:00", 150.0)
    assert weather["attributes"]["traceloop.entity.version"] == 3
    assert facts(found["broken"], "status", "input", "duration_ms") == ("error", "x", 10.0)
    assert "no such city" in found["broken"]["error"] and "it said no" in found["told"]["error"]
    assert found["told"]["started_at"].startswith("2026-11-20T10:11:12.34")
    for key, value in {"region": "us", "attempt": 2, "colour": "red"}.items():
        assert event["properties"][key] == value
    scope = weather["attributes"]["raindrop.span"]["scope"]
    assert scope == (
        "raindrop-ai" if project == "py-bypass" else "traceloop.tracer"
    )  # the two encodings were really used


def test_manual_spans(events: dict[str, Row]) -> None:
    manual = spans(events["tools"], "tool")["manual"]
    assert facts(manual, "input", "output") == ('{"q":1}', '["r"]')
    [plan] = spans(events["tools"], "other").values()
    assert facts(plan, "name", "status", "error") == ("plan.task", "error", "RuntimeError: lost")
    loose = events["loose-event"]
    assert facts(loose, "name", "user_id", "convo_id") == ("loose_run", "carol", "talk-4")
    assert facts(spans(loose, "tool")["loose"], "input", "output") == ("i", "o")


def test_decorators_and_context_managers(events: dict[str, Row]) -> None:
    event = events["traced"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output") == (
        "traced_run",
        "ada",
        "talk-5",
        "look it up",
        "found FOO",
    )
    assert event["properties"]["trace_id"] == event["trace_id"]
    assert {span["trace_id"] for span in event["spans"]} == {event["trace_id"]}
    assert facts(event, "model", "input_tokens", "output_tokens") == ("gpt-4o-2024-08-06", 21, 8)
    assert facts(event, "tool_calls", "tool_errors") == (3, 1)
    assert (event["properties"]["tenant"], event["properties"]["scoped"]) == ("blue", "yes")
    [root] = spans(event, "agent").values()
    assert facts(root, "name", "output") == ("agent_workflow.workflow", "")  # it returned None
    assert root["attributes"]["traceloop.entity.version"] == 4
    assert {span["parent_span_id"] for span in event["spans"]} == {"", root["span_id"]}
    tools, others = spans(event, "tool"), spans(event, "other")
    assert facts(tools["search_docs"], "input", "output", "status") == ("foo", '{"hits": ["FOO"]}', "unset")
    assert tools["search_docs"]["attributes"]["traceloop.entity.version"] == 2
    assert facts(tools["explodes"], "input", "output", "status", "error") == (
        "",
        "",
        "error",
        "KeyError: 'gone'",
    )
    assert facts(tools["scoped_tool"], "input", "output") == ('{"a":1}', '{"b": 2}')
    assert "in!" in others["plan.task"]["output"] and "to" in others["scoped_task.task"]["output"]


def test_a_model_call_and_its_tools(events: dict[str, Row]) -> None:
    [chat] = spans(events["traced"], "llm").values()
    assert facts(chat, "model", "provider", "input_tokens", "output_tokens") == (
        "gpt-4o-2024-08-06",
        "openai",
        21,
        8,
    )
    assert "look it up" in chat["input"] and "I looked." in chat["output"]
    assert "search_docs" in chat["attributes"]["ai.prompt.tools"][0]
    assert chat["attributes"]["ai.prompt.tools.source"] == "agno.agent.tools"


def test_detached_sub_agents_are_linked_to_their_parent(events: dict[str, Row]) -> None:
    parent = events["parent"]
    assert facts(parent, "input", "output", "tool_calls") == ("research this", "launched", 4)
    assert "raindrop.handoff.name" not in parent["properties"]
    launches = {span["attributes"]["raindrop.handoff.childEventId"]: span for span in parent["spans"]}
    assert set(launches) == {"child", "child-failed", "child-cancelled", "child-silent"}
    assert facts(launches["child"], "name", "input") == ("launch", '{"task":"t"}')
    assert parent["properties"]["priority"] == "high"
    names = {
        "child": "researcher",
        "child-failed": "writer",
        "child-silent": "mute",
        "child-cancelled": "critic",
    }
    for event_id, name in names.items():  # a cancelled one has no span: its launch tells
        told = events[event_id]["properties"]
        assert told["raindrop.handoff.parentEventId"] == "parent"
        assert told["raindrop.handoff.parentSpanId"] == launches[event_id]["span_id"]
        assert (told["raindrop.handoff.name"], told["raindrop.agent.role"]) == (name, "subagent")
    child = events["child"]
    assert facts(child, "name", "input", "output", "model") == ("research", "t", "the answer", "m-2")
    assert facts(child, "user_id", "convo_id") == ("ada", "talk-6")
    assert child["properties"]["depth"] == 1
    assert facts(spans(child, "tool")["read_web"], "input", "output") == ("url", "page")


def test_how_sub_agents_ended(events: dict[str, Row]) -> None:
    failed, silent, cancelled = events["child-failed"], events["child-silent"], events["child-cancelled"]
    assert failed["output"] == "Aborted: RuntimeError: no ink"
    assert facts(failed["spans"][0], "status", "error") == ("error", "RuntimeError: no ink")
    assert (failed["properties"]["error.type"], failed["properties"]["error.message"]) == (
        "RuntimeError",
        "no ink",
    )
    assert silent["output"].startswith("Aborted: sub-agent ended") and silent["spans"][0]["status"] == "error"
    assert cancelled["output"] == "Cancelled: superseded"
    assert cancelled["properties"]["raindrop.handoff.terminal"] == "cancelled"


def test_the_client(events: dict[str, Row]) -> None:
    assert facts(events["client-plain"], "name", "user_id") == ("opened", "dora")
    assert signal(events["client-plain"], "liked")["sentiment"] == "POSITIVE"
    assert events["client-redacted"]["input"] == "mail <REDACTED_EMAIL>, card <REDACTED_CREDIT_CARD>"
    partial = events["client-partial"]
    assert facts(partial, "name", "user_id", "input", "output") == ("stream", "dora", "hello", "world")
    assert facts(partial, "model", "convo_id", "properties") == ("m-3", "talk-7", {"later": 1})
    event = events["client-span"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output") == (
        "client_run",
        "dora",
        "talk-8",
        "ci",
        "co",
    )
    assert spans(event, "tool")["client_tool"]["output"] == "made"


def test_the_read_path_answers_the_same(world: World, events: dict[str, Row], project: str) -> None:
    item: Any = world.read(project, "/v1/events/ai")
    assert facts(item, "event_name", "user_id", "convo_id", "model") == (
        "chat_message",
        "ada",
        "talk-1",
        "gpt-4o",
    )
    assert item["user_input"] == events["ai"]["input"] and item["assistant_output"] == events["ai"]["output"]
    assert item["feature_flags"] == {"exp": "b"} and item["properties"] == events["ai"]["properties"]
    assert len(item["input_attachments"]) == 2 and item["output_attachments"][0]["language"] == "python"
    assert {"thumbs_down", "thumbs_up", "user_feedback", "edit"} <= {
        found["name"] for found in item["signals"]
    }
    spans = world.read(project, "/v1/traces?event_id=traced")
    assert {(s["span_id"], s["span_name"], s["input"]) for s in spans} == {
        (s["span_id"], s["name"], s["input"] or None) for s in events["traced"]["spans"]
    }
    assert world.read(project, "/v1/users/ada")["traits"]["plan"] == "team"
