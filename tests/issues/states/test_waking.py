"""What an event that arrives changes: through the whole pipeline, on issues that follow a query."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from ingest.counts.rollups import Hour
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.models import Activity, Issue
from issues.states.doors import apply_action
from issues.states.terms import MuteTerms, ResolveTerms
from issues.states.transitions import Action
from issues.states.words import words_for
from tests.issues.following.followers import START, send
from tests.issues.people import Api

QUIET_SINCE = START + dt.timedelta(hours=4, minutes=30)  # before e5


@pytest.fixture
def issue(project: Any) -> Issue:
    source = read_source(project, {"query": "hello"})
    made, _ = create_following(project=project, title="Says hello", description="", source=source, user=None)
    send(project, *range(3))
    return made


def quiet(issue: Issue, terms: MuteTerms | ResolveTerms) -> None:
    if isinstance(terms, MuteTerms):
        apply_action(action=Action.MUTE, issue=issue, user=None, terms=terms)
    else:
        apply_action(action=Action.RESOLVE, issue=issue, user=None, terms=terms)
    Issue.objects.filter(pk=issue.pk).update(state_changed_at=QUIET_SINCE)


def state(issue: Issue) -> str:
    issue.refresh_from_db()
    return "/".join(part for part in (issue.state, issue.substate, issue.review) if part)


def last(issue: Issue) -> Activity:
    return issue.activity.order_by("-id")[0]


def hours(n: float) -> dt.datetime:
    return START + dt.timedelta(hours=n)


@pytest.mark.parametrize(
    ("terms", "still", "then", "why"),
    [
        (MuteTerms(), 8, None, ""),
        (MuteTerms(escalating=True), 8, None, ""),
        (MuteTerms(until=hours(7)), 6, 7, "It was muted until 2 Nov 2026 16:00 UTC, and happened again after that: 1 event."),
        (MuteTerms(events=3), 6, 7, "It met 3 events since it was muted. The limit is 3."),
        (MuteTerms(users=3), 6, 7, "It met 3 users since it was muted. The limit is 3."),
        (MuteTerms(events=2, window=1800), 9, None, ""),  # they come an hour apart
        (MuteTerms(events=2, window=3600), 5, 6, "It met 2 events within 1 hour since it was muted. The limit is 2."),
    ],
)  # fmt: skip
def test_a_muted_issue(
    project: Any, issue: Issue, terms: MuteTerms, still: int, then: int | None, why: str
) -> None:
    quiet(issue, terms)
    send(project, 4)  # came late, and happened before
    for number in range(5, still + 1):
        send(project, number)
        assert state(issue) == "muted"
    if then is None:
        return
    send(project, then)
    assert state(issue) == "open/ongoing/unmuted"
    entry = last(issue)
    assert (entry.actor, words_for(entry.data)) == (None, why)
    assert entry.data["terms_were"] == terms.as_json()
    assert issue.terms == {}
    send(project, then)  # a batch that runs twice
    assert last(issue) == entry


def test_one_batch_is_enough(project: Any, issue: Issue) -> None:
    quiet(issue, MuteTerms(events=3, window=2 * 3600))
    send(project, 5, 9, 10, 11)
    assert state(issue) == "open/ongoing/unmuted"
    assert Hour.objects.filter(subject=issue.pk).count() == 7


@pytest.mark.parametrize(
    ("terms", "sent", "expected"),
    [
        (ResolveTerms(), "r1", "open/regressed/regressed"),
        (ResolveTerms(in_release="r3"), "r2", "resolved"),
        (ResolveTerms(in_release="r3"), "r3", "open/regressed/regressed"),
        (ResolveTerms(after_release="r3"), "r3", "resolved"),
        (ResolveTerms(after_release="r3"), "r10", "open/regressed/regressed"),
        (ResolveTerms(in_release="r3"), "", "open/regressed/regressed"),
    ],
)
def test_a_resolved_issue(project: Any, issue: Issue, terms: ResolveTerms, sent: str, expected: str) -> None:
    quiet(issue, terms)
    send(project, 4, properties={"release": "r9"})  # happened before
    assert state(issue) == "resolved"
    send(project, 6, properties={"release": sent} if sent else {})
    assert state(issue) == expected
    if expected != "resolved":
        entry = last(issue)
        assert (entry.data["events"], entry.data.get("release", "")) == (
            1,
            sent if terms != ResolveTerms() else "",
        )
        assert "1 event" in words_for(entry.data)


# -- by the API


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def test_actions_take_terms(api: Api, project: Any, issue: Issue) -> None:
    send(project, 5, properties={"release": "r9"})
    path = f"/api/issues/{issue.number}/actions/"

    def act(**body: Any) -> Any:
        answer = api.post(path, body)
        assert answer.status_code == 200, answer.content
        api.post(path, {"action": "reopen"})
        return answer.json()["terms"]

    assert act(action="mute") is None
    assert act(action="mute", until="2027-01-01T00:00:00Z") == {"until": "2027-01-01T00:00:00+00:00"}
    assert act(action="mute", until="escalating") == {"escalating": True}
    assert act(action="mute", events=100, window="1h") == {"events": 100, "window": 3600}
    assert act(action="mute", users=5) == {"users": 5}
    assert list(act(action="mute", **{"for": "7d"})) == ["until"]
    assert act(action="resolve") is None
    assert act(action="resolve", release="next") == {"after_release": "r9"}
    assert act(action="resolve", release="r10") == {"in_release": "r10"}
    assert api.get(f"/api/issues/{issue.number}/").json()["review"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "mute", "release": "r3"}, "release"),
        ({"action": "resolve", "events": 3}, "events"),
        ({"action": "reopen", "until": "escalating"}, "until"),
        ({"action": "mute", "until": "soon"}, "until"),
        ({"action": "mute", "until": "2020-01-01"}, "until"),
        ({"action": "mute", "until": "escalating", "events": 3}, "until"),
        ({"action": "mute", "until": "escalating", "for": "7d"}, "for"),
        ({"action": "mute", "for": 1}, "for"),
        ({"action": "mute", "for": "ages"}, "for"),
        ({"action": "mute", "events": 0}, "events"),
        ({"action": "mute", "window": "1h"}, "window"),
        ({"action": "mute", "events": 3, "window": 1}, "window"),
        ({"action": "resolve", "release": "next"}, "release"),  # none was named
        ({"action": "resolve", "release": "3f2a1bc"}, "release"),
    ],
)
def test_terms_that_are_refused(api: Api, issue: Issue, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"/api/issues/{issue.number}/actions/", body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert field in (error["details"].get("field"), *error["details"]), error
    assert state(issue) == "open/new/new"


def test_many_at_once_and_back(api: Api, project: Any, issue: Issue, client: Client, query_key: str) -> None:
    other = api.post("/api/issues/", {"title": "Another"}).json()
    api.post(f"/api/issues/{other['number']}/actions/", {"action": "resolve"})
    body = {"action": "mute", "for": "7d", "issues": [str(issue.number), other["id"], str(issue.pk)]}
    answer = api.post("/api/issues/actions/", body).json()
    assert [(one["number"], one["state"], list(one["terms"])) for one in answer["changed"]] == [
        (1, "muted", ["until"])
    ]
    assert answer["refused"] == [{"id": other["id"], "number": 2, "state": "resolved"}]
    undo = {"undo": answer["undo"]}
    assert Api(client, query_key).post("/api/issues/actions/undo/", undo).status_code == 403
    answer = api.post("/api/issues/actions/undo/", undo).json()
    assert [(one["state"], one["substate"], one["review"]) for one in answer["changed"]] == [
        ("open", "new", "new")
    ]
    assert answer["refused"] == []
    assert api.post("/api/issues/actions/undo/", undo).status_code == 404
    assert api.post("/api/issues/actions/", {"action": "mute", "issues": ["77"]}).status_code == 404
    assert api.post("/api/issues/actions/", {"action": "mute", "issues": []}).status_code == 400
