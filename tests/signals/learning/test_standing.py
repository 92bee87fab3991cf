"""Honest numbers: what a signal's precision is, where it was measured, and which signals may stand in a total."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from ingest.counts.period import Period
from ingest.counts.rollups import count_events, forget
from ingest.models import Event, Project, User
from issues.pages.shares import bucket_windows, events_with
from signals.catalogue.audit_results import FEWEST
from signals.catalogue.builtins import BY_KEY
from signals.catalogue.installing import install_builtin_signals, shipped_default
from signals.detectors.built_in import BuiltIn
from signals.detectors.other_languages import LANGUAGES, SIDES
from signals.learning.standing import OWN, headline, standings
from signals.matching.matches import NewMatch, save_matches
from signals.models import SignalDefinition
from signals.models.definitions import DetectorType, Kind
from signals.taxonomy.definitions import create_signal
from signals.taxonomy.languages_read import (
    language_shares,
    not_read,
    over_read,
    read_besides_english,
    readers,
)
from signals.taxonomy.reach import reach_of, reaches_of
from tests.html import html_of
from tests.signals.judging import judge

MakeEvent = Callable[..., Event]
Audit = Callable[..., None]


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def refusal(project: Project) -> SignalDefinition:
    install_builtin_signals(project)
    return SignalDefinition.objects.get(project=project, key="refusal")


def match(signal: SignalDefinition, *events: Event) -> None:
    """Stored and counted, as the pipeline does."""
    wanted = [
        NewMatch(
            signal=signal.pk,
            event=event.id,
            project=event.project_id,
            end_user=event.end_user_id,
            timestamp=event.timestamp,
            score=1.0,
            source="test",
            evidence="[]",
        )
        for event in events
    ]
    save_matches(events=list(events), matches=wanted, ran={signal.pk})


def judged(signal: SignalDefinition, make_event: MakeEvent, user: User, *, right: int, wrong: int) -> None:
    for number in range(right + wrong):
        event = make_event()
        match(signal, event)
        judge(signal=signal, event=event, right=number < right, user=user)


def test_until_the_project_has_its_own_the_audit_speaks(
    refusal: SignalDefinition, make_event: MakeEvent, member: User, audit: Audit
) -> None:
    audit(refusal=0.9)
    judged(refusal, make_event, member, right=0, wrong=FEWEST - 1)
    found = standings([refusal])[refusal.pk]
    assert (found.value, found.low, found.measured_on, found.tentative) == (
        0.9,
        0.8,
        ("bazaarly", "townhall"),
        False,
    )
    judged(refusal, make_event, member, right=2, wrong=0)
    own = standings([refusal])[refusal.pk]
    assert own.measured_on == (OWN,) and own.value == pytest.approx(2 / (FEWEST + 1)) and own.tentative
    assert own.low is not None and own.low < own.value and "less than 80%" in own.why


def test_below_eight_of_ten_and_unknown_is_tentative(refusal: SignalDefinition, audit: Audit) -> None:
    audit(refusal=0.79)
    low = standings([refusal])[refusal.pk]
    assert low.tentative and "79% of 40 matches" in low.why and "less than 80%" in low.why
    audit()
    unknown = standings([refusal])[refusal.pk]
    assert (
        unknown.tentative
        and unknown.value is None
        and unknown.as_dict() is None
        and "not known" in unknown.why
    )


def test_what_needs_no_measuring_is_never_tentative(
    project: Project, refusal: SignalDefinition, audit: Audit
) -> None:
    audit()
    slow = SignalDefinition.objects.get(project=project, key="slow_response")
    sent = SignalDefinition.objects.create(
        project=project, key="thumbs_down", name="Thumbs down", kind=Kind.EXPLICIT, detector=DetectorType.SDK
    )
    words = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    sentence = create_signal(
        project=project,
        name="Wants money",
        config={"sentence": "The user wants money", "examples": ["my money back"], "counterexamples": []},
    )
    assert headline([slow, sent, words, sentence, refusal]) == [slow, sent, words]


def test_the_api_says_it(client: Client, refusal: SignalDefinition, query_key: str, audit: Audit) -> None:
    audit(refusal=0.7)

    def asked() -> Any:
        return client.get("/api/signals/refusal/", HTTP_AUTHORIZATION=f"Bearer {query_key}").json()

    found = asked()
    assert found["precision"] == {
        "value": 0.7, "low": pytest.approx(0.6), "high": pytest.approx(0.75), "measured_on": ["bazaarly", "townhall"], "matches": 40,
    }  # fmt: skip
    assert found["tentative"] is True
    audit()
    assert asked()["precision"] is None and asked()["tentative"] is True


def test_the_pages_show_the_audit_and_mark_what_is_tentative(
    page: Client,
    project: Project,
    refusal: SignalDefinition,
    make_event: MakeEvent,
    audit: Audit,
    member: User,
) -> None:
    audit(refusal=0.62, win=0.9)
    match(refusal, make_event())
    html = html_of(page.get(f"/p/{project.slug}/signals/refusal/"))
    assert "62%" in html and "our audit" in html and "bazaarly, townhall" in html
    assert "In no headline total. 62% of 40 matches" in html
    listed = html_of(page.get(f"/p/{project.slug}/signals/"))
    row = listed[listed.index(">Refusal<") :]
    assert "tentative" in row[: row.index("</tr>")]
    row = listed[listed.index(">Win<") :]
    assert "tentative" not in row[: row.index("</tr>")] and "90%" in row[: row.index("</tr>")]
    assert "our audit" in row[: row.index("</tr>")]
    # Its own precision stands beside matches, and beside none it says nothing.
    judged(refusal, make_event, member, right=FEWEST, wrong=0)

    def listed_precision() -> str:
        listed = html_of(page.get(f"/p/{project.slug}/signals/"))
        return listed[listed.index(">Refusal<") :].split("</tr>")[0]

    assert "100%" in listed_precision() and "our audit" not in listed_precision()
    forget(refusal.pk)  # as where its matches are older than the days that the list shows
    assert "100%" not in listed_precision()


def test_totals_stand_on_what_is_not_tentative(
    page: Client, project: Project, refusal: SignalDefinition, make_event: MakeEvent, audit: Audit
) -> None:
    audit(refusal=0.9, laziness=0.5)
    lazy = SignalDefinition.objects.get(project=project, key="laziness")
    events = [
        make_event(event_id=f"e{n}", timestamp=timezone.now() - dt.timedelta(hours=1)) for n in range(4)
    ]
    count_events(events)
    match(refusal, events[0])
    match(lazy, *events)
    html = html_of(page.get(f"/p/{project.slug}/"))
    assert '<span class="h1 mb-0 num">25%</span>' in html
    assert "without 1 tentative signal<" in html and "Tentative, and not in it: Laziness" in html
    assert "Tentative, and in no headline total. 50% of 40" in html
    listed = html_of(page.get(f"/p/{project.slug}/events/?sentiment=negative"))
    assert "/events/e0/" in listed and "/events/e1/" not in listed


def test_an_event_that_three_signals_tell_of_counts_once(project: Project, make_event: MakeEvent) -> None:
    install_builtin_signals(project)
    period = Period.named("14d")
    events = [make_event(timestamp=period.end - dt.timedelta(days=day)) for day in (0, 0, 1)]
    count_events(events)
    signals = list(
        SignalDefinition.objects.filter(project=project, key__in=["refusal", "task_failure", "laziness"])
    )
    for signal in signals:
        match(signal, events[0])
    counts = period.series([project.id])[project.id]
    windows = bucket_windows(project, period, 14)
    found = events_with([signal.pk for signal in signals], windows, counts)
    assert found == [0] * 13 + [1] and counts[-2:] == [1, 2]
    assert events_with([], windows, counts) == [0] * 14


def test_reach_is_of_conversations_and_users(
    project: Project, refusal: SignalDefinition, make_event: MakeEvent
) -> None:
    now = timezone.now()
    events = [make_event(timestamp=now, convo_id=f"c{n // 2}", user_id=f"u{n // 4}") for n in range(8)]
    count_events(list(Event.objects.all()))
    match(refusal, *events[:3])
    found = reach_of(refusal, Period.named("7d"))
    assert (found.conversations, found.conversation_rate, found.users, found.user_rate) == (2, 0.5, 1, 0.5)
    capped = reaches_of(project, [refusal], Period.named("7d"), look_at=2)[refusal.pk]
    assert capped.at_least and capped.conversation_rate is None


GERMAN = "Ich möchte bitte meine Bestellung stornieren, weil sie leider noch immer nicht angekommen ist."
ENGLISH = "I would like to cancel my order please, because it has still not arrived."


def test_rates_are_over_what_was_read(
    page: Client, project: Project, refusal: SignalDefinition, make_event: MakeEvent
) -> None:
    cache.clear()
    lazy = SignalDefinition.objects.get(project=project, key="laziness")
    events = [make_event(timestamp=timezone.now(), input=text) for text in (GERMAN, ENGLISH, ENGLISH, "ok")]
    match(lazy, events[1])
    match(refusal, events[0], events[1])
    count_events(events)
    period = Period.named("14d")
    shares = language_shares(project, period.start, period.until)
    assert shares == {"de": 0.25, "en": 0.5}
    assert not_read(refusal, shares) == {}  # reads German too: its rate is over all
    unread = not_read(lazy, shares)
    assert unread == {"de": 0.25} and over_read(0.3, unread) == pytest.approx(0.4)
    assert over_read(0.0, {"de": 1.0}) is None
    slow = SignalDefinition.objects.get(project=project, key="slow_response")
    assert not_read(slow, shares) == {}
    html = html_of(page.get(f"/p/{project.slug}/signals/laziness/"))
    assert "not read: German 25%" in html and "Of events read" in html
    assert '<span class="h2 mb-0 num">33%</span>' in html  # one of the three that were read
    html = html_of(page.get(f"/p/{project.slug}/signals/refusal/"))
    assert (
        "not read" not in html and "Of all events" in html and '<span class="h2 mb-0 num">50%</span>' in html
    )
    assert "not read: German" not in html_of(page.get(f"/p/{project.slug}/signals/slow_response/"))


def test_each_built_in_says_what_languages_it_reads() -> None:
    from signals.detectors.language_mismatch import NAMES

    assert all(set(signal.languages) <= NAMES.keys() for signal in BY_KEY.values())
    assert BY_KEY["tool_failure"].languages == () and "en" in BY_KEY["refusal"].languages
    assert {key for key, signal in BY_KEY.items() if "de" in signal.languages} == set(SIDES)
    assert all(set(BY_KEY[key].languages) == {"en", *LANGUAGES} for key in SIDES)
    assert "Refusal" in readers("pt") and readers("nl") == [] and "Jailbreak attempt" in readers("en")
    assert set(read_besides_english()) == {("German", "Spanish", "French", "Portuguese")}


def test_one_that_is_often_wrong_ships_switched_off(
    page: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = BY_KEY["laziness"]
    off = BuiltIn(
        shipped.key,
        shipped.name,
        shipped.description,
        shipped.reads,
        shipped.sentiment,
        shipped.group,
        enabled=False,
    )
    monkeypatch.setitem(BY_KEY, "laziness", off)
    monkeypatch.setitem(
        __import__("signals.catalogue.builtins", fromlist=["SHIPPED"]).SHIPPED, "laziness", off
    )
    assert shipped_default("laziness").enabled is False and shipped_default("refusal").enabled is True
    install_builtin_signals(project)
    assert not SignalDefinition.objects.get(project=project, key="laziness").enabled
    html = html_of(page.get(f"/p/{project.slug}/signals/laziness/"))
    assert "ships switched off" in html and "fewer than 7 of 10" in html
    assert "ships switched off" not in html_of(page.get(f"/p/{project.slug}/signals/refusal/"))
