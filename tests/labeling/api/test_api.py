"""Labels and candidates over HTTP: what is stored, what is refused, and what comes back."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from ingest.jobs.runner import run_job
from ingest.models import Job
from issues.actions import create_issue
from issues.models import Classifier, Issue
from labeling import teaching
from labeling.models import Label
from raindrop import pipeline
from tests.issues.people import Api, two_topics

pytestmark = pytest.mark.django_db
LABELS = "/api/issues/1/labels/"


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


@pytest.fixture
def issue(project: Any) -> Issue:
    return create_issue(project=project, title="Flights", description="About a flight.")


def label(event_id: str, answer: str = "match", **more: Any) -> dict[str, Any]:
    return {"event_id": event_id, "label": answer, **more}


def test_labels_train_before_the_answer(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 10, 10)
    answer = api.post(
        LABELS, [label(f"flight-{i}") for i in range(6)] + [label("return-0", "unsure", note="?")]
    ).json()
    assert answer["stored"] == 7
    classifier = Classifier.objects.get()
    assert answer["classifier"]["version"] == classifier.version == 1
    assert (answer["classifier"]["labels"], answer["classifier"]["matches"]) == (6, 6)
    assert answer["classifier"]["quality"]["precision"] is None
    answer = api.post(LABELS, [label(f"return-{i}", "not_match") for i in range(6)]).json()
    quality = answer["classifier"]["quality"]
    assert quality["labels"] == 12
    assert quality["labelled_precision"] > 0.5 and quality["labelled_recall"] > 0.5
    assert quality["precision"] is quality["recall"] is quality["low"] is None  # nothing was drawn at random
    assert Job.objects.get(pk=answer["job"]).kind == "rescore"
    shown = api.pages(LABELS, limit=5)
    assert len(shown) == 12  # return-0 was unsure, and is a non-match now
    assert {one["source"] for one in shown} == {"api"}
    assert {one["user"] for one in shown} == {None}


def test_without_a_match_there_is_no_classifier(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 2, 2)
    answer = api.post(LABELS, [label("return-0", "not_match")]).json()
    assert answer == {"stored": 1, "classifier": None, "job": None}


def test_when_every_event_is_a_match_there_is_nothing_to_learn(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 2, 0)
    answer = api.post(LABELS, [label("flight-0"), label("flight-1")])
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"stored": 2, "classifier": None, "job": None}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        "text",
        [1],
        [{}],
        [label("flight-0", "maybe")],
        [label("flight-0"), label("flight-1", "")],
        [label("flight-0"), {"event_id": "flight-1"}],
        [label("flight-0", colour="red")],
        [label("flight-0", rationale="close")],
        [label("flight-0", "unsure", rationale="mood")],
        [label("flight-0", note="x\x00")],
        [label("flight-0", note=5e400)],
        [label("lone \ud800")],
        [label("flight-0\x00")],
        [label("flight-0")] * 1001,
        label("flight-0"),
    ],
)
def test_bad_labels_are_refused_whole(api: Api, project: Any, issue: Issue, body: Any) -> None:
    two_topics(project, 2, 2)
    answer = api.post(LABELS, body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "BAD_REQUEST"
    assert not Label.objects.exists()
    assert api.post(LABELS, [label("flight-0")]).status_code == 200


def test_unknown_events_are_named_and_nothing_is_stored(
    api: Api, project: Any, other_project: Any, issue: Issue, make_event: Any
) -> None:
    two_topics(project, 2, 2)
    make_event(of=other_project, event_id="theirs")
    answer = api.post(LABELS, [label("flight-0"), label("nowhere"), label("theirs")])
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"unknown_event_ids": ["nowhere", "theirs"]}
    assert not Label.objects.exists()


def test_many_labels_are_trained_on_later(api: Api, project: Any, issue: Issue, monkeypatch: Any) -> None:
    two_topics(project, 4, 4)
    api.post(LABELS, [label("flight-0")])
    monkeypatch.setattr(teaching, "AT_ONCE", 3)
    answer = api.post(LABELS, [label("flight-1"), label("return-1", "not_match")]).json()
    job = Job.objects.get(pk=answer["job"])
    assert (job.kind, answer["classifier"]["version"]) == ("train", 1)
    run_job(job.pk)
    assert Classifier.objects.order_by("-version")[0].labels_count == 3


def test_an_edited_definition_trains_anew_by_itself(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 4, 4)

    def trained() -> int:
        OrmQ.objects.all().delete()
        pipeline.every_minute()
        for job in Job.objects.filter(kind="train", state="queued"):
            run_job(job.pk)
        return Classifier.objects.count()

    api.patch("/api/issues/1/", {"description": "Nobody has labelled yet."})
    assert trained() == 0
    api.post(LABELS, [label("flight-0"), label("return-1", "not_match")])
    assert trained() == 1
    api.patch("/api/issues/1/", {"description": "The user wants another seat."})
    assert trained() == 2
    newest = Classifier.objects.order_by("-version")[0]
    assert (newest.definition_version, newest.labels_count) == (3, 2)
    assert trained() == 2, "once"
    api.post(LABELS, [label("flight-0", "not_match")])  # no match any more: nothing to learn
    api.patch("/api/issues/1/", {"description": "The user wants a window seat."})
    assert trained() == trained() == 2
    assert Job.objects.filter(kind="train").count() == 2, "nor is it tried each minute"


def test_a_person_s_labels_bear_the_name(client: Client, project: Any, issue: Issue, member: Any) -> None:
    two_topics(project, 2, 2)
    client.force_login(member)
    client.post(f"{LABELS}?project=acme", [label("flight-0")], content_type="application/json")
    assert Label.objects.get().user == member
    shown = client.get(f"{LABELS}?project=acme").json()["results"]
    assert (shown[0]["user"], shown[0]["label"]) == ("alice", "match")


def test_a_label_s_reason_travels(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 1, 1)
    api.post(LABELS, [label("flight-0"), label("return-0", "not_match", rationale="mentioned")])
    listed = api.get(LABELS).json()["results"]
    assert {row["event_id"]: row["rationale"] for row in listed} == {"flight-0": "", "return-0": "mentioned"}


def test_candidates(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 10, 10)
    found = api.get("/api/issues/1/candidates/").json()["results"]
    assert len({one["event_id"] for one in found}) == len(found) == 20
    assert all(set(one) == {"event_id", "score", "reason", "probability", "found_by"} for one in found)
    api.post(LABELS, [label(found[0]["event_id"]), label(found[1]["event_id"], "unsure")])
    again = {one["event_id"] for one in api.get("/api/issues/1/candidates/", limit=100).json()["results"]}
    assert len(again) == 18
    assert not again & {found[0]["event_id"], found[1]["event_id"]}
    assert api.get("/api/issues/1/candidates/", limit="many").status_code == 400


def test_what_candidates_say_of_a_card_is_kept_with_its_label(api: Api, project: Any, issue: Issue) -> None:
    """Also after it was asked again, and when another answer follows; nobody can send it."""
    two_topics(project, 10, 10)
    cards = {one["event_id"]: one for one in api.get("/api/issues/1/candidates/").json()["results"]}
    drawn = api.get("/api/issues/1/candidates/", limit=4, **{"for": "audit"}).json()["results"]
    cards |= {one["event_id"]: one for one in drawn}
    assert drawn and all(one["probability"] == pytest.approx(1 / 20) for one in drawn)
    assert {one["probability"] for one in cards.values() if one["reason"] != "random"} == {None}
    truth = {True: "match", False: "not_match"}
    api.post(LABELS, [label(event_id, truth[event_id.startswith("flight")]) for event_id in cards])
    api.post(LABELS, [label(drawn[0]["event_id"], "unsure")])
    assert api.post(LABELS, [label("flight-0", reason="random", probability=1)]).status_code == 400
    shown = api.pages(LABELS)
    assert len(shown) == 20 and {one["definition_version"] for one in shown} == {1}
    for one in shown:
        for name in ("reason", "score", "probability"):
            assert one[name] == cards[one["event_id"]][name]


def test_an_audit_is_drawn_at_random_only(api: Api, project: Any, issue: Issue) -> None:
    two_topics(project, 10, 10)
    api.post(LABELS, [label("flight-0"), label("return-0", "not_match")])
    found = api.get("/api/issues/1/candidates/", limit=5, **{"for": "audit"}).json()["results"]
    assert len(found) == 5 and {one["reason"] for one in found} == {"random"}
    assert all(one["probability"] == pytest.approx(1 / 18) for one in found)
    assert api.get("/api/issues/1/candidates/", **{"for": "fun"}).status_code == 400


def test_jobs_are_the_projects_own(api: Api, project: Any, other_project: Any) -> None:
    mine = Job.objects.create(
        project=project, kind="train", done=3, total=9, message="on it", state="running"
    )
    theirs = Job.objects.create(project=other_project, kind="train")
    assert api.get(f"/api/jobs/{mine.pk}/").json() == {
        "state": "running",
        "done": 3,
        "total": 9,
        "message": "on it",
    }
    for key in (theirs.pk, uuid.uuid4(), "x"):
        answer = api.get(f"/api/jobs/{key}/")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "NOT_FOUND"
