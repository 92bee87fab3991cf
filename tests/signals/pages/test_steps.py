"""An event of 10,000 steps: its page holds a part of them, in a bounded number of queries, and the rest follows in pages."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import Event, Project, Span
from signals.catalogue.installing import ensure_signals
from signals.models import SignalDefinition, SignalMatch
from signals.pages.events.steps import MAX_STEPS, STEPS
from signals.pages.events.transcripts import build_turns, read_window

pytestmark = pytest.mark.django_db
MakeEvent = Callable[..., Event]
MANY = 10_000
NAME = re.compile(r'class="step-name">step (\d+)<')


def add_steps(event: Event, count: int) -> None:
    """Three begin at each moment, so that the id decides between them."""
    start = timezone.now()
    moments = [start + dt.timedelta(milliseconds=place // 3) for place in range(count)]
    Span.objects.bulk_create(
        Span(
            project=event.project, event=event, trace_id="0" * 32, span_id=f"{event.event_id}-{place}", name=f"step {place}",
            kind="tool", started_at=moment, ended_at=moment, input=f'{{"place": {place}}}', output="x" * 100,
        )
        for place, moment in enumerate(moments)
    )  # fmt: skip


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def steps_in(html: str) -> list[int]:
    return [int(number) for number in NAME.findall(html)]


def next_of(html: str) -> str:
    found = re.search(r'hx-get="([^"]+event-steps[^"]+)"', html)
    return found[1] if found else ""


def test_the_page_of_an_event_of_ten_thousand_steps_is_bounded(
    page: Client, make_event: MakeEvent, django_assert_max_num_queries: Any
) -> None:
    event = make_event(event_id="big", convo_id=None, input="go", output="done")
    add_steps(event, MANY)
    page.get("/p/acme/events/big/")
    with django_assert_max_num_queries(18):
        answer = page.get("/p/acme/events/big/")
    html = answer.content.decode()
    assert steps_in(html) == list(range(STEPS))
    assert len(html) < 400_000  # of the first 200 the steps and their bars


def test_the_steps_go_on_page_by_page_without_a_gap(
    page: Client, make_event: MakeEvent, django_assert_max_num_queries: Any
) -> None:
    count = 5 * STEPS + 5
    event = make_event(event_id="big", convo_id="c1")
    add_steps(event, count)
    html = page.get("/p/acme/conversations/c1/").content.decode()
    seen, url, pages = steps_in(html), next_of(html), 1
    while url:
        with django_assert_max_num_queries(10):
            html = page.get(url, headers={"HX-Request": "true"}).content.decode()
        assert len(html) < 400_000  # of the first 200 the steps and their bars and "<html" not in html
        seen, url, pages = seen + steps_in(html), next_of(html), pages + 1
    assert seen == list(range(count)) and pages == 6


def test_without_a_script_the_link_is_a_page(page: Client, make_event: MakeEvent) -> None:
    event = make_event(event_id="big", convo_id=None)
    add_steps(event, STEPS + 5)
    url = next_of(page.get("/p/acme/events/big/").content.decode())
    html = page.get(url).content.decode()
    assert "<html" in html and steps_in(html) == list(range(STEPS, STEPS + 5)) and not next_of(html)


def test_an_event_of_just_as_many_has_no_link(page: Client, make_event: MakeEvent) -> None:
    add_steps(make_event(event_id="e1", convo_id=None), STEPS)
    html = page.get("/p/acme/events/e1/").content.decode()
    assert len(steps_in(html)) == STEPS and not next_of(html)


def test_a_conversation_of_many_such_events_is_bounded_too(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    """What has no room at all is a link from the start."""
    for place in range(8):
        add_steps(make_event(event_id=f"e{place}", convo_id="c1"), STEPS + 1)
    event = Event.objects.select_related("conversation__project").get(event_id="e0")
    assert event.conversation
    turns = build_turns(project, read_window(event.conversation).events)
    assert [len(turn.steps) for turn in turns] == [STEPS] * 5 + [0] * 3
    assert sum(len(turn.steps) for turn in turns) == MAX_STEPS
    assert all(turn.more_steps for turn in turns[:5]) and [turn.more_steps for turn in turns[5:]] == [
        "",
        "",
        "",
    ]
    html = page.get("/p/acme/conversations/c1/").content.decode()
    last = re.findall(r'hx-get="([^"]+event-steps[^"]+)"', html)[-1]
    assert steps_in(page.get(last, headers={"HX-Request": "true"}).content.decode()) == list(range(STEPS))


def test_a_match_at_a_later_step_is_shown_there(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    event = make_event(event_id="e1", convo_id=None)
    add_steps(event, STEPS + 5)
    ensure_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="tool_failure")
    piece = {"side": "span", "span_id": f"e1-{STEPS + 2}", "start": 0, "end": 3, "text": "xxx"}
    SignalMatch.objects.create(
        project=project,
        signal=signal,
        event=event,
        timestamp=event.timestamp,
        source="rule",
        evidence=[piece],
    )
    html = page.get(next_of(page.get("/p/acme/events/e1/").content.decode())).content.decode()
    assert '<mark class="evidence"' in html and signal.name in html


@pytest.mark.parametrize("query", ["?cursor=nonsense", "?limit=0"])
def test_a_bad_page_is_said(page: Client, make_event: MakeEvent, query: str) -> None:
    event = make_event(event_id="e1")
    assert page.get(f"/p/acme/event-steps/{event.id}/{query}").status_code == 400


def test_only_the_projects_own(page: Client, make_event: MakeEvent, other_project: Project) -> None:
    event = make_event(of=other_project, event_id="e1")
    assert page.get(f"/p/acme/event-steps/{event.id}/").status_code == 404
