"""The read path's filters are conditions of the query language, and `q` is a query."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingSpan
from ingest.models import Event
from signals.vectors.embedding import embed
from tests.signals.read_api.world import Reader, make_signal, match


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


@pytest.fixture
def three(make_event: Callable[..., Event], other_project: Any) -> list[Event]:
    failed = IncomingSpan(name="book_flight", kind="tool", status="error", error="refused")
    made = [
        make_event(event_id="e1", model="gpt-4o", input="a refund please", properties={"release": "r2"}),
        make_event(event_id="e2", model="gpt-4.1", user_id="u2", properties={"release": "r3", "plan": "pro"}, spans=[failed]),
        make_event(event_id="e3", user_id=None, spans=[IncomingSpan(name="book_flight", kind="tool", status="ok")]),
    ]  # fmt: skip
    make_event(
        of=other_project,
        event_id="theirs",
        model="gpt-4o",
        input="a refund please",
        properties={"plan": "pro"},
    )
    embed(made)
    return made


@pytest.mark.parametrize(
    ("parameters", "finds"),
    [
        ({"q": "model:gpt-*"}, "e1 e2"),
        ({"q": "-model:gpt-*"}, "e3"),
        ({"q": "tool:book_flight -tool.failed:book_flight"}, "e3"),
        ({"q": "plan:pro OR refund"}, "e1 e2"),
        ({"q": "/REFUND/i -24h"}, "e1"),
        ({"q": "release:r3", "model[contains]": "4o"}, ""),
        ({"q": ""}, "e1 e2 e3"),
        ({"model": "gpt-4o"}, "e1"),
        ({"model[neq]": "gpt-4o"}, "e2 e3"),
        ({"model[startsWith]": "gpt"}, "e1 e2"),
        ({"model[endsWith]": "o"}, "e1"),
        ({"release": "r3"}, "e2"),
        ({"release[startsWith]": "r"}, "e1 e2"),
        ({"tool": "book_flight"}, "e2 e3"),
        ({"tool[contains]": "flight"}, "e2 e3"),
        ({"tool_failed": "book_flight"}, "e2"),
        ({"tool_failed[neq]": "book_flight"}, "e1 e3"),
        ({"model[eq]": ""}, "e3"),
        ({"user_id[eq]": ""}, "e3"),
        ({"user_id[contains]": "*"}, ""),
        ({"properties[plan][contains]": "x"}, None),
    ],
)
def test_filters_and_queries(
    read: Reader, three: list[Event], parameters: dict[str, str], finds: str | None
) -> None:
    if finds is None:
        assert read.error("/v1/events", parameters)["details"]["field"] == "properties[plan][contains]"
        return
    assert sorted(read.ids("/v1/events", parameters)) == finds.split()
    assert read.data("/v1/events/count", parameters) == {"total": len(finds.split())}
    assert read.data("/v1/events/timeseries", parameters)["total"] == len(finds.split())
    facets = read.data("/v1/events/facets", {**parameters, "field": "event_name"})
    assert [facet["count"] for facet in facets] == ([len(finds.split())] if finds else [])


def test_a_query_narrows_a_search(read: Reader, three: list[Event]) -> None:
    for mode, query in (("text", "refund"), ("regex", "ref.nd"), ("semantic", "money back")):
        parts = {"query": query, "mode": mode}
        assert "e1" in read.ids("/v1/events/search", parts), mode
        assert read.ids("/v1/events/search", {**parts, "q": "release:r2"}) == ["e1"], mode
        assert read.ids("/v1/events/search", {**parts, "q": "release:r3 -has:tool"}) == [], mode


@pytest.mark.parametrize(
    ("query", "start", "end", "says"),
    [
        ("modle:gpt-4o", 0, 5, "There is no field 'modle'. Did you mean model?"),
        ("a signal:nothing", 2, 16, "there is no nothing in this project"),
        ('a "b', 2, 4, "quote is not closed"),
        ("tokens:>many", 0, 12, "takes a number"),
        ("a" * 100_000, 4000, 4001, "at most 4,000 characters"),
        ("-(" * 500 + "a" + ")" * 500, 0, 1501, "nest at most 20 deep"),
        ("/" + "(a{1,250}){1,250}" * 20 + "/", 0, 342, "too large"),
        ('~"?"', 0, 4, "no letter and no digit"),
        ("secret:x", 0, 6, "There is no field 'secret'"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_at_its_character(
    read: Reader, three: list[Event], query: str, start: int, end: int, says: str
) -> None:
    for path in ("/v1/events", "/v1/events/count", "/v1/events/timeseries", "/v1/events/facets"):
        error = read.error(path, {"q": query})
        assert error["code"] == "BAD_REQUEST" and says in error["message"], path
        assert error["details"] == {"field": "q", "start": start, "end": end}, path


def test_an_unknown_parameter_is_named(read: Reader, three: list[Event]) -> None:
    error = read.error("/v1/events", {"tools": "x"})
    assert error["details"]["field"] == "tools"
    assert {"q", "model", "tool", "tool_failed", "release"} <= set(error["details"]["allowed_fields"])


def test_signals_in_a_query(read: Reader, three: list[Event], project: Any) -> None:
    anger = make_signal(project, "anger")
    match(three[0], anger, score=0.7)
    for query, finds in (("signal:anger", ["e1"]), ("-signal:anger", ["e3", "e2"]), ("score.anger:>0.8", [])):
        assert read.ids("/v1/events", {"q": query}) == finds
    assert read.ids("/v1/events", {"signal": "nothing"}) == []
    assert read.ids("/v1/events", {"signal[neq]": "nothing"}) == ["e3", "e2", "e1"]
