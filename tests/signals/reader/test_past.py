"""Reading the past of a project through the Batches API: the real SDK against a stub."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.jobs.runner import run_job
from ingest.models import Job, Project, QueuedEvent, User
from signals.models import Facet, LlmSettings, LlmSpend, Reading, ReadingBatch
from signals.reader.estimates import estimate_past
from signals.reader.past import request_past, run_of_past, stop_past
from signals.reader.prompt import PROMPT_VERSION
from signals.reader.working import call_workers, progress_of, read_before_refresh, to_wait_for, work
from tests.signals.anthropic_stub import Stub, error, message
from tests.signals.reader.reader_world import (
    FINE,
    WRONG,
    MakeEvent,
    note_all,
    read_all,
    said,
    service,
    set_budget,
    states,
    told,
)

__all__ = ["service"]


@pytest.fixture
def past(make_event: MakeEvent) -> None:
    for n in range(4):
        make_event(event_id=f"e{n}", convo_id=f"c{n}", input=f"Order {n}, please", output="I cannot do that.")


def begin(project: Project) -> Job:
    job = request_past(project)
    run_job(job.pk)
    return job


def spend() -> tuple[int, int, int]:
    row = LlmSpend.objects.get()
    return row.calls, row.money, row.held


def test_nothing_is_spent_before_somebody_says_so(project: Project, past: None, service: Stub) -> None:
    estimate = estimate_past(project.id)
    assert estimate is not None and estimate.conversations == 4 and 0 < estimate.expected < estimate.most
    assert not Reading.objects.exists() and not LlmSpend.objects.exists()
    assert service.requests == [] and not service.batches


def test_a_run_sends_a_batch_and_reads_it(project: Project, past: None, service: Stub) -> None:
    service.batch_status = "in_progress"
    service.answer = lambda request, n: (
        said(WRONG) if "Order 3" in request["messages"][0]["content"] else said(FINE)
    )
    job = begin(project)
    assert request_past(project).pk == job.pk, "one at a time"
    [requests] = service.batches.values()
    assert len(requests) == 4 and states() == ["batched"] * 4 and service.requests == []
    assert told(requests[0]["params"])[1] == {"from": "agent", "text": "I cannot do that."}
    calls, money, held = spend()
    assert calls == 4 and money == held > 0
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("running", 0, 4, "With the service.")
    progress = progress_of(project.id)
    assert (progress.waiting, progress.running, to_wait_for()) == (0, 4, 4)
    call_workers()  # the schedule polls; nothing sleeps
    work(str(project.id))
    read_before_refresh(project.id, seconds=5)
    assert len(service.batches) == 1 and states() == ["batched"] * 4 and service.requests == []
    service.batch_status = "ended"
    work(str(project.id))
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("done", 4, 4, "4 conversations read.")
    assert states() == ["read"] * 4 and spend() == (4, 4 * 75, 0), "at half the price"
    facet = Facet.objects.get(conversation__convo_id="c3")
    assert {name: getattr(facet, name) for name in WRONG} == WRONG
    assert (facet.sampled, facet.probability, facet.prompt_version) == ("random", 1.0, PROMPT_VERSION)
    assert estimate_past(project.id) is None and run_of_past(project.id) is None and to_wait_for() == 0
    Reading.objects.update(state="waiting", sampled="", available_at=timezone.now())
    work(str(project.id))
    assert service.requests == [] and states() == ["read"] * 4, "what was read costs nothing"


def test_a_batch_that_was_read_ends_the_trouble(project: Project, past: None, service: Stub) -> None:
    service.batch_status, service.answer = "in_progress", lambda request, n: said(FINE)
    begin(project)
    LlmSettings.objects.update_or_create(project=project, defaults={"trouble": "It answered 529."})
    service.batch_status = "ended"
    work(str(project.id))
    assert states() == ["read"] * 4 and LlmSettings.objects.get().trouble == ""


def test_answers_of_every_kind(project: Project, past: None, service: Stub) -> None:
    replies = [
        message("", stop="refusal"),
        error(500, "api_error"),
        error(400, "invalid_request_error"),
        said(WRONG, quote="never said"),
    ]
    service.answer = lambda request, n: replies[n % 4]
    job = begin(project)
    work(str(project.id))
    assert states() == ["batched", "failed", "read", "void"], "one is sent again"
    assert Facet.objects.get().quote == ""
    service.answer = lambda request, n: said(FINE)
    work(str(project.id))
    job.refresh_from_db()
    assert states() == ["failed", "read", "read", "void"] and (job.state, spend()[2]) == ("done", 0)


def test_a_gateway_without_batches_reads_by_single_calls_and_says_so(
    project: Project, past: None, service: Stub
) -> None:
    for status in (404, 405, 501):
        Reading.objects.all().delete()
        Facet.objects.all().delete()
        service.batch_failure = error(status, "not_found_error")
        job = begin(project)
        job.refresh_from_db()
        assert job.state == "done" and "4 conversations to go. The service has no Batches API" in job.message
        assert states() == ["waiting"] * 4 and spend()[2] == 0
        work(str(project.id))
        assert states() == ["read"] * 4 and Facet.objects.filter(sampled="random").count() == 4


def test_no_more_than_the_pasts_share_of_the_day(project: Project, past: None, service: Stub) -> None:
    set_budget(project, daily_calls=4)
    job = begin(project)
    work(str(project.id))
    work(str(project.id))
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == ("running", 2, 4, "Waits for the day's budget.")
    assert states() == ["past", "past", "read", "read"] and spend()[0] == 2
    LlmSpend.objects.all().delete()  # the day after
    work(str(project.id))
    work(str(project.id))
    job.refresh_from_db()
    assert (job.state, states()) == ("done", ["read"] * 4)


def test_a_budget_of_zero_ends_it(project: Project, past: None, service: Stub) -> None:
    set_budget(project, daily_calls=4)
    job = begin(project)
    set_budget(project, daily_calls=0)
    work(str(project.id))
    job.refresh_from_db()
    assert job.state == "done" and "budget of a day is 0" in job.message
    assert states() == ["left", "left", "read", "read"], "what was sent is paid for, and read"


def test_a_person_stops_it(project: Project, past: None, service: Stub, member: User) -> None:
    service.batch_status, service.answered = "in_progress", 1
    job = begin(project)
    assert stop_past(project, user=member) == 1
    work(str(project.id))
    assert service.cancelled and states() == ["batched"] * 4
    service.batch_status = "ended"
    work(str(project.id))
    job.refresh_from_db()
    assert job.state == "stopped" and states() == ["left"] * 3 + ["read"]
    assert spend() == (1, 75, 0)
    assert estimate_past(project.id) is not None, "the rest can be asked for again"


def test_a_conversation_that_grows_meanwhile_is_read_again(
    project: Project, past: None, service: Stub, make_event: MakeEvent
) -> None:
    service.batch_status = "in_progress"
    begin(project)
    QueuedEvent.objects.all().delete()
    make_event(event_id="more", convo_id="c1", input="And?", output="No.")
    note_all()
    assert states() == ["batched"] * 4
    service.batch_status = "ended"
    work(str(project.id))
    assert states() == ["read"] * 3 + ["waiting"] and Facet.objects.count() == 4
    read_all(project)
    assert len(service.requests) == 1 and len(told(service.requests[0])) == 4


def test_a_worker_that_dies_while_it_sends(
    project: Project, past: None, service: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = request_past(project)
    with monkeypatch.context() as patched:
        patched.setattr("raindrop.llm.batches", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_job(job.pk)
    held = spend()[2]
    work(str(project.id))
    assert states() == ["batched"] * 4 and held > 0 and not service.batches, "it may still be at it"
    ReadingBatch.objects.update(created_at=timezone.now() - dt.timedelta(hours=1))
    work(str(project.id))
    assert spend() == (4, held, 0), "the service may have it"
    ReadingBatch.objects.update(ended_at=timezone.now() - dt.timedelta(hours=1))
    work(str(project.id))
    work(str(project.id))
    assert states() == ["read"] * 4


def test_a_project_that_is_deleted_meanwhile(
    project: Project, other_project: Project, past: None, service: Stub
) -> None:
    begin(project)
    gone = str(project.id)
    project.delete()
    work(gone)
    assert not Reading.objects.exists() and not Facet.objects.exists() and not LlmSettings.objects.exists()


def test_hostile_results(project: Project, past: None, service: Stub) -> None:
    def hostile(requests: list[dict[str, Any]]) -> str:
        ids = [one["custom_id"] for one in requests]
        lines: list[Any] = [
            {"custom_id": "../../etc", "result": {"type": "succeeded", "message": said(FINE)}},
            {"custom_id": ids[0], "result": {"type": "succeeded", "message": {}}},
            {"custom_id": ids[1], "result": None},
            {"custom_id": ids[2], "result": {"type": "succeeded", "message": said(FINE)}},
            {"custom_id": ids[2], "result": {"type": "succeeded", "message": said(WRONG)}},
            {"custom_id": None},
        ]
        return "\n".join(map(json.dumps, lines)) + "\n"

    service.results = hostile
    begin(project)
    work(str(project.id))
    assert Facet.objects.get().went_wrong == "", "the first word stands"
    assert (
        Reading.objects.filter(state="read").count() == 1
        and Reading.objects.filter(state="void").count() == 1
    )


def test_by_api_with_an_estimate_first(
    client: Client,
    project: Project,
    past: None,
    service: Stub,
    admin_key: str,
    query_key: str,
    member: User,
    viewer: User,
) -> None:
    headers = {"authorization": f"Bearer {admin_key}"}
    shown = client.get("/api/reader/past/", headers=headers).json()
    assert (shown["conversations"], shown["job"]) == (4, None)
    assert 0 < shown["expected_dollars"] < shown["most_dollars"] and shown["a_day"] > 0
    assert not Job.objects.exists() and not service.batches
    answer = client.post("/api/reader/past/", headers=headers)
    assert answer.status_code == 202
    run_job(answer.json()["job"])
    assert states() == ["batched"] * 4
    assert client.post("/api/reader/past/", headers=headers).json() == answer.json(), "one at a time"
    shown = client.get("/api/reader/past/", headers=headers).json()
    assert (shown["conversations"], shown["job"]) == (0, answer.json()["job"])
    assert (
        client.post("/api/reader/past/", headers={"authorization": f"Bearer {query_key}"}).status_code == 403
    )
    for user, status in ((viewer, 403), (member, 202)):
        client.force_login(user)
        assert client.post("/api/reader/past/?project=acme").status_code == status
    set_budget(project, daily_calls=0)
    refused = client.post("/api/reader/past/", headers=headers)
    assert refused.status_code == 400 and "the budget of a day is 0" in refused.json()["error"]["message"]
