"""`/v1/events/search`: by words, by meaning, by a regular expression."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import Event
from signals.read_api import search as read_search
from signals.vectors.embedding import embed
from tests.signals.read_api.world import Reader, make_signal, match

SEARCH = "/v1/events/search"


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


@pytest.fixture
def four(make_event: Callable[..., Event]) -> list[Event]:
    """refund, weather, flight, praise: a day apart, refund the newest."""
    texts = {
        "refund": ("I want my money back for the broken lamp", "I am sorry, a refund is on its way"),
        "weather": ("Will it rain tomorrow in Oslo?", "Yes, take an umbrella"),
        "flight": ("Please cancel my flight to Oslo", "Your reservation AB-123 is cancelled"),
        "praise": ("That was wonderful, thank you", "Glad to help"),
    }
    made = [
        make_event(
            event_id=name,
            user_id=f"user-{name}",
            convo_id=f"convo-{name}",
            input=texts[name][0],
            output=texts[name][1],
            timestamp=timezone.now() - dt.timedelta(days=i, minutes=1),
        )
        for i, name in enumerate(texts)
    ]
    embed(made)
    return made


@pytest.mark.parametrize(
    ("query", "side", "expected"),
    [
        ("oslo", "user_input,assistant_output", "weather flight"),
        ("OSLO -rain", "user_input,assistant_output", "flight"),
        ('"my flight"', "user_input,assistant_output", "flight"),
        ("umbrella or refund", "user_input,assistant_output", "refund weather"),
        ("umbrella", "assistant_output", "weather"),
        ("umbrella", "user_input", ""),
        ("oslo", "user_input", "weather flight"),
        ("nothing of the kind", "user_input,assistant_output", ""),
        ("it's \"unbalanced & ( | !", "user_input,assistant_output", ""),
    ],
)
def test_words(read: Reader, four: list[Event], query: str, side: str, expected: str) -> None:
    body = read.body(SEARCH, {"query": query, "search_in": side})
    assert [item["id"] for item in body["data"]] == expected.split()
    assert all(item["relevance_score"] >= 0 for item in body["data"])
    assert body["meta"] == {"cursor": None, "has_more": False}


@pytest.mark.parametrize("mode", ["text", "regex", "semantic"])
def test_pages(read: Reader, four: list[Event], mode: str) -> None:
    query = {"text": "i or will or please or that", "regex": ".", "semantic": "a question"}[mode]
    seen: list[str] = []
    parameters: dict[str, object] = {"query": query, "mode": mode, "limit": 1}
    for _ in range(4):
        body = read.body(SEARCH, parameters)
        seen += [item["id"] for item in body["data"]]
        parameters["cursor"] = body["meta"]["cursor"]
    assert body["meta"] == {"cursor": None, "has_more": False}
    assert sorted(seen) == ["flight", "praise", "refund", "weather"]


def test_meaning(read: Reader, four: list[Event]) -> None:
    items = read.data(SEARCH, {"query": "give me a reimbursement", "mode": "semantic"})
    assert items[0]["id"] == "refund"
    scores = [item["relevance_score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    assert -1 <= scores[-1] < scores[0] <= 1
    middle = (scores[0] + scores[1]) / 2
    kept = read.ids(SEARCH, {"query": "give me a reimbursement", "mode": "semantic", "threshold": middle})
    assert kept == ["refund"]


def test_meaning_of_one_side(read: Reader, four: list[Event]) -> None:
    parameters = {"query": "Glad to help", "mode": "semantic"}
    [user] = [i for i in read.data(SEARCH, parameters | {"search_in": "user_input"}) if i["id"] == "praise"]
    [agent] = [
        i for i in read.data(SEARCH, parameters | {"search_in": "assistant_output"}) if i["id"] == "praise"
    ]
    assert agent["relevance_score"] > 0.9 > user["relevance_score"]
    narrowed = parameters | {"search_in": "user_input", "user_id": "user-praise"}
    assert read.data(SEARCH, narrowed)[0]["relevance_score"] == pytest.approx(
        user["relevance_score"], abs=1e-4
    )


@pytest.mark.parametrize(
    ("query", "side", "expected"),
    [
        (r"AB-\d+", "user_input,assistant_output", "flight"),
        (r"ab-\d+", "user_input,assistant_output", ""),
        (r"(?i)ab-\d+", "user_input,assistant_output", "flight"),
        (r"^Yes", "assistant_output", "weather"),
        (r"^Yes", "user_input", ""),
        (r"%", "user_input,assistant_output", ""),
    ],
)
def test_regular_expressions(read: Reader, four: list[Event], query: str, side: str, expected: str) -> None:
    assert read.ids(SEARCH, {"query": query, "mode": "regex", "search_in": side}) == expected.split()


@pytest.mark.parametrize("mode", ["text", "regex", "semantic"])
def test_filters(read: Reader, four: list[Event], mode: str) -> None:
    match(four[2], make_signal(four[0].project, "handled"))
    wanted = {"query": "Oslo", "mode": mode}
    since = (timezone.now() - dt.timedelta(hours=36)).isoformat()
    assert "flight" in read.ids(SEARCH, wanted)
    assert read.ids(SEARCH, wanted | {"user_id": "user-flight"}) == ["flight"]
    assert read.ids(SEARCH, wanted | {"convo_id": "convo-weather"}) == ["weather"]
    assert read.ids(SEARCH, wanted | {"signal": "handled"}) == ["flight"]
    assert "flight" not in read.ids(SEARCH, wanted | {"timestamp[gte]": since})
    assert "weather" not in read.ids(SEARCH, wanted | {"timestamp[lt]": since})


def test_a_regular_expression_looks_at_14_days(read: Reader, four: list[Event]) -> None:
    Event.objects.filter(event_id="flight").update(timestamp=timezone.now() - dt.timedelta(days=20))
    wanted = {"query": "Oslo", "mode": "regex"}
    assert read.ids(SEARCH, wanted) == ["weather"]
    before = (timezone.now() - dt.timedelta(days=10)).isoformat()
    assert read.ids(SEARCH, wanted | {"timestamp[lt]": before}) == ["flight"]
    long_ago = (timezone.now() - dt.timedelta(days=30)).isoformat()
    assert read.error(SEARCH, wanted | {"timestamp[gte]": long_ago})["details"]["field"] == "timestamp"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "query"),
        ({"query": "  "}, "query"),
        ({"query": "x" * 2001}, "query"),
        ({"query": "a\x00"}, "query"),
        ({"query": "(", "mode": "regex"}, "query"),
        ({"query": "a{9999}", "mode": "regex"}, "query"),
        ({"query": "[[:nope:]]", "mode": "regex"}, "query"),
        ({"query": "(a{1,200}){1,200}", "mode": "regex"}, "query"),
        ({"query": "x", "mode": "magic"}, "mode"),
        ({"query": "x", "search_in": "properties"}, "search_in"),
        ({"query": "x", "search_in": ""}, "search_in"),
        ({"query": "x", "threshold": "high"}, "threshold"),
        ({"query": "x", "mode": "semantic", "threshold": "nan"}, "threshold"),
        ({"query": "x", "mode": "semantic", "threshold": "2"}, "threshold"),
        ({"query": "x", "mode": "semantic", "cursor": "e30="}, "cursor"),
        ({"query": "x", "mode": "semantic", "limit": "0"}, "limit"),
        ({"query": "x", "limit": "999"}, "limit"),
        ({"query": "x", "order_by": "-timestamp"}, "order_by"),
    ],
)
def test_wrong_parameters(read: Reader, four: list[Event], parameters: dict[str, str], field: str) -> None:
    assert read.error(SEARCH, parameters)["details"]["field"] == field
    assert read.get("/v1/events").status_code == 200


def test_an_endless_regular_expression_is_cut_short(
    read: Reader, make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_search, "REGEX_TIME_LIMIT", dt.timedelta(milliseconds=200))
    make_event(event_id="long", input="a" * 3001, timestamp=timezone.now() - dt.timedelta(minutes=5))
    error = read.error(SEARCH, {"query": r"^(a+)(a+)(a+)(a+)\1\2\3\4$", "mode": "regex"})
    assert "timestamp" in error["details"]["field"]
    assert read.ids("/v1/events") == ["long"]
