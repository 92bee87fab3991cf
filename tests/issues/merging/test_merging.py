"""Merging an issue into another and taking it out again: by the API, with events that come before, between and after."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

import raindrop.pipeline
from ingest.incoming.values import IncomingSignal
from ingest.jobs.runner import run_job
from ingest.models import Event
from ingest.store.feedback import store_signals
from issues.actions import add_note, delete_issue
from issues.alerts.rules import create_rule
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.merging import history
from issues.models import Activity, AlertDelivery, Issue, IssueMatch
from labeling.labels.labels import record_label
from labeling.models import Answer
from signals.search.holding import holds
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope
from tests.html import html_of
from tests.issues.following.followers import START, matched, send
from tests.issues.people import Api
from tests.issues.recounting import assert_recounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def follow(project: Any, query: str, title: str = "") -> Issue:
    source = read_source(project, {"query": query})
    made, _ = create_following(
        project=project, title=title or f"Says {query}", description="", source=source, user=None
    )
    return made


@pytest.fixture
def pair(project: Any) -> tuple[Issue, Issue]:
    """#1 holds on e0 to e5, #2 on e4 to e8: two on both."""
    send(project, 0, 1, 2, 3, input="red")
    send(project, 4, 5, input="red and blue")
    send(project, 6, 7, 8, input="blue")
    return follow(project, "red"), follow(project, "blue")


def merge(api: Api, number: int, into: Any) -> Any:
    answer = api.post(f"/api/issues/{number}/merge/", {"into": str(into)})
    assert answer.status_code == 200, answer.content
    return answer.json()


def unmerge(api: Api, number: int) -> Any:
    answer = api.post(f"/api/issues/{number}/unmerge/", {})
    assert answer.status_code == 200, answer.content
    return answer.json()


def events(*numbers: int) -> set[str]:
    return {f"e{number}" for number in numbers}


def test_an_event_of_both_counts_once_and_all_comes_back(api: Api, project: Any, pair: Any) -> None:
    red, blue = pair
    before = api.get("/api/issues/2/").json()
    found = merge(api, 2, 1)
    assert (found["number"], found["events"], found["merged"], found["job"]) == (1, 9, [2], None)
    assert matched(red) == events(*range(9))
    # The merged one is reachable, as it was but for its state, and in no list.
    other = api.get("/api/issues/2/").json()
    assert (other["state"], other["substate"], other["merged_into"]) == ("merged", None, 1)
    assert {name: other[name] for name in ("events", "users", "title", "follows")} == {
        name: before[name] for name in ("events", "users", "title", "follows")
    }
    assert [one["number"] for one in api.get("/api/issues/").json()["results"]] == [1]
    assert [one["number"] for one in api.get("/api/issues/", state="merged").json()["results"]] == [2]
    assert len(api.get("/api/issues/2/matches/").json()["results"]) == 5
    assert_recounts(project)
    # What comes now, what changes and what is deleted.
    send(project, 9, input="blue")
    send(project, 10, input="red, blue")
    assert (matched(red), matched(blue)) == (events(*range(11)), events(*range(4, 11)))
    api.post("/api/erase/", {"event_id": "e7"})
    assert api.get("/api/issues/1/").json()["events"] == 10
    assert_recounts(project)
    back = unmerge(api, 2)
    assert (back["state"], back["substate"], back["merged_into"], back["events"]) == ("open", "new", None, 6)
    assert back["review"] == before["review"]
    assert matched(red) == events(0, 1, 2, 3, 4, 5, 10)
    assert matched(blue) == events(4, 5, 6, 8, 9, 10)
    assert api.get("/api/issues/1/").json()["merged"] == []
    assert_recounts(project)
    send(project, 11, input="blue")
    assert "e11" not in matched(red) and "e11" in matched(blue)


