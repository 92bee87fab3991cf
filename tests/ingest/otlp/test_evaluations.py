"""Evaluations and annotations in every order of arrival."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.utils import timezone

from ingest.health.counts import flush
from ingest.health.report import build_report
from ingest.http import otlp as otlp_views
from ingest.models import Event, ExplicitSignal, IngestCount, OpenTrace, Project, Span, WaitingEvaluation
from ingest.tracing import evaluations
from ingest.tracing.evaluations import forget_evaluations
from ingest.tracing.traces import SILENCE
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import TRACE, as_json, log, logs_request, request, span
from tests.ingest.otlp.test_traces import chat, finish, part, send

pytestmark = pytest.mark.django_db

VERDICT = {
    "gen_ai.evaluation.name": "Relevance",
    "gen_ai.evaluation.score.label": "fail",
    "gen_ai.evaluation.explanation": "It is about ada@example.org, card 4111 1111 1111 1111.",
}
# As they may be told: by the response, by the span, by the trace alone.
TELLS: dict[str, dict[str, Any]] = {
    "response": logs_request(log("gen_ai.evaluation.result", a=VERDICT | {"gen_ai.response.id": "resp-1"})),
    "span": logs_request(log("gen_ai.evaluation.result", 2, a=VERDICT)),
    "trace": logs_request(
        {**log("gen_ai.evaluation.result", 2, a=VERDICT), "spanId": ""},
    ),
}


def judged() -> ExplicitSignal:
    """The one signal, on the one event that has text."""
    signal, event = ExplicitSignal.objects.get(), Event.objects.get()
    assert (signal.name, signal.sentiment, signal.event) == ("Relevance", "NEGATIVE", event)
    assert (event.output, event.latency_ms) == (traces.ANSWER, 4000.0)
    assert not WaitingEvaluation.objects.exists() and not OpenTrace.objects.exists()
    return signal


@pytest.mark.parametrize("tells", TELLS)
@pytest.mark.parametrize("order", list(itertools.permutations(["evaluation", "llm", "root"])))
@pytest.mark.parametrize("pauses", [False, True])
def test_every_order(project: Project, post: Any, tells: str, order: tuple[str, ...], pauses: bool) -> None:
    for what in order:
        if what == "evaluation":
            assert post(as_json(TELLS[tells]), otlp_views.logs).content == b"{}"
        else:
            send(project, part(traces.generation_c(), *([2, 3, 4] if what == "llm" else [1])))
        if pauses:
            finish(after=SILENCE)
    finish(after=SILENCE)
    signal = judged()
    assert "4111" not in str(signal.properties) and "REDACTED" in str(signal.properties)


def test_an_evaluation_alone_is_no_event(project: Project, post: Any) -> None:
    post(as_json(TELLS["span"]), otlp_views.logs)
    finish(after=SILENCE)
    assert not Event.objects.exists()
    assert Span.objects.get().event_id is None


def test_repeated_deliveries_are_one(project: Project, post: Any) -> None:
    for _ in range(3):
        post(as_json(TELLS["response"]), otlp_views.logs)
    assert WaitingEvaluation.objects.count() == 1
    send(project, traces.generation_c())
    finish()
    for _ in range(2):  # and when the response is here
        post(as_json(TELLS["response"]), otlp_views.logs)
        finish()
    judged()
    flush()
    counts = dict(IngestCount.objects.filter(outcome="duplicate").values_list("outcome", "count"))
    assert counts["duplicate"] >= 2


def test_what_waits_is_redacted_and_bounded(
    project: Project, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluations, "MAX_WAITING", 2)
    monkeypatch.setattr(evaluations, "TOO_MANY", "too many")
    for number in range(3):
        made = logs_request(log("gen_ai.evaluation.result", a=VERDICT | {"gen_ai.response.id": f"r{number}"}))
        answer = post(as_json(made), otlp_views.logs)
    assert b"too many" in answer.content and b'"rejectedLogRecords": "1"' in answer.content
    assert WaitingEvaluation.objects.count() == 2
    assert "4111" not in repr(list(WaitingEvaluation.objects.values()))


def test_the_health_page_tells_of_them(project: Project, post: Any, client: Any, member: Any) -> None:
    post(as_json(TELLS["response"]), otlp_views.logs)
    flush()
    client.force_login(member)
    html = client.get("/p/acme/settings/ingest/").content.decode()
    assert "1 evaluation waits for a response" in html
    since = timezone.now() - dt.timedelta(hours=2)
    assert build_report(project_id=project.id, since=since).totals["accepted"] == 1
    assert forget_evaluations(timezone.now() + evaluations.KEEP + dt.timedelta(minutes=1)) == 1
    flush()
    report = build_report(project_id=project.id, since=since)
    assert report.totals["rejected"] == 1
    html = client.get("/p/acme/settings/ingest/").content.decode()
    assert "for a response that" not in html and evaluations.NO_RESPONSE in html


def test_another_projects_response_is_not_judged(project: Project, other_project: Project, post: Any) -> None:
    post(as_json(TELLS["response"]), otlp_views.logs)
    send(other_project, traces.generation_c())
    finish()
    assert not ExplicitSignal.objects.exists() and WaitingEvaluation.objects.count() == 1


def test_an_evaluation_without_a_name_is_rejected(post: Any) -> None:
    made = logs_request(log("gen_ai.evaluation.result", a={"gen_ai.response.id": "r"}))
    assert b"no gen_ai.evaluation.name" in post(as_json(made), otlp_views.logs).content


@pytest.mark.parametrize("first", ["annotated", "llm"])
def test_an_annotation_on_another_span_of_the_trace(project: Project, first: str) -> None:
    """Phoenix: feedback on a span of its own, before or after the answer that it is about."""
    annotated = request(
        span(9, "feedback", 1, a={
            "openinference.span.kind": "EVALUATOR", "annotations.0.annotation.name": "thumbs", "annotations.0.annotation.label": "down",
            "annotations.0.annotation.annotator_kind": "HUMAN",
        })
    )  # fmt: skip
    made = [annotated, traces.generation_c()]
    for one in made if first == "annotated" else reversed(made):
        send(project, one)
        finish(after=SILENCE)
    signal, event = ExplicitSignal.objects.get(), Event.objects.get(output=traces.ANSWER)
    assert (signal.name, signal.sentiment, signal.signal_type, signal.event) == (
        "thumbs",
        "NEGATIVE",
        "feedback",
        event,
    )
    assert Event.objects.count() == 1 and event.trace_id == TRACE


@pytest.mark.parametrize("together", [True, False])
def test_an_annotation_of_the_session_is_told_once(project: Project, together: bool) -> None:
    """It is repeated on every span of every trace of the session."""
    note = {
        "session.annotations.0.annotation.name": "solved",
        "session.annotations.0.annotation.label": "yes",
        "session.id": "talk",
    }
    for number in range(1, 4):
        own = {"annotations.0.annotation.name": f"own-{number}"} | (
            {"session.id": "other"} if number == 3 else {}
        )
        made = request(
            span(1, trace=f"{number:032x}", start=number, end=number + 1, a=chat("hi", "yo") | note | own)
        )
        send(project, made)
        if not together:
            finish()
    for _ in range(2):
        finish()
        send(project, made)
    names = [signal.name for signal in ExplicitSignal.objects.order_by("name")]
    assert names == ["own-1", "own-2", "own-3", "solved", "solved"]  # one of each session
