"""When releases, models, prompts and flags were first seen, and what moved since each."""

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ingest.counts import appearances
from ingest.counts.appearances import note_appearances
from ingest.counts.period import Period
from ingest.counts.rollups import Occurrence, count_events, record
from ingest.models import Appearance, Event, QueuedEvent
from issues.actions import create_issue
from issues.causes.comparing import compare, read_sides
from issues.causes.since import find_appearance, moved_since, query_for
from issues.models import Issue, IssueMatch
from issues.pages.trend import marks
from signals.models import SignalDefinition, SignalMatch
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope
from tests.html import html_of
from tests.issues.people import Api

MakeEvent = Callable[..., Event]


def ago(**parts: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(**parts)


def noted(project: Any) -> dict[str, dt.datetime]:
    rows = Appearance.objects.filter(project=project)
    return {f"{row.kind}:{row.value}": row.first_seen for row in rows}


def test_what_events_name_is_noted_once_and_in_any_order(
    project: Any, other_project: Any, make_event: MakeEvent, django_assert_num_queries: Any, monkeypatch: Any
) -> None:
    new = make_event(
        timestamp=ago(hours=5), model="gpt", properties={"release": "r2", "prompt_version": 7, "note": "x"},
        feature_flags={"beta": True, "blob": {"a": 1}, "long": "x" * 81},
    )  # fmt: skip
    note_appearances([new])
    assert noted(project) == dict.fromkeys(
        ("model:gpt", "release:r2", "prompt:7", "flag:beta=true"), new.timestamp
    )
    old = make_event(timestamp=ago(days=2), model="gpt", properties={"release": "r1"})
    note_appearances([old])
    assert noted(project)["model:gpt"] == noted(project)["release:r1"] == old.timestamp
    assert noted(project)["release:r2"] == new.timestamp
    with django_assert_num_queries(1):  # what is known is read, and not written again
        note_appearances([old, new])
    assert noted(other_project) == {}
    # The migration finds the same in the events that are there.
    kept = sorted(Appearance.objects.values_list("kind", "value", "first_seen", "last_seen"))
    Appearance.objects.all().delete()
    fill = import_module("ingest.migrations.0021_appearances").FILL
    with connection.cursor() as cursor:
        cursor.execute(fill)
    assert sorted(Appearance.objects.values_list("kind", "value", "first_seen", "last_seen")) == kept
    # What has too many values is an id, and no version.
    monkeypatch.setattr(appearances, "MOST", 3)
    note_appearances([make_event(properties={"release": f"r{n}"}, model="gpt") for n in range(9)])
    assert Appearance.objects.filter(kind="release").count() == 3


def test_what_moved_since_a_release(
    client: Client,
    project: Any,
    member: Any,
    make_event: MakeEvent,
    query_key: str,
    other_project: Any,
    stranger: Any,
) -> None:
    """Release r2 came three days ago: the issue held on 2 of 60 events before, and on 20 of 60 since. The signal stayed."""
    issue = create_issue(project=project, title="Forgets the seat", description="")
    Issue.objects.update(created_at=ago(days=20))
    signal = SignalDefinition.objects.create(project=project, key="moans", name="Moans", enabled=True)
    for release, days, hits in (("r1", 5, 2), ("r2", 3, 20)):
        events = [
            make_event(
                timestamp=ago(days=days, minutes=-n), properties={"release": release}, feature_flags={"seats": release}
            )
            for n in range(60)
        ]  # fmt: skip
        count_events(events)
        note_appearances(events)
        for subject, matched in ((issue, events[:hits]), (signal, events[:10])):
            record(Occurrence(subject.pk, project.pk, one.timestamp, one.end_user_id) for one in matched)
        IssueMatch.objects.bulk_create(
            IssueMatch(project=project, issue=issue, event=one, timestamp=one.timestamp, classifier_version=1, score=1.0)
            for one in events[:hits]
        )  # fmt: skip
    second = find_appearance(project, "release:r2")
    assert second is not None
    since = moved_since(project, second, now=timezone.now())
    assert (since.events_before, since.events) == (60, 60)
    [moved] = since.moved
    assert moved.subject == issue
    assert (moved.move.before.events, moved.move.now.events) == (2, 20)
    assert 0 < moved.move.low < moved.move.difference == 0.3 < moved.move.high
    first = find_appearance(project, "release:r1")
    assert first is not None
    assert moved_since(project, first, now=timezone.now()).words.startswith("Nothing came in the week before")
    flag = find_appearance(project, "flag:seats=r2")
    assert flag is not None
    for appearance in (second, flag):
        found = find_events(parse(query_for(appearance)), Scope(project))
        assert found.count() == 60
    # By the API.
    api = Api(client, query_key)
    answer = api.get("/api/releases/moved/", since="release:r2").json()
    assert (answer["events_before"], answer["events"], answer["summary"]) == (60, 60, "")
    [row] = answer["results"]
    assert (row["subject"], row["title"]) == ("issue:1", "Forgets the seat")
    assert (row["before"]["events"], row["after"]["events"], row["after"]["of"]) == (2, 20, 60)
    assert row["after"]["rate"] == pytest.approx(1 / 3) and row["low"] < row["difference"] < row["high"]
    newest = api.get("/api/releases/moved/").json()["since"]
    assert (newest["kind"], newest["value"]) == (
        "flag",
        "seats=r2",
    )  # of what came with one event, in the order of the list
    assert newest == api.get("/api/releases/").json()["results"][0]
    rows = api.pages("/api/releases/", limit=1)
    assert [(one["kind"], one["value"]) for one in rows][:4:2] == [("flag", "seats=r2"), ("flag", "seats=r1")]
    assert [one["value"] for one in api.pages("/api/releases/", kind="release")] == ["r2", "r1"]
    assert rows[1]["query"] == query_for(second)
    for path, query, status in (
        ("/api/releases/", {"kind": "nonsense"}, 400),
        ("/api/releases/", {"sort": "x"}, 400),
        ("/api/releases/moved/", {"since": "release:r9"}, 404),
        ("/api/releases/moved/", {"since": "r2"}, 400),
        ("/api/releases/moved/", {"since": "release:\x00"}, 404),
    ):
        assert api.get(path, **query).status_code == status, query
    client.force_login(stranger)
    assert client.get("/api/releases/", {"project": other_project.slug}).json()["results"] == []
    assert (
        client.get("/api/releases/moved/", {"project": other_project.slug, "since": "release:r2"}).status_code
        == 404
    )
    # On the page, from the navigation; and on the issue's trend.
    client.force_login(member)
    address = f"/p/{project.slug}/releases/"
    assert f'href="{address}"' in html_of(client.get(f"/p/{project.slug}/"))
    page = html_of(client.get(address, {"since": "release:r2"}))
    assert "Since release r2" in page and "Forgets the seat" in page and "+30 pts" in page
    assert "Moans" not in page
    assert "flag" not in html_of(client.get(address, {"kind": "release"})).split("First seen")[1]
    assert client.get(address, {"since": "release:r9"}).status_code == 404
    assert client.get(address, {"since": "nonsense\x00"}).status_code == 404
    [mark] = marks(issue, Period.named("14d"))
    assert (mark["text"], mark["since"]) == ("release r2", "release:r2")
    shown = html_of(client.get(f"/p/{project.slug}/issues/1/"))
    assert f'href="{address}?since=release%3Ar2"' in shown


def test_too_few_events_are_said_to_be_too_few(
    client: Client, project: Any, member: Any, make_event: MakeEvent
) -> None:
    """Nine events tell nothing, whatever they show; of five hundred it can be told that nothing moved, but not of what is rare."""
    client.force_login(member)
    often, rare = (
        SignalDefinition.objects.create(project=project, key=key, name=key, enabled=True)
        for key in ("often", "rare")
    )
    page = f"/p/{project.slug}/releases/"
    counted_so_far = 0
    for n, words in (
        (5, "Too few events to tell"),
        (250, "None of 1 signal or issue moved by more than chance."),
    ):
        for release, days in (("r1", 5), ("r2", 3)):
            events = [
                make_event(timestamp=ago(days=days, minutes=-i), properties={"release": release})
                for i in range(counted_so_far, n)
            ]
            count_events(events)
            note_appearances(events)
            record(
                Occurrence(signal.pk, project.pk, one.timestamp, one.end_user_id)
                for signal, every in ((often, 2), (rare, 60))
                for one in events[::every]
            )
        counted_so_far = n
        text = html_of(client.get(page, {"since": "release:r2"}))
        assert words in text, n
        assert ("more than chance" in text) == (n > 5)
    assert "there are too few events to tell" in text


def test_a_project_without_releases_is_told_how(client: Client, project: Any, member: Any) -> None:
    client.force_login(member)
    assert "Nothing is known of releases yet" in html_of(client.get(f"/p/{project.slug}/releases/"))


@pytest.mark.parametrize("name", ["prompt_version", "prompt.version", "promptVersion"])
def test_a_prompts_query_finds_its_events(project: Any, make_event: MakeEvent, name: str) -> None:
    event = make_event(properties={name: "v 2"})
    make_event(properties={name: "v 3"})
    note_appearances([event])
    query = query_for(Appearance.objects.get(kind="prompt"))
    found = find_events(parse(query), Scope(project))
    assert [row.pk for row in found] == [event.pk]


def test_what_differs_only_where_it_is_looked_at_alone_is_told_as_the_comparison_tells_it(
    client: Client, project: Any, member: Any, make_event: MakeEvent, query_key: str
) -> None:
    """A new user's page of releases said "too few events to tell" of what the comparison by release said is 14 points more."""
    subjects = [
        SignalDefinition.objects.create(project=project, key=f"one{n}", name=f"One {n}", enabled=True)
        for n in range(7)
    ]
    for release, days, number, hits in (("r1", 5, 40, (0, *[5] * 6)), ("r2", 3, 58, (6, *[5] * 6))):
        events = [
            make_event(timestamp=ago(days=days, minutes=-n), properties={"release": release})
            for n in range(number)
        ]
        count_events(events)
        note_appearances(events)
        for subject, some in zip(subjects, hits, strict=True):
            record(
                Occurrence(subject.pk, project.pk, one.timestamp, one.end_user_id) for one in events[:some]
            )
            SignalMatch.objects.bulk_create(
                SignalMatch(project=project, signal=subject, event=one, timestamp=one.timestamp, evidence=[])
                for one in events[:some]
            )
    second = find_appearance(project, "release:r2")
    assert second is not None
    since = moved_since(project, second, now=timezone.now())
    assert (
        since.moved == [] and since.words == "Too few events to tell what moved among all signals and issues."
    )
    [alone] = since.alone
    assert alone.subject == subjects[0] and alone.move.low > 0
    QueuedEvent.objects.all().delete()  # as a batch that is through
    period = Period.named("14d")
    sides = read_sides(project, by="release", values=["r1", "r2"], queries=[], period=period)
    compared = compare(subjects[0], sides, period=period)[1].difference
    assert compared is not None and compared.is_sure
    assert (compared.value, compared.low, compared.high) == pytest.approx(
        (alone.move.difference, alone.move.low, alone.move.high)
    )
    answer = Api(client, query_key).get("/api/releases/moved/", since="release:r2").json()
    assert [one["subject"] for one in answer["alone"]] == ["signal:one0"] and answer["results"] == []
    client.force_login(member)
    page = html_of(client.get(f"/p/{project.slug}/releases/", {"since": "release:r2"}))
    assert "Looked at alone" in page and "What differs" in page and "One 0" in page and "One 1" not in page
