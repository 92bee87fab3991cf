"""Deleting events on request and by age: nothing of them stays, and every count is what a recount gives."""

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import raindrop.pipeline
from ingest.counts.rollups import Occurrence, record, totals
from ingest.incoming.values import (
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingSpan,
    IncomingUser,
)
from ingest.jobs.runner import run_job
from ingest.models import Appearance, Conversation, EndUser, Event, Job, Membership, Project, Span
from ingest.retention import subjects
from ingest.retention.expiring import expire, request_expiries, set_retention
from ingest.store.erasing import erase_events
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from ingest.store.people import store_users
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.models import Issue
from labeling.labels.labels import record_label
from labeling.models import Answer, Label
from signals.models import Cluster, ClusterMember
from tests.html import html_of
from tests.issues.people import Api
from tests.issues.recounting import assert_recounts

SECRET = "zanzibar"


@pytest.fixture
def now() -> dt.datetime:
    return timezone.now()


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def send(project: Project, days: int, *, user: str, talk: str, turns: int = 2) -> list[Event]:
    """Events TALK.0, TALK.1... so many days ago, with all that may hang on one, each with SECRET."""
    at = timezone.now() - dt.timedelta(days=days)
    names = [f"{talk}.{turn}" for turn in range(turns)]
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id=name, name="chat", user_id=user, convo_id=talk, timestamp=at + dt.timedelta(minutes=turn),
                input=f"This is wrong again, {SECRET}!", output="I am sorry, I cannot do that.", properties={"note": SECRET},
                feature_flags={"canary": user, "search": "new"},
                attachments=[IncomingAttachment(value=SECRET, name="file")],
                spans=[IncomingSpan(name="search", kind="tool", status="error", error=SECRET, input=SECRET)],
            )
            for turn, name in enumerate(names)
        ],
    )  # fmt: skip
    store_users(project=project, users=[IncomingUser(user_id=user, traits={"mail": SECRET})])
    store_signals(
        project=project,
        signals=[IncomingSignal(event_id=names[0], name="thumbs_down", timestamp=at, signal_type="default", properties={"why": SECRET})],
    )  # fmt: skip
    events = list(Event.objects.filter(project=project, event_id__in=names).order_by("timestamp"))
    raindrop.pipeline.process([event.pk for event in events])
    return events


def follow(project: Project) -> Issue:
    source = read_source(project, {"query": SECRET})
    made, _ = create_following(project=project, title="Secret", description="", source=source, user=None)
    return made


def put_in_cluster(project: Project, event: Event) -> None:
    """Counted, as the refresh does it."""
    cluster = Cluster.objects.create(project=project, kind="problem", label="Any")
    ClusterMember.objects.create(
        project=project, cluster=cluster, event=event, conversation=event.conversation, end_user=event.end_user,
        timestamp=event.timestamp, phrase=SECRET,
    )  # fmt: skip
    record([Occurrence(cluster.pk, project.pk, event.timestamp, event.end_user_id)])


def left_of(ids: list[Any]) -> list[str]:
    """Tables that still name one of these: events, end users or conversations."""
    found = []
    for model in apps.get_models():
        if model._meta.app_label not in ("ingest", "signals", "issues", "labeling"):
            continue
        for field in model._meta.concrete_fields:
            named = (
                field.name in ("event", "end_user", "conversation", "event_uuid", "into")
                or model in (Event, EndUser, Conversation)
                and field.primary_key
            )
            if named and model._default_manager.filter(**{f"{field.attname}__in": ids}).exists():
                found.append(f"{model._meta.db_table}.{field.name}")
    return found


