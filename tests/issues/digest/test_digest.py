"""The digest: when it is due, what it says, that it goes out once by the channels of alerts; and quiet hours."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.counts.rollups import Occurrence, count_events, record
from ingest.models import Event
from issues.actions import create_issue
from issues.alerts.checking import check_due
from issues.alerts.quiet import change_settings, quiet_until
from issues.alerts.rules import create_rule
from issues.alerts.sending import send_due
from issues.causes.moving import moves, share
from issues.digest.due import compose, last_due, stretch_of
from issues.models import Activity, AlertDelivery, AlertRule, Issue, IssueMatch, MessageSettings
from issues.states.doors import apply_action, escalate_issue
from issues.states.transitions import Action
from raindrop.ids import new_id
from signals.models import Cluster
from tests.html import html_of
from tests.issues.alerts.sinks import Mailbox, Webhook, smtp_sink, webhook_sink
from tests.issues.people import Api

pytestmark = pytest.mark.django_db
UTC = dt.UTC
LIST = "/p/acme/settings/alerts/"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.fixture
def sinks(settings: Any) -> Iterator[tuple[Webhook, Mailbox]]:
    settings.ALERT_PRIVATE_ADDRESSES = True
    with webhook_sink() as hook, smtp_sink() as box:
        yield hook, box


def digest_rule(project: Any, *channels: str, trigger: str = "digest_daily", **fields: Any) -> AlertRule:
    rule = create_rule(
        project=project, user=None, channels=channels or ["json://a.example/x"], name="Digest", trigger=trigger, **fields
    )  # fmt: skip
    AlertRule.objects.filter(pk=rule.pk).update(created_at=timezone.now() - dt.timedelta(days=30))
    rule.refresh_from_db()
    return rule


def yesterday(hour: int, days: int = 1) -> dt.datetime:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - dt.timedelta(days=days) + dt.timedelta(hours=hour)


@pytest.fixture
def issue(project: Any, make_event: Callable[..., Event]) -> Issue:
    """It held on 2 of 60 events the day before yesterday, and on 20 of 60 yesterday, of 5 users."""
    made = create_issue(project=project, title="Forgets the seat", description="")
    Issue.objects.filter(pk=made.pk).update(created_at=yesterday(0, days=9))
    matched = []
    for days, hits in ((2, 2), (1, 20)):
        events = [
            make_event(input=f"my seat {n}", user_id=f"u{n % 5}", timestamp=yesterday(n % 20, days=days))
            for n in range(60)
        ]
        count_events(events)
        matched += events[:hits]
    record(
        Occurrence(made.pk, project.pk, event.timestamp, event.end_user_id, event.conversation_id)
        for event in matched
    )
    IssueMatch.objects.bulk_create(
        IssueMatch(
            project=project, issue=made, event=event, end_user=event.end_user, timestamp=event.timestamp,
            classifier_version=1, score=0.9,
        )
        for event in matched
    )  # fmt: skip
    return made


def test_only_what_is_more_than_chance_has_moved() -> None:
    a, b, c = new_id(), new_id(), new_id()
    before = {a: share(20, 1000), b: share(20, 1000), c: share(0, 1000)}
    now = {a: share(60, 1000), b: share(25, 1000), c: share(4, 1000)}
    [move] = moves(now, before)
    assert move.subject == a
    assert move.difference == pytest.approx(0.04)
    assert 0 < move.low < 0.04 < move.high
    # The same difference among a hundred that were looked at is no news.
    many = {new_id(): share(20, 1000) for _ in range(100)}
    weak = {**many, a: share(38, 1000)}
    assert [one.subject for one in moves({a: share(38, 1000)}, before)] == [a]
    assert moves(weak, {**many, a: share(20, 1000)}) == []
    assert moves({}, {}) == []


@pytest.mark.parametrize(
    ("trigger", "now", "due", "start", "name"),
    [
        ("digest_daily", "2026-11-29T07:30+00:00", "2026-11-29T08:00+01:00", "2026-11-27T23:00+00:00", "28 Nov 2026"),
        ("digest_daily", "2026-11-29T06:30+00:00", "2026-11-28T08:00+01:00", "2026-11-26T23:00+00:00", "27 Nov 2026"),
        ("digest_weekly", "2026-11-29T12:00+00:00", "2026-11-23T08:00+01:00", "2026-11-15T23:00+00:00", "16 Nov to 22 Nov 2026"),
        ("digest_weekly", "2026-11-30T08:00+00:00", "2026-11-30T08:00+01:00", "2026-11-22T23:00+00:00", "23 Nov to 29 Nov 2026"),
    ],
)  # fmt: skip
def test_when_it_is_due(project: Any, trigger: str, now: str, due: str, start: str, name: str) -> None:
    change_settings(project=project, changes={"time_zone": "Europe/Berlin"})
    rule = digest_rule(project, trigger=trigger)
    found = last_due(rule, at(now))
    assert found == at(due)
    stretch = stretch_of(rule, found)
    assert (stretch.start, stretch.name) == (at(start), name)


def test_it_goes_out_once_by_webhook_and_mail(
    project: Any, member: Any, issue: Issue, sinks: tuple[Webhook, Mailbox]
) -> None:
    hook, box = sinks
    other = create_issue(project=project, title="Loops on a tool", description="")
    Issue.objects.filter(pk=other.pk).update(created_at=yesterday(5))
    escalate_issue(issue=issue, reason={"why": "20 events in this hour. About 1 would be usual."})
    Activity.objects.filter(issue=issue, kind="state").update(created_at=yesterday(12))
    Cluster.objects.create(
        project=project, kind="problem", label="Receipts stick", is_emerging=True, emerging_reason="9 users, 1 before."
    )  # fmt: skip
    mail = f"mailto://127.0.0.1:{box.port}?from=a@example.org&to=b@example.org"
    rule = digest_rule(project, hook.url(), mail, threshold=0)
    for _ in range(3):
        AlertRule.objects.update(next_check_at=timezone.now())
        check_due()
        send_due()
    assert AlertDelivery.objects.filter(state="sent").count() == AlertDelivery.objects.count() == 2
    [(_, body)] = hook.got
    [letter] = box.got
    got = json.loads(body)
    digest = got["data"]["digest"]
    assert (digest["events"], digest["events_before"], digest["open_issues"]) == (60, 60, 2)
    [moved] = digest["moved"]
    assert (moved["share"]["events"], moved["before"]["events"]) == (20, 2)
    assert moved["share"]["low"] < 20 / 60 < moved["share"]["high"]
    assert [line["title"] for line in digest["new"]] == ["Loops on a tool (ACME-2)", "Receipts stick"]
    assert [line["users"] for line in digest["still_open"]] == [5]
    text = letter.get_content().replace("\r\n", "\n")
    assert letter["Subject"].startswith("[Acme] Daily digest, ")
    for words in (
        "60 events; 60 the day before.",
        "Forgets the seat (ACME-1): 20 events in this hour. About 1 would be usual.",
        "Forgets the seat (ACME-1) rose to 33.3 % (22.7 to 45.9 %), from 3.3 % (0.9 to 11.4 %) the day before.",
        "Such as “my seat 19”",
        "Receipts stick: 9 users, 1 before.",
        "Forgets the seat (ACME-1): 20 events of 5 users, 33.3 %",
        "And 1 more: Loops on a tool (ACME-2). ",
    ):
        assert words in text, (words, text)
    assert rule.threads.count() == 1


def test_what_has_no_line_is_named_and_what_waits_is_said(
    project: Any, issue: Issue, make_event: Callable[..., Event]
) -> None:
    rule = digest_rule(project, threshold=0)
    for n in range(2, 20):
        made = create_issue(project=project, title=f"Number {n}", description="")
        Issue.objects.filter(pk=made.pk).update(created_at=yesterday(0, days=9) if n < 8 else yesterday(0))
    told = compose(rule, now=timezone.now())
    new = [line for line in told.text.split("\n") if line.startswith("- And 7 more: Number")]
    [standing] = [line for line in told.text.split("\n") if line.startswith("- And 14 more: ")]
    assert len(new) == 1 and new[0].endswith("/p/acme/issues/")
    assert "14 more: Number 6 (ACME-6), Number 7 (ACME-7), Number 8 (ACME-8)" in standing
    assert "and 4 that are not named here" in standing
    others = told.data["digest"]["others"]["still_open"]
    assert (others["number"], len(others["names"])) == (14, 10)
    assert "60 events; 60 the day before." in told.text
    for n in range(5):
        make_event(timestamp=yesterday(n))
    told = compose(rule, now=timezone.now())
    assert "60 events, not compared with the day before: 5 events of this time still wait" in told.text


def test_a_new_rule_waits_for_its_first_hour_and_an_empty_day_is_told(project: Any) -> None:
    rule = digest_rule(project, threshold=0)
    AlertRule.objects.update(created_at=timezone.now(), next_check_at=timezone.now())
    check_due()
    assert not AlertDelivery.objects.exists()
    AlertRule.objects.update(created_at=yesterday(0), next_check_at=timezone.now())
    check_due()
    [told] = AlertDelivery.objects.all()
    assert told.text.startswith("0 events; 0 the day before.\n\nWhat moved\n- Too few events to tell")
    assert told.occurrence == last_due(rule, timezone.now()).date().isoformat()


@pytest.mark.parametrize(
    ("zone", "start", "end", "now", "until"),
    [
        ("UTC", "22:00", "07:00", "2026-11-29T23:00+00:00", "2026-11-30T07:00+00:00"),
        ("UTC", "22:00", "07:00", "2026-11-29T06:59+00:00", "2026-11-29T07:00+00:00"),
        ("UTC", "22:00", "07:00", "2026-11-29T07:00+00:00", None),
        ("UTC", "12:00", "13:00", "2026-11-29T12:30+00:00", "2026-11-29T13:00+00:00"),
        ("Asia/Kolkata", "22:00", "07:00", "2026-11-29T17:00+00:00", "2026-11-30T01:30+00:00"),
        ("Europe/Berlin", "22:00", "07:00", "2026-10-24T21:00+00:00", "2026-10-25T06:00+00:00"),  # the clock is set back
        ("UTC", None, None, "2026-11-29T23:00+00:00", None),
    ],
)  # fmt: skip
def test_quiet_hours(zone: str, start: str | None, end: str | None, now: str, until: str | None) -> None:
    settings = MessageSettings(
        time_zone=zone,
        quiet_from=dt.time.fromisoformat(start) if start else None,
        quiet_until=dt.time.fromisoformat(end) if end else None,
    )
    assert quiet_until(settings, at(now)) == (at(until) if until else None)
    assert quiet_until(None, at(now)) is None


def test_messages_wait_in_quiet_hours_but_for_urgent_ones(
    project: Any, other_project: Any, member: Any, sinks: tuple[Webhook, Mailbox]
) -> None:
    hook, _ = sinks
    now = timezone.now()
    quiet = {
        "quiet_from": (now - dt.timedelta(hours=1)).time(),
        "quiet_until": (now + dt.timedelta(hours=1)).time(),
    }
    change_settings(project=project, changes=quiet)
    for name, urgent, of in (
        ("calm", False, project),
        ("urgent", True, project),
        ("other", False, other_project),
    ):
        create_rule(
            project=of,
            user=None,
            channels=[hook.url(name)],
            name=name,
            trigger="issue_resolved",
            urgent=urgent,
        )
    for of in (project, other_project):
        apply_action(
            action=Action.RESOLVE, issue=create_issue(project=of, title="x", description=""), user=member
        )
    send_due()
    assert sorted(json.loads(body)["rule"]["name"] for _, body in hook.got) == ["other", "urgent"]
    waiting = AlertDelivery.objects.get(state="pending")
    assert (waiting.attempts, waiting.next_attempt_at > now + dt.timedelta(minutes=59)) == (0, True)
    change_settings(project=project, changes={"quiet_from": None, "quiet_until": None})
    send_due()
    assert len(hook.got) == 3


def test_by_the_api(client: Client, admin_key: str, project: Any, issue: Issue, sinks: Any) -> None:
    hook, _ = sinks
    api = Api(client, admin_key)
    made = api.post(
        "/api/alerts/", {"name": "Mondays", "trigger": "digest_weekly", "channels": [hook.url()]}
    ).json()
    assert (made["threshold"], made["urgent"], made["throttle"]) == (8, False, 0)
    path = f"/api/alerts/{made['id']}/"
    assert "Weekly digest" in api.get(f"{path}preview/").json()["title"]
    now = timezone.now()
    api.patch(
        "/api/alerts/settings/",
        {"quiet_from": f"{now - dt.timedelta(hours=1):%H:%M}", "quiet_until": f"{now + dt.timedelta(hours=1):%H:%M}"},
    )  # fmt: skip
    [row] = api.post(f"{path}send/", {}).json()["results"]  # asked for: also in quiet hours
    assert row["state"] == "sent"
    assert json.loads(hook.got[0][1])["trigger"] == "digest_weekly"
    settings = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:00"}
    assert api.patch("/api/alerts/settings/", settings).json() == settings
    assert api.get("/api/alerts/settings/").json() == settings
    for wrong in (
        {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc"}, {"quiet_from": None}, {"quiet_from": "late"},
        {"quiet_from": "07:00"}, {"colour": 1},
    ):  # fmt: skip
        assert api.patch("/api/alerts/settings/", wrong).status_code == 400, wrong
    assert api.get("/api/alerts/settings/").json() == settings
    bad = {"name": "x", "trigger": "digest_daily", "channels": [hook.url()]}
    for wrong in (
        {"threshold": 24},
        {"threshold": 7.5},
        {"throttle": "1h"},
        {"window": 3600},
        {"query": "x"},
    ):
        assert api.post("/api/alerts/", bad | wrong).status_code == 400, wrong
    plain = api.post("/api/alerts/", {**bad, "trigger": "issue_new"}).json()
    assert api.get(f"/api/alerts/{plain['id']}/preview/").status_code == 409
    assert api.post(f"/api/alerts/{plain['id']}/send/", {}).status_code == 409


def test_on_the_pages(client: Client, member: Any, project: Any, issue: Issue, sinks: Any) -> None:
    hook, _ = sinks
    client.force_login(member)
    assert "Each Monday" in html_of(client.get(LIST))
    new = html_of(client.get(f"{LIST}new/?trigger=digest_weekly"))
    assert '<option value="digest_weekly" selected' in new
    rule = digest_rule(
        project, hook.url(), threshold=0
    )  # due from midnight on: it covers yesterday at any hour
    page = html_of(client.get(f"{LIST}{rule.pk}/"))
    assert "What it says now" in page and "Forgets the seat (ACME-1) rose to" in page
    sent = html_of(client.post(f"{LIST}{rule.pk}/send/", follow=True))
    assert "The digest arrived" in sent and len(hook.got) == 1
    saved = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:00"}
    page = html_of(client.post(f"{LIST}quiet/", saved, follow=True))
    assert "Saved." in page and 'value="Europe/Berlin"' in page and 'value="22:00"' in page
    assert "A time zone is a name" in html_of(
        client.post(f"{LIST}quiet/", {**saved, "time_zone": "x"}, follow=True)
    )
    assert "Times are written" in html_of(
        client.post(f"{LIST}quiet/", {**saved, "quiet_from": "x"}, follow=True)
    )
