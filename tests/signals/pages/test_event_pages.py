"""The events list, and an event or a conversation as it is read."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingest.counts.rollups import Occurrence, count_events, record
from ingest.incoming.values import IncomingAttachment, IncomingSignal, IncomingSpan
from ingest.models import Event, ProcessingFailure, QueuedEvent
from ingest.store.feedback import store_signals
from raindrop import pipeline
from signals.learning.standing import standings
from signals.models import SignalDefinition, SignalMatch
from signals.pages.events import fragments as event_fragments
from signals.pages.events import pages as event_pages
from signals.pages.events.decisive import words_pattern
from signals.pages.events.filters import EventFilters
from signals.read_api.page import time_limit
from signals.vectors.embedding import embed
from tests.html import html_of

LIST = "/p/acme/events/"
SCRIPT = "<script>alert(1)</script>"
MakeEvent = Callable[..., Event]


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def signal(project: Any) -> SignalDefinition:
    return SignalDefinition.objects.create(
        project=project, key="anger", name="Anger", sentiment="negative", reads="user"
    )


def match(
    signal: SignalDefinition, event: Event, evidence: list[dict[str, Any]] | None = None
) -> SignalMatch:
    return SignalMatch.objects.create(
        project=event.project, signal=signal, event=event, end_user=event.end_user, timestamp=event.timestamp,
        source="test/1", evidence=evidence or [],
    )  # fmt: skip


def listed(client: Client, query: str = "") -> list[str]:
    """The ids of the events on the page, in its order."""
    return [event.event_id for event in client.get(LIST + query).context["rows"]]


def ago(**units: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(**units)


def test_strangers_find_nothing(client: Client, stranger: Any, make_event: MakeEvent) -> None:
    make_event(event_id="e1", convo_id="c1")
    client.force_login(stranger)
    for path in ("events/", "events/e1/", "conversations/c1/"):
        assert client.get(f"/p/acme/{path}").status_code == 404
        assert client.get(f"/p/umbrella/{path}").status_code == (200 if path == "events/" else 404)


def test_the_count_is_of_what_passes_the_filters(
    page: Client, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_event(event_id=f"e{number}", user_id="ada" if number else "bob")

    def counted(query: str) -> str:
        answer = page.get(LIST + query)
        assert str(answer.context["matching"]) in html_of(answer)
        return str(answer.context["matching"])

    assert counted("?user=bob") == "1" and b"1 matches the filters" in page.get(LIST + "?user=bob").content
    assert counted("?user=ada") == "2"
    assert counted("?user=ada&limit=1") == "2"  # beyond the page
    assert counted("?user=nobody") == "0"
    monkeypatch.setattr(event_pages, "COUNTED", 1)
    assert counted("?user=ada&limit=1") == "1+"
    monkeypatch.setattr(event_pages, "COUNT_TIME", dt.timedelta(milliseconds=1))
    slow = RawSQL("SELECT 1 FROM pg_sleep(1)", [])
    whole = EventFilters.matching
    first = page.get(LIST + "?limit=1").context["next_cursor"]
    assert page.get(LIST + f"?user=ada&limit=1&cursor={first}").context["matching"] == ""
    filters = EventFilters({"user": "ada"}, project=Event.objects.get(event_id="e0").project, signals=[])
    assert filters.is_valid()
    monkeypatch.setattr(EventFilters, "matching", lambda self: whole(self).annotate(z=slow).filter(z=1))
    assert event_pages._count(page.get(LIST).wsgi_request, filters, [], "a cursor") == "more than 0"


def test_what_a_roll_up_counts_is_said_as_every_page_says_it(
    page: Client, project: Any, signal: SignalDefinition, make_event: MakeEvent
) -> None:
    """The overview's number and the list behind it were 7,858 and 7,976: the list began at this time of day, not at midnight."""
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=13)
    edges = {
        "before": midnight - dt.timedelta(seconds=1),
        "first": midnight,
        "now": now,
        "ahead": now + dt.timedelta(seconds=20),
        "next-week": now + dt.timedelta(days=7),
    }
    made = {
        name: make_event(event_id=name, user_id=name, convo_id=name, timestamp=moment)
        for name, moment in edges.items()
    }
    count_events(list(made.values()))
    QueuedEvent.objects.all().delete()
    make_event(event_id="waiting")
    for name in ("before", "now"):
        match(signal, made[name])
        record([Occurrence(signal.id, project.id, made[name].timestamp, made[name].end_user_id)])

    def said(query: str) -> tuple[list[str], Any]:
        context = page.get(LIST + query).context
        return [row.event_id for row in context["rows"]], context["counted"]

    for key in ("24h", "7d", "14d", "30d"):
        rows, numbers = said(f"?range={key}")
        overview = page.get("/p/acme/", {"period": key}).context
        assert numbers.events == overview["numbers"]["events"] == len(rows) - 1, key
        assert numbers.conversations == overview["numbers"]["conversations"] == len(rows) - 1, key
        assert numbers.events == sum(overview["chart"]["series"][0]["values"]), key
        assert numbers.waiting == 1 and "waiting" in rows
    rows, numbers = said("")
    assert sorted(rows) == ["ahead", "first", "now", "waiting"] and numbers.events == 3
    rows, numbers = said("?signal=anger&range=14d")
    assert rows == ["now"] and numbers.events == numbers.users == 1
    assert page.get("/p/acme/signals/anger/").context["events"] == 1
    assert said("?signal=anger&range=30d")[1].events == 2
    assert said("?range=all")[1].events == 5
    assert said("?range=14d&user=now")[1] is None, "no roll-up counts a user's events"
    assert b"3 conversations" in b" ".join(page.get(LIST).content.replace(b"</span>", b"").split()).replace(
        b'<span class="num">', b""
    )


