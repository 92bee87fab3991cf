"""Stored traces: open, over, late, repeated; and what the app says itself."""

import datetime as dt
import random
from typing import Any

import pytest
from django.utils import timezone

from ingest.http import otlp as otlp_views
from ingest.incoming.values import IncomingEvent
from ingest.models import Event, ExplicitSignal, OpenTrace, Project, QueuedEvent, Span
from ingest.otlp.decoding.decode import decode_traces
from ingest.otlp.mapping import map_span
from ingest.otlp.stored import from_row
from ingest.otlp.traces.assembly import assemble
from ingest.store.events import store_events
from ingest.tracing.trace_events import finish_open_traces
from ingest.tracing.traces import ROOT_GRACE, SILENCE, store_traces
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, as_json, log, logs_request, request, span

pytestmark = pytest.mark.django_db
EVENT_ID = "traceloop.association.properties.event_id"


def send(project: Project, made: dict[str, Any], *, at_once: bool = True) -> None:
    store_traces(project=project, decoded=decode_traces(as_json(made), is_json=True), at_once=at_once)


def part(made: dict[str, Any], *numbers: int) -> dict[str, Any]:
    """Only some of a request's spans."""
    scope = made["resourceSpans"][0]["scopeSpans"][0]
    scope["spans"] = [s for s in scope["spans"] if int(s["spanId"], 16) in numbers]
    return made


def finish(*, after: dt.timedelta = ROOT_GRACE) -> None:
    finish_open_traces(timezone.now() + after + dt.timedelta(seconds=1))


def chat(question: str, answered: str = "", **more: Any) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": [traces.text("user", question)],
        **more,
    }
    if answered:
        attributes["gen_ai.output.messages"] = [traces.text("assistant", answered)]
    return attributes


def test_a_trace_becomes_an_event(project: Project) -> None:
    send(project, traces.generation_c())
    finish()
    event = Event.objects.get()
    assert (event.event_id, event.trace_id, event.is_pending) == (TRACE, TRACE, False)
    assert (event.input, event.output, event.model) == (traces.QUESTION, traces.ANSWER, "gpt-5-2026")
    assert (event.input_tokens, event.output_tokens, event.tool_calls, event.tool_errors) == (30, 12, 1, 0)
    assert event.latency_ms == 4000.0
    assert event.end_user and event.end_user.user_id == "user-1"
    assert event.conversation and event.conversation.convo_id == "conv-1"
    assert event.name == "shop"
    assert event.properties == {"service": "shop", "agent": "shop"}
    assert set(event.spans.values_list("kind", flat=True)) == {"agent", "llm", "tool"}
    assert QueuedEvent.objects.filter(event=event).exists()
    assert not OpenTrace.objects.exists()


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_rows_hold_all_that_assembly_needs(project: Project, dialect: str) -> None:
    made = traces.DIALECTS[dialect]()
    send(project, made)
    wanted = assemble(map_span(raw) for raw in decode_traces(as_json(made), is_json=True).items)
    assert assemble(span for row in Span.objects.all() if (span := from_row(row))) == wanted


def test_the_same_batch_twice_is_one_event(project: Project) -> None:
    for _ in range(2):
        send(project, traces.generation_c())
    finish()
    before = Event.objects.values().get()
    send(project, traces.generation_c())
    finish()
    assert Event.objects.values().get() == before
    assert Span.objects.count() == 4


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_pace_gives_the_same_event(project: Project, seed: int) -> None:
    dice = random.Random(seed)
    numbers = [1, 2, 3, 4]
    dice.shuffle(numbers)
    for number in numbers:
        send(project, part(traces.generation_c(), number))
        if dice.random() < 0.5:
            finish(after=SILENCE)
    finish(after=SILENCE)
    event = Event.objects.get()
    assert (event.input, event.output) == (traces.QUESTION, traces.ANSWER)
    assert (event.input_tokens, event.tool_calls, event.latency_ms) == (30, 1, 4000.0)
    assert event.conversation and event.conversation.convo_id == "conv-1"
    assert event.spans.count() == 4


