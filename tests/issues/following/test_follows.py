"""Issues that follow a signal, a query or a cluster: exact counts with history, whatever the source takes back."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

import raindrop.pipeline
from ingest.counts.rollups import take_back
from ingest.jobs.runner import run_job
from ingest.models import Event, ExplicitSignal, Job
from ingest.models.jobs import JobState
from ingest.store.merged_events import merge_events
from issues.following import history
from issues.models import Activity, Issue, IssueMatch
from issues.models.activity import ActivityKind
from issues.states.doors import apply_action
from issues.states.transitions import Action
from labeling.labels.labels import Why, record_label, take_back_label
from labeling.models import Answer
from signals.clusters.changing import merge_clusters
from signals.matching.observers import tell_changed
from signals.models import Cluster, ClusterMember, SignalDefinition, SignalMatch
from tests.issues.following.followers import START, assert_exact, matched, send
from tests.issues.people import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def make(api: Api, follows: Any, title: str = "Receipts hang", status: int = 201) -> Issue:
    answer = api.post("/api/issues/", {"title": title, "follows": follows})
    assert answer.status_code == status, answer.content
    return Issue.objects.get(pk=answer.json()["id"])


def refused(api: Api, follows: Any, *, issue: int | None = None) -> dict[str, Any]:
    before = Issue.objects.count()
    if issue is None:
        answer = api.post("/api/issues/", {"title": "x", "follows": follows})
    else:
        answer = api.patch(f"/api/issues/{issue}/", {"follows": follows})
    assert answer.status_code == 400, answer.content
    assert Issue.objects.count() == before
    error: dict[str, Any] = answer.json()["error"]
    return error


# -- signals


def test_a_signals_issue_starts_with_its_history(api: Api, project: Any) -> None:
    send(project, *range(6), signal="receipt_stuck")
    send(project, 6, 7, 8, 9)
    answer = api.post("/api/issues/", {"title": "Receipts hang", "follows": {"signal": "receipt_stuck"}})
    item = answer.json()
    assert (item["events"], item["users"], item["conversations"], item["job"]) == (6, 6, 2, None)
    assert item["follows"] == {"signal": "receipt_stuck"}
    assert item["rate"] == pytest.approx(6 / 10)
    assert item["conversation_rate"] == pytest.approx(2 / 4)
    assert item["first_seen"] == "2026-11-02T09:00:00Z"
    assert item["last_seen"] == "2026-11-02T14:00:00Z"
    assert item["classifier_version"] is None
    assert api.get("/api/issues/1/").json() == item
    [issue] = Issue.objects.all()
    assert_exact(issue)
    points = api.get("/api/issues/1/series", start="2026-11-01", end="2026-11-04").json()["results"]
    assert [point["events"] for point in points] == [0, 6, 0]
    [first, *_] = api.pages("/api/issues/1/matches/")
    assert (first["event_id"], first["classifier_version"]) == ("e5", None)


def test_what_arrives_later_is_added_and_late_events_have_their_own_time(api: Api, project: Any) -> None:
    send(project, 4, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    send(project, 9, signal="receipt_stuck")
    send(project, 1, signal="receipt_stuck")
    send(project, 2)
    assert matched(issue) == {"e1", "e4", "e9"}
    assert api.get("/api/issues/1/").json()["first_seen"] == "2026-11-02T10:00:00Z"
    assert_exact(issue)


def test_the_app_says_the_name_in_its_own_way(api: Api, project: Any) -> None:
    send(project, 1, signal="Receipt Stuck")
    for name in ("Receipt Stuck", "receipt_stuck", str(SignalDefinition.objects.get(key="receipt_stuck").pk)):
        assert matched(make(api, {"signal": name})) == {"e1"}


def test_a_signal_taken_back_takes_the_match_back(api: Api, project: Any) -> None:
    events = send(project, 1, 2, 3, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    ExplicitSignal.objects.filter(app_event_id="e2").delete()
    SignalMatch.objects.filter(event=events[1], signal__key="receipt_stuck").delete()
    raindrop.pipeline.process([events[1].id])
    assert matched(issue) == {"e1", "e3"}
    assert_exact(issue)


def test_a_detected_signal_is_followed_through_its_backfill(api: Api, project: Any) -> None:
    send(project, 1, 2, input="the moon is out")
    send(project, 3, input="the sun is out")
    answer = api.post(
        "/api/signals/",
        {
            "name": "Moon",
            "description": "",
            "sentiment": "negative",
            "reads": "user",
            "config": {"words": ["moon"]},
        },
    )
    assert answer.status_code == 201, answer.content
    issue = make(api, {"signal": "moon"})
    assert matched(issue) == set()
    run_job(Job.objects.get(kind="backfill").pk)
    assert matched(issue) == {"e1", "e2"}
    send(project, 5, input="what a moon")
    assert matched(issue) == {"e1", "e2", "e5"}
    SignalDefinition.objects.filter(key="moon").update(config={"words": ["sun"]})
    raindrop.pipeline.process(list(Event.objects.values_list("id", flat=True)))
    assert matched(issue) == {"e3"}
    assert_exact(issue)


def test_a_match_judged_wrong_is_no_match(api: Api, project: Any, member: Any) -> None:
    [one, two] = send(project, 1, 2, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    signal = SignalDefinition.objects.get(key="receipt_stuck")
    record_label(subject=signal, event=one, answer=Answer.NOT_MATCH, user=member)
    assert matched(issue) == {"e2"}
    take_back_label(subject=signal, event_id=one.pk, author=f"user:{member.pk}")
    assert matched(issue) == {"e1", "e2"}
    assert_exact(issue)


def test_labels_decide_at_once_and_measure_the_signal(api: Api, project: Any, member: Any) -> None:
    events = send(project, *range(6), signal="receipt_stuck") + send(project, 6, 7)
    issue = make(api, {"signal": "receipt_stuck"})
    for event in events[:4]:
        record_label(subject=issue, event=event, answer=Answer.MATCH, user=member)
    for event in events[4:6]:
        record_label(subject=issue, event=event, answer=Answer.NOT_MATCH, user=member)
    record_label(subject=issue, event=events[6], answer=Answer.MATCH, user=member)
    assert matched(issue) == {"e0", "e1", "e2", "e3", "e6"}
    assert_exact(issue)
    quality = api.get("/api/issues/1/").json()["quality"]
    assert quality["labelled_precision"] == pytest.approx(4 / 6)
    assert quality["precision"] is quality["recall"] is quality["low"] is None, "none was drawn at random"
    assert (quality["labels"], quality["random_labels"]) == (7, 0)
    assert not issue.classifiers.exists()
    raindrop.pipeline.process([event.id for event in events])
    assert matched(issue) == {"e0", "e1", "e2", "e3", "e6"}


def test_its_quality_is_read_off_random_labels_alone(api: Api, project: Any, member: Any) -> None:
    events = send(project, *range(14), signal="receipt_stuck") + send(project, *range(14, 30))
    issue = make(api, {"signal": "receipt_stuck"})
    for event in events[:6]:  # picked, and right: they say nothing of all events
        record_label(subject=issue, event=event, answer=Answer.MATCH, user=member, why=Why("likely"))
    for n, event in enumerate([*events[6:14], *events[14:22]]):
        answer = Answer.MATCH if n in (0, 1, 2, 3, 4, 8) else Answer.NOT_MATCH
        why = Why("random", None, 1 / 14 if n < 8 else 1 / 16)
        record_label(subject=issue, event=event, answer=answer, user=member, why=why)
    quality = api.get("/api/issues/1/").json()["quality"]
    assert quality["random_labels"] == 16
    assert quality["precision"] == pytest.approx(5 / 8), "of the random ones that it holds on"
    assert quality["low"] < 5 / 8 < quality["high"]
    assert quality["recall_low"] < quality["recall"] < quality["recall_high"] < 1
    assert quality["more_random_labels"] == 8, "all that are left of the thirty"
    assert quality["labelled_precision"] == pytest.approx(11 / 14)


def test_an_event_that_is_merged_goes(api: Api, project: Any) -> None:
    [one, two, three] = send(project, 1, 2, 3, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    take_back(merge_events(project, [(two, three.id)]))
    assert matched(issue) == {"e1", "e3"}
    assert_exact(issue)


def test_an_event_that_gets_another_user_is_counted_anew(api: Api, project: Any) -> None:
    send(project, 1, 2, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    [event] = Event.objects.filter(event_id="e1")
    other = Event.objects.get(event_id="e2")
    Event.objects.filter(pk=event.pk).update(
        end_user=other.end_user_id, conversation=None, timestamp=START + dt.timedelta(days=2), revision=7
    )
    raindrop.pipeline.process([event.pk])
    assert api.get("/api/issues/1/").json()["users"] == 1
    assert_exact(issue)


def test_a_resolved_issue_regresses(api: Api, project: Any, member: Any) -> None:
    send(project, 1, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    Issue.objects.update(state_changed_at=START + dt.timedelta(hours=5))
    send(project, 4, signal="receipt_stuck")
    assert api.get("/api/issues/1/").json()["state"] == "resolved"
    send(project, 9, signal="receipt_stuck")
    assert api.get("/api/issues/1/").json()["substate"] == "regressed"


def test_the_issue_outlives_its_signal(api: Api, project: Any) -> None:
    events = send(project, 1, 2, signal="receipt_stuck")
    issue = make(api, {"signal": "receipt_stuck"})
    signal = SignalDefinition.objects.get(key="receipt_stuck")
    ExplicitSignal.objects.all().delete()
    SignalMatch.objects.filter(signal=signal).delete()
    signal.delete()
    raindrop.pipeline.process([event.id for event in events])
    item = api.get("/api/issues/1/").json()
    assert item["follows"] == {"signal": "receipt_stuck", "gone": True}
    assert item["events"] == 2
    assert_exact(issue)


def test_unknown_signals_are_refused(api: Api, project: Any, other_project: Any) -> None:
    send(other_project, 1, signal="of_others")
    for key in ("of_others", "nothing", "x\u00e9", str(uuid.uuid4())):
        error = refused(api, {"signal": key})
        assert key in error["message"]
        assert error["details"]["field"] == "follows.signal"


@pytest.mark.parametrize(
    "follows",
    [
        {},
        {"signal": "a", "query": "b"},
        {"colour": "a"},
        "signal",
        [],
        5,
        {"signal": None},
        {"signal": ["a"]},
        {"signal": ""},
        {"query": "a\x00"},
    ],
)
def test_shapes_that_name_nothing_are_refused(api: Api, follows: Any) -> None:
    refused(api, follows)


def test_null_is_a_classifier(api: Api, project: Any) -> None:
    assert api.post("/api/issues/", {"title": "x", "follows": None}).json()["follows"] is None
    assert api.post("/api/issues/", {"title": "y"}).json()["follows"] is None


# -- queries


def test_a_query_is_followed(api: Api, project: Any) -> None:
    send(project, 1, 2, model="maple", properties={"channel": "mobile"})
    send(project, 3, model="maple", properties={"channel": "web"})
    issue = make(api, {"query": "model:maple prop.channel:mobile"})
    assert matched(issue) == {"e1", "e2"}
    send(project, 4, 5, model="maple", properties={"channel": "mobile"})
    assert matched(issue) == {"e1", "e2", "e4", "e5"}
    send(project, 6, model="oak", properties={"channel": "mobile"})
    assert_exact(issue)
    assert api.get("/api/issues/1/").json()["follows"] == {"query": "model:maple prop.channel:mobile"}


def test_an_event_that_leaves_the_query_leaves_the_issue(api: Api, project: Any) -> None:
    [event] = send(project, 1, model="maple")
    issue = make(api, {"query": "model:maple"})
    Event.objects.filter(pk=event.pk).update(model="oak")
    raindrop.pipeline.process([event.pk])
    assert matched(issue) == set()
    assert_exact(issue)


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("model:", 0), ("model:a (", 8), ("colour:red", 0), ("hello signal:nothing", 6), ("", 0), ("   ", 0), ('~"late"', 0),
        ("model:a -24h", 8), ("since:7d", 0), ("model:a state:queued", 8), ("has:state", 0), ("/(/", 0), ("issue:99", 0), ("a" * 4001, 4000),
    ],
)  # fmt: skip
def test_bad_queries_name_the_character(api: Api, project: Any, query: str, start: int) -> None:
    error = refused(api, {"query": query})
    assert error["details"]["field"] == "follows.query"
    if query.strip():
        assert error["details"]["start"] == start, error
        assert f"character {start + 1}" in error["message"]


def test_a_query_may_not_ask_for_its_own_issue(api: Api, project: Any) -> None:
    make(api, {"query": "hello"})
    make(api, {"query": "issue:1"})
    for query in ("issue:1", "model:a OR -issue:1", "has:issue", "issue:2", "issue:acme-1"):
        error = refused(api, {"query": query}, issue=1)
        assert "itself" in error["message"]
    assert api.get("/api/issues/1/").json()["follows"] == {"query": "hello"}


def test_a_query_may_ask_for_another_issue(api: Api, project: Any, member: Any) -> None:
    [one, *_] = send(project, 1, 2, 3, signal="receipt_stuck", model="maple")
    first = make(api, {"signal": "receipt_stuck"})
    second = make(api, {"query": "issue:1 model:maple"})
    assert matched(second) == {"e1", "e2", "e3"}
    record_label(subject=first, event=one, answer=Answer.NOT_MATCH, user=member)
    assert matched(second) == {"e2", "e3"}
    send(project, 5, signal="receipt_stuck", model="maple")
    assert matched(second) == {"e2", "e3", "e5"}
    assert_exact(second)


def test_a_query_whose_signal_is_gone_keeps_its_history(api: Api, project: Any) -> None:
    events = send(project, 1, 2, signal="receipt_stuck")
    issue = make(api, {"query": "signal:receipt_stuck"})
    ExplicitSignal.objects.all().delete()
    SignalMatch.objects.filter(signal__key="receipt_stuck").delete()
    SignalDefinition.objects.filter(key="receipt_stuck").delete()
    raindrop.pipeline.process([event.id for event in events])
    assert matched(issue) == {"e1", "e2"}
    assert api.get("/api/issues/1/").json()["follows"] == {"query": "signal:receipt_stuck", "gone": True}


# -- clusters


def cluster_of(project: Any, events: list[Event], **fields: Any) -> Cluster:
    cluster = Cluster.objects.create(
        project=project, **{"kind": "problem", "label": "Receipts hang", **fields}
    )
    join(cluster, events)
    return cluster


def join(cluster: Cluster, events: list[Event]) -> None:
    ClusterMember.objects.bulk_create(
        ClusterMember(
            project=cluster.project, cluster=cluster, event=event, conversation_id=event.conversation_id, end_user_id=event.end_user_id,
            timestamp=event.timestamp, score=0.8, source="evidence",
        )
        for event in events
    )  # fmt: skip


def test_a_cluster_is_followed_with_what_is_inside_it(api: Api, project: Any) -> None:
    events = send(project, *range(6))
    parent = cluster_of(project, events[:2])
    cluster_of(project, events[2:4], parent=parent, level=1)
    issue = make(api, {"cluster": str(parent.pk)})
    assert matched(issue) == {"e0", "e1", "e2", "e3"}
    join(parent, events[4:5])
    ClusterMember.objects.filter(event=events[0]).delete()
    tell_changed([event.pk for event in events])
    assert matched(issue) == {"e1", "e2", "e3", "e4"}
    assert_exact(issue)


def test_a_cluster_that_is_gone_or_merged(api: Api, project: Any) -> None:
    events = send(project, *range(4))
    one, other = cluster_of(project, events[:2]), cluster_of(project, events[2:])
    issue = make(api, {"cluster": str(one.pk)})
    Cluster.objects.filter(pk=one.pk).update(is_gone=True)
    ClusterMember.objects.filter(cluster=one).delete()
    tell_changed([event.pk for event in events])
    assert matched(issue) == {"e0", "e1"}
    assert api.get("/api/issues/1/").json()["follows"] == {"cluster": str(one.pk), "gone": True}
    Cluster.objects.filter(pk=one.pk).update(is_gone=True, merged_into=other)
    tell_changed([event.pk for event in events])
    assert matched(issue) == {"e2", "e3"}
    other.delete()
    Cluster.objects.filter(pk=one.pk).delete()
    tell_changed([event.pk for event in events])
    assert matched(issue) == {"e2", "e3"}
    assert api.get("/api/issues/1/").json()["follows"]["gone"] is True


def test_clusters_of_others_are_refused(api: Api, project: Any, other_project: Any) -> None:
    theirs = cluster_of(other_project, [])
    for key in (str(theirs.pk), str(uuid.uuid4()), "12", "x"):
        assert refused(api, {"cluster": key})["details"]["field"] == "follows.cluster"
    for key in (theirs.pk, uuid.uuid4()):
        assert api.post(f"/api/clusters/{key}/promote/", {}).status_code == 404


def test_promoting(api: Api, project: Any) -> None:
    cluster = cluster_of(project, send(project, 1, 2), description="A receipt hangs.")
    made = api.post(f"/api/clusters/{cluster.pk}/promote/", {})
    assert made.status_code == 201
    item = made.json()
    assert (item["title"], item["description"], item["events"]) == ("Receipts hang", "A receipt hangs.", 2)
    assert item["follows"] == {"cluster": str(cluster.pk)}
    cluster.refresh_from_db()
    assert cluster.status == "promoted"
    again = api.post(f"/api/clusters/{cluster.pk}/promote/", {"title": "Other"})
    assert (again.status_code, again.json()["id"]) == (200, item["id"])
    assert api.post(f"/api/clusters/{cluster.pk}/promote/", {"colour": 1}).status_code == 400


# -- changing it, and long histories


def test_following_something_else_replaces_what_matched(api: Api, project: Any) -> None:
    send(project, 1, 2, 3, signal="receipt_stuck", model="maple")
    send(project, 4, 5, model="oak")
    issue = make(api, {"signal": "receipt_stuck"})
    item = api.patch("/api/issues/1/", {"follows": {"query": "model:oak"}}).json()
    assert (item["follows"], item["events"], item["users"]) == ({"query": "model:oak"}, 2, 2)
    assert_exact(issue)
    entries = Activity.objects.filter(issue=issue, kind=ActivityKind.FOLLOWS).order_by("created_at")
    assert [entry.data["what"] for entry in entries] == ["signal", "query"]
    item = api.patch("/api/issues/1/", {"follows": None}).json()
    assert (item["follows"], item["events"], item["first_seen"]) == (None, 0, None)
    assert not IssueMatch.objects.exists()


def test_a_cluster_changed_outside_of_the_pipeline_is_followed(api: Api, project: Any) -> None:
    events = send(project, *range(3))
    cluster = cluster_of(project, events[:1])
    issue = make(api, {"cluster": str(cluster.pk)})
    join(cluster, events[1:2])
    tell_changed([event.pk for event in events])
    assert matched(issue) == {"e0", "e1"}
    assert_exact(issue)


def test_clusters_that_are_merged_by_a_person_are_followed(
    api: Api, project: Any, django_capture_on_commit_callbacks: Any
) -> None:
    events = send(project, *range(4))
    one, other = cluster_of(project, events[:2]), cluster_of(project, events[2:])
    issue = make(api, {"cluster": str(one.pk)})
    with django_capture_on_commit_callbacks(execute=True):
        merge_clusters(into=other, others=[one])
    assert matched(issue) == {"e0", "e1", "e2", "e3"}
    assert_exact(issue)


def test_a_title_alone_leaves_what_is_followed(api: Api, project: Any) -> None:
    send(project, 1, signal="receipt_stuck")
    make(api, {"signal": "receipt_stuck"})
    item = api.patch("/api/issues/1/", {"title": "Other"}).json()
    assert (item["title"], item["follows"], item["events"]) == ("Other", {"signal": "receipt_stuck"}, 1)


@pytest.mark.parametrize("kind", ["signal", "query", "cluster"])
def test_a_long_history_is_read_by_a_job(
    api: Api, project: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "AT_ONCE", 3)
    monkeypatch.setattr(history, "CHUNK", 4)
    events = send(project, *range(10), signal="receipt_stuck") + send(project, 10, 11)
    cluster = cluster_of(project, events[:10])
    follows = {"signal": "receipt_stuck", "query": "signal:receipt_stuck", "cluster": str(cluster.pk)}[kind]
    answer = api.post("/api/issues/", {"title": "Long", "follows": {kind: follows}}).json()
    assert answer["job"]
    run_job(answer["job"])
    assert Job.objects.get(pk=answer["job"]).state == JobState.DONE
    item = api.get("/api/issues/1/").json()
    assert (item["events"], item["job"]) == (10, None)
    issue = Issue.objects.get()
    assert_exact(issue)
    answer = api.patch("/api/issues/1/", {"follows": {"query": "-signal:receipt_stuck"}}).json()
    run_job(answer["job"])
    assert matched(issue) == {"e10", "e11"}
    assert_exact(issue)
