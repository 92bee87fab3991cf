"""The patterns page: what is counted, its links, its time range, and that what people sent stays text."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ingest.counts.rollups import count_events
from ingest.models import Event, ExplicitSignal, Project, User
from signals.detection.stage import detect
from signals.discovery.patterns import (
    NEWEST,
    SentMatch,
    copied_most,
    edited_most,
    newest_sent,
    regenerated_most,
)
from signals.models import SignalDefinition
from tests.html import html_of

MakeEvent = Callable[..., Event]


def sent(evidence: list[dict[str, Any]]) -> SentMatch:
    return SentMatch(uuid.uuid4(), evidence)


def copy(text: str, **more: Any) -> dict[str, Any]:
    return {"side": "assistant", "start": 0, "end": len(text), "text": text, **more}


def test_the_same_passage_is_counted_once_an_event() -> None:
    ones = [
        sent([copy("Reset  the Router")]),
        sent([copy("reset the router", share=0.5)]),
        sent([copy("something else")]),
    ]
    first, second = copied_most(ones)
    assert (first.text, len(first.events), first.share) == ("Reset  the Router", 2, 0.5)
    assert len(second.events) == 1
    assert (
        copied_most([sent([{"side": "signal", "start": 0, "end": 7, "text": "2 times", "times": 2}])]) == []
    )


def test_regenerated_most_first() -> None:
    times = [{"side": "signal", "start": 0, "end": 0, "text": "", "times": 2}]
    ones = [sent([]), sent(times), sent([{**times[0], "times": 5}])]
    assert [one.times for one in regenerated_most(ones)] == [5, 2]


def test_edits_are_spread_over_buckets() -> None:
    shares = [0.0, 0.04, 0.2, 0.5, 1.0]
    found = edited_most([sent([copy("x", distance=1, share=share)]) for share in shares] + [sent([])])
    assert [count for _, count in found.buckets] == [2, 0, 1, 1, 1]
    assert (found.median, found.unmeasured, found.most[0].share) == (0.2, 1, 1.0)
    assert edited_most([]).median is None and edited_most([]).buckets == []


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def used(project: Project, make_event: MakeEvent) -> list[Event]:
    """Two events: one regenerated three times and copied from, one edited; thumbs on both."""
    events = [
        make_event(
            input="<script>alert(1)</script>", output="Hold the power button for <b>ten</b> seconds, then let go.",
            model="gpt-4o", properties={"release": "1.2", "n": 3}, event_id="one",
        ),
        make_event(input="Write to Ada", output="Dear Ada, it is late.", model="claude", event_id="e/2?", properties={"release": "1.3"}),
    ]  # fmt: skip
    messages: list[tuple[Event, str, dict[str, Any]]] = [
        *((events[0], "regenerate", {"n": n}) for n in range(3)),
        (events[0], "copy", {"text": "Hold the power button for <b>ten</b> seconds"}),
        (events[1], "edit", {"after": "Dear Ada, <i>it is</i> early."}),
        (events[0], "thumbs_down", {}),
        (events[1], "thumbs_up", {}),
    ]
    for i, (event, name, properties) in enumerate(messages):
        ExplicitSignal.objects.create(
            project=project, app_event_id=event.event_id, event=event, name=name, properties=properties,
            timestamp=event.timestamp, fingerprint=str(i),
        )  # fmt: skip
    rows = list(Event.objects.select_related("project"))
    detect(rows)
    count_events(rows)
    return events


def test_the_page_shows_the_patterns(page: Client, project: Project, used: list[Event]) -> None:
    html = html_of(page.get(f"/p/{project.slug}/signals/patterns/"))
    assert "<script>alert(1)" not in html and "<b>ten" not in html and "<i>it is" not in html
    assert "3×" in html and "Hold the power button for &lt;b&gt;ten" in html
    assert "<del>it is late.</del>" in html and "<ins>" in html
    assert "gpt-4o" in html and "claude" in html


def test_each_number_leads_to_its_events(page: Client, project: Project, used: list[Event]) -> None:
    for query in ("", "?by=release"):
        html = html_of(page.get(f"/p/{project.slug}/signals/patterns/{query}"))
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/p/acme/events[^"]+)"', html)}
        assert len(links) >= 8
        for link in links:
            answer = page.get(link, follow=True)
            assert answer.status_code == 200 and b"There is no" not in answer.content, link
    rated = [link for link in links if "property=release%3D1.2" in link and "thumbs_down" in link]
    assert len(rated) == 1
    rows = page.get(rated[0]).context["rows"]
    assert [row.event_id for row in rows] == ["one"]


def test_the_time_range(page: Client, project: Project, used: list[Event]) -> None:
    old = timezone.now() - dt.timedelta(days=20)
    for event in used:
        event.timestamp = old
    with connection.cursor() as cursor:
        cursor.execute("UPDATE signals_signalmatch SET timestamp = %s", [old])
        cursor.execute("UPDATE ingest_day SET start = %s", [old.date()])
    assert b"sent none in this time" in page.get(f"/p/{project.slug}/signals/patterns/?period=7d").content
    assert "3×" in html_of(page.get(f"/p/{project.slug}/signals/patterns/?period=30d"))
    assert page.get(f"/p/{project.slug}/signals/patterns/?period=%00&by=%00").status_code == 200


def test_nothing_sent_says_how_to_send(page: Client, project: Project) -> None:
    assert b"has not sent any signal yet" in page.get(f"/p/{project.slug}/signals/patterns/").content


def test_another_projects_signals_are_not_read(
    project: Project, other_project: Project, used: list[Event], stranger: User
) -> None:
    client = Client()
    client.force_login(stranger)
    assert client.get(f"/p/{project.slug}/signals/patterns/").status_code == 404
    assert b"has not sent any" in client.get(f"/p/{other_project.slug}/signals/patterns/").content


def test_few_queries_however_much_was_sent(
    page: Client, project: Project, used: list[Event], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(23):
        page.get(f"/p/{project.slug}/signals/patterns/")


def test_reading_stops_at_its_bound(project: Project, used: list[Event]) -> None:
    signals = list(SignalDefinition.objects.filter(project=project, key="copy"))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO signals_signalmatch (id, project_id, signal_id, event_id, timestamp, score, source, evidence, created_at)
               SELECT gen_random_uuid(), %s, %s, gen_random_uuid(), now() - n * interval '1 second', 1, 'sdk', '[]', now()
               FROM generate_series(1, 2500) n""",
            [project.id, signals[0].id],
        )
    now = timezone.now()
    found = newest_sent(signals, start=now - dt.timedelta(days=1), end=now + dt.timedelta(days=1))
    assert len(found["copy"]) == NEWEST
    assert found["copy"][0].event == used[0].id


@pytest.mark.parametrize("query", ["release", "=1", "release=", "a=b=c", "release=\x00"])
def test_the_property_filter_takes_anything(
    page: Client, project: Project, used: list[Event], query: str
) -> None:
    assert page.get(f"/p/{project.slug}/events/", {"property": query}).status_code in (200, 400)
