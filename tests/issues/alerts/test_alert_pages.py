"""Settings › Alerts: an admin makes, changes, tests, switches and deletes an alert; nobody else sees one, and no secret is shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from issues.alerts.rules import change_rule, create_rule, renew_secret
from issues.models import AlertDelivery, AlertRule, Issue, TrackingSettings
from tests.html import html_of
from tests.issues.alerts.sinks import Webhook, webhook_sink

pytestmark = pytest.mark.django_db
LIST = "/p/acme/settings/alerts/"
SLACK = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"


@pytest.fixture
def page(client: Client, member: Any, project: Any) -> Client:
    project.memberships.filter(user=member).update(role="admin")
    client.force_login(member)
    return client


@pytest.fixture
def hook(settings: Any) -> Iterator[Webhook]:
    settings.ALERT_PRIVATE_ADDRESSES = True
    with webhook_sink() as sink:
        yield sink


def fields(**other: str) -> dict[str, str]:
    return {
        "name": "Tools fail", "trigger": "event_count", "query": "tool.errors:>0", "threshold": "20", "window": "30m", "throttle": "1h",
        "channels": SLACK, "enabled": "on", **other,
    }  # fmt: skip


def test_an_issue_leads_to_an_alert_about_it(page: Client, project: Any) -> None:
    Issue.objects.create(project=project, number=2, title='Checks & "more" fail')
    shown = html_of(page.get("/p/acme/issues/2/"))
    link = f"{LIST}new/?trigger=event_count&query=issue%3A2&name=Checks+%26+%22more%22+fail"
    assert link.replace("&", "&amp;") in shown
    form = page.get(link).context["form"]
    assert [form[name].value() for name in ("trigger", "query", "name")] == [
        "event_count", "issue:2", 'Checks & "more" fail',
    ]  # fmt: skip
    project.memberships.update(role="member")
    assert "Alert me" not in html_of(page.get("/p/acme/issues/2/"))


def test_the_pages_say_when_messages_do_not_know_the_servers_address(page: Client, settings: Any) -> None:
    for address in (LIST, f"{LIST}new/"):
        settings.PUBLIC_URL = ""
        assert "RAINDROP_URL=http://testserver<" in html_of(page.get(address))
        settings.PUBLIC_URL = "https://raindrop.example.org"
        assert "RAINDROP_URL" not in html_of(page.get(address))


def test_an_alert_from_nothing_to_nothing(page: Client, hook: Webhook) -> None:
    assert "Nobody is told of anything yet" in html_of(page.get(LIST))
    assert 'href="/p/acme/settings/alerts/"' in html_of(page.get("/p/acme/settings/"))
    answer = page.post(f"{LIST}new/", fields(channels=f"{hook.url()}\n\n{SLACK}"))
    rule = AlertRule.objects.get()
    address = f"{LIST}{rule.pk}/"
    assert answer["Location"] == address
    assert (rule.threshold, rule.window, rule.throttle) == (20, 1800, 3600)
    shown = html_of(page.get(address))
    assert 'value="30m"' in shown
    assert 'value="1h"' in shown
    assert "abcdefghijklmnopqrstuvwx" not in shown
    assert "https://hooks.slack.com/services/****/****/****" in shown
    assert "No message yet" in shown
    # What is masked stays as it is; the rest changes.
    masked = "\n".join([hook.url(), "https://hooks.slack.com/services/****/****/****"])
    assert page.post(address, fields(channels=masked, threshold="5")).status_code == 302
    rule.refresh_from_db()
    assert rule.threshold == 5
    assert [channel.url for channel in rule.channels.all()] == [hook.url(), SLACK]
    assert page.post(address, fields(channels=hook.url())).status_code == 302
    tested = html_of(page.post(f"{address}test/", follow=True))
    assert f"The test arrived: {hook.url()}" in tested
    assert len(hook.got) == 1
    hook.statuses = [500]
    tested = html_of(page.post(f"{address}test/", follow=True))
    assert "The test did not arrive" in tested
    assert "The webhook answered 500" in tested
    assert "1 message failed" in tested
    assert "failed" in html_of(page.get(LIST))
    secret = page.post(f"{address}secret/")
    rule.refresh_from_db()
    assert rule.secret in html_of(secret)
    assert rule.secret not in html_of(page.get(address))
    page.post(f"{address}switch/")
    assert "Switch on" in html_of(page.get(LIST))
    page.post(f"{address}switch/")
    assert "Switch off" in html_of(page.get(LIST))
    page.post(f"{address}delete/")
    assert not AlertRule.objects.exists()
    assert not AlertDelivery.objects.exists()
    assert page.get(address).status_code == 404


def test_two_channels_that_look_alike_stay_two(page: Client) -> None:
    urls = [f"slack://T00000000/B00000000/{letter * 24}" for letter in "ab"]
    page.post(f"{LIST}new/", fields(channels="\n".join(urls)))
    rule = AlertRule.objects.get()
    assert page.post(f"{LIST}{rule.pk}/", fields(channels="slack://****\nslack://****")).status_code == 302
    assert [channel.url for channel in rule.channels.all()] == urls


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"channels": "nonsense"}, "apprise does not know such a URL"),
        ({"channels": "syslog://"}, "reaches only the machine that the server runs on"),
        ({"channels": "  "}, "This field is required"),
        ({"window": "soon"}, "Seconds, or a text such as 30m, 1h, 7d."),
        ({"threshold": ""}, "needs a threshold"),
        ({"query": "nonsense:1"}, "nonsense"),
        ({"trigger": "issue_new", "query": ""}, "takes no threshold"),
        ({"trigger": "unheard_of"}, "Select a valid choice"),
    ],
)
def test_bad_input_says_what_to_do(page: Client, wrong: dict[str, str], text: str) -> None:
    answer = page.post(f"{LIST}new/", fields(**wrong))
    assert answer.status_code == 400
    assert text in html_of(answer)
    assert not AlertRule.objects.exists()


def test_only_admins(client: Client, member: Any, page: Client, project: Any) -> None:
    page.post(f"{LIST}new/", fields())
    rule = AlertRule.objects.get()
    project.memberships.filter(user=member).update(role="member")
    for address in (LIST, f"{LIST}new/", f"{LIST}{rule.pk}/"):
        assert client.get(address).status_code == 403
    for action in ("", "test/", "secret/", "switch/", "delete/"):
        assert client.post(f"{LIST}{rule.pk}/{action}").status_code == 403
    assert AlertRule.objects.exists()
    assert "settings/alerts" not in html_of(client.get("/p/acme/settings/"))


def test_issues_that_open_by_themselves_are_switched_on_and_off(
    page: Client, member: Any, project: Any
) -> None:
    assert "Switch on" in html_of(page.get(LIST))
    assert "Switch off" in html_of(page.post(f"{LIST}opening/", {"on": "1"}, follow=True))
    assert TrackingSettings.objects.get().opens_issues
    project.memberships.filter(user=member).update(role="member")
    assert page.post(f"{LIST}opening/", {"on": ""}).status_code == 403
    project.memberships.filter(user=member).update(role="admin")
    assert "Switch on" in html_of(page.post(f"{LIST}opening/", follow=True))
    assert not TrackingSettings.objects.get().opens_issues


def test_a_change_keeps_what_somebody_else_changed_meanwhile(project: Any, member: Any) -> None:
    rule = create_rule(
        project=project, user=member, name="one", trigger="event_count", threshold=1, channels=[SLACK]
    )
    secret = renew_secret(rule=AlertRule.objects.get(pk=rule.pk))
    change_rule(rule=rule, name="two")
    saved = AlertRule.objects.get(pk=rule.pk)
    assert (saved.name, saved.secret) == ("two", secret)
