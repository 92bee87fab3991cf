"""A person's own e-mail: chosen by that person, of what others do, by the server's mail server, and as long as the person may see the project."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from ingest.models import Membership
from issues.actions import add_note, assign_issue, create_issue
from issues.alerts.personal import choose
from issues.alerts.sending import send_due
from issues.models import AlertDelivery, AlertRule
from issues.states.doors import apply_action, escalate_issue
from issues.states.transitions import Action
from tests.html import html_of
from tests.issues.alerts.sinks import Mailbox, smtp_sink
from tests.issues.people import Api

pytestmark = pytest.mark.django_db
PAGE = "/p/acme/settings/mail/"


@pytest.fixture
def box(settings: Any, viewer: Any) -> Iterator[Mailbox]:
    """The server's mail server is on this machine: the operator named it, and no private address is allowed otherwise."""
    assert settings.ALERT_PRIVATE_ADDRESSES is False
    viewer.email = "bob@example.org"
    viewer.save()
    with smtp_sink() as sink:
        settings.MAIL_URL = f"mailto://127.0.0.1:{sink.port}?from=raindrop@example.org"
        yield sink


def test_each_gets_what_was_chosen_and_nothing_of_the_own_doing(
    project: Any, member: Any, viewer: Any, box: Mailbox
) -> None:
    kinds = ["issue_new", "issue_escalates", "note_mentions", "issue_assigned"]
    choose(project=project, user=viewer, triggers=kinds)
    issue = create_issue(project=project, title="Loops on a tool", description="", user=member)
    create_issue(project=project, title="Bob's own", description="", user=viewer)
    escalate_issue(issue=issue, reason={"why": "40 events. The limit is 12."})
    apply_action(action=Action.RESOLVE, issue=issue, user=member)  # not chosen
    add_note(issue=issue, text="@bob what do you think?", user=member)
    add_note(issue=issue, text="@bob note to myself", user=viewer)
    assign_issue(issue=issue, assignee=viewer, user=member)
    send_due()
    assert [(mail["To"], mail["Subject"]) for mail in box.got] == [
        ("bob@example.org", "[Acme] ACME-1: Loops on a tool")
    ] * 4
    texts = " ".join(mail.get_content() for mail in box.got)
    for words in (
        "It is a new issue.",
        "40 events. The limit is 12.",
        "alice wrote: @bob what",
        "given to you by alice.",
    ):
        assert words in texts
    assert set(AlertDelivery.objects.values_list("channel_name", "state")) == {("e-mail to bob", "sent")}
    # Who leaves the project gets nothing more.
    Membership.objects.filter(user=viewer).delete()
    create_issue(project=project, title="Another", description="", user=member)
    assert AlertDelivery.objects.count() == 4


def test_it_waits_for_an_address_and_a_server(
    project: Any, member: Any, viewer: Any, box: Mailbox, settings: Any
) -> None:
    choose(project=project, user=viewer, triggers=["issue_new"])
    create_issue(project=project, title="x", description="", user=member)
    settings.MAIL_URL, url = "", settings.MAIL_URL
    send_due()
    row = AlertDelivery.objects.get()
    assert (row.state, row.error.split(":")[0]) == ("pending", "This server sends no e-mail")
    settings.MAIL_URL = url
    AlertDelivery.objects.update(next_attempt_at=row.created_at)
    send_due()
    assert len(box.got) == 1


def test_the_page_and_that_it_is_nobody_elses(
    client: Client, project: Any, member: Any, viewer: Any, admin_key: str, box: Mailbox
) -> None:
    client.force_login(viewer)
    assert f'href="{PAGE}"' in html_of(client.get("/p/acme/settings/"))
    chosen = {"email": "bob@example.com", "each": ["note_mentions", "issue_new"], "digest": "digest_weekly"}
    page = html_of(client.post(PAGE, chosen, follow=True))
    assert "Saved." in page and 'value="bob@example.com"' in page
    assert page.count("checked") == 2
    kept = AlertRule.objects.get(trigger="issue_new")
    client.post(PAGE, {"email": "bob@example.com", "each": ["issue_new"], "digest": ""})
    assert list(AlertRule.objects.all()) == [kept]
    for wrong in (
        {"email": "", "each": ["issue_new"]},
        {"email": "nonsense"},
        {"email": "b@c.de", "each": ["event_count"]},
    ):
        assert client.post(PAGE, wrong).status_code == 400
    assert list(AlertRule.objects.all()) == [kept]
    # The team's rules do not hold it, and no team's rule is of a personal kind.
    client.force_login(member)
    assert "E-mail of bob" not in html_of(client.get("/p/acme/settings/alerts/"))
    assert "checked" not in html_of(client.get(PAGE))
    assert client.get(f"/p/acme/settings/alerts/{kept.pk}/").status_code == 404
    api = Api(client, admin_key)
    assert api.get("/api/alerts/").json()["results"] == []
    assert api.get(f"/api/alerts/{kept.pk}/").status_code == 404
    body = {"name": "x", "trigger": "note_mentions", "channels": ["json://a.example/x"]}
    assert api.post("/api/alerts/", body).status_code == 400
    assert (
        api.post("/api/alerts/", {**body, "trigger": "issue_new", "channels": ["person:"]}).status_code == 400
    )
    with pytest.raises(ValueError, match="no trigger"):
        choose(project=project, user=viewer, triggers=["nonsense"])


def test_what_waits_is_not_sent_to_who_has_left(project: Any, member: Any, viewer: Any, box: Mailbox) -> None:
    choose(project=project, user=viewer, triggers=["issue_new"])
    create_issue(project=project, title="Loops on a tool", description="", user=member)
    Membership.objects.filter(user=viewer).delete()
    send_due()
    assert box.got == []
    (row,) = AlertDelivery.objects.all()
    assert row.state == "failed" and "may not see" in row.error