def test_the_events_with_a_negative_signal(page: Client, project: Any, make_event: MakeEvent) -> None:
    for sentiment in ("negative", "positive", "muted"):
        made = SignalDefinition.objects.create(
            project=project,
            key=sentiment,
            name=sentiment,
            sentiment="positive" if sentiment == "positive" else "negative",
            muted=sentiment == "muted",
            reads="user",
        )
        match(made, make_event(event_id=sentiment))
    assert listed(page, "?sentiment=negative") == ["negative"]
    assert listed(page, "?sentiment=positive") == ["positive"]
    assert page.get(LIST + "?sentiment=sad").status_code == 400


def test_the_list_says_which_signals_a_sentiment_counts(
    page: Client, project: Any, make_event: MakeEvent
) -> None:
    """What the overview's total leaves out is named, and its events are one click away."""
    certain = SignalDefinition.objects.create(
        project=project, key="counted", name="counted<b>", sentiment="negative", reads="user", kind="explicit"
    )
    unsure = SignalDefinition.objects.create(
        project=project, key="unsure", name="unsure<b>", sentiment="negative", reads="user", builtin=True
    )
    match(certain, make_event(event_id="one"))
    match(unsure, make_event(event_id="two"))
    assert standings([certain, unsure])[unsure.pk].tentative
    for query in ("?sentiment=negative&range=7d", "?q=sentiment%3Anegative&range=7d"):
        assert listed(page, query) == ["one"]
        html = html_of(page.get(LIST + query))
        note = html.split('id="counting"')[1].split('class="with-facets"')[0]
        here, left_out = note.split("<details>")
        assert "counted&lt;b&gt;" in here and "unsure&lt;b&gt;" not in here
        assert "1 negative signal does not count, because tentative" in " ".join(left_out.split())
        assert "?signal=unsure&amp;range=7d" in left_out and "unsure&lt;b&gt;" in left_out
        everything = re.findall(r'href="([^"]*)"', here)[-1].replace("&amp;", "&")
        assert sorted(listed(page, "?" + everything.partition("?")[2])) == ["one", "two"]
    assert (
        "range=all"
        in html_of(page.get(LIST + "?sentiment=negative&since=2026-01-01")).split('id="counting"')[1]
    )
    for query in ("", "?q=-sentiment%3Anegative"):
        assert 'id="counting"' not in html_of(page.get(LIST + query))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?modle=gpt-4o", "There is no filter &#x27;modle&#x27;"),
        ("?user=a&user=b", "&#x27;user&#x27; is given 2 times"),
        ("?%3Cb%3E=1", "no filter &#x27;&lt;b&gt;&#x27;"),
    ],
)
def test_a_parameter_that_is_no_filter_is_said(
    page: Client, make_event: MakeEvent, query: str, message: str
) -> None:
    """It was ignored: the page showed all events as if the filter held."""
    make_event(event_id="e1")
    answer = page.get(LIST + query)
    assert answer.status_code == 400 and answer.context["rows"] == []
    assert (
        message in html_of(answer)
        and "The filters are: q, by, user" in html_of(answer)
        or "Give it once" in html_of(answer)
    )


