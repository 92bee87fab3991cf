"""The dimensions that stand out, and the words that tell groups apart."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from ingest.counts.rollups import count_events
from ingest.models import Event, Project, QueuedEvent, User
from signals.detection.stage import detect
from signals.dimensions.breakdown import Base, dimensions_for_page
from signals.dimensions.facts import Facts, count_properties
from signals.discovery.keywords import telling_words, words_of
from signals.taxonomy.definitions import create_signal
from tests.html import html_of

MakeEvent = Callable[..., Event]
USELESS = ["this is useless", "you are useless", "completely useless bot", "This is  USELESS"]
REPEATED = ["I already told you that", "I told you this already", "as I already said"]


@pytest.fixture
def told(project: Project, make_event: MakeEvent) -> None:
    for n, text in enumerate([*USELESS, *REPEATED, "<b>useless</b> & more"]):
        make_event(input=text, user_id=f"u{n}", model="small" if n < 4 else "big", properties={"plan": "pro"})
    for n in range(12):
        make_event(input=f"Hello {n}", model="big", properties={"plan": "free", "id": str(n)})
    create_signal(project=project, name="Cross", config={"pattern": ".*(useless|already).*"})
    events = list(Event.objects.select_related("project"))
    detect(events)
    count_events(events)
    QueuedEvent.objects.all().delete()  # as a batch that is through


def test_words() -> None:
    assert words_of("I can’t do THAT for you") == ["can't"]
    assert words_of("it is") == ["it", "is"]
    assert telling_words([["refund now", "refund please"], ["please wait"]])[0][0] == "refund"


def test_dimensions_that_stand_out(told: None, project: Project, member: User) -> None:
    page = Client()
    page.force_login(member)
    answer = page.get(f"/p/{project.slug}/signals/cross/breakdown/")
    dimensions = answer.context["dimensions"]
    assert [dimension.name for dimension in dimensions] == ["Model", "Event", "plan"]
    [big, small] = sorted(dimensions[0].values, key=lambda value: value.name)
    assert (small.events, small.rate, small.usual) == (4, 0.5, 0.2) and small.lift == 2.5 and small.stands_out
    assert big.lift == 0.625
    [pro] = dimensions[2].values
    assert (pro.name, pro.rate, pro.lift) == ("pro", 1.0, 2.5)
    assert pro.query == "prop.plan:pro"
    for value in [big, small, pro]:
        here = f"/p/{project.slug}/events/?" + urlencode(
            {"q": f"signal:cross {value.query}", "range": answer.context["where"]["range"]}
        )
        assert escape(here) in html_of(answer)
        listed = page.get(here)
        assert len(listed.context["rows"]) == value.events, value.name


def test_the_page_and_the_api_tell_the_same(told: None, project: Project, member: User) -> None:
    page = Client()
    page.force_login(member)
    for dimension in page.get(f"/p/{project.slug}/signals/cross/breakdown/").context["dimensions"]:
        answer = page.get("/api/signals/cross/breakdown", {"by": dimension.key, "project": project.slug})
        assert answer.json()["results"] == [value.as_item() for value in dimension.values]


def facts(values: dict[str, object], user: uuid.UUID | None = None) -> Facts:
    return Facts(None, user, timezone.now(), {(name, str(value)) for name, value in values.items()})


def test_odd_properties_are_left_out() -> None:
    odd = [{"a": {"b": 1}, "c": None, "d": "", "e": "x" * 99, "f": True}, ["no"], None, "no", {"f": 2}]
    assert count_properties(odd) == {"f": {"true": 1, "2": 1}}
    [cut] = dimensions_for_page([facts({"property.a=b": "c"})], Base.of([]))
    assert (cut.name, cut.values[0].query, cut.values[0].lift) == ("a=b", 'prop."a=b":c', None)
    assert dimensions_for_page([], Base.of([facts({"model": "m"})])) == []
    ids = [facts({"model": "m", "event": "n", "property.id": n}) for n in range(60)]
    assert [dimension.name for dimension in dimensions_for_page(ids, Base.of(ids))] == ["Model", "Event"]


def test_a_value_counts_its_different_users_and_tools_are_a_dimension() -> None:
    ann, bob = uuid.uuid4(), uuid.uuid4()
    held = [facts({"model": "m", "tool.called": "search"}, user) for user in (ann, ann, bob, None)]
    usual = held + [facts({"model": "m"}) for _ in range(12)]
    [model, tools] = dimensions_for_page(held, Base.of(usual))
    assert (model.name, tools.name) == ("Model", "Tools called")
    [search] = tools.values
    assert (search.events, search.users, search.rate, search.usual, search.lift) == (4, 2, 1.0, 0.25, 4.0)
    assert search.query == "tool:search"
    assert search.low < search.rate <= search.high and search.stands_out
    assert search.as_item()["low"] == pytest.approx(search.low * 4) and search.as_item()["high"] == 4.0
    assert not model.values[0].stands_out and model.values[0].query == "model:m"
