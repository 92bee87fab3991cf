"""Traces that are incomplete, nested, shared or hostile."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.otlp.dialects.raindrop_sdk import PARENT_EVENT, is_noise
from ingest.otlp.logs import map_log
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.mapping import map_span
from ingest.otlp.traces.assembly import TraceEvent, assemble, root_end
from tests.examples import examples
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, as_json, as_protobuf, log, logs_request, request, span


def spans_of(made: dict[str, Any]) -> list[MappedSpan]:
    return [map_span(raw) for raw in decode_traces(as_json(made), is_json=True).items]


def events_of(*spans: dict[str, Any]) -> list[TraceEvent]:
    return assemble(spans_of(request(*spans)))


def logs_of(*logs: dict[str, Any], protobuf: bool = False) -> list[MappedSpan]:
    made = logs_request(*logs)
    body = as_protobuf(made) if protobuf else as_json(made)
    found = [map_log(raw) for raw in decode_logs(body, is_json=not protobuf).items]
    assert not [item for item in found if isinstance(item, str)]
    return [item for item in found if isinstance(item, MappedSpan)]


def chat(question: str, answered: str = "", **more: Any) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": [traces.text("user", question)],
        **more,
    }
    if answered:
        attributes["gen_ai.output.messages"] = [traces.text("assistant", answered)]
    return attributes


EVENT_ID = "traceloop.association.properties.event_id"


def test_a_trace_about_something_else_is_no_event() -> None:
    assert (
        events_of(
            span(1, "GET /", a={"http.method": "GET"}),
            span(2, "SELECT", 1, a={"db.system": "x", "user.id": "u"}),
        )
        == []
    )
    assert assemble([]) == []


def test_a_plain_request_around_the_call_changes_no_words_and_no_latency() -> None:
    inner = span(2, "chat", 1, start=1, end=2, a=chat("hi", "yo"))
    [alone] = events_of(inner)
    [around] = events_of(
        span(1, "POST /ask", start=0, end=9, a={"http.method": "POST", "input": "x", "user.id": "u"}), inner
    )
    assert (around.input, around.output, around.latency_ms, around.start_ns) == (
        "hi",
        "yo",
        1000.0,
        alone.start_ns,
    )
    assert len(around.span_ids) == 2


def test_children_before_their_root() -> None:
    whole = spans_of(traces.generation_c())
    [children] = assemble(whole[1:])
    assert (children.input, children.output) == (traces.QUESTION, traces.ANSWER)
    assert (children.tokens.input, children.convo_id) == (30, "")
    assert root_end(whole[1:]) is None
    assert root_end(whole) == whole[0].end_ns


def test_a_sub_agent_inside_a_tool_call_does_not_speak_for_the_turn() -> None:
    [event] = events_of(
        span(1, "chat", end=1, a=chat("plan my trip")),
        span(
            2, "research", end=9, a={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "research"}
        ),
        span(
            3,
            "invoke_agent",
            2,
            start=0.5,
            end=8,
            a=chat("find hotels", "Ritz") | {"gen_ai.operation.name": "invoke_agent"},
        ),
        span(4, "chat", start=9, end=9.5, a=chat("plan my trip", "Done.")),
        span(5, "chat", 3, start=9, end=11, a=chat("find hotels", "late thought")),
    )
    assert (event.input, event.output) == ("plan my trip", "Done.")


def test_tokens_are_those_of_the_innermost_calls() -> None:
    [event] = events_of(
        span(1, a=chat("hi", "yo", **traces.usage(100, 50)) | {"gen_ai.usage.cost": 3.0}),
        span(2, parent=1, a=chat("hi", "yo", **traces.usage(60, 20)) | {"gen_ai.usage.cost": 1.0}),
        span(3, parent=1, a=chat("hi", "yo", **traces.usage(40, 30)) | {"gen_ai.usage.cost": 2.0}),
    )
    assert (event.tokens.input, event.tokens.output, event.cost) == (100, 50, 3.0)
    assert event.corrected_kinds == {f"{1:016x}": "agent"}


def test_a_tool_seen_by_two_instrumentations_is_one_call() -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    [event] = events_of(span(1, a=tool), span(2, parent=1, error="x", a=tool), span(3, a=tool))
    assert event.tool_calls == 2
    assert event.corrected_kinds == {f"{2:016x}": "other"}


def test_spans_that_name_events_split_the_trace() -> None:
    events = events_of(
        span(9, "job", end=20, a={"http.method": "POST", "enduser.id": "user-1"}),
        span(1, "turn one", 9, end=2, a={EVENT_ID: "A", "traceloop.span.kind": "workflow"}),
        span(2, "chat", 1, end=1, a=chat("one", "eins", **traces.usage(1, 1))),
        span(3, "turn two", 9, start=3, end=5, a={"ai.telemetry.metadata.raindrop.eventId": "B"}),
        span(4, "chat", 3, start=3, end=4, a=chat("two", "zwei", **traces.usage(2, 2))),
        span(5, "chat", 3, start=4, end=5, a=chat("two", "zwei!") | {EVENT_ID: "B"}),
    )
    assert [(e.event_id, e.named, e.input, e.output) for e in events] == [
        ("A", True, "one", "eins"),
        ("B", True, "two", "zwei!"),
    ]
    assert {e.user_id for e in events} == {"user-1"}
    assert [e.tokens.input for e in events] == [1, 2]


def test_a_detached_sub_agent_is_linked_to_its_parent() -> None:
    events = events_of(
        span(1, "ask", end=1, a=chat("go", "started") | {EVENT_ID: "parent"}),
        span(
            2,
            "spawn",
            1,
            end=1,
            a={
                EVENT_ID: "parent",
                "raindrop.handoff.mode": "detached",
                "raindrop.handoff.childEventId": "child",
            },
        ),
        span(3, "sub", 2, start=1, end=5, a=chat("sub task", "done") | {EVENT_ID: "child"}),
    )
    assert {e.event_id: e.properties.get(PARENT_EVENT) for e in events} == {"parent": None, "child": "parent"}
    [alone] = events_of(
        span(
            3,
            "sub",
            a=chat("x") | {EVENT_ID: "child", PARENT_EVENT: "parent", "raindrop.agent.role": "subagent"},
        )
    )
    assert alone.properties[PARENT_EVENT] == "parent"


def test_an_error_is_told_in_the_properties() -> None:
    made = span(
        1,
        a=chat("hi"),
        error="rate limited",
        events=[("exception", {"exception.type": "RateLimitError", "exception.message": "slow down"})],
    )
    [event] = events_of(made)
    assert event.properties["error.type"] == "RateLimitError"
    assert event.properties["error.message"] == "slow down"


def test_a_message_of_images_only_is_not_empty() -> None:
    parts = [{"type": "blob", "modality": "image", "content": "aGk="}]
    [event] = events_of(
        span(
            1,
            a={"gen_ai.operation.name": "chat", "gen_ai.input.messages": [{"role": "user", "parts": parts}]},
        )
    )
    assert event.input == "[image]"


def test_generation_b_logs_fill_their_span_in_any_order() -> None:
    call = spans_of(
        request(
            span(1, a={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **traces.usage(3, 4)})
        )
    )
    for protobuf in (False, True):
        logs = logs_of(
            log("gen_ai.system.message", 1, body={"content": traces.SYSTEM}),
            log("gen_ai.user.message", 1, body={"content": traces.QUESTION}),
            log(
                "gen_ai.choice",
                1,
                body={"index": 0, "message": {"role": "assistant", "content": traces.ANSWER}},
            ),
            protobuf=protobuf,
        )
        for order in (call + logs, logs + call, logs + call + logs):
            [event] = assemble(order)
            assert (event.input, event.output, event.model, event.tokens.input) == (
                traces.QUESTION,
                traces.ANSWER,
                "m",
                3,
            )
    [early] = assemble(logs)
    assert (early.input, early.output) == (traces.QUESTION, traces.ANSWER)


def test_operation_details_and_evaluations_arrive_as_logs() -> None:
    call = spans_of(request(span(1, a={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"})))
    details = log("gen_ai.client.inference.operation.details", 1, a=chat("hi", "yo", **traces.usage(3, 4)))
    verdict = log("gen_ai.evaluation.result", 1, a={"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.2,
                  "gen_ai.evaluation.score.label": "fail", "gen_ai.evaluation.explanation": "off topic"})  # fmt: skip
    [event] = assemble(call + logs_of(details, verdict))
    assert (event.input, event.output, event.tokens.input) == ("hi", "yo", None)
    [signal] = event.signals
    assert (signal.name, signal.sentiment, signal.source) == ("Relevance", "NEGATIVE", "evaluation")
    assert signal.properties == {
        "score": 0.2,
        "label": "fail",
        "explanation": "off topic",
        "source": "evaluation",
    }
    [untraced] = assemble(
        logs_of(log("gen_ai.client.inference.operation.details", a=chat("hi", "yo", **traces.usage(3, 4))))
    )
    assert (untraced.input, untraced.tokens.input) == ("hi", 3)


def test_the_sdk_own_posts_are_noise() -> None:
    def raw(url: str, kind: int = 3) -> Any:
        return decode_traces(
            as_json(request(span(1, "POST", kind=kind, a={"http.url": url}))), is_json=True
        ).items[0]

    assert is_noise(raw("http://127.0.0.1:8000/v1/events/track_partial"))
    assert is_noise(raw("https://ingest.example.com/v1/traces?x=1"))
    assert not is_noise(raw("https://api.openai.com/v1/chat/completions"))
    assert not is_noise(raw("http://127.0.0.1:8000/v1/traces", kind=2))
    assert not is_noise(raw("http://[broken"))


def test_circles_and_long_chains_end() -> None:
    circle = [
        span(1, parent=2, a=chat("a", "b")),
        span(2, parent=3, a=chat("a", "b")),
        span(3, parent=1, a=chat("a", "b")),
    ]
    assert len(events_of(*circle)) == 1
    chain = [
        span(n, parent=n - 1, a=traces.usage(1, 1) | {"gen_ai.operation.name": "chat"})
        for n in range(1, 5001)
    ]
    chain[4999]["attributes"] += span(1, a={"user.id": "u"})["attributes"]
    [event] = events_of(*chain)
    assert (event.tokens.input, event.user_id) == (1, "u")


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 6), st.sampled_from(["", "A", "B"]), st.booleans()),
        max_size=8,
    ),
    st.randoms(),
)
def test_any_tree_in_any_order_gives_the_same_events(
    made: list[tuple[int, int, str, bool]], dice: random.Random
) -> None:
    numbers = {number: (number, parent, event, tool) for number, parent, event, tool in made}
    spans = [
        span(number, parent=parent if parent != number else 0, start=number, end=number + 2,
             a=({"gen_ai.tool.name": "t"} if tool else chat(f"q{number}", f"a{number}", **traces.usage(1, 1))) | ({EVENT_ID: event} if event else {}))
        for number, parent, event, tool in numbers.values()
    ]  # fmt: skip
    wanted = events_of(*spans)
    dice.shuffle(spans)
    assert events_of(*spans) == wanted
    assert sorted(s for e in wanted for s in e.span_ids) == sorted(s["spanId"] for s in spans)
    assert all(e.trace_id == TRACE for e in wanted)