def test_a_search_by_meaning_ranks_what_passes_the_filters(
    page: Client, make_event: MakeEvent, other_project: Any
) -> None:
    texts = {
        "refund": "Please give me my money back for this order.",
        "weather": "Will it rain in Lisbon tomorrow?",
        "poem": "Write a poem about the sea.",
    }
    made = [
        make_event(event_id=name, input=text, output="Ok.", user_id=name, timestamp=ago(hours=hours))
        for hours, (name, text) in enumerate(texts.items(), start=1)
    ]
    made.append(make_event(event_id="long-ago", input=texts["refund"], timestamp=ago(days=40)))
    made.append(make_event(event_id="theirs", of=other_project, input=texts["refund"]))
    make_event(event_id="not-embedded", input=texts["refund"])
    embed(made)
    wanted = "?q=reimbursement+of+a+purchase"
    assert listed(page, wanted) == []
    assert listed(page, wanted + "&by=meaning")[0] == "refund"
    assert listed(page, wanted + "&by=meaning") == ["refund"], "what has nothing to do with it is no hit"
    assert listed(page, wanted + "&by=meaning&range=all")[:2] in (
        ["refund", "long-ago"],
        ["long-ago", "refund"],
    )
    assert listed(page, "?q=a+poem+on+the+ocean&by=meaning&user=poem") == ["poem"]
    assert listed(page, wanted + "&by=meaning&user=poem") == []
    assert "Nothing says anything near to this" in html_of(page.get(LIST + wanted + "&by=meaning&user=poem"))
    assert "Nothing says" not in html_of(page.get(LIST + wanted + "&user=poem"))
    assert listed(page, "?by=meaning") == ["not-embedded", *texts], "nothing to be near to: the newest first"
    shown = page.get(LIST + wanted + "&by=meaning")
    cosines = [row.nearness for row in shown.context["rows"]]
    assert cosines == sorted(cosines, reverse=True) and cosines[0] > 0.3
    assert f"{cosines[0]:.2f}" in html_of(shown)
    assert page.get(LIST + "?q=x&by=magic").status_code == 400
    everything = listed(page, wanted + "&by=meaning&range=all")
    first = page.get(LIST + wanted + "&by=meaning&range=all&limit=1")
    assert "2 match the filters" in html_of(first), "all that are near enough, not those of the page"
    [row] = first.context["rows"]
    following = listed(page, wanted + f"&by=meaning&range=all&limit=1&cursor={first.context['next_cursor']}")
    assert [row.event_id, *following] == everything
    assert page.get(LIST + wanted + "&by=meaning&cursor=nonsense").status_code == 400
    search = {"search": urlencode({"q": '~"reimbursement of a purchase"', "range": "all"})}
    at_first = html_of(page.get(f"/p/acme/events/{everything[0]}/", search))
    assert f"/p/acme/events/{everything[1]}/?search=" in at_first and 'data-key="k"' not in at_first
    at_last = html_of(page.get(f"/p/acme/events/{everything[1]}/", search))
    assert f"/p/acme/events/{everything[0]}/?search=" in at_last and 'data-key="j"' not in at_last


def test_newest_first_and_only_this_project(page: Client, make_event: MakeEvent, other_project: Any) -> None:
    make_event(event_id="old", timestamp=ago(hours=3))
    make_event(event_id="new", timestamp=ago(hours=1))
    make_event(event_id="theirs", of=other_project)
    assert listed(page) == ["new", "old"]


def test_without_any_event_the_page_says_how_to_send_one(page: Client, make_event: MakeEvent) -> None:
    body = html_of(page.get(LIST))
    assert "Waiting for the first event" in body and "curl http://testserver/v1/events/track" in body
    assert "data-live-every" in body
    make_event(event_id="first")
    assert "Waiting for the first event" not in html_of(page.get(LIST))


def test_filters(page: Client, make_event: MakeEvent, signal: SignalDefinition) -> None:
    one = make_event(event_id="one", user_id="ann", convo_id="c 1", model="gpt-4o", timestamp=ago(hours=2))
    make_event(
        event_id="two", user_id="ben", model="claude", timestamp=ago(days=3),
        spans=[IncomingSpan(name="search", kind="tool", status="error", error="timeout")],
    )  # fmt: skip
    make_event(event_id="three", user_id="ben", is_pending=True, timestamp=ago(days=20))
    match(signal, one)
    QueuedEvent.objects.exclude(event=one).delete()
    two = Event.objects.get(event_id="two")
    ProcessingFailure.objects.create(project=one.project, event=two, attempts=4, reason="no")
    day = ago(days=3).date().isoformat()
    for query, expected in {
        "": ["one", "two"],
        "?range=24h": ["one"],
        "?range=all": ["one", "two", "three"],
        "?range=30d&user=ben": ["two", "three"],
        "?user=nobody": [],
        "?conversation=c+1": ["one"],
        "?model=claude": ["two"],
        "?signal=anger": ["one"],
        "?tool_errors=on": ["two"],
        "?state=failed": ["two"],
        "?state=queued": ["one"],
        "?state=pending&range=all": ["three"],
        f"?since={day}&until={day}": ["two"],
        "?until=2001-01-01": [],
        "?since=0001-01-01&until=9999-12-31": ["one", "two", "three"],
        "?user=ben&model=gpt-4o&range=all": [],
    }.items():
        assert listed(page, query) == expected, query