def test_a_lent_row_becomes_ones_own_with_a_new_time(api: Api, project: Any, pair: Any) -> None:
    """As after a late root of a trace."""
    red, _ = pair
    merge(api, 2, 1)
    assert IssueMatch.objects.get(issue=red, event__event_id="e7").through_id is not None
    later = START + dt.timedelta(hours=40)
    Event.objects.filter(project=project, event_id="e7").update(timestamp=later, input="blue and red")
    event = Event.objects.get(project=project, event_id="e7")
    raindrop.pipeline.process([event.id])
    row = IssueMatch.objects.get(issue=red, event=event)
    assert (row.through_id, row.timestamp) == (None, later)


def test_history_says_who_and_how_many(
    api: Api, project: Any, pair: Any, client: Client, member: Any
) -> None:
    red, blue = pair
    merge(api, 2, 1)
    unmerge(api, 2)
    told = list(red.activity.order_by("id").values_list("kind", "data"))[-2:]
    assert [kind for kind, _ in told] == ["merged", "unmerged"]
    numbers = {name: told[0][1][name] for name in ("issue", "title", "events", "users", "together")}
    assert numbers == {"issue": 2, "title": "Says blue", "events": 5, "users": 5, "together": 2}
    assert told[0][1]["via"].startswith("a key") or told[0][1]["via"].startswith("the key")
    states = [row.data["action"] for row in blue.activity.filter(kind="state").order_by("id")]
    assert states == ["merge", "unmerge"]
    client.force_login(member)
    page = html_of(client.get("/p/acme/issues/1/"))
    assert "merged" in page and "Says blue" in page and "2 of its 5 events were here already" in page


def test_what_is_refused(
    api: Api, project: Any, other_project: Any, pair: Any, client: Client, query_key: str, stranger: Any
) -> None:
    third = follow(project, "green")
    theirs = follow(other_project, "red")
    for into in ("1", "99", str(theirs.pk), "nonsense", str(uuid.uuid4())):
        answer = api.post("/api/issues/1/merge/", {"into": into})
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "into"), into
    for body in ({}, {"into": "2", "x": 1}, {"into": ["2"]}, []):
        assert api.post("/api/issues/1/merge/", body).status_code == 400, body
    assert api.post("/api/issues/1/unmerge/", {}).status_code == 409
    assert api.post("/api/issues/1/unmerge/", {"x": 1}).status_code == 400
    assert api.post("/api/issues/99/merge/", {"into": "1"}).status_code == 404
    merge(api, 2, 1)
    for number, into in ((2, 3), (3, 2), (2, 1)):
        assert api.post(f"/api/issues/{number}/merge/", {"into": str(into)}).status_code == 409
    for action in ("resolve", "mute", "reopen", "settle"):
        assert api.post("/api/issues/2/actions/", {"action": action}).status_code == 409
    assert api.patch("/api/issues/3/", {"state": "merged"}).status_code == 400
    assert Api(client, query_key).post("/api/issues/3/merge/", {"into": "1"}).status_code == 403
    client.force_login(stranger)
    assert client.post("/p/acme/issues/3/merge/", {"into": "1"}).status_code == 404
    assert client.post("/p/acme/issues/2/unmerge/").status_code == 404
    third.refresh_from_db()
    assert third.state == "open"


def test_one_within_another(api: Api, project: Any, pair: Any) -> None:
    red, blue = pair
    green = follow(project, "green")
    send(project, 12, input="green blue")
    merge(api, 2, 3)  # blue into green
    assert matched(green) == events(4, 5, 6, 7, 8, 12)
    merge(api, 3, 1)  # and that into red
    assert matched(red) == events(*range(9), 12)
    send(project, 13, input="blue")
    assert "e13" in matched(red) and "e13" in matched(green)
    assert_recounts(project)
    unmerge(api, 2)  # out of the middle
    assert (matched(green), matched(red)) == (events(12), events(0, 1, 2, 3, 4, 5, 12))
    assert_recounts(project)


