"""Spans in any order, in any batches, with silences between them: in the end the events, and all that was counted, are the same.

Each root here says something of GenAI, or of who its trace is about: others that come alone, and first, are not kept
(ingest/tracing/plain_spans.py).
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from ingest.models import Event, ExplicitSignal, Project, Span
from ingest.otlp.decoding.decode import decode_traces
from ingest.tracing.traces import SILENCE, store_traces
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, as_json, request, span
from tests.ingest.otlp.counting_again import counted, observed, process, recount
from tests.ingest.otlp.test_traces import EVENT_ID, chat, finish

pytestmark = pytest.mark.django_db
Spans = list[dict[str, Any]]
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "shop"}
SEEDS = range(6)


def agents(root: dict[str, Any], *, number: int, trace: str, **of_root: Any) -> Spans:
    """Agents one after the other under one root, each with one call."""
    made = [span(1, trace=trace, start=0, end=2 * number + 1, a=root, **of_root)]
    for place in range(number):
        at = 2 * place + 1
        words = chat(f"question {place} of the order", f"answer {place}", **traces.usage(10 + place, place))
        made += [
            span(10 + place, trace=trace, parent=1, start=at, end=at + 1, a=AGENT),
            span(20 + place, trace=trace, parent=10 + place, start=at, end=at + 0.5, a=words),
        ]
    return made


def http_root(trace: str) -> Spans:
    return agents({"http.request.method": "POST", "user.id": "late user"}, number=2, trace=trace)


def agent_root(trace: str) -> Spans:
    words = {
        "gen_ai.input.messages": [traces.text("user", "is my order paid, and where is it")],
        "gen_ai.output.messages": [traces.text("assistant", "paid, and on its way")],
    }
    return agents(AGENT | words | {"session.id": "talk"}, number=3, trace=trace)


def named_root(trace: str) -> Spans:
    return agents(AGENT | {EVENT_ID: f"app-{trace[:4]}", "user.id": "u"}, number=2, trace=trace)


def nested_roots(trace: str) -> Spans:
    inner = agents(AGENT, number=2, trace=trace)
    inner[0]["parentSpanId"] = f"{2:016x}"
    middle = span(2, trace=trace, parent=3, end=6, a={"http.request.method": "POST", "session.id": "nested"})
    return [
        *inner,
        middle,
        span(3, "worker", trace=trace, end=7, a={"user.id": "outermost", "gen_ai.system": "x"}),
    ]


def session(trace: str) -> Spans:
    """Two turns of one socket, with a tool call in the second and a verdict on the first."""
    return [
        span(1, "websocket", trace=trace, end=20, a={"user.id": "u", "session.id": "s"}),
        span(
            2,
            trace=trace,
            parent=1,
            start=1,
            end=2,
            a=chat("where is my order", "on its way", **traces.usage(5, 6)),
            events=[
                (
                    "gen_ai.evaluation.result",
                    {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.label": "fail"},
                )
            ],
        ),
        span(3, trace=trace, parent=1, start=8, end=9, a=chat("and is it paid?", "let me look")),
        span(
            4,
            trace=trace,
            parent=1,
            start=9.1,
            end=9.5,
            error="ValueError: no such order",
            a={"gen_ai.tool.name": "pay", "gen_ai.operation.name": "execute_tool"},
        ),
        span(5, trace=trace, parent=1, start=9.6, end=10, a=chat("and is it paid?", "yes, it is")),
    ]


def two_people(trace: str) -> Spans:
    return [
        span(1, "batch", trace=trace, end=9, a={"session.id": "room"}),
        span(2, trace=trace, parent=1, start=1, end=2, a=chat("my order?", "here") | {"user.id": "a"}),
        span(3, trace=trace, parent=1, start=4, end=5, a=chat("my refund?", "soon") | {"user.id": "b"}),
        span(4, trace=trace, parent=1, start=7, end=8, a=chat("my invoice?", "sent")),
    ]


def one_of_three_failed(trace: str) -> Spans:
    made = agents({"http.request.method": "POST", "user.id": "u"}, number=3, trace=trace)
    made.append(
        span(40, trace=trace, parent=12, start=5, end=5.5, error="Timeout: too slow", a=chat("question 2 of the order"))
    )  # fmt: skip
    return made


SHAPES: list[Callable[[str], Spans]] = [
    http_root, agent_root, named_root, nested_roots, session, two_people, one_of_three_failed,
]  # fmt: skip


def send(project: Project, spans: Spans) -> None:
    store_traces(project=project, decoded=decode_traces(as_json(request(*spans)), is_json=True))


def told(project: Project) -> list[Any]:
    """All that is stored of events, but when it was received."""
    rows = Event.objects.filter(project=project).select_related("end_user", "conversation")
    events = [
        {
            name: getattr(row, name)
            for name in (
                "event_id", "timestamp", "name", "input", "output", "model", "properties", "feature_flags", "trace_id", "is_pending",
                "tool_calls", "tool_errors", "input_tokens", "output_tokens", "cost_usd", "latency_ms",
            )
        }
        | {
            "user": row.end_user and row.end_user.user_id,
            "convo": row.conversation and row.conversation.convo_id,
            "spans": sorted(row.spans.values_list("span_id", "kind", "status", "counts")),
        }
        for row in rows.order_by("event_id")
    ]  # fmt: skip
    signals = ExplicitSignal.objects.filter(project=project).order_by("app_event_id", "name", "timestamp")
    return [
        *events,
        *signals.values("app_event_id", "event__event_id", "name", "sentiment", "properties", "timestamp"),
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_any_order_of_one_trace(
    project: Project, other_project: Project, shape: Callable[[str], Spans], seed: int
) -> None:
    dice = random.Random(seed)
    whole = shape(TRACE)
    send(other_project, whole)
    finish(after=SILENCE)
    shuffled = dice.sample(whole, len(whole))
    while shuffled:
        size = dice.randint(1, 3)
        send(project, shuffled[:size])
        shuffled = shuffled[size:]
        if dice.random() < 0.8:
            finish(after=SILENCE)
    finish(after=SILENCE)
    assert told(project) == told(other_project)
    assert not Span.objects.filter(project=project, event=None).exists()


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_several_traces_with_the_pipeline_between(
    project: Project, other_project: Project, seed: int
) -> None:
    dice = random.Random(seed)
    whole = [part for place, shape in enumerate(SHAPES) for part in shape(f"{place + 1:032x}")]
    send(other_project, whole)
    finish(after=SILENCE)
    process()
    shuffled = dice.sample(whole, len(whole))
    while shuffled:
        size = dice.randint(3, 15)
        send(project, shuffled[:size])
        shuffled = shuffled[size:]
        if dice.random() < 0.8:
            finish(after=SILENCE)
        if dice.random() < 0.5:
            process()
    finish(after=SILENCE)
    process()
    assert told(project) == told(other_project)
    assert observed(project) == observed(other_project)
    assert counted() == recount()