def test_children_wait_for_their_root(project: Project) -> None:
    send(project, part(traces.generation_c(), 2, 3, 4))
    finish()
    assert not Event.objects.exists()
    send(project, part(traces.generation_c(), 1))
    finish()
    assert Event.objects.get().output == traces.ANSWER
    assert Event.objects.get().spans.count() == 4


def test_silence_ends_a_trace_without_its_root(project: Project) -> None:
    send(project, part(traces.generation_c(), 2, 3, 4))
    finish(after=SILENCE)
    assert Event.objects.get().output == traces.ANSWER


def test_a_late_span_changes_what_an_earlier_look_had_filled_in(project: Project) -> None:
    send(project, request(span(1, a=chat("hi", "let me see"))))
    finish()
    event = Event.objects.get()
    assert event.output == "let me see"
    send(
        project,
        request(
            span(
                2, parent=1, start=2, end=5, a=chat("hi", "all done") | {"session.id": "late", "user.id": "u"}
            )
        ),
    )
    finish()
    event.refresh_from_db()
    assert (event.output, event.latency_ms) == ("all done", 5000.0)
    assert event.conversation and event.conversation.convo_id == "late"
    assert event.end_user and event.end_user.user_id == "u"


def test_what_the_app_says_is_never_overwritten(project: Project) -> None:
    store_events(
        project=project,
        events=[
            IncomingEvent(event_id="e1", name="chat", user_id="app-user", input="app input", is_pending=True)
        ],
    )
    send(project, request(span(1, a=chat("span input", "span output", **traces.usage(1, 2)) | {EVENT_ID: "e1", "user.id": "x",
                          "gen_ai.request.model": "m"})))  # fmt: skip
    finish()
    event = Event.objects.get()
    assert (event.input, event.output, event.model, event.name) == ("app input", "span output", "m", "chat")
    assert event.end_user and event.end_user.user_id == "app-user"
    assert event.is_pending  # the app has not finished it
    assert event.conversation is None
    assert event.spans.count() == 1
    store_events(project=project, events=[IncomingEvent(event_id="e1", output="app output")])
    send(project, request(span(2, start=3, end=4, a=chat("span input", "later output") | {EVENT_ID: "e1"})))
    finish()
    event.refresh_from_db()
    assert (event.input, event.output, event.is_pending) == ("app input", "app output", False)
    assert event.spans.count() == 2


def test_the_app_may_speak_after_the_trace(project: Project) -> None:
    send(project, request(span(1, a=chat("span input", "span output") | {EVENT_ID: "e1"})))
    finish()
    store_events(
        project=project,
        events=[IncomingEvent(event_id="e1", output="app output", user_id="u", trace_id=TRACE)],
    )
    event = Event.objects.get()
    assert (event.input, event.output) == ("span input", "app output")
    send(project, request(span(2, parent=1, end=9, a=chat("span input", "more") | {EVENT_ID: "e1"})))
    finish()
    event.refresh_from_db()
    assert event.output == "app output"


def test_one_trace_two_events(project: Project) -> None:
    send(
        project,
        request(
            span(1, a=chat("one", "eins") | {EVENT_ID: "A"}),
            span(2, start=2, end=3, a=chat("two", "zwei") | {EVENT_ID: "B"}),
        ),
    )
    finish()
    assert dict(Event.objects.values_list("event_id", "output")) == {"A": "eins", "B": "zwei"}
    assert [row.event.event_id for row in Span.objects.order_by("span_id") if row.event] == ["A", "B"]


def test_projects_do_not_mix(project: Project, other_project: Project) -> None:
    for owner, text in ((project, "a"), (other_project, "b")):
        send(owner, request(span(1, a=chat(text, text))))
    finish()
    assert {(e.project.slug, e.input, e.spans.count()) for e in Event.objects.all()} == {
        ("acme", "a", 1),
        ("umbrella", "b", 1),
    }


def test_nested_calls_count_once_in_the_stored_sums(project: Project) -> None:
    send(
        project,
        request(
            span(1, a=chat("hi", "yo", **traces.usage(10, 5))),
            span(2, parent=1, a=chat("hi", "yo", **traces.usage(10, 5))),
        ),
    )
    finish()
    assert Event.objects.get().input_tokens == 10


