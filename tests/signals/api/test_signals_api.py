"""/api/signals/: the taxonomy, its errors, its series."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, Project
from signals.catalogue.builtins import BUILT_IN_KEYS
from signals.catalogue.installing import install_builtin_signals
from signals.detection.stage import detect
from signals.models import SignalDefinition

MakeEvent = Callable[..., Event]


@pytest.fixture
def api(admin_key: str) -> Callable[..., Any]:
    client = Client(headers={"Authorization": f"Bearer {admin_key}"})

    def call(method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        return getattr(client, method)(path, body, content_type="application/json", **kwargs)

    return call


def loaded(*events: Event) -> list[Event]:
    return list(
        Event.objects.filter(id__in=[e.id for e in events]).select_related("project").order_by("timestamp")
    )


def test_a_new_project_lists_the_built_in_signals(api: Any, project: Project) -> None:
    answer = api("get", "/api/signals/").json()
    assert {item["key"] for item in answer["results"]} == BUILT_IN_KEYS
    assert answer["next"] is None
    frustration = next(item for item in answer["results"] if item["key"] == "user_frustration")
    assert (
        frustration["kind"] == "implicit"
        and frustration["detector"] == "rule"
        and frustration["reads"] == "user"
    )
    assert frustration["sentiment"] == "negative" and frustration["enabled"] is True
    assert frustration["group"] == "User side" and frustration["events"] == 0


def test_pages_go_through_all_signals_once(api: Any, project: Project) -> None:
    install_builtin_signals(project)
    seen, cursor = [], ""
    for _ in range(len(BUILT_IN_KEYS)):
        answer = api("get", "/api/signals/?limit=3" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [item["key"] for item in answer["results"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(BUILT_IN_KEYS)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=-1", "limit=²", "cursor=!!", "cursor=AAAA", "cursor=W10", "cursor=WzEsMl0",
              "cursor=WyIwMDAxLTAxLTAxIiwiXHUwMDAwIl0"]
)  # fmt: skip
def test_a_bad_page_is_a_clear_error(api: Any, query: str) -> None:
    answer = api("get", f"/api/signals/?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST"


def test_filters(api: Any, project: Project) -> None:
    keys = lambda query: {item["key"] for item in api("get", f"/api/signals/?{query}").json()["results"]}  # noqa: E731
    assert keys("sentiment=positive") == {"win"}
    assert keys("group=Tools") == {"tool_failure", "repeated_tool_failure", "tool_loop", "empty_tool_result"}
    assert keys("kind=explicit") == set()
    assert "refusal" in keys("q=declines")


def test_a_words_signal_is_made_and_works(api: Any, project: Project, make_event: MakeEvent) -> None:
    answer = api("post", "/api/signals/", {"name": "Money back!", "config": {"words": ["refund"]}, "reads": "conversation",
                                           "sentiment": "negative", "group": "Billing"})  # fmt: skip
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["key"] == "money_back" and made["group"] == "Billing" and made["detector"] == "rule"
    detect(loaded(make_event(input="hi", output="I sent the refund.")))
    assert api("get", "/api/signals/money_back/").json()["events"] == 1
    assert api("get", f"/api/signals/{made['id']}/").json()["users"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"config": {"words": ["x"]}}, "name"),
        ({"name": "a"}, "config"),
        ({"name": "a", "config": {"words": []}}, "config"),
        ({"name": "a", "config": {"words": [1]}}, "config"),
        ({"name": "a", "config": []}, "config"),
        ({"name": "a", "config": {"pattern": "("}}, "config"),
        ({"name": "a", "config": {"pattern": "(?=x)"}}, "config"),
        ({"name": "a", "config": {"pattern": "x*"}}, "config"),
        ({"name": "a", "config": {"pattern": "x", "words": ["y"]}}, "config"),
        ({"name": "a", "config": {"words": ["x"]}, "reads": "spans"}, "reads"),
        ({"name": "a", "config": {"words": ["x"]}, "key": "refusal"}, "key"),
        ({"name": "a", "config": {"words": ["x"]}, "key": "no way"}, "key"),
        ({"name": "漢字", "config": {"words": ["x"]}}, "key"),
        ({"name": "a", "config": {"words": ["x"]}, "threshold": 2}, "threshold"),
        ({"name": "a", "config": {"words": ["x"]}, "detector": "llm"}, "detector"),
        ({"name": "a", "config": {"words": ["x"]}, "colour": "red"}, "colour"),
        ({"name": "a\x00b", "config": {"words": ["x"]}}, "name"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(api: Any, project: Project, body: Any, field: str) -> None:
    install_builtin_signals(project)
    answer = api("post", "/api/signals/", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["details"]
    assert SignalDefinition.objects.count() == len(BUILT_IN_KEYS)


def test_a_catastrophic_pattern_is_harmless(api: Any, make_event: MakeEvent) -> None:
    answer = api("post", "/api/signals/", {"name": "slow", "config": {"pattern": "(a+)+b"}})
    assert answer.status_code == 201
    started = dt.datetime.now(dt.UTC)
    detect(loaded(make_event(input="a" * 50_000)))
    assert dt.datetime.now(dt.UTC) - started < dt.timedelta(seconds=5)


def test_patch_changes_and_refuses(api: Any, project: Project) -> None:
    install_builtin_signals(project)
    answer = api(
        "patch", "/api/signals/refusal/", {"enabled": False, "threshold": 0.7, "group": None, "name": "No"}
    )
    assert answer.status_code == 200
    item = answer.json()
    assert (item["enabled"], item["threshold"], item["group"], item["name"]) == (False, 0.7, None, "No")
    for body in (
        {"config": {"words": ["x"]}},
        {"reads": "user"},
        {"key": "x"},
        {"threshold": -1},
        {"name": ""},
    ):
        assert api("patch", "/api/signals/refusal/", body).status_code == 400
    assert SignalDefinition.objects.get(key="refusal").reads == "assistant"


def test_who_may(
    query_key: str, write_key: str, project: Project, other_project: Project, admin_key: str
) -> None:
    install_builtin_signals(other_project)
    install_builtin_signals(project)
    theirs = SignalDefinition.objects.get(project=other_project, key="win")
    headers = lambda key: {"headers": {"Authorization": f"Bearer {key}"}}  # noqa: E731
    client = Client()
    assert client.get("/api/signals/").status_code == 401
    assert client.get("/api/signals/", **headers(write_key)).status_code == 403
    assert client.get("/api/signals/", **headers(query_key)).status_code == 200
    change = {"content_type": "application/json", "data": {"enabled": False}}
    assert client.patch("/api/signals/win/", **change, **headers(query_key)).status_code == 403
    for key in (str(theirs.id), str(uuid.uuid4()), "nothing", "a%00b"):
        answer = client.get(f"/api/signals/{key}/", **headers(admin_key))
        assert answer.status_code == 404 and answer.json()["error"]["code"] == "NOT_FOUND"


def test_the_series_has_counts_users_and_rate(api: Any, make_event: MakeEvent, project: Project) -> None:
    from ingest.counts.rollups import count_events

    events = [make_event(input="This is ridiculous.", user_id="a"), make_event(input="hi", user_id="b")]
    detect(loaded(*events))
    count_events(loaded(*events))
    points = api("get", "/api/signals/user_frustration/series?interval=day").json()["results"]
    assert len(points) in {14, 15}
    assert (points[-1]["events"], points[-1]["users"], points[-1]["rate"]) == (1, 1, 0.5)
    assert points[0]["rate"] is None
    hours = api("get", "/api/signals/user_frustration/series/?interval=hour").json()["results"]
    assert sum(point["events"] for point in hours) == 1 and hours[-1]["users"] is None


@pytest.mark.parametrize(
    "query", ["interval=week", "start=yesterday", "start=2026-13-01", "start=2026-01-02&end=2026-01-01",
              "interval=hour&start=2000-01-01&end=2026-01-01", "end=0001-01-01T00:00:00%2B14:00"]
)  # fmt: skip
def test_a_bad_series_is_a_clear_error(api: Any, query: str) -> None:
    answer = api("get", f"/api/signals/refusal/series?{query}")
    assert answer.status_code == 400 and answer.json()["error"]["details"]["field"]
