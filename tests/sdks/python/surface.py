"""Calls every public function of the Python SDK `raindrop-ai` against a server.

Usage: surface.py ENDPOINT WRITE_KEY PROJECT otlp|bypass

Runs in an environment of its own (its protobuf is older than ours), so it imports nothing of this project. In `bypass`
mode the tool spans of `track_tool` go out as OTLP JSON, else everything goes through the protobuf exporter.
"""

import contextlib
import os
import sys
import time
from datetime import UTC, datetime

ENDPOINT, KEY, PROJECT, MODE = sys.argv[1:]
os.environ.setdefault("TRACELOOP_TELEMETRY", "false")

from opentelemetry import trace  # noqa: E402

import raindrop.analytics as raindrop  # noqa: E402
from raindrop import Attachment, Raindrop  # noqa: E402
from raindrop.models import PartialAIData, PartialTrackAIEvent  # noqa: E402

TOOLS = [
    {"type": "function", "name": "search_docs", "description": "Searches.", "inputSchema": {"type": "object"}}
]
STARTED = datetime(2026, 11, 20, 10, 11, 12, 345000, tzinfo=UTC)


def facts() -> None:
    """identify, track, track_ai, track_signal."""
    raindrop.identify("ada", {"name": "Ada", "age": 36, "beta": True, "org": {"id": 7, "tags": ["x"]}})
    # Other keys, because the SDK may send the two at the same moment, from two threads: either may arrive first.
    raindrop.identify("ada", {"plan": "team"})
    raindrop.track("ada", "signup", event_id="plain", timestamp="2026-11-20T10:11:12Z",
                   properties={"source": "web", "n": 3, "ratio": 0.5, "ok": True, "nested": {"a": [1, None]}},
                   attachments=[Attachment(type="text", value="a note", name="note", role="context")])  # fmt: skip
    raindrop.track_ai(
        "ada", "chat_message", event_id="ai", model="gpt-4o", input="What is 2+2? \U0001f600", output="4.\nSurely.",
        convo_id="talk-1", timestamp="2026-11-20T10:11:13.250Z",
        properties={"k": "v", "feature_flags": {"exp": "b"}, "ai.usage.prompt_tokens": 12,
                    "ai.usage.completion_tokens": 3, "raindrop.app.commit_sha": "0123abc"},
        attachments=[
            Attachment(type="code", value="print(2+2)", name="sum.py", role="output", language="python"),
            Attachment(type="image", value="https://example.com/i.png", role="input"),
            Attachment(type="iframe", value="https://example.com/", name="page"),
        ],
    )  # fmt: skip
    print("made", raindrop.track_ai("bob", "chat_message", input="only an input"))
    raindrop.track_signal("ai", "thumbs_down", sentiment="NEGATIVE", timestamp="2026-11-20T10:12:00Z",
                          properties={"screen": "chat"})  # fmt: skip
    raindrop.track_signal("ai", "thumbs_up", sentiment="POSITIVE", attachment_id="att-1")
    raindrop.track_signal("ai", "user_feedback", signal_type="feedback", comment="wrong answer")
    raindrop.track_signal("ai", "edit", signal_type="edit", after="It is 4.")
    raindrop.track_signal("comes-later", "copied")
    raindrop.flush()
    raindrop.track_ai("ada", "chat_message", event_id="comes-later", input="late", output="event")


def interactions() -> None:
    """begin, every mutator, finish, finish again, resume_interaction; the pause lets a pending part go out first."""
    one = raindrop.begin("ada", "agent_run", event_id="partial", input="first words", convo_id="talk-1", model="m-0",
                         properties={"p": 1, "deep": {"a": 1}},
                         attachments=[Attachment(type="text", value="given", role="input", name="given.txt")],
                         tools=TOOLS)  # fmt: skip
    time.sleep(4)
    one.set_input("do it")
    one.set_model("claude")
    one.set_property("stage", "two")
    one.set_properties({"p": 2, "deep": {"b": 2}})
    one.add_attachments([Attachment(type="code", value="x=1", role="output", language="python", name="x.py")])
    one.set_tools(TOOLS)
    time.sleep(4)
    assert raindrop.resume_interaction("partial") is one
    one.finish(
        output="done",
        properties={"finished": True},
        attachments=[Attachment(type="text", value="ctx", role="context")],
    )
    one.finish(output="done, revised")
    assert one.finished and one.id == "partial"
    other = raindrop.resume_interaction("from-elsewhere")
    other.finish(user_id="bob", event="resumed", input="in", output="out", model="m-1", convo_id="talk-2",
                 timestamp=datetime(2026, 11, 20, 9, 0, tzinfo=UTC), properties={"r": [1, 2]})  # fmt: skip


def tools() -> None:
    """track_tool in all its forms, and manual spans tied to an interaction."""
    run = raindrop.begin("ada", "tool_run", event_id="tools", input="use them", convo_id="talk-3")
    run.track_tool(name="weather", input={"city": "NYC"}, output={"t": 72}, duration_ms=150, start_time=STARTED,
                   properties={"region": "us", "attempt": 2}, version=3)  # fmt: skip
    run.track_tool(name="broken", input="x", error=ValueError("no such city"), duration_ms=10)
    run.track_tool(name="told", error="it said no", start_time=STARTED.timestamp())
    span = run.start_span("tool", "manual", version=1)
    span.record_input({"q": 1})
    span.record_output(["r"])
    span.set_properties({"colour": "red"})
    span.end()
    failing = run.start_span("task", "plan")
    failing.end(RuntimeError("lost"))
    run.finish(output="used")
    loose = raindrop.start_span(
        "tool", "loose", event_id="loose-event", user_id="carol", event="loose_run", convo_id="talk-4"
    )
    loose.record_input("i")
    loose.record_output("o")
    loose.end()