def test_a_filter_is_a_chip_whose_link_takes_it_away(page: Client, make_event: MakeEvent) -> None:
    make_event(event_id="e1", user_id="ann", model="gpt-4o")
    body = html_of(page.get(LIST + "?user=ann&model=gpt-4o&range=7d&cursor="))
    assert (
        f'href="{LIST}?model=gpt-4o&amp;range=7d"' in body and f'href="{LIST}?user=ann&amp;range=7d"' in body
    )


def test_filters_that_make_no_sense_say_so(page: Client, make_event: MakeEvent) -> None:
    make_event(event_id="e1")
    for query, text in {
        "?signal=nothing": "There is no signal",
        "?since=yesterday": "Since:",
        "?state=odd": "State:",
        "?range=3y": "Range:",
        "?q=%00": "Null characters",
        "?user=a%00b": "Null characters",
    }.items():
        answer = page.get(LIST + query)
        assert answer.status_code == 400 and text in html_of(answer), query
        assert answer.context["rows"] == []
    assert page.get(LIST + "?cursor=broken").status_code == 400
    assert page.get(LIST + "?q=%ED%A0%80%FF").status_code == 200


def test_nothing_matches(page: Client, make_event: MakeEvent) -> None:
    make_event(event_id="e1", timestamp=ago(days=40))
    body = html_of(page.get(LIST + "?model=x"))
    assert "No event matches" in body and "clear the filters" in body and "Look at all time" in body


def test_search_by_words_and_by_ids(page: Client, make_event: MakeEvent) -> None:
    found = make_event(event_id="e1", convo_id="talk-7", input="Where is my refund?", output="On its way")
    make_event(event_id="e2", input="Hello", output="Hi")
    pipeline.process(list(Event.objects.values_list("id", flat=True)))
    assert listed(page, "?q=refund") == ["e1"]
    assert listed(page, "?q=refund+-where") == []
    assert page.get(LIST + "?q=e2")["Location"] == LIST + "e2/"
    assert page.get(LIST + "?q=talk-7")["Location"] == "/p/acme/conversations/talk-7/"
    assert listed(page, f"?q={found.id}") == []


def test_pages_follow_each_other_without_gaps(page: Client, make_event: MakeEvent) -> None:
    moment = ago(hours=1)  # all at one moment: the id decides
    for i in range(53):
        make_event(event_id=f"e{i}", timestamp=moment)
    first = page.get(LIST)
    cursor = first.context["next_cursor"]
    second = page.get(f"{LIST}?cursor={cursor}")
    seen = [event.event_id for answer in (first, second) for event in answer.context["rows"]]
    assert len(seen) == 53 == len(set(seen)) and second.context["next_cursor"] is None
    body = html_of(first)
    assert f'href="?cursor={cursor}"' in body and f'hx-get="?cursor={cursor}"' in body


