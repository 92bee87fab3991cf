"""Which conversations are read, and what the budget does to that."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.incoming.values import IncomingSpan
from ingest.models import Conversation, ExplicitSignal, Project, User
from signals.llm import budget
from signals.models import Facet, LlmSettings, LlmSpend, Reading
from signals.reader.sampling import place_of, rate_for
from tests.signals.anthropic_stub import Stub
from tests.signals.reader.reader_world import (
    MakeEvent,
    is_future,
    note_all,
    pass_time,
    read_all,
    run_pipeline,
    service,
    set_budget,
    states,
)

__all__ = ["service"]


@pytest.mark.parametrize(
    ("held", "expected", "targeted", "share", "rate"),
    [
        (100, 50, 10, 0.5, 1.0),
        (50, 100, 100, 0.5, 0.25),
        (50, 100, 10, 0.5, 0.4),
        (50, 100, 50, 0.0, 0.0),
        (50, 100, 20, 1.0, 0.5),
        (0, 100, 0, 0.5, 0.0),
    ],
)
def test_the_rate(held: float, expected: int, targeted: int, share: float, rate: float) -> None:
    assert rate_for(held=held, expected=expected, targeted=targeted, share=share) == pytest.approx(rate)


def test_places_are_spread_evenly() -> None:
    places = [place_of(uuid.UUID(int=n)) for n in range(4000)]
    assert abs(sum(place < 0.3 for place in places) / 4000 - 0.3) < 0.03
    assert places == [place_of(uuid.UUID(int=n)) for n in range(4000)] and 0 <= min(places) < max(places) < 1


def test_random_ones_have_their_probability_and_targeted_ones_a_reason(
    project: Project, service: Stub, make_event: MakeEvent
) -> None:
    set_budget(project, daily_calls=20)
    failed = [IncomingSpan(name="book", kind="tool", status="error", error="full")]
    for n in range(60):
        make_event(
            convo_id=f"fails-{n}" if n < 30 else f"fine-{n}",
            input="Hi",
            output="Hello",
            spans=failed if n < 30 else [],
        )
    note_all()
    read_all(project)
    assert len(service.requests) == 20 and LlmSpend.objects.get().calls == 20
    random, targeted = Facet.objects.filter(sampled="random"), Facet.objects.filter(sampled="targeted")
    drawn = sum(place_of(pk) < 10 / 60 for pk in Conversation.objects.values_list("id", flat=True))
    assert random.count() == min(drawn, 20) and random.count() + targeted.count() == 20
    assert list(random.values_list("probability", flat=True)) == pytest.approx([10 / 60] * random.count())
    assert set(targeted.values_list("probability", flat=True)) <= {None}
    for reading in Reading.objects.filter(sampled="random"):
        assert place_of(reading.conversation_id or reading.event_id) < reading.draw_rate
    read = Facet.objects.filter(sampled="targeted").values_list("conversation__convo_id", flat=True)
    assert all(convo_id.startswith("fails") for convo_id in read)
    assert set(Reading.objects.filter(state="left").exclude(why="").values_list("problem", flat=True)) == {
        "The day's budget was spent."
    }  # fmt: skip


def test_what_points_at_a_conversation(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_calls=1, random_share=0)
    for n in range(5):
        make_event(convo_id=f"fine-{n}", input="Hi", output="Hello")
    make_event(convo_id="angry", input="This is useless, I am so frustrated with you!!", output="Sorry.")
    make_event(convo_id="open", input="Are you there?", output="")
    thumbed = make_event(convo_id="thumbed", input="Hi", output="Hello")
    make_event(convo_id="thumbed", input="So?", output="So.")
    ExplicitSignal.objects.create(
        project=project, event=thumbed, app_event_id=thumbed.event_id, name="thumbs_down", sentiment="NEGATIVE",
        timestamp=timezone.now(), fingerprint="1",
    )  # fmt: skip
    run_pipeline()
    read_all(project)
    why = {
        row.conversation.convo_id: row.why
        for row in Reading.objects.select_related("conversation")
        if row.conversation
    }
    assert not any(why[f"fine-{n}"] for n in range(5))
    assert "signals: " in why["angry"] and "rustrat" in why["angry"]
    assert why["open"].endswith("the last turn has no answer") and why["thumbed"].endswith("bad feedback")


def test_the_random_part_waits_for_the_next_day(
    project: Project, service: Stub, make_event: MakeEvent
) -> None:
    LlmSpend.objects.create(project=project, day=budget.today(), calls=1000)
    for n in range(3):
        make_event(convo_id=f"c{n}", input="Hi", output="Hello")
    note_all()
    read_all(project)
    assert states() == ["postponed"] * 3 and service.requests == []
    assert all(is_future(row.available_at) for row in Reading.objects.all())
    LlmSpend.objects.update(day=budget.today() - dt.timedelta(days=1))
    pass_time(days=1)
    read_all(project)
    assert states() == ["read"] * 3
    assert set(Facet.objects.values_list("probability", flat=True)) == {1.0}


def test_dollars_bound_it_too(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_dollars="0.02")
    for n in range(12):
        make_event(convo_id=f"c{n}", input="Hi", output="Hello")
    note_all()
    for _ in range(3):
        read_all(project)
    spent = LlmSpend.objects.get()
    assert 0 < spent.money <= 20_000 and spent.held == 0
    assert 0 < len(service.requests) <= 12


# -- the API


def patch(client: Client, key: str, body: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"}
    return client.patch("/api/llm/", body, content_type="application/json", headers=headers)


def test_the_budget_by_api(
    client: Client, project: Project, service: Stub, make_event: MakeEvent, admin_key: str, query_key: str
) -> None:
    headers = {"authorization": f"Bearer {admin_key}"}
    assert client.get("/api/llm/", headers=headers).json() == {
        "calls_per_day": 1000, "dollars_per_day": 1.0, "spent": 0.0,
    }  # fmt: skip
    make_event(convo_id="c1", input="Hi", output="Hello")
    note_all()
    assert patch(client, admin_key, {"calls_per_day": 0}).json()["calls_per_day"] == 0
    read_all(project)
    assert states() == ["left"]
    shown = client.get("/api/reader/", headers={"authorization": f"Bearer {query_key}"}).json()
    assert shown == {"enabled": False, "read": 0, "waiting": 0, "running": 0}
    answer = patch(client, admin_key, {"calls_per_day": 5, "dollars_per_day": 0.5})
    assert answer.status_code == 200 and answer.json() == {"calls_per_day": 5, "dollars_per_day": 0.5, "spent": 0.0}  # fmt: skip
    assert states() == ["waiting"], "it is looked at again"
    read_all(project)
    assert states() == ["read"]
    assert client.get("/api/llm/", headers=headers).json()["spent"] == pytest.approx(0.00015)
    shown = client.get("/api/reader/", headers=headers).json()
    assert shown == {"enabled": True, "read": 1, "waiting": 0, "running": 0}


@pytest.mark.parametrize(
    "body",
    [
        {"calls_per_day": -1}, {"calls_per_day": "many"}, {"dollars_per_day": -0.5}, {"dollars_per_day": "nan"},
        {"dollars_per_day": 10_000_000}, {"calls": 1}, {"calls_per_day": None}, [],
    ],
)  # fmt: skip
def test_a_bad_budget_is_refused(client: Client, project: Project, admin_key: str, body: Any) -> None:
    answer = patch(client, admin_key, body)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "BAD_REQUEST"
    assert not LlmSettings.objects.exists()


def test_who_may_see_and_change_the_budget(
    client: Client,
    project: Project,
    member: User,
    viewer: User,
    query_key: str,
    write_key: str,
    admin_key: str,
) -> None:
    for key in (query_key, write_key):
        headers = {"authorization": f"Bearer {key}"}
        assert client.get("/api/llm/", headers=headers).status_code == 403
        assert patch(client, key, {"calls_per_day": 1}).status_code == 403
    for user, status in ((viewer, 403), (member, 200)):
        client.force_login(user)
        assert client.get("/api/llm/?project=acme").status_code == 200
        body = {"calls_per_day": 7}
        answer = client.patch("/api/llm/?project=acme", body, content_type="application/json")
        assert answer.status_code == status
    assert LlmSettings.objects.get().daily_calls == 7
