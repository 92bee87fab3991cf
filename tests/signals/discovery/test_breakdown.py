"""The dimensions that stand out, and the words that tell groups apart."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from ingest.counts.rollups import count_events
from ingest.models import Event, Project, User
from signals.detection.stage import detect
from signals.discovery.breakdown import Row, compare
from signals.discovery.keywords import telling_words, words_of
from signals.taxonomy.definitions import create_signal

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


def test_words() -> None:
    assert words_of("I can’t do THAT for you") == ["can't"]
    assert words_of("it is") == ["it", "is"]
    assert telling_words([["refund now", "refund please"], ["please wait"]])[0][0] == "refund"


def test_dimensions_that_stand_out(told: None, project: Project, member: User) -> None:
    page = Client()
    page.force_login(member)
    dimensions = page.get(f"/p/{project.slug}/signals/cross/breakdown/").context["dimensions"]
    assert [dimension.name for dimension in dimensions] == ["Model", "Event", "plan"]
    [big, small] = sorted(dimensions[0].values, key=lambda value: value.name)
    assert (small.events, small.rate, small.usual) == (4, 0.5, 0.2) and small.lift == 2.5 and small.stands_out
    assert big.lift == 0.625
    [pro] = dimensions[2].values
    assert (pro.name, pro.rate, pro.lift) == ("pro", 1.0, 2.5)
    assert pro.parameters == {"property": "plan=pro"}
    for value in [big, small, pro]:
        listed = page.get(
            f"/p/{project.slug}/events/", {**value.parameters, "signal": "cross", "range": "14d"}
        )
        assert len(listed.context["rows"]) == value.events, value.name


def test_odd_properties_are_left_out() -> None:
    rows = [
        Row(("", "", {"a": {"b": 1}, "c": None, "d": "", "e": "x" * 99, "f": True})),
        Row(("", "", ["no"])),
        Row(("", "", None)),
    ]
    [cut] = compare([Row(("", "", {"a=b": "c"}))], [])
    assert cut.values[0].parameters == {}, "property=a=b=c is the property a"
    [only] = compare(rows, [])
    assert (only.name, only.values[0].name, only.values[0].lift) == ("f", "true", None)
    assert compare([], rows) == []
    ids = [Row(("m", "n", {"id": str(n)})) for n in range(60)]
    assert [dimension.name for dimension in compare(ids, ids)] == ["Model", "Event"]


def test_a_value_counts_its_different_users_and_tools_are_a_dimension() -> None:
    ann, bob = uuid.uuid4(), uuid.uuid4()
    held = [Row(("m", "", {}), user, frozenset({"search"})) for user in (ann, ann, bob, None)]
    usual = held + [Row(("m", "", {})) for _ in range(12)]
    [model, tools] = compare(held, usual)
    assert (model.name, tools.name) == ("Model", "Tools called")
    [search] = tools.values
    assert (search.events, search.users, search.rate, search.usual, search.lift) == (4, 2, 1.0, 0.25, 4.0)
    assert search.parameters == {"tool": "search"}
    assert search.low < search.rate <= search.high and search.stands_out
    assert not model.values[0].stands_out and model.values[0].parameters == {"model": "m"}