def test_the_list_asks_a_bounded_number_of_queries(
    page: Client,
    make_event: MakeEvent,
    signal: SignalDefinition,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for i in range(30):
        match(signal, make_event(event_id=f"e{i}", user_id=f"u{i}", convo_id=f"c{i}"))
    page.get(LIST)
    with django_assert_max_num_queries(20):
        assert len(page.get(LIST + "?q=").context["rows"]) == 30


def test_a_transcript_asks_a_bounded_number_of_queries(
    page: Client,
    make_event: MakeEvent,
    signal: SignalDefinition,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for i in range(30):
        spans = [IncomingSpan(name="search", kind="tool", input="{}", output="[]")]
        match(signal, make_event(event_id=f"e{i}", convo_id="c1", spans=spans))
    page.get("/p/acme/conversations/c1/")
    with django_assert_max_num_queries(15):
        page.get("/p/acme/conversations/c1/")


def test_everything_that_was_sent_is_escaped(
    page: Client, make_event: MakeEvent, signal: SignalDefinition
) -> None:
    event = make_event(
        event_id=SCRIPT, user_id=SCRIPT, name=SCRIPT, model=SCRIPT, convo_id=SCRIPT, input=f"user {SCRIPT} said",
        output=f"agent {SCRIPT} said", properties={SCRIPT: SCRIPT, "items": {"deep": SCRIPT}}, feature_flags={SCRIPT: SCRIPT},
        spans=[IncomingSpan(name=SCRIPT, kind="tool", status="error", error=SCRIPT, input=f'{{"q": "{SCRIPT}"}}', output=SCRIPT)],
        attachments=[IncomingAttachment(type=kind, value=f"javascript:{SCRIPT}", role=role, name=SCRIPT)
                     for kind in ("iframe", "image", "code") for role in ("input", "output")],
    )  # fmt: skip
    store_signals(
        project=event.project,
        signals=[IncomingSignal(event_id=SCRIPT, name=SCRIPT, properties={"comment": SCRIPT})],
    )
    signal.name = SCRIPT
    signal.save()
    match(signal, event, [{"side": "user", "start": 5, "end": 5 + len(SCRIPT), "text": SCRIPT}])
    for path in (LIST, f"/p/acme/conversations/{quote(SCRIPT)}/", f"{LIST}?user={quote(SCRIPT)}"):
        body = html_of(page.get(path))
        assert "&lt;script&gt;alert(1)" in body
        assert "<script>alert" not in body and 'href="javascript' not in body, path


def test_an_event_stands_in_its_conversation(page: Client, make_event: MakeEvent) -> None:
    event = make_event(event_id="e1", convo_id="c1", input="hello there")
    answer = page.get(LIST + "e1/")
    assert answer["Location"] == f"/p/acme/conversations/c1/?at={event.id}#event-{event.id}"
    assert page.get(f"{LIST}{event.id}/")["Location"] == answer["Location"]
    assert f'id="event-{event.id}"' in html_of(page.get(answer["Location"]))
    make_event(event_id="alone", input="nobody else")
    assert "nobody else" in html_of(page.get(LIST + "alone/"))
    assert page.get(LIST + "missing/").status_code == 404
    assert page.get("/p/acme/conversations/missing/").status_code == 404


@pytest.mark.parametrize(
    "name", ["a/b", "..", "a/../b", "~x", "a?b#c", "a%2Fb", "line\nend", "é ü", "events/", "a//b", "."]
)
def test_ids_may_be_any_text(page: Client, make_event: MakeEvent, name: str) -> None:
    make_event(event_id=name, convo_id=name, input="found me")
    url = reverse("event", args=["acme", name])
    assert "/../" not in url and "/./" not in url
    answer = page.get(url, follow=True)
    assert answer.status_code == 200 and "found me" in html_of(answer)
    assert listed(page, f"?conversation={quote(name)}") == [name]


def test_bytes_that_no_id_has(page: Client, project: Any) -> None:
    for path in ("%00", "a%00b", "~!!", "~", "%FF%FE"):
        assert page.get(LIST + path + "/").status_code == 404


def test_a_transcript_puts_everything_in_its_place(
    page: Client, make_event: MakeEvent, signal: SignalDefinition
) -> None:
    start = ago(hours=1)
    event = make_event(
        event_id="e1", input="This is awful, book it", output="Booked", timestamp=start, properties={"release": "1.2"},
        spans=[
            IncomingSpan(name="find_flight", kind="tool", status="ok", input='{"to":"SEA"}', output='{"n":1}',
                         started_at=start, ended_at=start + dt.timedelta(milliseconds=840)),
            IncomingSpan(name="pay", kind="tool", status="error", error="card declined",
                         started_at=start + dt.timedelta(seconds=1), ended_at=start + dt.timedelta(seconds=3)),
        ],
        attachments=[IncomingAttachment(type="image", value="https://example.com/a.png", role="input"),
                     IncomingAttachment(type="code", value="print(1)", role="output", language="python")],
    )  # fmt: skip
    match(signal, event, [{"side": "user", "start": 8, "end": 13, "text": "awful"}])
    store_signals(
        project=event.project,
        signals=[
            IncomingSignal(
                event_id="e1", name="thumbs_down", sentiment="NEGATIVE", properties={"comment": "too slow"}
            )
        ],
    )
    body = html_of(page.get(LIST + "e1/"))
    order = ["This is <mark", "https://example.com/a.png", "Anger", "find_flight", "840 ms", "pay", "2.0 s",
             "card declined", "Booked", "print(1)", "too slow", "release"]  # fmt: skip
    places = [body.index(piece, body.index("<article")) for piece in order]
    assert places == sorted(places)
    assert '<mark class="evidence">awful</mark>' in body or ">awful</mark>" in body
    assert "&quot;to&quot;: &quot;SEA&quot;" in body  # indented
    assert (
        body.count('<details class="step step-error" open>') == 1
        and body.count('<details class="step">') == 1
    )
    assert '<img src="https://example.com' not in body and "<iframe" not in body
    assert 'rel="noopener noreferrer nofollow"' in body


def test_a_failed_event_says_why(page: Client, make_event: MakeEvent) -> None:
    event = make_event(event_id="e1")
    ProcessingFailure.objects.create(
        project=event.project, event=event, attempts=4, reason="ValueError: no text"
    )
    assert "ValueError: no text" in html_of(page.get(LIST + "e1/"))


def test_a_match_on_a_step_is_judged_there(
    page: Client, make_event: MakeEvent, signal: SignalDefinition
) -> None:
    span = IncomingSpan(name="pay", kind="tool", status="error", error="card declined")
    event = make_event(event_id="paid", convo_id="c", spans=[span])
    piece = {
        "side": "span",
        "start": 0,
        "end": 13,
        "text": "card declined",
        "span_id": event.spans.get().span_id,
    }
    SignalMatch.objects.create(
        project=event.project, signal=signal, event=event, source="test", timestamp=event.timestamp, evidence=[piece]
    )  # fmt: skip
    steps = html_of(page.get("/p/acme/conversations/c/")).split('class="steps-list"')[1]
    assert f"/p/acme/signals/{signal.key}/matches/{event.id}/" in steps and 'data-judge="wrong"' in steps


def test_a_disabled_signal_is_not_shown(
    page: Client, make_event: MakeEvent, signal: SignalDefinition
) -> None:
    match(signal, make_event(event_id="e1"))
    assert "Anger" in html_of(page.get(LIST + "e1/"))
    signal.enabled = False
    signal.save()
    for path in (LIST, LIST + "e1/"):
        assert "Anger" not in html_of(page.get(path))


def test_a_huge_text_is_shown_in_part_until_asked_for(page: Client, make_event: MakeEvent) -> None:
    event = make_event(event_id="e1", input="x" * 30_000 + " the end")
    body = html_of(page.get(LIST + "e1/"))
    assert "the end" not in body and "show the whole text" in body
    assert "the end" in html_of(page.get(f"{LIST}e1/?whole={event.id}"))
    in_talk = make_event(event_id="e2", convo_id="c1", output="x" * 30_000 + " the end")
    assert "the end" not in html_of(page.get("/p/acme/conversations/c1/"))
    assert "the end" in html_of(page.get(f"/p/acme/conversations/c1/?whole={in_talk.id}"))


def test_a_long_conversation_is_read_in_windows(
    page: Client, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signals.pages.events.transcripts.WINDOW", 4)
    moment = ago(hours=1)
    events = [
        make_event(event_id=f"e{i}", convo_id="c1", timestamp=moment + dt.timedelta(seconds=i))
        for i in range(10)
    ]

    def shown(query: str = "") -> tuple[list[int], bool, bool]:
        context = page.get(f"/p/acme/conversations/c1/{query}").context
        ids = [int(turn.event.event_id[1:]) for turn in context["turns"]]
        return ids, context["window"].earlier, context["window"].later

    assert shown() == ([0, 1, 2, 3], False, True)
    assert shown(f"?after={events[3].id}") == ([4, 5, 6, 7], True, True)
    assert shown(f"?after={events[7].id}") == ([8, 9], True, False)
    assert shown(f"?before={events[4].id}") == ([0, 1, 2, 3], False, True)
    assert shown(f"?before={events[6].id}") == ([2, 3, 4, 5], True, True)
    assert shown(f"?at={events[5].id}") == ([3, 4, 5, 6], True, True)
    assert shown(f"?at={events[0].id}") == ([0, 1], False, True)
    assert shown("?at=nonsense") == shown()
    stranger = make_event(event_id="elsewhere", convo_id="c2")
    assert shown(f"?at={stranger.id}") == shown()


def test_a_conversation_in_another_language_says_who_reads_its_words(
    page: Client, make_event: MakeEvent
) -> None:
    make_event(
        convo_id="de", input="Guten Tag, ich habe letzte Woche zwei Schuhe bestellt und noch nichts bekommen."
    )
    make_event(convo_id="de", input="Wo bleibt meine Bestellung? Ich warte schon viel zu lange darauf.")
    make_event(
        convo_id="en", input="Good morning, I have ordered two shoes and have not received any of them."
    )
    make_event(
        convo_id="nl",
        input="Goedemorgen, ik heb vorige week twee schoenen besteld en nog steeds niets ontvangen van jullie.",
    )
    make_event(event_id="short", input="ok")
    german = html_of(page.get("/p/acme/conversations/de/"))
    assert "Words analysed in part: German" in german and "do not read German" in german
    assert (
        "is read by Correction, Request for a human, User frustration, Win, Refusal, Task failure." in german
    )
    dutch = html_of(page.get("/p/acme/conversations/nl/"))
    assert "Words not analysed: Dutch" in dutch and "is read by" not in dutch
    assert "Refusal, Task failure also what is plainly said in German, Spanish, French, Portuguese." in dutch
    for path in ("conversations/en/", "events/short/"):
        html = html_of(page.get(f"/p/acme/{path}"))
        assert "not analysed" not in html and "analysed in part" not in html


def test_a_search_that_takes_too_long_is_ended_and_says_what_helps(
    page: Client, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_event(event_id="e1", input="hello")
    real = EventFilters.matching
    slow = RawSQL("(SELECT 1 FROM pg_sleep(5))", [])  # noqa: S611
    monkeypatch.setattr(EventFilters, "matching", lambda self: real(self).annotate(slow=slow).filter(slow=1))
    monkeypatch.setattr(event_pages, "time_limit", lambda: time_limit(dt.timedelta(milliseconds=100)))
    answer = page.get(LIST + "?q=hello")
    text = html_of(answer)
    assert answer.status_code == 400
    assert "Look at less time" in text and "hello" in text
    assert 'id="event-rows"' not in text and "No event matches" not in text


def test_the_newest_row_is_where_new_events_are_counted_from(
    page: Client, project: Any, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_event(event_id="old", user_id="ada", timestamp=ago(hours=1))
    shown = page.get(LIST)
    newest = shown.context["newest"]
    assert 'data-live="/p/acme/new-events/?newer=' in html_of(shown)

    def hint(query: str = "", place: str = newest) -> str:
        answer = page.get(
            "/p/acme/new-events/" + query + ("&" if query else "?") + urlencode({"newer": place})
        )
        assert answer.status_code == 200
        return " ".join(html_of(answer).split())

    assert "new event" not in hint()
    make_event(event_id="older", timestamp=ago(hours=2))
    assert "new event" not in hint(), "it does not come on top"
    make_event(event_id="a", user_id="bob", timestamp=ago(minutes=2))
    assert "1 new event</a>" in hint() and "new event" not in hint("?user=ada")
    make_event(event_id="b", user_id="ada", timestamp=ago(minutes=2))
    assert "2 new events</a>" in hint() and "1 new event</a>" in hint("?user=ada")
    assert 'href="/p/acme/events/?user=ada"' in hint("?user=ada"), (
        "the link leads to the list, without the place"
    )
    monkeypatch.setattr(event_fragments, "MOST_NEW", 1)
    assert "1+ new events</a>" in hint()
    first = page.get(LIST + "?limit=1")
    assert first.context["newest"]
    second = page.get(LIST + f"?limit=1&cursor={first.context['next_cursor']}")
    assert second.context["newest"] == "", "what is above a later page is not new"
    assert page.get(LIST + "?q=x&by=meaning").context["newest"] == ""
    empty = page.get(LIST + "?user=nobody").context["newest"]
    assert "new event" not in hint("?user=nobody", empty)


@pytest.mark.parametrize("place", ["", "yesterday", "2026-01-01~1", "2026-01-01T00:00~" + "0" * 32])
def test_a_place_that_is_none_is_refused(page: Client, make_event: MakeEvent, place: str) -> None:
    assert page.get("/p/acme/new-events/", {"newer": place}).status_code == 400
    assert page.get("/p/acme/new-events/?colour=red").status_code == 400


def test_the_filters_are_suggested_with_their_counts(
    page: Client, project: Any, make_event: MakeEvent
) -> None:
    for number in range(5):
        make_event(
            event_id=f"e{number}",
            user_id="ada" if number else "bob",
            model="big" if number < 2 else "small",
            properties={"release": "<1>" if number < 3 else "2", "everywhere": "same", "id": f"x{number}"},
        )
    answer = page.get("/p/acme/event-suggestions/?limit=1")
    groups = {
        heading: [(one.text, one.events) for one in values]
        for heading, values in answer.context["suggestions"].groups
    }
    assert groups["Model"] == [("small", 3), ("big", 2)]
    assert groups["User"] == [("ada", 4), ("bob", 1)]
    assert groups["Release"] == [("<1>", 3), ("2", 2)]
    assert "everywhere" not in groups and "Event" not in groups, "what all have narrows nothing"
    body = html_of(answer)
    assert "/p/acme/events/?limit=1&amp;q=model%3Asmall" in body and "&lt;1&gt;" in body and "<1>" not in body
    assert "q=release%3A2" in body
    assert (
        listed(page, "?property=release%3D2") == ["e4", "e3"]
        or len(listed(page, "?property=release%3D2")) == 2
    )
    narrowed = page.get("/p/acme/event-suggestions/?model=big").context["suggestions"]
    assert narrowed.of is None and ("User", [("ada", 1), ("bob", 1)]) in [
        (heading, [(one.text, one.events) for one in values]) for heading, values in narrowed.groups
    ]
    assert page.get("/p/acme/event-suggestions/?colour=red").status_code == 400
    assert len(listed(page, "?event=chat")) == 5 and listed(page, "?event=other") == []


def test_the_signals_to_choose_from_come_with_their_counts_biggest_first(
    page: Client, project: Any, signal: SignalDefinition, make_event: MakeEvent
) -> None:
    big = SignalDefinition.objects.create(project=project, key="z", name="Zeal", reads="user")
    event = make_event(event_id="e1")
    for found, times in ((signal, 1), (big, 3)):
        for _ in range(times):
            record([Occurrence(found.id, project.id, event.timestamp, None)])
    answer = page.get(LIST)
    assert [(one.key, events) for one, events in answer.context["signals"]][:2] == [("z", 3), ("anger", 1)]
    assert "Zeal (3)" in " ".join(html_of(answer).split())
    today = f"{timezone.now():%Y-%m-%d}"
    assert page.get(LIST + f"?since={today}").context["signals"][0][1] is None


def test_what_the_app_sent_is_shown_once(page: Client, project: Any, make_event: MakeEvent) -> None:
    """`handed_to_human` stood there as a chip and once more as a line."""
    make_event(event_id="e1")
    store_signals(
        project=project,
        signals=[
            IncomingSignal(event_id="e1", name="handed_to_human", sentiment="NEGATIVE"),
            IncomingSignal(event_id="e1", name="rated", properties={"comment": "so slow"}),
        ],
    )
    event = Event.objects.get(event_id="e1")
    for key in ("handed_to_human", "rated"):
        found = SignalDefinition.objects.filter(project=project, key=key).first()
        found = found or SignalDefinition.objects.create(project=project, key=key, name=key, kind="explicit")
        match(found, event)
    body = html_of(page.get("/p/acme/events/e1/"))
    turn = body.partition("<article")[2].partition("</article>")[0]
    assert "The app sent <strong>handed_to_human" not in turn and "chip" in turn
    assert "The app sent <strong>rated</strong>: <q>so slow</q>" in turn


def cell(body: str, number: int) -> str:
    """The text column of the first row, on one line."""
    row = body.partition("<tr data-row")[2].partition("</tr>")[0]
    return " ".join(re.findall(r'<td class="cell-text[^>]*>(.*?)</td>', row, re.S)[number].split())


def test_the_passage_that_a_signal_was_read_from_is_shown_cut_out_of_a_long_text(
    page: Client, signal: SignalDefinition, make_event: MakeEvent
) -> None:
    before = "I wrote to you last week about this. " * 60
    answer = before + "You are <useless>. " + "And more. " * 200
    start = len(before)
    match(
        signal,
        make_event(event_id="e1", input=answer, output="I am sorry."),
        [{"side": "user", "start": start, "end": start + 17, "text": "You are <useless>"}],
    )
    match(
        signal, make_event(event_id="e0", input="Nothing marked", output="An answer", timestamp=ago(hours=1))
    )
    body = html_of(page.get(LIST + "?signal=anger"))
    assert '<mark class="evidence">You are &lt;useless&gt;</mark>' in cell(body, 0)
    assert cell(body, 0).index("<mark") < 120 and "I am sorry." in cell(body, 1)
    assert "Nothing marked" in body and "An answer" in body
    assert "<mark" not in html_of(page.get(LIST))
    shown = html_of(page.get("/p/acme/signals/anger/"))
    assert "Nothing marked" in shown and "An answer" in shown, "without evidence, both sides of the turn"


def test_the_words_that_were_looked_for_are_shown(page: Client, make_event: MakeEvent) -> None:
    made = make_event(event_id="e1", input="well " * 500 + "the Refund, please", output="No refund (yet).")
    embed([made])
    body = html_of(page.get(LIST + "?q=refund+-order+or+%22not+working%22"))
    assert '<mark class="evidence">Refund</mark>' in cell(body, 0)
    assert 'No <mark class="evidence">refund</mark> (yet).' in cell(body, 1)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("refund -order", ["refund"]),
        ('"not working" or broken', ["not", "working", "broken"]),
        ("-order", []),
        ("c++ (", ["c"]),
        ("", []),
    ],
)
def test_the_words_of_a_search(search: str, found: list[str]) -> None:
    pattern = words_pattern(search)
    text = "not working or broken: refund the order, c"
    assert sorted(pattern.findall(text) if pattern else []) == sorted(found)


def test_an_agents_markdown_is_rendered_and_its_raw_text_is_one_key_away(
    page: Client, signal: SignalDefinition, make_event: MakeEvent
) -> None:
    answer = "I **cannot help** with <b>that</b>.\n\n- one\n- two"
    event = make_event(event_id="e1", input="*as typed*", output=answer)
    start = answer.index("cannot")
    match(signal, event, [{"side": "assistant", "start": start, "end": start + 11, "text": "cannot help"}])
    body = html_of(page.get("/p/acme/events/e1/"))
    assert '<strong><mark class="evidence">cannot help</mark></strong>' in body and "<li>one</li>" in body
    assert "&lt;b&gt;that&lt;/b&gt;" in body and "<b>that" not in body
    raw = body.partition('<div class="prewrap raw-text">')[2].partition("</div>")[0]
    assert "I **<mark" in raw and "- one" in raw
    assert 'data-toggle-raw aria-pressed="false" data-key="v"' in body
    assert '<div class="prewrap">*as typed*</div>' in body, "what a person typed stays as typed"
