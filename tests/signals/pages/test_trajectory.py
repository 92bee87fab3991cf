"""The steps of a conversation as bars: by time, by tokens, with the agent whose they are."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, Span
from tests.html import html_of

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
BAR = re.compile(r'<rect x="([\d.]+)" width="([\d.]+)"')


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def add(event: Event, name: str, start: float, end: float, *, parent: str = "", **values: Any) -> Span:
    """`start` and `end`: seconds after START."""
    moments = (START + dt.timedelta(seconds=second) for second in (start, end))
    started, ended = moments
    return Span.objects.create(
        project=event.project, event=event, trace_id="1" * 32, span_id=name, parent_span_id=parent, name=name,
        started_at=started, ended_at=ended, **values,
    )  # fmt: skip


@pytest.fixture
def talk(make_event: Callable[..., Event]) -> Event:
    event = make_event(event_id="e1", convo_id="c1", input="Plan my trip", output="Done")
    add(event, "planner", 0, 10, kind="agent")
    add(event, "think", 0, 2.5, parent="planner", kind="llm", input_tokens=300, output_tokens=100)
    add(event, "book", 5, 10, parent="planner", kind="tool", status="error", error="refused")
    add(event, "sum_up", 10, 10, kind="llm", input_tokens=100)
    return event


def test_bars_are_as_wide_as_the_time_that_a_step_took(page: Client, talk: Event) -> None:
    text = html_of(page.get("/p/acme/conversations/c1/"))
    assert [tuple(map(float, bar)) for bar in BAR.findall(text)] == [(0, 1000), (0, 250), (500, 500)]
    assert "style=" not in text[text.index('id="trajectory"') : text.index('id="transcript"')]
    assert "2.5 s" in text


def test_or_as_its_tokens(page: Client, talk: Event) -> None:
    answer = page.get("/p/acme/conversations/c1/?width=tokens")
    text = html_of(answer)
    assert [tuple(map(float, bar)) for bar in BAR.findall(text)] == [(0, 1000), (0, 250)]
    assert answer.context["trajectory"].mode == "tokens"
    assert [bar.amount for _, bars in answer.context["trajectory"].lines for bar in bars] == [
        None,
        400,
        None,
        100,
    ]


def test_tokens_that_the_app_did_not_send_are_reckoned_from_the_text(
    page: Client, make_event: Callable[..., Event]
) -> None:
    event = make_event(event_id="e1", convo_id="c1", input="Find it", output="Found")
    add(
        event,
        "answer",
        0,
        1,
        kind="llm",
        input_tokens=300,
        output_tokens=100,
        input="not read: 400 were sent",
    )
    add(
        event, "search", 1, 2, kind="tool", input='{"q":"x"}', output="r" * 9_991
    )  # 10,000 bytes, more than a page reads of it
    add(event, "found", 2, 3, kind="tool", output="\u6771\u4eac")  # two characters of three bytes
    add(event, "nothing", 3, 4, kind="tool")
    answer = page.get("/p/acme/conversations/c1/?width=tokens")
    [(_, bars)] = answer.context["trajectory"].lines
    assert [(bar.span.name, bar.amount, bar.is_reckoned) for bar in bars] == [
        ("answer", 400, False), ("search", 2500, True), ("found", 2, True), ("nothing", None, False),
    ]  # fmt: skip
    assert "≈ 2,500" in html_of(answer) and "≈ 400" not in html_of(answer)


def test_a_step_names_its_agent(page: Client, talk: Event) -> None:
    answer = page.get("/p/acme/conversations/c1/")
    [turn] = answer.context["turns"]
    assert {step.span.name: step.agent for step in turn.steps} == {
        "planner": "", "think": "planner", "book": "planner", "sum_up": "",
    }  # fmt: skip
    for step in turn.steps:
        assert f'id="step-{step.span.id}"' in html_of(answer)
        assert f'href="#step-{step.span.id}"' in html_of(answer)


def test_parents_in_a_ring_and_steps_without_times_are_no_harm(
    page: Client, make_event: Callable[..., Event]
) -> None:
    event = make_event(event_id="e2", convo_id="c2", input="x", output="y")
    add(event, "a", 0, 0, parent="b", kind="agent")
    add(event, "b", 0, 0, parent="a", kind="agent")
    answer = page.get("/p/acme/conversations/c2/?width=nonsense")
    assert answer.status_code == 200
    assert answer.context["trajectory"] is None  # neither times nor tokens
    assert {step.span.name: step.agent for step in answer.context["turns"][0].steps} == {"a": "b", "b": "a"}


def test_an_unknown_width_is_that_of_time_and_an_event_alone_has_one_too(
    page: Client, make_event: Callable[..., Event]
) -> None:
    event = make_event(event_id="alone", input="x", output="y")
    add(event, "look", 0, 1, kind="tool")
    answer = page.get("/p/acme/events/alone/?width=nonsense")
    assert answer.context["trajectory"].mode == "duration"
    assert answer.context["trajectory"].modes == [("duration", "Time")]
