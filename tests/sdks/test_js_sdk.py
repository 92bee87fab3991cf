"""raindrop-ai 0.1.7 (npm), both ways of sending tool spans; the second over an endpoint without /v1."""

import base64

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, attachment, facts, signal, spans, without

pytestmark = pytest.mark.slow

LIBRARY = {"name": "raindrop-ai", "version": "0.1.7"}


@pytest.fixture(params=["js-otlp", "js-bypass"])
def project(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def found(world: World, project: str) -> Row:
    return world.found(project)


@pytest.fixture
def events(found: Row) -> dict[str, Row]:
    events: dict[str, Row] = found["events"]
    return events


def test_exactly_the_events_that_were_sent(found: Row) -> None:
    assert set(found["events"]) == {
        "ai", "many-1", "many-2", "comes-later", "partial", "from-elsewhere", "tools", "tracer-event", "spans", "tracer-spans",
        "vercel", "redacted",
    }  # fmt: skip
    assert not [event_id for event_id, event in found["events"].items() if event["is_pending"]]
    assert (found["loose_spans"], found["loose_signals"]) == ([], [])


def test_set_user_details(found: Row) -> None:
    assert found["users"] == {
        "ada": {"name": "Ada", "plan": "team", "age": 36, "beta": True, "org": {"id": 7, "tags": ["x"]}},
        "bob": {}, "carol": {}, "dora": {},
    }  # fmt: skip


def test_track_ai(events: dict[str, Row]) -> None:
    event = events["ai"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("chat_message", "ada", "talk-1", "gpt-4o")
    assert facts(event, "input", "output") == ("What is 2+2? \U0001f600", "4.\nSurely.")
    assert event["timestamp"] == "2026-11-20T10:11:13.250000+00:00"
    assert without(event["properties"], "$context") == {
        "k": "v", "n": 3, "ok": True, "nested": {"a": [1, 2]}, "feature_flags": {"exp": "b"}, "ai.usage.prompt_tokens": 12,
        "ai.usage.completion_tokens": 3, "raindrop.wizardSession": "wizard-1",
    }  # fmt: skip
    context = event["properties"]["$context"]
    assert context["library"] == LIBRARY and context["metadata"]["jsRuntime"] == "node"
    assert facts(event, "feature_flags", "input_tokens", "output_tokens") == ({"exp": "b"}, 12, 3)
    assert event["attachments"] == [
        attachment("code", "print(2+2)", "output", "sum.py", "python", "att-1"),
        attachment("iframe", "https://example.com/", "output", "page"),
        attachment("image", "https://example.com/i.png", "input"),
        attachment("text", "words", "input", "w.txt"),
    ]
    assert facts(events["many-1"], "user_id", "input") == ("bob", "one")
    assert facts(events["many-2"], "user_id", "output") == ("bob", "two")
    assert events["redacted"]["input"] == "mail <REDACTED EMAIL>"


def test_track_signal(events: dict[str, Row]) -> None:
    event = events["ai"]
    down, up = signal(event, "thumbs_down"), signal(event, "thumbs_up")
    assert facts(down, "signal_type", "sentiment", "properties") == (
        "default",
        "NEGATIVE",
        {"screen": "chat"},
    )
    assert down["timestamp"] == "2026-11-20T10:12:00+00:00"
    assert facts(up, "signal_type", "sentiment", "attachment_id") == ("standard", "POSITIVE", "att-1")
    feedback, edit = signal(event, "user_feedback"), signal(event, "edit")
    assert facts(feedback, "signal_type", "sentiment", "properties") == (
        "feedback",
        "",
        {"comment": "wrong answer"},
    )
    assert facts(edit, "signal_type", "properties") == ("edit", {"after": "It is 4."})
    assert signal(event, "noticed")["signal_type"] == "agent_internal"
    assert signal(events["comes-later"], "copied")["sentiment"] == ""  # it came before its event


def test_self_diagnostics(events: dict[str, Row]) -> None:
    event = events["ai"]
    told = signal(event, "self diagnostics - missing_context")
    assert facts(told, "signal_type", "sentiment") == ("agent", "NEGATIVE")
    assert told["properties"] == {
        "source": "my-agent", "category": "missing_context", "detail": "no credentials", "signal_description": "no credentials",
        "tool": "db",
    }  # fmt: skip
    well = signal(event, "self diagnostics - general")
    assert (well["sentiment"], well["properties"]["source"]) == ("POSITIVE", "selfDiagnose")
    lost = [s["properties"] for s in event["signals"] if s["name"] == "self diagnostics - lost"]
    assert sorted(p["detail"] for p in lost) == ["again", "cannot find it"]
    assert {(p["source"], p["signal_description"]) for p in lost} == {("agent_reporting_tool", "Lost")}
    assert len(event["signals"]) == 9


def test_an_interaction_is_merged_from_its_parts(events: dict[str, Row]) -> None:
    event = events["partial"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("agent_run", "ada", "talk-1", "claude")
    assert facts(event, "input", "output") == ("do it", "done, revised")
    assert without(event["properties"], "$context", "trace_id") == {
        "p": 2, "deep": {"a": 1, "b": 2}, "stage": "two", "finished": True, "raindrop.wizardSession": "wizard-1",
    }  # fmt: skip
    assert event["attachments"] == [
        attachment("code", "x=1", "output", "x.js", "js"),
        attachment("text", "ctx", "output"),
        attachment("text", "given", "input", "given.txt"),
    ]
    assert event["revision"] >= 2
    resumed = events["from-elsewhere"]
    assert facts(resumed, "name", "user_id", "input", "output") == ("resumed", "bob", "in", "out")
    assert facts(resumed, "model", "convo_id") == ("m-1", "talk-2") and resumed["properties"]["r"] == [1, 2]


def test_track_tool(events: dict[str, Row], project: str) -> None:
    event = events["tools"]
    assert facts(event, "user_id", "convo_id", "input", "output") == ("ada", "talk-3", "use them", "used")
    assert facts(event, "tool_calls", "tool_errors") == (3, 2)
    assert event["properties"]["region"] == "us"
    found = spans(event, "tool")
    weather, broken, told = found["weather"], found["broken"], found["told"]
    assert facts(weather, "input", "output", "status") == ('{"city":"NYC"}', '{"t":72}', "ok")
    assert facts(weather, "started_at", "duration_ms") == ("2026-11-20T10:11:12.345000+00:00", 150.0)
    assert (
        facts(broken, "status", "input", "duration_ms") == ("error", "x", 10.0)
        and "no such city" in broken["error"]
    )
    assert (
        facts(told, "status", "started_at") == ("error", "2026-11-20T10:11:12.345000+00:00")
        and "it said no" in told["error"]
    )
    assert weather["attributes"]["raindrop.span"]["scope"] == (
        "raindrop-ai" if project == "js-bypass" else "traceloop.tracer"
    )
    sent = event["properties"]["trace_id"]  # hex, or base64 in bypass mode
    assert event["trace_id"] == (sent if len(sent) == 32 else base64.b64decode(sent).hex())
    lone = events["tracer-event"]
    assert facts(lone, "name", "user_id", "convo_id", "tool_calls") == ("traced_tool", "carol", "talk-4", 1)
    assert facts(spans(lone, "tool")["lone"], "input", "output", "duration_ms") == ("1", "2", 7.0)


def test_spans(events: dict[str, Row], project: str) -> None:
    event = events["spans"]
    assert facts(event, "name", "user_id", "convo_id", "input", "output") == (
        "span_run",
        "ada",
        "talk-5",
        "trace it",
        "found FOO",
    )
    assert facts(event, "model", "input_tokens", "output_tokens") == ("gpt-4o", 21, 8)
    tools, others = spans(event, "tool"), spans(event, "other")
    # Only OTLP mode puts the suffix there.
    others = {name.removesuffix(".task"): span for name, span in others.items()}
    if project == "js-bypass":
        explodes = tools.pop("explodes")
        assert facts(explodes, "input", "status") == ('{"n":1}', "error") and "gone" in explodes["error"]
    # Else the SDK never ends the span of a `withTool` whose function rejects, and sends nothing of it.
    assert set(tools) == {"search_docs", "manual", "fails"} and set(others) == {
        "plan",
        "chat",
        "made",
    }
    assert facts(tools["search_docs"], "input", "output") == ('{"query":"foo"}', '{"hits":["FOO"]}')
    if project == "js-otlp":  # in bypass mode the SDK leaves the version out
        assert tools["search_docs"]["attributes"]["traceloop.entity.version"] == 2
    assert facts(tools["manual"], "input", "output", "status") == ('{"q":2}', '["r"]', "ok")
    assert tools["fails"]["status"] == "error" and tools["fails"]["error"].endswith("lost")
    assert "in!" in others["plan"]["output"] and others["chat"]["input"] == ""
    [chat] = spans(event, "llm").values()
    assert facts(chat, "model", "provider", "parent_span_id") == (
        "gpt-4o",
        "openai",
        others["chat"]["span_id"],
    )
    for key, value in {"index": "main", "step": "1", "m": "1"}.items():
        assert event["properties"][key] == value
    outer = events["tracer-spans"]
    assert facts(outer, "user_id", "convo_id", "input", "output") == ("carol", "talk-6", "i", "o")


def test_metadata_for_the_vercel_ai_sdk(events: dict[str, Row]) -> None:
    event = events["vercel"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("vercel_run", "carol", "talk-7", "gpt-4o")
    assert facts(event, "input", "output") == ("hi", "hello")
