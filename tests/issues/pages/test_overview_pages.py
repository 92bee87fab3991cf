"""The overview: numbers from roll-ups, what is still in the pipeline, and an empty project's first steps."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.counts.period import Period, change
from ingest.counts.rollups import Occurrence, count_events, record
from ingest.counts.waiting import why_not_compared
from ingest.models import Event, ProcessingFailure, QueuedEvent
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from issues.actions import create_issue
from issues.pages import shares
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition, SignalMatch
from tests.html import html_of

NOW = dt.datetime(2026, 11, 23, 15, 20, tzinfo=dt.UTC)


@pytest.fixture
def page(client: Client, project: Any, member: Any) -> Callable[..., str]:
    client.force_login(member)

    def read(**query: str) -> str:
        response = client.get(reverse("overview", args=[project.slug]), query)
        assert response.status_code == 200
        return html_of(response)

    return read


def processed(events: list[Event]) -> None:
    count_events(events)
    QueuedEvent.objects.filter(event__in=[event.id for event in events]).delete()


def matched(project: Any, key: str, events: list[Event]) -> None:
    signal = SignalDefinition.objects.get(project=project, key=key)
    for event in events:
        SignalMatch.objects.create(
            project=project,
            signal=signal,
            event=event,
            end_user=event.end_user,
            timestamp=event.timestamp,
            source="test",
        )
    record(
        Occurrence(signal.id, project.id, event.timestamp, event.end_user.id if event.end_user else None)
        for event in events
    )


def test_an_empty_project_shows_three_steps_and_waits(page: Callable[..., str], project: Any) -> None:
    text = page()
    assert "Make a write key" in text and "Send an event" in text
    assert "http://testserver/v1/events/track" in text
    assert 'id="overview" data-live data-live-every="5"' in text
    create_key(project=project, kind=KeyKind.WRITE)
    assert "There is one" in page()


def test_events_in_the_pipeline_are_said(
    page: Callable[..., str], project: Any, make_event: Callable[..., Event]
) -> None:
    event = make_event()
    text = page()
    assert "1 event in the pipeline" in text
    ProcessingFailure.objects.create(project=project, event=event, attempts=4, reason="it broke")
    assert "1 could not be processed" in page()
    assert "state=failed" in page()


def test_numbers_come_with_their_change_and_links(
    page: Callable[..., str], project: Any, make_event: Callable[..., Event], audit: Callable[..., None]
) -> None:
    audit(refusal=0.9, task_failure=0.8, win=0.95)
    install_builtin_signals(project)
    now = timezone.now()
    here = [
        make_event(timestamp=now - dt.timedelta(days=d), user_id=f"u{d}", convo_id=f"c{d}") for d in (1, 2, 3)
    ]
    before = [make_event(timestamp=now - dt.timedelta(days=16), user_id="u9", convo_id="c9")]
    processed(here + before)
    matched(project, "refusal", here[:2])
    matched(project, "task_failure", here[:1])  # an event with two of them counts once
    matched(project, "win", here[2:])
    issue = create_issue(project=project, title="It refuses", description="")
    record([Occurrence(issue.id, project.id, here[0].timestamp, None)])
    response = page()
    assert '<span class="h1 mb-0 num">3</span>' in response  # events, conversations, users
    assert "+200%" in response
    assert '<span class="h1 mb-0 num">67%</span>' in response  # two of three events have a negative signal
    assert (
        "no negative signal in the period before" in response
        and "it was not seen in the period before" in response
    )
    assert response.index(">Refusal<") < response.index(">Win<")
    assert reverse("signal", args=[project.slug, "refusal"]) in response
    assert reverse("issue-matches", args=[project.slug, issue.number]) in response
    assert "?signal=refusal&amp;range=14d" in response


def test_no_change_is_told_while_a_backlog_waits(
    page: Callable[..., str], project: Any, client: Client, make_event: Callable[..., Event]
) -> None:
    install_builtin_signals(project)
    now = timezone.now()
    here = [make_event(timestamp=now - dt.timedelta(days=1, minutes=n)) for n in range(3)]
    before = [make_event(timestamp=now - dt.timedelta(days=16, minutes=n)) for n in range(2)]
    processed(here + before)
    issue = create_issue(project=project, title="It refuses", description="")
    record(Occurrence(issue.id, project.id, event.timestamp, None) for event in [*here, before[0]])
    of_issue = reverse("issue", args=[project.slug, issue.number])
    assert "+50%" in page() and "+200%" in html_of(client.get(of_issue))
    waits = [make_event(timestamp=now - dt.timedelta(minutes=n)) for n in range(2)]
    why = "No change is shown: 2 events of this time still wait for the pipeline"
    for html in (page(), html_of(client.get(of_issue))):
        assert why in html and "+50%" not in html and "+200%" not in html
    count_events(waits)  # in the queue once more, as what is read again
    assert "+150%" in page()


def test_a_few_that_wait_keep_no_change_back(project: Any, make_event: Callable[..., Event]) -> None:
    make_event(timestamp=NOW)
    since, until = NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=1)
    assert why_not_compared(project, since, until, events=49) == ""
    assert "1 event of this time still waits" in why_not_compared(project, since, until, events=48)
    assert why_not_compared(project, since, NOW, events=0) == ""


def test_the_period_is_in_the_address_and_nonsense_is_the_default(
    page: Callable[..., str], project: Any, make_event: Callable[..., Event]
) -> None:
    processed([make_event()])
    assert "per hour" in page(period="24h")
    assert "per day" in page(period="\x00';--")


def test_muted_and_disabled_signals_are_left_out(
    page: Callable[..., str], project: Any, make_event: Callable[..., Event]
) -> None:
    install_builtin_signals(project)
    event = make_event()
    processed([event])
    matched(project, "refusal", [event])
    assert ">Refusal<" in page()
    SignalDefinition.objects.filter(project=project, key="refusal").update(muted=True)
    table = page().partition("Top open issues")[0]
    assert ">Refusal<" not in table


def test_what_users_sent_is_escaped(
    page: Callable[..., str], project: Any, make_event: Callable[..., Event]
) -> None:
    processed([make_event(input="<script>alert(1)</script>", user_id="<img src=x>", model="<b>m</b>")])
    text = page()
    assert "<script>alert(1)" not in text and "<img src=x>" not in text and "<b>m</b>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_stranger_finds_nothing(client: Client, project: Any, stranger: Any) -> None:
    client.force_login(stranger)
    assert client.get(reverse("overview", args=[project.slug])).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_events(
    client: Client,
    project: Any,
    member: Any,
    make_event: Callable[..., Event],
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    install_builtin_signals(project)
    events = [make_event(user_id=f"u{n}", convo_id=f"c{n}") for n in range(12)]
    processed(events)
    matched(project, "refusal", events)
    for n in range(8):
        create_issue(project=project, title=f"Issue {n}", description="")
    client.force_login(member)
    client.get(reverse("overview", args=[project.slug]))
    with django_assert_max_num_queries(30):
        client.get(reverse("overview", args=[project.slug]))


def test_a_period_of_days_starts_at_midnight_and_is_compared_with_as_much_of_the_time_before() -> None:
    week = Period.named("7d", now=NOW)
    assert week.start == dt.datetime(2026, 11, 17, tzinfo=dt.UTC)
    assert week.previous == (
        dt.datetime(2026, 11, 10, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 16, 15, 20, tzinfo=dt.UTC),
    )
    assert week.labels()[0] == "17 Nov" and week.labels()[-1] == "23 Nov"


def test_a_day_is_24_hours() -> None:
    day = Period.named("24h", now=NOW)
    assert day.start == dt.datetime(2026, 11, 22, 16, tzinfo=dt.UTC)
    assert len(day.labels()) == 24 and day.labels()[-1] == "15:00"


def test_change_is_none_without_a_before() -> None:
    assert change(3, 0) is None
    assert change(3, 2) == 0.5


def test_shares_of_a_busy_hour_are_of_its_newest_events(
    project: Any, make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole hours where these have few events, the rows of an hour that has many; an event with two signals counts once."""
    install_builtin_signals(project)
    period = Period.named("7d")
    noon = period.end.replace(hour=12, minute=0, second=0, microsecond=0) - dt.timedelta(days=1)
    events = [make_event(event_id=f"e{n}", timestamp=noon + dt.timedelta(minutes=n)) for n in range(10)]
    processed([*events, make_event(event_id="early", timestamp=noon - dt.timedelta(hours=1))])
    matched(project, "refusal", [*events[:3], events[9]])
    matched(project, "task_failure", [events[9]])
    ids = list(
        SignalDefinition.objects.filter(project=project, key__in=["refusal", "task_failure"]).values_list(
            "id", flat=True
        )
    )
    series = period.series([project.id])[project.id]
    assert shares.share_with(ids, shares.newest_window(project, period.start, period.until)) == 4 / 11
    assert shares.events_with(ids, shares.bucket_windows(project, period, 7), series)[-2] == 4
    monkeypatch.setattr(shares, "SHARE_OF", 2)
    monkeypatch.setattr(shares, "BUCKETS", 14)
    monkeypatch.setattr(shares, "LEAST_OF_BUCKET", 2)
    assert shares.newest_window(project, period.start, period.until) == shares.Window(
        events[8].timestamp, noon + dt.timedelta(hours=1), 2
    )
    assert shares.share_with(ids, shares.newest_window(project, period.start, period.until)) == 0.5
    assert shares.events_with(ids, shares.bucket_windows(project, period, 7), series)[-2] == round(11 / 2)
    assert shares.newest_window(project, period.start, noon - dt.timedelta(hours=2)) is None
