"""Splitting an issue: by a condition where it follows something, by answers else."""

from typing import Any

import pytest
from django.test import Client

from ingest.jobs.runner import run_job
from issues.models import Issue
from labeling.models import Label
from tests.html import html_of
from tests.issues.following.followers import matched, send
from tests.issues.merging.test_merging import events, follow
from tests.issues.people import Api, two_topics
from tests.issues.recounting import assert_recounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


@pytest.fixture
def issue(project: Any) -> Issue:
    """#1 holds on e0 to e5, three of which were disliked."""
    send(project, 0, 1, 2, input="red")
    send(project, 3, 4, 5, input="red or blue", signal="thumbs_down")
    return follow(project, "red OR green")


def split(api: Api, number: int = 1, **body: Any) -> Any:
    answer = api.post(f"/api/issues/{number}/split/", {"title": "A part", **body})
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.mark.parametrize("part", [{"signal": "thumbs_down"}, {"query": "blue OR yellow"}])
def test_by_a_condition(api: Api, project: Any, issue: Issue, part: dict[str, str]) -> None:
    made = split(api, **part, description="Those.")
    assert (made["number"], made["events"], made["description"], made["job"]) == (2, 3, "Those.", None)
    new = Issue.objects.get(number=2)
    assert (matched(issue), matched(new)) == (events(0, 1, 2), events(3, 4, 5))
    send(project, 6, input="green and blue", signal="thumbs_down")
    send(project, 7, input="green")
    assert (matched(issue), matched(new)) == (events(0, 1, 2, 7), events(3, 4, 5, 6))
    assert_recounts(project)
    told = issue.activity.get(kind="split").data
    assert (told["into"], told["events"], told["of"]) == (2, 3, 6)
    assert new.activity.get(kind="split").data["from"] == 1
    # Merged back, all is as it was.
    assert api.post("/api/issues/2/merge/", {"into": "1"}).json()["events"] == 8
    assert_recounts(project)


def test_single_events_by_answers(api: Api, project: Any, issue: Issue) -> None:
    made = split(api, event_ids=["e0", "e4"])
    run_job(made["job"])
    new = Issue.objects.get(number=2)
    assert matched(issue) == events(1, 2, 3, 5)
    assert events(0, 4) <= matched(new)
    labels = Label.objects.filter(source="split").order_by("subject_id", "event_id")
    assert {(row.subject_id, row.event.event_id, row.answer) for row in labels} == {
        (issue.pk, "e0", "not_match"), (issue.pk, "e4", "not_match"), (new.pk, "e0", "match"), (new.pk, "e4", "match"),
    }  # fmt: skip
    assert_recounts(project)
    assert api.post("/api/issues/2/merge/", {"into": "1"}).status_code == 200
    assert events(*range(6)) <= matched(issue)
    assert_recounts(project)


def test_a_classifiers_issue(api: Api, project: Any) -> None:
    two_topics(project, flights=12, returns=20)
    api.post("/api/issues/", {"title": "About a flight"})
    labels = [{"event_id": f"flight-{i}", "label": "match"} for i in range(8)]
    labels += [{"event_id": f"return-{i}", "label": "not_match"} for i in range(8)]
    run_job(api.post("/api/issues/1/labels/", labels).json()["job"])
    before = matched(Issue.objects.get(number=1))
    assert before >= {f"flight-{i}" for i in range(8)}
    made = split(api, query="cancelled")
    run_job(made["job"])
    for job in Issue.objects.get(number=1).project.jobs.filter(state="queued"):
        run_job(job.pk)
    moved = {name for name in before if name.startswith("flight-") and int(name[7:]) % 3 == 1}
    assert moved and moved <= matched(Issue.objects.get(number=2))
    assert not moved & matched(Issue.objects.get(number=1))
    assert_recounts(project)


def test_what_is_refused(
    api: Api, project: Any, other_project: Any, issue: Issue, client: Client, query_key: str, stranger: Any
) -> None:
    send(other_project, 90, input="red")
    send(project, 8, input="yellow")
    for body in (
        {}, {"signal": "thumbs_down", "query": "blue"}, {"signal": "nonsense"}, {"cluster": "nonsense"}, {"query": "nothing"},
        {"query": "red"}, {"query": "("}, {"query": "issue:1"}, {"query": ""}, {"query": "since:7d"}, {"event_ids": []},
        {"event_ids": ["e8"]}, {"event_ids": ["e90"]}, {"event_ids": ["nonsense"]}, {"event_ids": [f"e{i}" for i in range(6)]},
        {"query": "blue", "title": " "}, {"query": "blue", "x": 1},
    ):  # fmt: skip
        answer = api.post("/api/issues/1/split/", {"title": "A part", **body})
        assert answer.status_code == 400, (body, answer.content)
    assert Issue.objects.filter(project=project).count() == 1
    assert matched(issue) == events(*range(6))
    assert (
        Api(client, query_key).post("/api/issues/1/split/", {"title": "x", "query": "blue"}).status_code
        == 403
    )
    assert api.post("/api/issues/9/split/", {"title": "x", "query": "blue"}).status_code == 404
    follow(project, "yellow")
    api.post("/api/issues/2/merge/", {"into": "1"})
    assert api.post("/api/issues/2/split/", {"title": "x", "query": "blue"}).status_code == 409
    # What comes from merged issues goes by answers.
    made = split(api, query="yellow OR blue")
    run_job(made["job"])
    assert matched(issue) == events(0, 1, 2)
    assert_recounts(project)
    client.force_login(stranger)
    assert client.post("/p/acme/issues/1/split/", {"title": "x", "query": "blue"}).status_code == 404


def test_the_page(client: Client, project: Any, member: Any, viewer: Any, issue: Issue) -> None:
    client.force_login(member)
    answer = client.post("/p/acme/issues/1/split/", {"title": "Blue ones", "query": "blue"}, follow=True)
    assert answer.redirect_chain == [("/p/acme/issues/2/", 302)]
    assert "split it off from" in html_of(answer)
    assert "Blue ones" in html_of(client.get("/p/acme/issues/1/"))
    for wrong in (
        {"title": "x", "query": "("},
        {"title": "", "query": "id:e0"},
        {"query": ""},
        {"title": "x", "query": "blue"},
    ):
        page = html_of(client.post("/p/acme/issues/1/split/", wrong, follow=True))
        assert "alert-warning" in page, wrong
    assert Issue.objects.count() == 2
    client.force_login(viewer)
    assert client.post("/p/acme/issues/1/split/", {"title": "x", "query": "id:e0"}).status_code == 403
