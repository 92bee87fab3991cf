"""Sets of events side by side on an issue or a signal."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import raindrop.pipeline
from ingest.incoming.values import IncomingEvent
from ingest.models import Event, QueuedEvent
from ingest.store.events import store_events
from issues.actions import create_issue
from issues.following.history import create_following
from issues.following.sources import read_source
from issues.models import Issue
from raindrop.statistics import newcombe
from tests.html import html_of
from tests.issues.people import Api


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Newcombe 1998, table II, method 10; 95 %.
        ((56, 70, 48, 80), (0.2, 0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.6, 0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.5714, 0.0582, 0.8062)),
        ((5, 56, 0, 29), (0.0893, -0.0381, 0.1926)),
        ((0, 10, 0, 20), (0.0, -0.1611, 0.2775)),
        ((10, 10, 0, 20), (1.0, 0.6791, 1.0)),
    ],
)
def test_newcombes_own_examples(counts: tuple[int, int, int, int], expected: tuple[float, ...]) -> None:
    assert newcombe(*counts) == pytest.approx(expected, abs=5e-5)
    assert newcombe(1, 2, 0, 0) is None


@pytest.fixture
def issue(project: Any) -> Issue:
    """Holds in one of three conversations of r1 and of r2, and in all of r3, three days ago. A conversation has two events."""
    at = timezone.now() - dt.timedelta(days=3)
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id=f"e{talk}.{turn}", name="chat", user_id=f"u{talk % 7}", convo_id=f"c{talk}",
                timestamp=at + dt.timedelta(seconds=2 * talk + turn), properties={"release": f"r{talk // 20 + 1}"}, model="maple" if talk % 2 else "birch",
                input="it is stuck" if talk >= 40 or talk % 3 == 0 else "hello", output="One moment.",
            )
            for talk in range(60) for turn in range(2)
        ],
    )  # fmt: skip
    raindrop.pipeline.process(list(Event.objects.values_list("id", flat=True)))
    QueuedEvent.objects.all().delete()  # as a batch that is through
    source = read_source(project, {"query": "stuck"})
    made, _ = create_following(project=project, title="It is stuck", description="", source=source, user=None)
    return made


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def test_releases_side_by_side(api: Api, issue: Issue) -> None:
    answer = api.get("/api/compare/", subject=f"issue:{issue.number}", by="release").json()
    r1, r2, r3 = answer["results"]
    assert [side["name"] for side in (r1, r2, r3)] == ["r1", "r2", "r3"]  # as they were first seen
    assert [(side["matched"], side["conversations"]) for side in (r1, r2, r3)] == [(7, 20), (7, 20), (20, 20)]
    assert (r3["matches"], r3["events"], r3["users"], r3["rate"], r1["rate"]) == (40, 40, 7, 1.0, 0.35)
    assert 0 < r1["low"] < 0.35 < r1["high"] < 1
    assert (r1["difference"], r2["difference"]["value"]) == (None, 0.0)
    assert r2["difference"]["low"] < 0 < r2["difference"]["high"]
    assert (r3["difference"]["value"], r3["difference"]["low"] > 0.3) == (0.65, True)
    assert (len(r3["curve"]), set(r3["curve"])) == (14, {None, 1.0})
    assert answer["summary"].startswith(
        "r3 has it in 100.0% of conversations, r1 in 35.0%: 65.0 points more ("
    )
    chosen = api.get(
        "/api/compare/", subject=f"issue:{issue.number}", by="release", value=["r2", "r1"]
    ).json()
    assert [side["name"] for side in chosen["results"]] == ["r2", "r1"]
    assert chosen["summary"] == "No side differs from r2 by more than chance."


def test_a_query_against_all_else(api: Api, issue: Issue) -> None:
    one, rest = api.get("/api/compare/", subject="issue:1", side="release:r3").json()["results"]
    assert (one["matched"], one["conversations"], rest["matched"], rest["conversations"]) == (20, 20, 14, 40)
    assert rest["query"] == "-(release:r3)"
    both = api.get(
        "/api/compare/", subject="issue:1", side=["model:maple", "model:birch"], period="7d"
    ).json()
    assert [side["conversations"] for side in both["results"]] == [30, 30]
    assert api.get("/api/compare/", subject="issue:1").json() == {"results": [], "summary": ""}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"subject": "issue:9"}, 404), ({"subject": "signal:none"}, 404), ({}, 404), ({"subject": "x"}, 404),
        ({"subject": "issue:1", "by": "colour"}, 400), ({"subject": "issue:1", "side": "colour:("}, 400),
        ({"subject": "issue:1", "side": ["a"] * 7}, 400), ({"subject": "issue:1", "side": "a\x00"}, 400),
        ({"subject": "issue:1", "period": "9y"}, 400), ({"subject": "issue:1", "x": "1"}, 400),
    ],
)  # fmt: skip
def test_what_makes_no_sense(api: Api, project: Any, query: dict[str, Any], status: int) -> None:
    create_issue(project=project, title="Any", description="")
    answer = api.get("/api/compare/", **query)
    assert answer.status_code == status and answer.json()["error"]["message"]


def test_the_page(client: Client, project: Any, member: Any, stranger: Any, issue: Issue) -> None:
    client.force_login(member)
    page = html_of(client.get(reverse("issue", args=[project.slug, issue.number])))
    address = reverse("compare", args=[project.slug])
    assert f"{address}?subject=issue%3A{issue.number}&amp;by=release" in page
    text = html_of(client.get(address, {"subject": f"issue:{issue.number}", "by": "release"}))
    assert "It is stuck, side by side" in text and "r3 has it in 100.0% of conversations" in text
    assert "+65 pts" in text and "20 of 20" in text
    query = {"subject": f"issue:{issue.number}", "side": "release:r3"}
    assert "-(release:r3)" in html_of(client.get(address, query))
    assert client.get(address, query | {"side": "x:("}).status_code == 400
    assert client.get(address).status_code == 404
    client.force_login(stranger)
    assert client.get(address, query).status_code == 404