def test_a_query_for_an_issue_finds_what_is_merged_into_it(
    api: Api, client: Client, query_key: str, project: Any, pair: Any
) -> None:
    """In the database, by the roll-ups and in memory; of one within another, too."""
    green = follow(project, "green")
    send(project, 12, input="green")
    searching = Api(client, query_key)

    def found(query: str) -> set[str]:
        rows = Event.objects.filter(project=project).order_by("id")
        facts = Facts(list(rows.select_related("end_user", "conversation")), Scope(project))
        held = holds(parse(query), facts)
        names = {row.event_id for row, one in zip(facts.events, held, strict=True) if one}
        listed = searching.get("/api/events/", q=query).json()["results"]
        assert {row["event_id"] for row in listed} == names
        assert searching.get("/api/events/count/", q=query).json()["count"] == len(names)
        return names

    assert found("issue:2") == events(*range(4, 9))
    merge(api, 2, green.number)
    assert found(f"issue:{green.number}") == events(*range(4, 9), 12)
    merge(api, green.number, 1)
    assert found("issue:1") == events(*range(9), 12) == found("issue:1 OR issue:3")
    assert found(f"issue:{green.number}") == events(*range(4, 9), 12), "one that is itself merged"
    assert found("issue:2") == events(*range(4, 9))
    assert found("-issue:1") == set()
    send(project, 13, input="blue")
    assert "e13" in found("issue:1") & found("issue:3") & found("issue:2")
    unmerge(api, 2)
    assert found("issue:3") == events(12) and found("issue:1") == events(*range(6), 12)


def test_people_have_the_last_word(api: Api, project: Any, pair: Any, member: Any) -> None:
    red, blue = pair
    merge(api, 2, 1)
    e7 = Event.objects.get(event_id="e7")
    record_label(subject=red, event=e7, answer=Answer.NOT_MATCH, user=member)
    assert "e7" not in matched(red) and "e7" in matched(blue)
    record_label(subject=red, event=e7, answer=Answer.MATCH, user=member)
    unmerge(api, 2)
    assert "e7" in matched(red)  # by the answer, and no longer by the other issue
    record_label(subject=blue, event=e7, answer=Answer.NOT_MATCH, user=member)
    merge(api, 2, 1)
    assert "e7" in matched(red)
    assert_recounts(project)


def test_an_event_of_the_merged_one_opens_the_other_and_not_itself(api: Api, project: Any, pair: Any) -> None:
    red, blue = pair
    rule = create_rule(
        project=project, user=None, channels=["json://a.example/x"], name="Back", trigger="issue_regresses"
    )
    api.post("/api/issues/2/actions/", {"action": "resolve"})
    merge(api, 2, 1)
    api.post("/api/issues/1/actions/", {"action": "resolve"})
    Issue.objects.update(state_changed_at=Event.objects.get(event_id="e8").timestamp)
    send(project, 9, input="blue")
    assert [Issue.objects.get(number=n).state for n in (1, 2)] == ["open", "merged"]
    assert set(AlertDelivery.objects.filter(rule=rule).values_list("subject", flat=True)) == {str(red.pk)}
    assert unmerge(api, 2)["state"] == "resolved"
    Issue.objects.filter(number=2).update(state_changed_at=Event.objects.get(event_id="e8").timestamp)
    send(project, 14, input="blue")
    assert Issue.objects.get(number=2).substate == "regressed"