@raindrop.tool(name="search_docs", version=2)
def search_docs(query: str) -> dict[str, list[str]]:
    return {"hits": [query.upper()]}


@raindrop.tool(name="explodes")
def explodes() -> None:
    raise KeyError("gone")


@raindrop.task(name="plan")
def plan(text: str) -> str:
    return text + "!"


@raindrop.interaction(name="agent_workflow", version=4, tools=TOOLS)
def workflow() -> None:
    run = raindrop.begin("ada", "traced_run", event_id="traced", input="look it up", convo_id="talk-5")
    raindrop.set_span_properties({"tenant": "blue"})
    search_docs("foo")
    plan("in")
    with contextlib.suppress(KeyError):
        explodes()
    with raindrop.tool_span("scoped_tool", version=1) as span:
        span.record_input({"a": 1})
        span.record_output({"b": 2})
        span.set_properties({"scoped": "yes"})
    with raindrop.task_span("scoped_task") as span:
        span.record_input("ti")
        span.record_output("to")
    with (
        raindrop.prompt_tools(TOOLS, source="agno.agent.tools"),
        trace.get_tracer("app").start_as_current_span("chat") as span,
    ):
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.system", "OpenAI")
        span.set_attribute("gen_ai.request.model", "gpt-4o")
        span.set_attribute("gen_ai.response.model", "gpt-4o-2024-08-06")
        span.set_attribute("gen_ai.usage.input_tokens", 21)
        span.set_attribute("gen_ai.usage.output_tokens", 8)
        raindrop.set_llm_span_io(input="look it up", output="I looked.")
    raindrop.resume_interaction().finish(output="found FOO")
    assert run.finished


def subagents(client: Raindrop) -> None:
    """A detached sub-agent that answers, one that fails, one that is cancelled, and one that says nothing."""
    parent = client.begin("ada", "supervisor", event_id="parent", input="research this", convo_id="talk-6")
    parent.allow_tool_events()
    first = parent.subagent(name="researcher", input={"task": "t"}, child_event_id="child", tool_name="launch",
                            properties={"priority": "high"})  # fmt: skip
    second = parent.subagent(name="writer", child_event_id="child-failed")
    third = parent.subagent(name="critic", child_event_id="child-cancelled")
    fourth = parent.subagent(name="mute", child_event_id="child-silent")
    parent.finish(output="launched")
    assert first.langsmith_headers
    with client.resume_subagent(
        headers=first.headers, input="t", model="m-2", event="research", properties={"depth": 1}
    ) as run:
        with client.tool_span("read_web") as span:
            span.record_input("url")
            span.record_output("page")
        run.finish(output="the answer")
    raindrop.resume_subagent(headers=second.headers, input="w").fail(RuntimeError("no ink"))
    raindrop.resume_subagent(headers=third.headers).cancel("superseded")
    with client.resume_subagent(parent=fourth.context):
        pass


def instance(client: Raindrop) -> None:
    """What only the client has, or has under its own name."""
    assert client.project_id == PROJECT and client.write_key == KEY
    client.identify("dora", {"plan": "free"})
    client.track("dora", "opened", event_id="client-plain")
    client.track_ai(
        "dora",
        "pii",
        event_id="client-redacted",
        input="mail a@b.example, card 4111 1111 1111 1111",
        output="ok",
    )
    client.track_signal("client-plain", "liked", sentiment="POSITIVE")
    client.track_ai_partial(PartialTrackAIEvent(event_id="client-partial", user_id="dora", event="stream",
                                                ai_data=PartialAIData(input="hello", model="m-3", convo_id="talk-7")))  # fmt: skip
    client.track_ai_partial(
        PartialTrackAIEvent(event_id="client-partial", ai_data=PartialAIData(output="wor"))
    )
    client.track_ai_partial(
        PartialTrackAIEvent(
            event_id="client-partial", ai_data=PartialAIData(output="world"), is_pending=False
        )
    )
    client.resume_interaction("client-partial").set_property("later", 1)
    client.set_span_properties(
        {"event_id": "client-span", "user_id": "dora", "event": "client_run", "convo_id": "talk-8"}
    )
    with client.as_current(), client.task_span("client_task") as span:
        span.record_input("ci")
        span.record_output("co")
    made = client.start_span(
        "tool", "client_tool", event_id="client-span", user_id="dora", event="client_run", convo_id="talk-8"
    )
    made.record_output("made")
    made.end()
    with client.prompt_tools([]):
        pass


def main() -> None:
    options = {
        "endpoint": ENDPOINT, "local_workshop_url": None, "project_id": PROJECT, "app_git": False, "tracing_enabled": True,
        "bypass_otel_for_tools": MODE == "bypass",
    }  # fmt: skip
    raindrop.init(api_key=KEY, wizard_session="wizard-1", **options)
    raindrop.set_debug_logs(False)
    raindrop.set_redact_pii(False)
    facts()
    interactions()
    tools()
    workflow()
    client = Raindrop(KEY, redact_pii=True, max_queue_size=100, **options)
    subagents(client)
    instance(client)
    client.flush()
    client.shutdown()
    raindrop.flush()
    raindrop.shutdown()


main()
