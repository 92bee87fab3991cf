"""The events list goes through the query language: its form, its search box, and what it says of a query that does not fit."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from ingest.incoming.values import IncomingSpan
from ingest.models import Event
from signals.models import SignalDefinition, SignalMatch
from signals.vectors.embedding import embed

LIST = "/p/acme/events/"


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def three(make_event: Callable[..., Event], other_project: Any, project: Any) -> list[Event]:
    failed = IncomingSpan(name="book_flight", kind="tool", status="error", error="refused")
    made = [
        make_event(event_id="e-refund", model="gpt-4o", input="a refund for order 17, please", properties={"release": "r2"}),
        make_event(event_id="e-flight", model="claude-4", user_id="u2", properties={"release": "r3", "plan": "pro"}, spans=[failed]),
        make_event(event_id="e-search", user_id="u2", spans=[IncomingSpan(name="book_flight", kind="tool", status="ok")]),
    ]  # fmt: skip
    make_event(
        of=other_project, event_id="theirs", input="a refund", properties={"release": "r2", "secret": "x"}
    )
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger", reads="user")
    SignalMatch.objects.create(
        project=project, signal=signal, event=made[0], timestamp=made[0].timestamp, source="test/1",
        evidence=[{"side": "user", "start": 2, "end": 8, "text": "refund"}],
    )  # fmt: skip
    embed(made)
    return made


def listed(client: Client, **parameters: str) -> str:
    answer = client.get(LIST, parameters)
    assert answer.status_code == 200, answer.context["filters"].errors
    return " ".join(sorted(event.event_id.removeprefix("e-") for event in answer.context["rows"]))


@pytest.mark.parametrize(
    ("parameters", "finds"),
    [
        ({"release": "r3"}, "flight"),
        ({"tool": "book_flight"}, "flight search"),
        ({"tool_failed": "book_flight"}, "flight"),
        ({"tool": "book_flight", "user": "u2", "release": "r3"}, "flight"),
        ({"property": "plan=pro"}, "flight"),
        ({"q": "plan:pro OR signal:anger"}, "flight refund"),
        ({"q": "tool:book_flight -tool.failed:book_flight"}, "search"),
        ({"q": "release:r2"}, "refund"),
        ({"q": "refund", "model": "claude-4"}, ""),
        ({"q": "model:gpt-* /order \\d+/"}, "refund"),
        ({"q": "-24h sentiment:neutral"}, "refund"),
        ({"q": "  "}, "flight refund search"),
        ({"q": "refund or nothing"}, "refund"),
        ({"q": '-"refund for" '}, "flight search"),
        ({"q": "has:tool", "range": "24h"}, "flight search"),
        ({"q": "refund", "by": "meaning"}, "refund"),
        ({"q": '~"money back for an order"'}, "refund"),
        ({"q": '~"money back for an order" release:r3'}, ""),
        ({"q": "http://example.com:80/x?y=z"}, ""),
    ],
)
def test_the_list_finds(page: Client, three: list[Event], parameters: dict[str, str], finds: str) -> None:
    assert listed(page, **parameters) == finds


@pytest.mark.parametrize(
    ("query", "wrong", "says"),
    [
        ("refund modle:gpt", "modle", "There is no field &#x27;modle&#x27;. Did you mean model?"),
        ("refund <b>x</b>:1 (", "(", "bracket holds nothing"),
        ('user:"ann', "&quot;ann", "quote is not closed"),
        ("signal:nothing", "signal:nothing", "there is no nothing in this project"),
        ("a OR", "OR", "OR needs a condition behind it"),
        ("tokens:>", "\u00a0", "A value is missing"),
        ("secret:x", "secret", "There is no field"),
        ('a OR ~"?"', "~&quot;?&quot;", "no letter and no digit"),
    ],
)
def test_an_error_is_shown_at_its_character(
    page: Client, three: list[Event], query: str, wrong: str, says: str
) -> None:
    answer = page.get(LIST, {"q": query})
    html = answer.content.decode()
    assert answer.status_code == 400 and answer.context["rows"] == []
    assert f"<mark>{wrong}</mark>" in html and says in html
    assert 'aria-describedby="query-error"' in html and "<b>x" not in html


@pytest.mark.parametrize(
    "query", ["a" * 100_000, "-(" * 500 + "a" + ")" * 500, "/" + "(a{1,250}){1,250}" * 20 + "/", "a " * 500]
)
def test_what_is_too_large_is_refused(page: Client, three: list[Event], query: str) -> None:
    answer = page.get(LIST, {"q": query})
    assert (
        answer.status_code == 400 and answer.context["rows"] == [] and answer.context["filters"].errors["q"]
    )
    assert len(answer.content) < 400_000


def test_fragments_go_by_the_same_query(page: Client, three: list[Event]) -> None:
    suggested = page.get("/p/acme/event-suggestions/", {"q": "tool:book_flight"})
    assert (
        suggested.status_code == 200
        and b"claude-4" in suggested.content
        and b"gpt-4o" not in suggested.content
    )
    assert page.get("/p/acme/event-suggestions/", {"q": "modle:x"}).status_code == 400


def test_the_passage_is_shown_of_what_a_query_names(page: Client, three: list[Event]) -> None:
    for query in ("signal:anger", "refund", "refund signal:anger", "release:r2 -nothing refund"):
        [row] = page.get(LIST, {"q": query}).context["rows"]
        assert [row.input_start[piece["start"] : piece["end"]] for piece in row.input_pieces][
            0
        ] == "refund", query
    [row] = page.get(LIST, {"q": "release:r2"}).context["rows"]
    assert row.input_pieces == []


def test_an_id_that_is_no_query_is_still_jumped_to(page: Client, make_event: Callable[..., Event]) -> None:
    for number, event_id in enumerate(('run:17"', "a OR", "-x")):
        make_event(event_id=event_id, convo_id=None)
        answer = page.get(LIST, {"q": f" {event_id} "})
        path = f"/events/{quote(event_id, safe=':')}/"
        assert answer.status_code == 302 and answer["Location"].endswith(path), number


def test_a_chip_shows_the_query_and_takes_it_away(page: Client, three: list[Event]) -> None:
    html = page.get(LIST, {"q": "release:r3 has:tool", "tool": "book_flight"}).content.decode()
    assert ">release:r3</span>" in html and ">has:tool</span>" in html and ">book_flight</span>" in html
    assert "signal:user_frustration" in html  # the fields, explained