def test_nothing_of_a_user_stays(api: Api, project: Any, member: Any) -> None:
    gone = send(project, 1, user="ann", talk="c1") + send(project, 3, user="ann", talk="c2")
    send(project, 2, user="bob", talk="c3")
    issue = follow(project)
    put_in_cluster(project, gone[0])
    record_label(subject=issue, event=gone[0], answer=Answer.MATCH, user=member, note=SECRET)
    assert api.get("/api/issues/1/").json()["events"] == 6
    names = [*(e.pk for e in gone), *(e.end_user_id for e in gone), *(e.conversation_id for e in gone)]
    assert {
        "ingest_span.event",
        "labeling_label.event",
        "signals_clustermember.event",
        "issues_issuematch.event",
    } <= set(left_of(names))
    assert api.post("/api/erase/", {"user_id": "ann"}).json() == {"events": 4, "job": None}
    assert left_of(names) == []
    assert {*Appearance.objects.values_list("value", flat=True)} == {"canary=bob", "search=new"}
    answer = api.get("/api/issues/1/").json()
    assert (answer["events"], answer["users"], answer["conversations"]) == (2, 1, 1)
    assert totals([project.pk])[project.pk].events == 2
    assert assert_recounts(project) >= 3
    assert api.post("/api/erase/", {"user_id": "ann"}).status_code == 404
    # They may come back: the ids are free.
    send(project, 1, user="ann", talk="c1")
    assert api.get("/api/issues/1/").json()["events"] == 4
    assert assert_recounts(project) >= 3


def test_an_event_and_a_conversation(api: Api, project: Any) -> None:
    send(project, 1, user="ann", talk="c1")
    send(project, 2, user="ann", talk="c2")
    follow(project)
    assert api.post("/api/erase/", {"event_id": "c1.0"}).json()["events"] == 1
    assert api.post("/api/erase/", {"convo_id": "c2"}).json()["events"] == 2
    assert list(Event.objects.values_list("event_id", flat=True)) == ["c1.1"]
    assert list(Conversation.objects.values_list("convo_id", flat=True)) == ["c1"]
    assert Span.objects.count() == 1
    assert api.get("/api/issues/1/").json()["events"] == 1
    assert_recounts(project)


def test_a_lot_is_deleted_by_a_job(api: Api, project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "AT_ONCE", 1)
    send(project, 1, user="ann", talk="c1", turns=3)
    answer = api.post("/api/erase/", {"user_id": "ann"}).json()
    run_job(answer["job"])
    done = api.get(f"/api/jobs/{answer['job']}/").json()
    assert (done["state"], done["message"]) == ("done", "3 events deleted.")
    assert not Event.objects.exists() and not EndUser.objects.exists()
    assert_recounts(project)


def test_who_may_and_what_is_refused(
    api: Api, project: Any, other_project: Any, query_key: str, client: Client, member: Any
) -> None:
    send(project, 1, user="ann", talk="c1")
    assert Api(client, query_key).post("/api/erase/", {"user_id": "ann"}).status_code == 403
    client.force_login(member)
    Membership.objects.filter(user=member).update(role="member")
    assert client.post("/api/erase/", {"user_id": "ann"}, content_type="application/json").status_code == 403
    client.logout()
    for body in ({}, {"user_id": "ann", "event_id": "c1.0"}, {"user": "ann"}):
        assert api.post("/api/erase/", body).status_code == 400
    for body in ({"user_id": "bob"}, {"event_id": "x"}, {"convo_id": "x"}):
        assert api.post("/api/erase/", body).status_code == 404
    assert (
        erase_events(project=other_project, event_ids=list(Event.objects.values_list("pk", flat=True))) == 0
    )
    assert Event.objects.count() == 2


def test_what_is_exported_can_be_imported(api: Api, project: Any) -> None:
    from ingest.files.event_lines import parse_event_line

    send(project, 1, user="ann", talk="c1")
    answer = api.get("/api/export/", user_id="ann", limit=1).json()
    assert (answer["user"]["user_id"], answer["user"]["traits"]) == ("ann", {"mail": SECRET})
    rest = api.get("/api/export/", user_id="ann", cursor=answer["next"]).json()
    lines = [*answer["results"], *rest["results"]]
    assert [line["event_id"] for line in lines] == ["c1.1", "c1.0"]
    event = parse_event_line(lines[1])
    assert (event.user_id, event.convo_id, event.input) == ("ann", "c1", f"This is wrong again, {SECRET}!")
    assert (event.spans[0].name, event.spans[0].error, event.attachments[0].value) == (
        "search",
        SECRET,
        SECRET,
    )
    assert (event.signals[0].name, event.signals[0].properties) == ("thumbs_down", {"why": SECRET})
    assert [line["event_id"] for line in api.get("/api/export/", event_id="c1.0").json()["results"]] == [
        "c1.0"
    ]
    assert len(api.get("/api/export/", convo_id="c1").json()["results"]) == 2
    for query, status in (
        ({}, 400),
        ({"user_id": "a", "convo_id": "b"}, 400),
        ({"user_id": "bob"}, 404),
        ({"x": "y"}, 400),
    ):
        assert api.get("/api/export/", **query).status_code == status