def test_many_matches_are_joined_by_a_job(api: Api, project: Any, pair: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(history, "AT_ONCE", 3)
    monkeypatch.setattr("issues.classifier.merged_issues.CHUNK", 2)
    red, _ = pair
    found = merge(api, 2, 1)
    assert found["job"] is not None
    run_job(found["job"])
    assert matched(red) == events(*range(9))
    assert_recounts(project)
    job = unmerge(api, 2)["job"] or api.get("/api/issues/1/").json()["job"]
    run_job(job)
    assert matched(red) == events(*range(6))
    assert_recounts(project)


def test_a_source_that_changes_and_issues_that_ask_for_it(api: Api, project: Any, pair: Any) -> None:
    red, blue = pair
    asking = follow(project, "issue:1")
    merge(api, 2, 1)
    assert matched(asking) == events(*range(9))
    api.patch("/api/issues/1/", {"follows": {"query": "nothing"}})
    assert matched(red) == events(4, 5, 6, 7, 8)
    api.patch("/api/issues/1/", {"follows": None})
    assert matched(red) == events(4, 5, 6, 7, 8)
    api.patch("/api/issues/2/", {"follows": {"query": "red"}})
    assert matched(red) == events(*range(6))
    store_signals(
        project=project, signals=[IncomingSignal(event_id="e8", name="thumbs_down", signal_type="default")]
    )
    raindrop.pipeline.process(list(Event.objects.values_list("id", flat=True)))
    api.patch("/api/issues/2/", {"follows": {"signal": "thumbs_down"}})
    assert matched(red) == events(8)
    unmerge(api, 2)
    assert matched(red) == matched(asking) == set()
    assert_recounts(project)


def test_deleting_either(api: Api, project: Any, pair: Any) -> None:
    red, blue = pair
    merge(api, 2, 1)
    green = follow(project, "green")
    merge(api, 1, green.number)
    red.refresh_from_db()
    delete_issue(issue=red)
    blue.refresh_from_db()
    assert (blue.state, blue.merged_into) == ("open", None)
    assert matched(green) == set()
    assert_recounts(project)
    merge(api, 2, green.number)
    assert len(matched(green)) == 5
    blue.refresh_from_db()
    delete_issue(issue=blue)
    assert matched(green) == set()
    assert_recounts(project)


# -- on the page


def test_the_page(client: Client, project: Any, member: Any, viewer: Any, pair: Any) -> None:
    red, blue = pair
    add_note(issue=blue, text="Seen it in the shop.", user=member)
    client.force_login(member)
    answer = client.post("/p/acme/issues/2/merge/", {"into": "1"}, follow=True)
    assert answer.redirect_chain == [("/p/acme/issues/1/", 302)]
    page = html_of(answer)
    assert "Says blue" in page and 'action="/p/acme/issues/2/unmerge/"' in page
    # The number leads there; its own page is one click on.
    assert client.get("/p/acme/issues/2/").headers["Location"] == "/p/acme/issues/1/"
    own = html_of(client.get("/p/acme/issues/2/?own"))
    assert "Seen it in the shop." in own and "part of" in own and 'href="/p/acme/issues/1/"' in own
    assert 'href="/p/acme/issues/2/?own"' in page
    assert "Says blue" not in html_of(client.get("/p/acme/issues/?state=all"))
    assert "Says blue" in html_of(client.get("/p/acme/issues/?state=merged"))
    event = Event.objects.get(event_id="e7")
    chips = html_of(client.get(f"/p/acme/events/{event.pk}/issues/"))
    assert "Says red" in chips and "Says blue" not in chips
    assert (
        "an issue cannot be merged into itself"
        in html_of(client.post("/p/acme/issues/1/merge/", {"into": "1"}, follow=True)).lower()
    )
    for into in ("99", "", "x", "1" * 30):
        assert "no issue" in html_of(client.post("/p/acme/issues/1/merge/", {"into": into}, follow=True))
    client.force_login(viewer)
    assert client.post("/p/acme/issues/2/unmerge/").status_code == 403
    assert "unmerge" not in html_of(client.get("/p/acme/issues/1/"))
    client.force_login(member)
    answer = client.post("/p/acme/issues/2/unmerge/", follow=True)
    assert answer.redirect_chain == [("/p/acme/issues/2/", 302)]
    assert Activity.objects.filter(issue=red, kind="unmerged", actor=member).exists()


def test_near_duplicates_are_offered(client: Client, project: Any, member: Any) -> None:
    send(project, *range(10), input="red blue")
    follow(project, "red")
    follow(project, "blue")
    client.force_login(member)
    page = html_of(client.get("/p/acme/issues/1/"))
    assert "may be the same problem" in page
    assert 'action="/p/acme/issues/2/merge/"' in page
