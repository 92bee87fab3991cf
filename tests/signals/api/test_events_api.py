"""/api/events/?q=, its counts and its facets."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.incoming.values import IncomingSpan
from ingest.models import Event
from signals.search import counting, faceting
from signals.search.meaning import NEAR_ENOUGH
from signals.vectors.embedding import embed
from tests.issues.people import Api
from tests.signals.read_api.world import make_signal, match

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def api(client: Client, query_key: str) -> Api:
    return Api(client, query_key)


def step(name: str, *, failed: bool = False) -> IncomingSpan:
    return IncomingSpan(
        name=name, kind="tool", status="error" if failed else "ok", error="refused" if failed else "",
        started_at=NOW, ended_at=NOW + dt.timedelta(seconds=1),
    )  # fmt: skip


@pytest.fixture
def four(project: Any, make_event: Any) -> list[Event]:
    """e4 is the newest."""
    texts = [
        ("I want my money back for the broken kettle", "Your refund is on its way."),
        ("Where is the nearest lake?", "The lake lies in the north."),
        ("Please refund my order, it never came", "I cannot do that."),
        ("Sing me a song", "La la la."),
    ]
    events = [
        make_event(
            event_id=f"e{number}", user_id=f"u{number % 2}", convo_id=f"c{number % 3}", input=question, output=answered,
            model="gpt-4o" if number < 3 else "claude-4", timestamp=NOW - dt.timedelta(hours=10 - number),
            properties={"plan": "pro" if number < 4 else "free", "tags": ["a", "b", 3, None, {"x": 1}, [4]]},
            spans=[step("book", failed=number == 3)] * (number == 3) + [step("search")] * (number > 2),
        )
        for number, (question, answered) in enumerate(texts, start=1)
    ]  # fmt: skip
    embed(list(Event.objects.filter(project=project)))
    return events


def found(api: Api, query: str, **parameters: Any) -> list[str]:
    answer = api.get("/api/events/", q=query, **parameters)
    assert answer.status_code == 200, answer.content
    return [item["event_id"] for item in answer.json()["results"]]


def test_events_come_newest_first(api: Api, four: list[Event]) -> None:
    assert found(api, "") == ["e4", "e3", "e2", "e1"]
    assert found(api, "refund -model:gpt-4o") == ["e3"]
    assert found(api, "tool:book OR lake") == ["e3", "e2"]
    assert found(api, "plan:pro -8h") == ["e3"]


def test_an_event_says_what_it_has(api: Api, four: list[Event], project: Any) -> None:
    signal = make_signal(project, "anger")
    match(four[2], signal, score=0.7)
    [item] = api.get("/api/events/", q="id:e3").json()["results"]
    assert (item["user_id"], item["convo_id"], item["model"]) == ("u1", "c0", "claude-4")
    assert item["input"] == "Please refund my order, it never came" and item["tool_errors"] == 1
    assert item["signals"] == [{"id": str(signal.pk), "key": "anger", "name": "Anger", "score": 0.7}]
    assert "nearness" not in item


def test_pages_do_not_move_while_events_arrive(
    api: Api, four: list[Event], make_event: Any, monkeypatch: Any
) -> None:
    """Nor while time passes: what was within ten hours when the first page was asked stays so."""
    first = api.get("/api/events/", q="-10h", limit=1).json()
    assert [item["event_id"] for item in first["results"]] == ["e4"]
    make_event(event_id="new", timestamp=timezone.now())
    second = api.get("/api/events/", q="-10h", limit=1, cursor=first["next"]).json()
    assert [item["event_id"] for item in second["results"]] == ["e3"]
    later = timezone.now() + dt.timedelta(minutes=90)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    third = api.get("/api/events/", q="-10h", limit=5, cursor=second["next"]).json()
    assert [item["event_id"] for item in third["results"]] == ["e2", "e1"] and third["next"] is None
    assert found(api, "-10h") == ["new", "e4", "e3", "e2"]


def test_meaning_ranks_what_the_rest_finds(api: Api, four: list[Event]) -> None:
    body = api.get("/api/events/", q='~"refund, money back for an order"').json()
    names = [item["event_id"] for item in body["results"]]
    assert set(names) == {"e1", "e3"} and body["next"] is None
    near = [item["nearness"] for item in body["results"]]
    assert near == sorted(near, reverse=True) and min(near) >= NEAR_ENOUGH
    assert found(api, '~"refund, money back for an order" model:gpt-4o') == ["e1"]
    page = api.get("/api/events/", q='~"refund, money back for an order"', limit=1).json()
    assert [item["event_id"] for item in page["results"]] == names[:1]
    rest = api.get(
        "/api/events/", q='~"refund, money back for an order"', limit=1, cursor=page["next"]
    ).json()
    assert [item["event_id"] for item in rest["results"]] == names[1:] and rest["next"] is None


def test_meaning_is_a_condition_like_others(api: Api, four: list[Event]) -> None:
    assert found(api, '-~"refund, money back for an order"') == ["e4", "e2"]
    assert found(api, '~"refund, money back for an order" OR lake') == ["e3", "e2", "e1"]
    for query, events in {
        '~"refund, money back for an order"': {"e1", "e3"},
        '-~"refund, money back for an order"': {"e2", "e4"},
        '~"refund, money back for an order" OR lake': {"e1", "e2", "e3"},
        '-(~"refund, money back for an order" model:gpt-4o) -lake': {"e3", "e4"},
    }.items():
        assert set(found(api, query)) == events, query
        assert api.get("/api/events/count/", q=query).json()["count"] == len(events), query
        answer = api.get("/api/events/facets/", q=query, by="model").json()
        assert sum(one["events"] for one in answer["results"]) == len(events), query
        for one in answer["results"]:
            assert len(found(api, f"({query}) {one['query']}")) == one["events"], (query, one)
    wrong = api.get("/api/events/count/", q='lake OR -(a ~"!?")')
    assert wrong.status_code == 400 and wrong.json()["error"]["details"]["start"] == 12, wrong.content


def test_counts_and_facets(api: Api, four: list[Event], project: Any) -> None:
    assert api.get("/api/events/count/", q="plan:pro").json() == {"count": 3, "users": 2, "conversations": 3}
    match(four[0], make_signal(project, "anger"))

    def facets(by: str, query: str = "", **parameters: Any) -> list[tuple[str, int, int]]:
        answer = api.get("/api/events/facets/", q=query, by=by, **parameters)
        assert answer.status_code == 200, answer.content
        for item in answer.json()["results"]:
            assert len(found(api, f"{query} {item['query']}")) == item["events"], item
        return [(item["value"], item["events"], item["users"]) for item in answer.json()["results"]]

    assert facets("model") == [("claude-4", 2, 2), ("gpt-4o", 2, 2)]
    assert facets("user", "refund") == [("u1", 2, 1)]
    assert facets("tool") == [("search", 2, 2), ("book", 1, 1)]
    assert facets("tool.failed") == [("book", 1, 1)]
    assert facets("property.plan") == [("pro", 3, 2), ("free", 1, 1)]
    assert facets("prop.tags", limit=2) == [("3", 4, 2), ("a", 4, 2)]
    assert {value for value, *_ in facets("prop.tags")} == {"3", "a", "b", "null"}
    assert facets("signal") == [("anger", 1, 1)]
    assert facets("tool.calls", "id:e4,e3") == [("1", 1, 1), ("2", 1, 1)]
    assert facets("turns", "id:e4") == [("2", 1, 1)]
    assert sum(events for _, events, _ in facets("time")) == 4


def test_counts_of_many_say_that_they_are_bounds(
    api: Api, four: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST", 2)
    found = api.get("/api/events/count/", q="plan:pro").json()
    assert found["count"] == 2 and found["at_least"] is True
    assert api.get("/api/events/count/", q="plan:free").json() == {"count": 1, "users": 1, "conversations": 1}
    assert api.get("/api/events/count/", q="-plan:pro -plan:free -has:model").json()["count"] == 0


def test_facets_of_many_are_of_the_newest(
    api: Api, four: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = api.get("/api/events/facets/", by="user").json()
    assert "since" not in whole
    monkeypatch.setattr(faceting, "MOST", 2)
    monkeypatch.setattr(faceting, "MOST_READ", 2)
    newest = sorted(four, key=lambda event: event.timestamp)[-3:]
    for query in ("", "has:prop.plan"):  # the second reads JSON
        some = api.get("/api/events/facets/", by="user", q=query).json()
        assert dt.datetime.fromisoformat(some["since"]) == newest[0].timestamp
        assert (
            sum(item["events"] for item in some["results"])
            == 3
            < sum(item["events"] for item in whole["results"])
        )


@pytest.mark.parametrize("by", ["", "text", "since", "nothing", "prop", "score.nothing"])
def test_what_cannot_be_broken_down_is_refused(api: Api, four: list[Event], by: str) -> None:
    answer = api.get("/api/events/facets/", by=by)
    assert answer.status_code == 400 and answer.json()["error"]["details"] == {"field": "by"}


@pytest.mark.parametrize("path", ["/api/events/", "/api/events/count/", "/api/events/facets/"])
def test_an_error_names_its_character(api: Api, four: list[Event], path: str) -> None:
    answer = (
        api.get(path, q="refund modle:gpt", by="model")
        if "facets" in path
        else api.get(path, q="refund modle:gpt")
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"field": "q", "start": 7, "end": 12}
    assert "Did you mean model?" in answer.json()["error"]["message"]
    assert api.get(path, query="x").json()["error"]["details"]["field"] == "query"


@pytest.mark.parametrize("cursor", ["x", "x.1", "W10.1", ".1", "W10.99999999999999999", "bnVsbA.5"])
def test_a_cursor_of_somebody_else_is_refused(api: Api, four: list[Event], cursor: str) -> None:
    for query in ("", '~"money"'):
        answer = api.get("/api/events/", q=query, cursor=cursor)
        assert answer.status_code == 400 and answer.json()["error"]["details"] == {"field": "cursor"}


def test_any_event_id_still_has_its_path(api: Api, four: list[Event], make_event: Any) -> None:
    assert api.get("/api/events/count/").json()["count"] == 4
    for name in ("count", "facets", "count/x", "a b/ü?"):
        make_event(event_id=name)
    for path in ("count", "facets", "count/x", "a%20b/%C3%BC%3F"):
        assert "tool_calls" in api.get(f"/api/events/{path}/").json(), path
    assert api.get("/api/events/count/", q="").json()["count"] == 8
    assert api.get("/api/events/facets/", by="model").json()["results"][0]["value"] == "claude-4"
