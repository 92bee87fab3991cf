"""/api/clusters/: the list, one, its events, changes, a refresh; and what an event says of them."""

import uuid
from typing import Any

import pytest
from django.test import Client

from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project
from signals.models import Cluster
from tests.signals.clusters.test_refresh import find

FIELDS = {
    "id", "label", "description", "level", "parent", "events", "conversations", "users", "first_seen", "last_seen", "emerging", "status",
    "keywords", "example_event_ids",
}  # fmt: skip


@pytest.fixture
def api(admin_key: str) -> Any:
    client = Client(headers={"Authorization": f"Bearer {admin_key}"})

    def call(method: str, path: str, body: Any = None) -> Any:
        return getattr(client, method)(path, body, content_type="application/json")

    return call


def test_the_list_has_what_programs_rely_on(api: Any, project: Project, broken: list[Event]) -> None:
    find(project)
    answer = api("get", "/api/clusters/?kind=problem").json()
    assert answer["next"] is None and [one["events"] for one in answer["results"]] == [6, 4]
    sync = answer["results"][0]
    assert sync.keys() >= FIELDS
    assert (sync["conversations"], sync["users"], sync["status"], sync["emerging"], sync["parent"]) == (
        6,
        6,
        "new",
        False,
        None,
    )
    assert (
        set(sync["example_event_ids"]) <= {event.event_id for event in broken[:6]}
        and len(sync["example_event_ids"]) == 3
    )
    both = api("get", "/api/clusters/").json()["results"]
    intents = api("get", "/api/clusters/?kind=intent").json()["results"]
    assert len(both) == 2 + len(intents) and all(one["kind"] == "intent" for one in intents)
    mine = api("get", "/api/clusters/?kind=problem&signal=tool_failure").json()["results"]
    assert {one["id"] for one in mine} == {one["id"] for one in answer["results"]}
    assert api("get", "/api/clusters/?kind=problem&signal=refusal").json()["results"] == []
    first = api("get", "/api/clusters/?kind=problem&limit=1").json()
    rest = api("get", f"/api/clusters/?kind=problem&limit=1&cursor={first['next']}").json()
    assert [first["results"][0]["events"], rest["results"][0]["events"], rest["next"]] == [6, 4, None]


@pytest.mark.parametrize("query", ["kind=other", "status=gone", "signal=none", "cursor=x", "limit=0"])
def test_bad_filters_are_refused(api: Any, project: Project, query: str) -> None:
    answer = api("get", f"/api/clusters/?{query}")
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "BAD_REQUEST"


def test_one_its_events_and_changes(api: Any, project: Project, broken: list[Event]) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    here = f"/api/clusters/{sync.pk}/"
    events = api("get", f"{here}events/?limit=4").json()
    assert [one["event_id"] for one in events["results"]] == [
        event.event_id for event in reversed(broken[2:6])
    ]
    assert (
        events["results"][0]["convo_id"] == "c5"
        and "refused" in events["results"][0]["phrase"]
        and events["next"]
    )
    changed = api("patch", here, {"label": " Sync  refuses ", "status": "ignored"})
    assert changed.status_code == 200
    assert (changed.json()["label"], changed.json()["status"]) == ("Sync refuses", "ignored")
    assert api("get", "/api/clusters/?status=ignored").json()["results"][0]["id"] == str(sync.pk)
    for bad in ({}, {"label": " "}, {"label": "x" * 201}, {"status": "promoted"}, {"events": 3}, []):
        assert api("patch", here, bad).status_code == 400, bad
    assert api("get", f"/api/clusters/{uuid.uuid4()}/").status_code == 404
    known = api("get", f"/api/events/{broken[0].event_id}/").json()
    assert str(sync.pk) in known["cluster_ids"] and known["intents"]


def test_a_query_key_reads_and_does_not_change(query_key: str, project: Project, broken: list[Event]) -> None:
    find(project)
    client = Client(headers={"Authorization": f"Bearer {query_key}"})
    sync = Cluster.objects.get(origin="tool sync")
    assert client.get(f"/api/clusters/{sync.pk}/").status_code == 200
    assert (
        client.patch(
            f"/api/clusters/{sync.pk}/", {"status": "known"}, content_type="application/json"
        ).status_code
        == 403
    )
    assert client.post("/api/clusters/refresh/").status_code == 403


def test_a_refresh_answers_with_its_job_and_with_the_one_that_runs(
    api: Any, project: Project, broken: list[Event]
) -> None:
    first = api("post", "/api/clusters/refresh/")
    again = api("post", "/api/clusters/refresh/")
    assert first.status_code == again.status_code == 202 and first.json() == again.json()
    job = Job.objects.get(pk=first.json()["job"])
    run_job(job.pk)
    told = api("get", f"/api/jobs/{job.pk}/").json()
    assert told["state"] == "done" and told["done"] == told["total"] == 72


def test_the_read_api_has_the_intents_as_topics(
    query_key: str, project: Project, broken: list[Event]
) -> None:
    find(project)
    client = Client(headers={"Authorization": f"Bearer {query_key}"})
    items = client.get("/v1/events?limit=3").json()["data"]
    assert all(item["topics"] for item in items)
