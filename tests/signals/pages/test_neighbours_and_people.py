"""From a match of a search to the next one, and the page of an end user."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import EndUser, Event, User
from signals.models import SignalDefinition, SignalMatch
from signals.pages.events.neighbours import neighbours_of
from tests.html import html_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def four(make_event: Callable[..., Event], other_project: Any) -> list[Event]:
    """e0 is the newest; e1 does not match."""
    events = [
        make_event(
            event_id=f"e{n}", convo_id="c" if n < 3 else None, model="b" if n == 1 else "a", user_id="u/1 ?",
            timestamp=NOW - dt.timedelta(minutes=n), input=f"number {n}",
        )
        for n in range(4)
    ]  # fmt: skip
    make_event(of=other_project, event_id="e2", model="a", timestamp=NOW - dt.timedelta(minutes=2))
    return events


def test_one_goes_from_match_to_match(page: Client, four: list[Event], project: Any) -> None:
    html = html_of(page.get("/p/acme/events/", {"q": "model:a"}))
    assert "/p/acme/events/e0/?search=q%3Dmodel%253Aa" in html
    redirected = page.get("/p/acme/events/e2/", {"search": "q=model%3Aa"})
    assert redirected.status_code == 302
    assert redirected["Location"].endswith(f"?at={four[2].id}&search=q%3Dmodel%253Aa#event-{four[2].id}")
    shown = html_of(page.get(redirected["Location"]))
    assert 'data-key="j"' in shown and "/p/acme/events/e3/?search=q%3Dmodel%253Aa" in shown
    assert 'data-key="k"' in shown and "/p/acme/events/e0/?search=q%3Dmodel%253Aa" in shown
    last = html_of(page.get("/p/acme/events/e3/", {"search": "q=model%3Aa"}))
    assert 'data-key="j"' not in last and "/p/acme/events/e2/?search=" in last


def test_without_a_search_there_are_no_neighbours(page: Client, four: list[Event], project: Any) -> None:
    for search in ("", "q=%22", "nothing=1", "q=\x00"):
        found = neighbours_of(search, project=project, event_id=four[0].id)
        assert found is None or search == "q=\x00", search
    assert 'data-key="j"' not in html_of(page.get("/p/acme/events/e3/", {"search": "colour=red"}))


def test_neighbours_are_of_the_project(four: list[Event], other_project: Any) -> None:
    assert neighbours_of("q=model%3Aa", project=other_project, event_id=four[0].id) is None


def test_a_users_page(page: Client, four: list[Event], project: Any, stranger: User) -> None:
    EndUser.objects.filter(user_id="u/1 ?").update(traits={"plan": "<b>pro</b>"})
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger", sentiment="negative")
    for event in four[:2]:
        SignalMatch.objects.create(
            project=project, signal=signal, event=event, timestamp=event.timestamp, source="t"
        )
    answer = page.get("/p/acme/users/u/1%20%3F/")
    html = html_of(answer)
    assert answer.context["signals"] == [(signal, 2)]
    [talk] = answer.context["talks"]  # the first words, and what holds
    assert (talk.words, talk.signals) == ("number 2", [signal]) and ">number 2</a>" in html
    assert "?conversation=c&signal=anger&range=all" in html.replace("&amp;", "&")
    assert "&lt;b&gt;pro" in html and "/p/acme/conversations/c/" in html
    [events, negative] = answer.context["chart"]["series"]
    assert (sum(events["values"]), sum(negative["values"])) == (4, 2)
    assert "/p/acme/users/u/1%20%3F/" in html_of(page.get("/p/acme/conversations/c/"))
    assert page.get("/p/acme/users/nobody/").status_code == 404
    other = Client()
    other.force_login(stranger)
    assert other.get("/p/acme/users/u/1%20%3F/").status_code == 404
    assert other.get("/p/umbrella/users/u/1%20%3F/").status_code == 404