def test_a_trace_about_something_else_leaves_nothing(project: Project) -> None:
    send(project, request(span(1, "GET /", a={"http.method": "GET"})))
    assert not Span.objects.exists()
    assert not OpenTrace.objects.exists()
    send(project, traces.generation_c())
    send(project, request(span(50, "SELECT", 3, a={"db.system": "postgresql"})))
    assert Span.objects.get(span_id=f"{50:016x}").kind == "other"


def test_signals_are_stored_once(project: Project) -> None:
    for _ in range(2):
        send(project, traces.openinference())
        finish()
    signal = ExplicitSignal.objects.get()
    assert (signal.name, signal.sentiment, signal.signal_type) == ("helpful", "NEGATIVE", "feedback")
    assert signal.event == Event.objects.get()


@pytest.mark.parametrize("by_response", [True, False])
def test_evaluations_arrive_as_logs(project: Project, post: Any, by_response: bool) -> None:
    send(project, traces.generation_c())
    finish()
    verdict = {
        "gen_ai.evaluation.name": "Relevance",
        "gen_ai.evaluation.score.label": "fail",
        "gen_ai.response.id": "resp-1",
    }
    made = logs_request(
        log("gen_ai.evaluation.result", 0 if by_response else 2, a=verdict), log("app.started", body="x")
    )
    assert post(as_json(made), otlp_views.logs).content == b"{}"
    finish()
    signal = ExplicitSignal.objects.get()
    assert (signal.name, signal.sentiment, signal.signal_type) == ("Relevance", "NEGATIVE", "standard")
    assert signal.event == Event.objects.get()


def test_an_evaluation_that_names_nothing_is_rejected(post: Any) -> None:
    made = logs_request(log("gen_ai.evaluation.result", a={"gen_ai.evaluation.name": "R"}))
    answer = post(as_json(made), otlp_views.logs)
    assert b'"rejectedLogRecords": "1"' in answer.content
    assert b"belongs to no trace" in answer.content


def test_logs_before_and_after_their_span(project: Project, post: Any) -> None:
    messages = logs_request(
        log("gen_ai.user.message", 1, body={"content": traces.QUESTION}),
        log("gen_ai.choice", 1, body={"message": {"role": "assistant", "content": traces.ANSWER}}),
    )
    post(as_json(messages), otlp_views.logs)
    send(
        project,
        request(
            span(1, a={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **traces.usage(1, 2)})
        ),
    )
    finish()
    event = Event.objects.get()
    assert (event.input, event.output, event.model, event.input_tokens) == (
        traces.QUESTION,
        traces.ANSWER,
        "m",
        1,
    )


def test_redaction_reaches_messages_tools_and_events(project: Project) -> None:
    send(project, request(
        span(1, a=chat("my card is 4111 1111 1111 1111", "noted 4111 1111 1111 1111")),
        span(2, parent=1, a={"gen_ai.tool.name": "pay", "gen_ai.tool.call.arguments": '{"card": "4111111111111111"}'}),
    ))  # fmt: skip
    finish()
    event = Event.objects.get()
    assert event.input.startswith("my card is ")
    stored = repr(list(Event.objects.values())) + repr(list(Span.objects.values()))
    assert "4111" not in stored


def test_one_bad_trace_does_not_stop_the_others(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.tracing import trace_events as module

    made = request(span(1, a=chat("good", "yes")), span(1, trace="ab" * 16, a=chat("bad", "no")))
    send(project, made, at_once=False)
    real = module.assemble

    def fragile(spans: Any) -> Any:
        spans = list(spans)
        if any(s.trace_id == "ab" * 16 for s in spans):
            raise RuntimeError("boom")
        return real(spans)

    monkeypatch.setattr(module, "assemble", fragile)
    finish()
    assert Event.objects.get().input == "good"
    assert OpenTrace.objects.get().attempts == 1
    monkeypatch.setattr(module, "assemble", real)
    finish(after=dt.timedelta(minutes=6))
    assert Event.objects.count() == 2
