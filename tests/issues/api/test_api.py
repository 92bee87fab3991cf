"""`/api/issues/` and its kin: shapes, filters, refusals, and nobody else's data."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

from issues.actions import create_issue
from issues.models import Definition, Issue
from issues.states.doors import apply_action
from issues.states.transitions import Action
from tests.issues.classifier.test_scoring import make_issue
from tests.issues.people import Api, run, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def error_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert {"code", "message"} <= error.keys()
    return error


def test_making_and_reading(api: Api, project: Any) -> None:
    made = api.post("/api/issues/", {"title": "  Forgets   the seat "})
    assert made.status_code == 201
    issue = made.json()
    assert issue["title"] == "Forgets the seat"
    assert issue["rate"] is None
    for key in (issue["id"], issue["number"]):
        assert api.get(f"/api/issues/{key}/").json() == issue
    assert Definition.objects.get(issue_id=issue["id"]).version == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": None},
        {"title": 5, "description": []},
        {"title": "x" * 201},
        {"title": "x\x00y"},
        {"title": "lone \ud800"},
        {"title": "x", "description": "nul \x00"},
        {"title": "x", "colour": "red"},
        [],
        [{"title": "x"}],
        '"text"',
    ],
)
def test_bad_issues_are_refused(api: Api, body: Any) -> None:
    assert error_of(api.post("/api/issues/", body), 400)["details"]
    assert not Issue.objects.exists()


def test_malformed_json_is_refused(api: Api) -> None:
    answer = api.client.post(
        "/api/issues/", '{"title": ', content_type="application/json", headers=api.headers
    )
    error_of(answer, 400)
    answer = api.client.post(
        "/api/issues/", '{"title": NaN}', content_type="application/json", headers=api.headers
    )
    error_of(answer, 400)


def test_listing(api: Api, project: Any, member: Any) -> None:
    flights, returns = make_issue(project), make_issue(project, sign=-1.0)
    quiet = create_issue(project=project, title="Quiet", description="Nothing yet")
    apply_action(action=Action.MUTE, issue=quiet, user=member)
    run(send(project, "flight", 0, 5) + send(project, "return", 0, 8))
    numbers = lambda **query: [one["number"] for one in api.pages("/api/issues/", **query)]  # noqa: E731
    assert numbers(sort="events") == [returns.number, flights.number, quiet.number]
    assert numbers(sort="created") == [3, 2, 1]
    assert numbers(sort="events", limit=1) == [2, 1, 3]
    assert numbers(state="muted") == [3]
    assert numbers(state="new") == numbers(state="open") == numbers(state="open", sort="last_seen")
    assert numbers(q="quiet") == numbers(q="NOTHING quiet") == numbers(q="#3") == [3]
    assert numbers(q="quiet flights") == []
    assert numbers(q="nul\x00quiet") == []
    [first] = api.get("/api/issues/", sort="events", limit=1).json()["results"]
    assert (first["events"], first["rate"]) == (8, pytest.approx(8 / 13))


@pytest.mark.parametrize(
    "query", [{"state": "closed"}, {"sort": "x"}, {"cursor": "x"}, {"limit": "0"}, {"limit": "-1"}]
)
def test_bad_filters_are_refused(api: Api, query: dict[str, str]) -> None:
    error_of(api.get("/api/issues/", **query), 400)


def test_a_listing_takes_as_many_queries_for_many(
    api: Api, project: Any, django_assert_max_num_queries: Any
) -> None:
    for i in range(12):
        create_issue(project=project, title=f"Issue {i}", description="")
    api.get("/api/issues/")
    with django_assert_max_num_queries(5):
        assert len(api.get("/api/issues/").json()["results"]) == 12


def test_changing(api: Api, project: Any, member: Any) -> None:
    create_issue(project=project, title="Old", description="old")
    change = {
        "title": "New", "description": "new", "state": "muted", "priority": "high", "assignee": "alice",
    }  # fmt: skip
    issue = api.patch("/api/issues/1/", change).json()
    assert {name: issue[name] for name in change} == change
    assert issue["substate"] is None
    assert api.patch("/api/issues/1/", {"assignee": None}).json()["assignee"] is None
    assert api.patch("/api/issues/1/", {"state": "open"}).json()["substate"] == "ongoing"
    kinds = list(Issue.objects.get().activity.order_by("id").values_list("kind", flat=True))
    assert sorted(kinds) == sorted(
        ["created", "edited", "priority", "assigned", "state", "assigned", "state"]
    )
    assert Definition.objects.order_by("-version")[0].version == 2
    api.patch("/api/issues/1/", {"title": "New", "state": "open", "priority": "high"})  # so it is already
    assert Issue.objects.get().activity.count() == 7


def test_a_change_is_made_as_a_whole_or_not(api: Api, project: Any, member: Any) -> None:
    issue = create_issue(project=project, title="Old", description="")
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    error = error_of(api.patch("/api/issues/1/", {"title": "New", "state": "muted"}), 409)
    assert "resolved" in error["message"]
    error_of(api.patch("/api/issues/1/", {"title": "New", "assignee": "nobody"}), 400)
    error_of(api.patch("/api/issues/1/", {"title": "New", "state": "gone"}), 400)
    error_of(api.patch("/api/issues/1/", {"titel": "New"}), 400)
    error_of(api.patch("/api/issues/1/", {"substate": "ongoing"}), 409)
    issue.refresh_from_db()
    assert (issue.title, issue.state) == ("Old", "resolved")


def test_substates_by_hand(api: Api, project: Any) -> None:
    create_issue(project=project, title="x", description="")
    error_of(api.patch("/api/issues/1/", {"substate": "regressed"}), 409)
    assert api.patch("/api/issues/1/", {"substate": "ongoing"}).json()["substate"] == "ongoing"
    api.patch("/api/issues/1/", {"state": "resolved"})
    assert (
        api.patch("/api/issues/1/", {"state": "open", "substate": "escalating"}).json()["substate"]
        == "escalating"
    )
    assert api.patch("/api/issues/1/", {"substate": "ongoing"}).json()["review"] is None
    marked = api.patch("/api/issues/1/", {"substate": "escalating"}).json()
    assert (marked["substate"], marked["review"]) == ("escalating", "escalating")
    entry = Issue.objects.get().activity.order_by("-id")[0]
    assert (entry.actor, entry.data["action"], entry.data["via"]) == (None, "escalate", "a key")


def test_a_stranger_cannot_be_given_an_issue(api: Api, project: Any, stranger: Any) -> None:
    create_issue(project=project, title="x", description="")
    error_of(api.patch("/api/issues/1/", {"assignee": "mallory"}), 400)


# -- who may


PATHS = ["", "matches/", "series", "labels/", "candidates/"]


@pytest.mark.parametrize("path", PATHS)
def test_another_projects_issue_is_not_there(
    client: Client, admin_key: str, other_project: Any, path: str
) -> None:
    theirs = create_issue(project=other_project, title="Theirs", description="")
    for key in (str(theirs.pk), "1", "0", "99999999999999999999", str(uuid.uuid4()), "x", "%00"):
        error_of(Api(client, admin_key).get(f"/api/issues/{key}/{path}"), 404)
    assert Api(client, admin_key).pages("/api/issues/") == []


def test_keys_do_what_they_are_for(client: Client, project: Any, query_key: str, write_key: str) -> None:
    create_issue(project=project, title="x", description="")
    reader, writer = Api(client, query_key), Api(client, write_key)
    for path in PATHS:
        assert reader.get(f"/api/issues/1/{path}").status_code == 200
        error_of(writer.get(f"/api/issues/1/{path}"), 403)
        error_of(client.get(f"/api/issues/1/{path}"), 401)
    error_of(reader.post("/api/issues/", {"title": "y"}), 403)
    error_of(reader.patch("/api/issues/1/", {"title": "y"}), 403)
    error_of(reader.post("/api/issues/1/labels/", []), 403)


def test_sessions(client: Client, project: Any, member: Any, viewer: Any, stranger: Any) -> None:
    for user, status in ((member, 201), (viewer, 403), (stranger, 404)):
        client.force_login(user)
        answer = client.post("/api/issues/?project=acme", {"title": "x"}, content_type="application/json")
        assert answer.status_code == status
    assert Issue.objects.get().created_by == member


# -- series


def test_the_series(api: Api, project: Any) -> None:
    make_issue(project)
    day = dt.datetime(2026, 3, 1, 10, 30, tzinfo=dt.UTC)
    run(send(project, "flight", 0, 3, at=day) + send(project, "return", 0, 9, at=day))
    run(send(project, "flight", 3, 1, at=day + dt.timedelta(days=2)))
    points = api.get("/api/issues/1/series", start="2026-02-28", end="2026-03-04").json()["results"]
    assert [(point["start"][:10], point["events"], point["users"]) for point in points] == [
        ("2026-02-28", 0, 0),
        ("2026-03-01", 3, 3),
        ("2026-03-02", 0, 0),
        ("2026-03-03", 1, 1),
    ]
    assert points[0]["rate"] is points[0]["low"] is points[0]["high"] is None
    assert points[1]["rate"] == 0.25
    assert (round(points[1]["low"], 4), round(points[1]["high"], 4)) == (0.0889, 0.5323)
    assert points[3]["rate"] == points[3]["high"] == 1.0
    hours = api.get(
        "/api/issues/1/series/", interval="hour", start="2026-03-01T09:00:00Z", end="2026-03-01T12:00:00Z"
    ).json()["results"]
    assert [(point["start"][11:16], point["events"], point["users"]) for point in hours] == [
        ("09:00", 0, None),
        ("10:00", 3, None),
        ("11:00", 0, None),
    ]
    assert len(api.get("/api/issues/1/series").json()["results"]) in {14, 15}


@pytest.mark.parametrize(
    "query",
    [
        {"interval": "week"},
        {"start": "yesterday"},
        {"start": "2026-13-01"},
        {"start": "0001-01-01"},
        {"start": "2026-01-02", "end": "2026-01-01"},
        {"start": "2000-01-01", "end": "2026-01-01"},
        {"interval": "hour", "start": "2025-01-01", "end": "2026-01-01"},
    ],
)
def test_bad_times_are_refused(api: Api, project: Any, query: dict[str, str]) -> None:
    make_issue(project)
    error_of(api.get("/api/issues/1/series", **query), 400)


def test_actions_change_the_state(api: Api, project: Any) -> None:
    issue = create_issue(project=project, title="Forgets the seat", description="")
    path = f"/api/issues/{issue.pk}/actions/"
    assert api.post(path, {"action": "settle"}).json()["substate"] == "ongoing"
    answer = api.post(path, {"action": "resolve"})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["substate"]) == ("resolved", None)
    assert api.get(f"/api/issues/{issue.number}/").json() == answer.json()
    error_of(api.post(path, {"action": "mute"}), 409)
    assert api.post(f"/api/issues/{issue.number}/actions/", {"action": "reopen"}).json()["state"] == "open"
    assert api.post(path, {"action": "mute"}).json()["state"] == "muted"


@pytest.mark.parametrize(
    "body", [{}, {"action": "explode"}, {"action": "regress"}, {"action": "resolve", "x": 1}, [], "x"]
)
def test_bad_actions_are_refused(api: Api, project: Any, query_key: str, client: Client, body: Any) -> None:
    issue = create_issue(project=project, title="Forgets the seat", description="")
    path = f"/api/issues/{issue.pk}/actions/"
    error_of(api.post(path, body), 400)
    error_of(Api(client, query_key).post(path, {"action": "resolve"}), 403)
    error_of(api.post(f"/api/issues/{uuid.uuid4()}/actions/", {"action": "resolve"}), 404)
    issue.refresh_from_db()
    assert issue.state == "open"
