"""Questions over the history: estimated first, sent as a batch, polled by the schedule, taken up again after anything that dies."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ingest.models import Event, Job, Project
from signals.models import LlmSettings, LlmSpend, QuestionBatch, QuestionVerdict, SignalDefinition
from signals.questions import history
from signals.questions.asking import call_workers, work
from signals.questions.estimates import history_estimate
from signals.questions.history import request_run, run_of
from tests.signals.anthropic_stub import Failure, Stub, error, exchange_of, verdict
from tests.signals.questions.question_world import (
    TEXT,
    YES,
    MakeEvent,
    ask_all,
    make_question,
    match_on,
    past,
    run,
    run_pipeline,
    service,
    set_budget,
    signal,
    states,
)

__all__ = ["past", "service", "signal"]


def test_nobody_is_asked_about_the_past_unasked(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    ask_all(project)
    assert states() == ["local"] * 6 and not service.requests and not service.batches
    assert not any(match and match.source.startswith("llm") for match in map(match_on, past))
    estimate = history_estimate(signal)
    assert estimate is not None and estimate.events == 6 and not estimate.capped
    assert 0 < estimate.expected < estimate.most < 10_000
    assert not LlmSpend.objects.exists()


def test_a_run_sends_a_batch_and_reads_it(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.batch_status = "in_progress"
    service.answer = lambda request, n: YES if "Order 3" not in json.dumps(request) else verdict(False)
    job = request_run(signal)
    assert request_run(signal).id == job.id  # one at a time
    run(str(job.id))
    [requests] = service.batches.values()
    assert len(requests) == 6 and states() == ["batched"] * 6
    params = requests[0]["params"]
    assert exchange_of(params)["user"].startswith(TEXT) and params["system"][0]["cache_control"]
    assert params["output_config"]["format"]["type"] == "json_schema"
    assert {QuestionVerdict.objects.get(pk=one["custom_id"]).state for one in requests} == {"batched"}
    spend = LlmSpend.objects.get()
    assert spend.calls == 6 and spend.money == spend.held > 0
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("running", 0, 6, "With the service.")

    call_workers()  # the schedule polls; nothing sleeps
    work(str(project.id))
    assert len(service.batches) == 1 and states() == ["batched"] * 6
    service.batch_status = "ended"
    ask_all(project)
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("done", 6, 6, "6 events asked about.")
    assert states() == ["answered"] * 6 and run_of(signal) is None
    spend.refresh_from_db()
    assert (spend.calls, spend.money, spend.held) == (6, 6 * 75, 0)  # at half the price
    assert [bool(match_on(event)) for event in past] == [True, True, True, False, True, True]
    assert match_on(past[0]).source.startswith("llm@")
    assert history_estimate(signal) is None


def test_results_of_every_kind(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    replies = [
        YES, verdict(True, "nowhere"), error(500, "api_error"), error(400, "invalid_request_error"),
        {"result": {"type": "expired"}}, {"result": {"type": "unheard of"}},
    ]  # fmt: skip
    service.answer = lambda request, n: replies[n]
    run(str(request_run(signal).id))
    ask_all(project)
    assert states() == [
        "answered",
        "batched",
        "batched",
        "batched",
        "failed",
        "void",
    ]  # those three are asked for again
    spend = LlmSpend.objects.get()
    assert (spend.money - spend.held, spend.calls) == (150, 5)
    service.answer = lambda request, n: YES
    ask_all(project)
    assert states() == ["answered"] * 4 + ["failed", "void"]
    assert Job.objects.get(kind="question_history").state == "done"


def hostile(requests: list[dict[str, Any]]) -> str:
    ids = [one["custom_id"] for one in requests]
    other = QuestionVerdict.objects.exclude(project__slug="acme").get().id.hex
    lines: list[Any] = [
        {"custom_id": "../../etc", "result": {"type": "succeeded", "message": YES}},
        {"custom_id": other, "result": {"type": "succeeded", "message": YES}},
        {"custom_id": ids[0], "result": {"type": "succeeded", "message": {}}},
        {"custom_id": ids[1], "result": {"type": "succeeded"}},
        {"custom_id": ids[2], "result": None},
        {"custom_id": ids[3], "result": {"type": "succeeded", "message": YES}},
        {"custom_id": ids[3], "result": {"type": "succeeded", "message": verdict(False)}},
        {"custom_id": None}, [], "x", 3,
    ]  # fmt: skip
    return "\n".join(json.dumps(line) for line in lines) + "\n"


@pytest.mark.django_db(transaction=True)
def test_hostile_results(
    past: list[Event],
    signal: SignalDefinition,
    service: Stub,
    project: Project,
    other_project: Project,
    make_event: MakeEvent,
) -> None:
    make_question(other_project)
    run_pipeline(make_event(of=other_project, input=TEXT))
    sent: list[dict[str, Any]] = []
    service.results = lambda requests: lines
    run(str(request_run(signal).id))
    [sent] = service.batches.values()
    lines = hostile(sent)
    run(str(Job.objects.get(kind="question_history").id))
    mine = QuestionVerdict.objects.filter(project=project)
    assert mine.get(pk=sent[3]["custom_id"]).match is True  # the first word stands
    assert mine.filter(state="answered").count() == 1
    assert QuestionVerdict.objects.get(project=other_project).state == "waiting"
    assert not LlmSpend.objects.filter(project=other_project).exists()
    assert LlmSpend.objects.get().held == sum(mine.values_list("held", flat=True))


def test_it_takes_no_more_than_its_share_of_the_day(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, make_event: MakeEvent
) -> None:
    set_budget(project, daily_calls=4)
    service.answer = lambda request, n: YES
    job = request_run(signal)
    for _ in range(3):
        run(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("running", 2, 6, "Waits for the day's budget.")
    newest = QuestionVerdict.objects.filter(state="answered").values_list("event__input", flat=True)
    assert sorted(newest) == [f"{TEXT} Order 4.", f"{TEXT} Order 5."]  # newest first
    run_pipeline(make_event(input=f"{TEXT} Now!"))
    ask_all(project)
    assert len(service.requests) == 1  # what is new still has its own
    for _ in range(2):  # the days after
        LlmSpend.objects.update(day=timezone.now().date() - dt.timedelta(days=2))
        LlmSpend.objects.all().delete()
        run(str(job.id))
        run(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 6)


def test_a_batch_that_is_not_taken(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.batch_failure = error(529, "overloaded_error")
    job = request_run(signal)
    run(str(job.id))
    assert states() == ["local"] * 6 and len(service.headers) == 1  # never sent twice: it would be made twice
    assert LlmSpend.objects.get().money == 0 and LlmSpend.objects.get().calls == 0
    assert "529" in LlmSettings.objects.get(project=project).trouble
    job.refresh_from_db()
    assert job.state == "running" and "not take it" in job.message
    run(str(job.id))
    assert len(service.headers) == 1  # not at once
    service.batch_failure = None
    service.answer = lambda request, n: YES
    QuestionBatch.objects.update(ended_at=timezone.now() - dt.timedelta(hours=1))
    run(str(job.id))
    run(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 6) and states() == ["answered"] * 6


def test_a_service_that_never_takes_one_ends_the_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.batch_failure = error(400, "invalid_request_error")
    job = request_run(signal)
    for _ in range(6):
        run(str(job.id))
        QuestionBatch.objects.update(ended_at=timezone.now() - dt.timedelta(hours=1))
    job.refresh_from_db()
    assert job.state == "done" and "again and again" in job.message and states() == ["local"] * 6


def test_results_that_cannot_be_read(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    good: Callable[[list[dict[str, Any]]], str] = service.all_results
    service.answer = lambda request, n: YES
    service.results = lambda requests: "".join(good(requests).splitlines(keepends=True)[:2]) + "{broken\n"
    job = request_run(signal)
    run(str(job.id))
    run(str(job.id))
    assert states() == ["answered"] * 2 + ["batched"] * 4  # what could be read is kept
    service.results = good
    run(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 6) and states() == ["answered"] * 6
    assert LlmSpend.objects.get().money == 6 * 75


def test_results_that_can_never_be_read_are_given_up(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    service.results = lambda requests: "{broken\n"
    job = request_run(signal)
    for _ in range(8):
        run(str(job.id))
    assert states() == ["failed"] * 6
    spend = LlmSpend.objects.get()
    assert spend.held == 0 and spend.money > 0 and spend.calls == 6  # it was asked, and will be billed


def test_a_batch_that_the_service_has_forgotten(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    job = request_run(signal)
    run(str(job.id))
    service.batches.clear()
    run(str(job.id))
    assert states() == ["failed"] * 6 and LlmSpend.objects.get().held == 0


def test_a_worker_that_dies_while_it_sends(
    past: list[Event],
    signal: SignalDefinition,
    service: Stub,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = request_run(signal)
    with monkeypatch.context() as patched:
        patched.setattr(history.llm, "batches", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(str(job.id))
    held = LlmSpend.objects.get().held
    assert states() == ["batched"] * 6 and held > 0
    run(str(job.id))
    assert states() == ["batched"] * 6 and not service.batches  # it may still be at it
    QuestionBatch.objects.update(created_at=timezone.now() - dt.timedelta(hours=1))
    run(str(job.id))
    assert states() == ["local"] * 6
    assert (LlmSpend.objects.get().held, LlmSpend.objects.get().money) == (
        0,
        held,
    )  # the service may have it
    service.answer = lambda request, n: YES
    QuestionBatch.objects.update(ended_at=timezone.now() - dt.timedelta(hours=1))
    run(str(job.id))
    run(str(job.id))
    assert states() == ["answered"] * 6


def test_another_wording_ends_the_run(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project
) -> None:
    from signals.taxonomy.definitions import change_signal

    service.batch_status = "in_progress"
    job = request_run(signal)
    run(str(job.id))
    change_signal(signal=signal, config={**signal.config, "question": "Something else?"})
    service.batch_status = "ended"
    run(str(job.id))
    job.refresh_from_db()
    assert job.state == "done" and "changed or switched off" in job.message
    assert len(service.batches) == 1


def test_without_a_key_a_run_ends(
    past: list[Event], signal: SignalDefinition, service: Stub, project: Project, settings: Any
) -> None:
    settings.ANTHROPIC_API_KEY = ""
    assert history_estimate(signal) is None
    job = request_run(signal)
    run(str(job.id))
    job.refresh_from_db()
    assert job.state == "done" and "ANTHROPIC_API_KEY" in job.message and not service.headers
    assert isinstance(error(500, "x"), Failure)