# -- by age


def test_old_events_go_and_relevant_ones_stay(project: Any, member: Any, now: dt.datetime) -> None:
    old = {days: send(project, days, user=f"u{days}", talk=f"t{days}") for days in (100, 40, 20)}
    issue, _ = create_following(
        project=project,
        title="Labelled",
        description="",
        source=read_source(project, {"query": "nothing"}),
        user=None,
    )
    for days in (100, 40):
        record_label(subject=issue, event=old[days][0], answer=Answer.NOT_MATCH, user=member)
    assert request_expiries(now=now) == 0  # kept for ever
    set_retention(project=project, days=30, relevant_days=60)
    assert (request_expiries(now=now), request_expiries(now=now)) == (1, 0)
    job = Job.objects.get(kind="expire")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.message == "3 events older than 30 days deleted; 1 are kept for longer."
    assert set(Event.objects.values_list("event_id", flat=True)) == {"t40.0", "t20.0", "t20.1"}
    assert list(Label.objects.values_list("event", flat=True)) == [old[40][0].pk]
    assert set(EndUser.objects.values_list("user_id", flat=True)) == {"u40", "u20"}
    assert_recounts(project)
    assert request_expiries(now=now + dt.timedelta(hours=1)) == 0
    assert request_expiries(now=now + dt.timedelta(days=2)) == 1
    set_retention(project=project, days=30, relevant_days=None)
    assert "1 are kept" in str(expire(Job.objects.filter(kind="expire", state="queued").get()))
    assert Issue.objects.count() == 1


def test_retention_by_the_api(api: Api, project: Any, query_key: str, client: Client) -> None:
    assert api.get("/api/retention/").json() == {"days": None, "relevant_days": None}
    assert api.patch("/api/retention/", {"days": 90, "relevant_days": 365}).json() == {
        "days": 90,
        "relevant_days": 365,
    }
    assert api.patch("/api/retention/", {"relevant_days": None}).json() == {"days": 90, "relevant_days": None}
    for body in (
        {"days": 0},
        {"relevant_days": 30},
        {"days": None, "relevant_days": 30},
        {"months": 3},
        {"days": "x"},
    ):
        assert api.patch("/api/retention/", body).status_code == 400, body
    assert Api(client, query_key).get("/api/retention/").json()["days"] == 90
    assert Api(client, query_key).patch("/api/retention/", {"days": 1}).status_code == 403


def test_the_page(client: Client, project: Any, member: Any) -> None:
    Membership.objects.filter(user=member).update(role="admin")
    client.force_login(member)
    address = reverse("retention", args=[project.slug])
    send(project, 1, user="ann", talk="c1")

    def said(name: str, **data: Any) -> str:
        return html_of(client.post(reverse(name, args=[project.slug]), data, follow=True))

    assert "Saved." in said("retention-save", days=90, relevant_days="")
    assert 'value="90"' in html_of(client.get(address))
    assert "at least as long" in said("retention-save", days=90, relevant_days=30)
    assert "days are 1 to 3650" in said("retention-save", days=0)
    assert "the two ids differ" in said("erase", of="user_id", key="ann", again="an")
    assert "knows no user_id" in said("erase", of="user_id", key="bob", again="bob")
    assert Event.objects.count() == 2
    assert "2 events deleted." in said("erase", of="user_id", key="ann", again="ann")
    Membership.objects.filter(user=member).update(role="member")
    assert client.post(reverse("erase", args=[project.slug]), {}).status_code == 403
    assert "Delete somebody" not in html_of(client.get(address))
