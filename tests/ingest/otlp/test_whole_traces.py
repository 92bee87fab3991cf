"""Traces that are whole within one request have their events at once, the same ones that a later look would make."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ingest.health.receipts import Receipt
from ingest.models import Event, ExplicitSignal, OpenTrace, Project, QueuedEvent, Span, WaitingEvaluation
from ingest.otlp.decoding.decode import decode_logs, decode_traces
from ingest.tracing import whole_traces
from ingest.tracing.evaluations import keep_evaluations, open_crossed
from ingest.tracing.trace_events import CHILD_GRACE, finish_open_traces
from ingest.tracing.traces import ROOT_GRACE, store_logs, store_traces
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import as_json, logs_request, request, span
from tests.ingest.fixtures.otlp.builders import log as log_record

pytestmark = pytest.mark.django_db

EVENT_COLUMNS = [
    field.attname
    for field in Event._meta.concrete_fields
    if field.name not in ("id", "project", "received_at")
]
SPAN_COLUMNS = [
    field.attname for field in Span._meta.concrete_fields if field.name not in ("id", "project", "event")
]


def send(project: Project, made: dict[str, Any], *, at_once: bool = True) -> None:
    store_traces(project=project, decoded=decode_traces(as_json(made), is_json=True), at_once=at_once)


def chat(question: str, answered: str, **more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": [traces.text("user", question)],
        "gen_ai.output.messages": [traces.text("assistant", answered)],
        **more,
    }


def agent(trace: str, question: str = "Where is it?", answered: str = "On its way.") -> list[dict[str, Any]]:
    """An agent's turn: the root without words, a call, a tool."""
    return [
        span(1, "invoke_agent shop", trace=trace, end=3.0, a={"gen_ai.operation.name": "invoke_agent"}),
        span(2, "chat", 1, trace=trace, end=2.0, a=chat(question, answered)),
        span(3, "tool", 1, trace=trace, start=2.0, end=3.0,
             a={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_order"}),
    ]  # fmt: skip


def finish() -> None:
    finish_open_traces(timezone.now() + dt.timedelta(minutes=10))


def stored(project: Project) -> tuple[list[Any], list[Any], list[Any]]:
    """What the project holds, without ids and times of receipt; a span with its event's own id."""
    names = dict(Event.objects.filter(project=project).values_list("id", "event_id"))
    spans = Span.objects.filter(project=project).order_by("trace_id", "span_id")
    return (
        list(
            Event.objects.filter(project=project)
            .order_by("event_id")
            .values(
                *(column for column in EVENT_COLUMNS if column not in ("end_user_id", "conversation_id")),
                "end_user__user_id",
                "conversation__convo_id",
            )
        ),
        [
            row | {"event": names.get(event)}
            for row, event in zip(
                spans.values(*SPAN_COLUMNS), spans.values_list("event_id", flat=True), strict=True
            )
        ],
        sorted(
            ExplicitSignal.objects.filter(project=project).values_list(
                "app_event_id", "name", "sentiment", "timestamp"
            )
        ),
    )


@pytest.mark.parametrize("dialect", traces.DIALECTS)
def test_made_at_once_is_as_made_later(project: Project, dialect: str) -> None:
    later = Project.objects.create(slug="later", name="Later")
    send(project, traces.DIALECTS[dialect]())
    at_once = Event.objects.filter(project=project).count()
    finish()
    send(later, traces.DIALECTS[dialect](), at_once=False)
    assert not Event.objects.filter(project=later).exists()
    finish()
    assert stored(project) == stored(later)
    assert at_once in (0, Event.objects.filter(project=project).count())


def test_most_dialects_are_made_at_once(project: Project) -> None:
    """Else the test above compared nothing."""
    made = set()
    for name, build in traces.DIALECTS.items():
        send(project, build())
        if Event.objects.exists():
            made.add(name)
        Event.objects.all().delete()
        Span.objects.all().delete()
        OpenTrace.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM ingest_eventkey")
    assert len(made) >= len(traces.DIALECTS) * 2 // 3, f"only {sorted(made)}"


def test_an_event_is_queued_once_and_its_spans_are_written_once(project: Project) -> None:
    names = [f"{number:032x}" for number in range(1, 31)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        send(project, request(*(one for name in names for one in agent(name))))
    assert Event.objects.count() == QueuedEvent.objects.count() == 30
    assert set(Span.objects.values_list("event__event_id", flat=True)) == set(names)
    assert not OpenTrace.objects.exists()
    written = [
        query["sql"]
        for query in queries
        if "UPDATE ingest_span" in query["sql"] or "UPDATE ingest_event " in query["sql"]
    ]
    assert not written


def test_an_event_that_is_made_later_is_queued_once(project: Project) -> None:
    root, call, tool = agent("ab" * 16)
    send(project, request(call, tool))
    send(project, request(root))
    assert not Event.objects.exists()
    finish()
    assert Event.objects.get().tool_calls == 1
    assert QueuedEvent.objects.count() == 1


def test_late_spans_reach_the_event(project: Project) -> None:
    root, call, tool = agent("ab" * 16)
    send(project, request(root, call))
    assert Event.objects.get().tool_calls == 0
    send(project, request(tool))
    assert OpenTrace.objects.get().due_at <= timezone.now() + dt.timedelta(seconds=3)
    finish()
    assert Event.objects.get().tool_calls == 1
    assert Span.objects.filter(event=Event.objects.get()).count() == 3


@pytest.mark.parametrize("missing", [0, 1])
def test_what_comes_in_parts_waits(project: Project, missing: int) -> None:
    """Without its root, and with a root whose child has no parent here."""
    spans = agent("ab" * 16)
    inner = span(4, "inner", 2, trace="ab" * 16, a=chat("a", "b"))
    send(project, request(*(one for place, one in enumerate([*spans, inner]) if place != missing)))
    assert not Event.objects.exists()
    send(project, request(spans[missing]))
    assert not Event.objects.exists(), "its other spans are here already"
    finish()
    assert Event.objects.count() == 1 and Span.objects.filter(event=None).count() == 0


def test_a_turn_without_an_answer_waits_for_one(project: Project) -> None:
    root, call, tool = agent("ab" * 16)
    send(project, request(root, tool))
    assert not Event.objects.exists()
    send(project, request(call))
    finish()
    assert Event.objects.get().output == "On its way."


def test_where_making_fails_the_spans_wait(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as patch:
        patch.setattr(whole_traces, "store_trace_signals", breaks)  # after all else
        send(project, request(*agent("ab" * 16)))
    assert not Event.objects.exists() and Span.objects.count() == 3
    assert OpenTrace.objects.get().root_ended
    finish()
    assert Event.objects.get().output == "On its way."


def test_an_event_that_the_app_sent_itself_keeps_its_words(
    project: Project, client: Any, write_key: str
) -> None:
    sent = {"event_id": "own", "event": "chat", "ai_data": {"input": "as typed", "convo_id": "c"}}
    headers = {"Authorization": f"Bearer {write_key}"}
    answer = client.post(
        "/v1/events/track", json.dumps([sent]), content_type="application/json", headers=headers
    )
    assert answer.status_code == 200
    named = {"traceloop.association.properties.event_id": "own"}
    made = agent("ab" * 16)
    send(
        project,
        request(
            made[0], span(2, "chat", 1, trace="ab" * 16, end=2.0, a=chat("as sent", "yes") | named), made[2]
        ),
    )
    event = Event.objects.get()
    assert (event.input, event.output, event.tool_calls) == ("as typed", "yes", 1)
    assert Span.objects.filter(event=event).count() == 3


def test_two_traces_of_one_event_are_summed(project: Project) -> None:
    named = {"traceloop.association.properties.event_id": "own"}
    tokens = {"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2}
    send(
        project, request(*(span(1, trace=f"{n:032x}", a=chat("hi", "yes") | named | tokens) for n in (1, 2)))
    )
    event = Event.objects.get()
    assert (event.input_tokens, event.output_tokens) == (10, 4)
    assert QueuedEvent.objects.count() == 1


def test_a_long_text_is_cut_as_its_span_is(project: Project) -> None:
    send(project, request(span(1, a=chat("x" * 200_000, "y"))))
    assert not Event.objects.exists()
    finish()
    assert Event.objects.get().input == "x" * 200_000


def test_a_large_request_leaves_the_rest_for_later(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_traces, "MAX_TRACES", 2)
    send(project, request(*(span(1, trace=f"{n:032x}", a=chat("hi", "yes")) for n in range(1, 6))))
    assert Event.objects.count() == 2 and OpenTrace.objects.count() == 3
    finish()
    assert Event.objects.count() == 5


def test_an_evaluation_that_waited_is_told(project: Project) -> None:
    verdict = {
        "gen_ai.evaluation.name": "Relevance",
        "gen_ai.evaluation.score.label": "fail",
        "gen_ai.response.id": "r",
    }
    made = logs_request(log_record("gen_ai.evaluation.result", a=verdict))
    store_logs(project=project, decoded=decode_logs(as_json(made), is_json=True))
    assert WaitingEvaluation.objects.exists()
    send(project, request(span(1, a=chat("hi", "yes", **{"gen_ai.response.id": "r"}))))
    finish()
    assert not WaitingEvaluation.objects.exists()
    assert ExplicitSignal.objects.get().event == Event.objects.get()


def test_an_evaluation_that_crossed_its_response_is_told(project: Project) -> None:
    """Both requests are under way at once: neither sees what the other stores."""
    send(project, request(span(1, a=chat("hi", "yes", **{"gen_ai.response.id": "r"}))))
    verdict = {
        "gen_ai.evaluation.name": "Relevance",
        "gen_ai.evaluation.score.label": "fail",
        "gen_ai.response.id": "r",
    }
    decoded = decode_logs(
        as_json(logs_request(log_record("gen_ai.evaluation.result", a=verdict))), is_json=True
    )
    keep_evaluations(project=project, logs=decoded.items, receipt=Receipt())
    minute = dt.timedelta(minutes=1)
    assert open_crossed(timezone.now() + 2 * minute, since=minute) == 0, "it came too long ago"
    assert open_crossed(timezone.now(), since=minute) == 1
    finish()
    assert ExplicitSignal.objects.get().event == Event.objects.get()
    assert open_crossed(timezone.now(), since=minute) == 0


def test_a_missing_parent_is_waited_for_longer(project: Project) -> None:
    root, call, tool = agent("ab" * 16)
    inner = span(4, "inner", 9, trace="ab" * 16, a=chat("a", "b"))
    send(project, request(root, call, tool, inner))
    second = dt.timedelta(seconds=1)
    finish_open_traces(timezone.now() + ROOT_GRACE + second)
    assert not Event.objects.exists() and OpenTrace.objects.exists()
    finish_open_traces(timezone.now() + CHILD_GRACE + second)
    assert Event.objects.exists() and not OpenTrace.objects.exists()
