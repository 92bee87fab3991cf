"""The admin of what comes in."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ingest.admin import EventAdmin
from ingest.models import ApiKey, Event, Job, Membership, ProcessingFailure, QueuedEvent, User
from ingest.projects.keys import find_key
from raindrop.api import pagination


@pytest.fixture
def admin(project: Any, client: Client) -> Client:
    User.objects.create_superuser("root", password="correct horse battery")
    client.force_login(User.objects.get(username="root"))
    return client


def test_every_list_and_page_opens(
    admin: Client, project: Any, make_event: Any, member: Any, write_key: str
) -> None:
    event = make_event(event_id="<b>evil</b>", input="hi")
    failure = ProcessingFailure.objects.create(project=project, event=event, attempts=4, reason="<i>boom</i>")
    job = Job.objects.create(project=project, kind="rescore")
    for name, row in [
        ("user", member.pk),
        ("project", project.pk),
        ("apikey", ApiKey.objects.get().pk),
        ("event", event.pk),
        ("processingfailure", failure.pk),
        ("queuedevent", QueuedEvent.objects.get().pk),
        ("job", job.pk),
    ]:
        listing = admin.get(reverse(f"admin:ingest_{name}_changelist"))
        assert listing.status_code == 200, name
        assert b"<b>evil" not in listing.content and b"<i>boom" not in listing.content
        assert admin.get(reverse(f"admin:ingest_{name}_change", args=[row])).status_code == 200, name
    assert b"&lt;i&gt;boom" in admin.get(reverse("admin:ingest_processingfailure_changelist")).content


def test_a_list_says_where_its_count_ends(
    admin: Client, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "ADMIN_PAGES", 1)
    monkeypatch.setattr(EventAdmin, "list_per_page", 2)
    for number in range(2):
        make_event(event_id=f"e{number}")
    listing = reverse("admin:ingest_event_changelist")
    assert "2 events" in " ".join(admin.get(listing).content.decode().split())
    make_event(event_id="one more")
    assert "2+ events" in " ".join(admin.get(listing).content.decode().split())


def test_the_admin_has_an_icon(admin: Client) -> None:
    answer = admin.get("/favicon.ico")
    assert (
        answer.status_code in {301, 302}
        and "icon" in answer["Location"]
        and answer["Location"].endswith(".svg")
    )


def test_a_project_is_made_with_its_members(admin: Client, member: Any) -> None:
    answer = admin.post(
        reverse("admin:ingest_project_add"),
        {
            "slug": "fresh",
            "name": "Fresh",
            "memberships-TOTAL_FORMS": 1,
            "memberships-INITIAL_FORMS": 0,
            "memberships-0-user": member.pk,
            "memberships-0-role": "viewer",
        },
    )
    assert answer.status_code == 302
    assert Membership.objects.get(project__slug="fresh").user == member


def test_a_new_key_is_shown_once_and_travels_in_no_cookie(admin: Client, project: Any) -> None:
    answer = admin.post(
        reverse("admin:ingest_apikey_add"), {"project": project.pk, "kind": "write", "name": "<i>ci</i>"}
    )
    key = ApiKey.objects.get()
    [secret] = re.findall(r"rd_write_\w{32}", answer.content.decode())
    assert find_key(secret) == key and key.created_by and key.created_by.username == "root"
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert not any(secret in cookie.value for cookie in admin.cookies.values())
    for page in ("change", "changelist"):
        arguments = [key.pk] if page == "change" else []
        shown = admin.get(reverse(f"admin:ingest_apikey_{page}", args=arguments)).content.decode()
        assert secret not in shown and key.prefix in shown


def test_keys_are_revoked(admin: Client, write_key: str) -> None:
    assert find_key(write_key)
    key = ApiKey.objects.get()
    admin.post(reverse("admin:ingest_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at and find_key(write_key) is None


def test_events_are_found_by_their_whole_id(admin: Client, make_event: Any) -> None:
    make_event(event_id="findme")
    make_event(event_id="another")
    listing = admin.get(reverse("admin:ingest_event_changelist"), {"q": "findme"}).content.decode()
    assert "findme</a>" in listing and "another</a>" not in listing
    assert (
        "findme</a>"
        not in admin.get(reverse("admin:ingest_event_changelist"), {"q": "find"}).content.decode()
    )


def test_nothing_the_pipeline_writes_can_be_changed(admin: Client, make_event: Any) -> None:
    event = make_event(event_id="e")
    assert (
        admin.post(reverse("admin:ingest_event_change", args=[event.pk]), {"input": "x"}).status_code == 403
    )
    assert (
        admin.post(reverse("admin:ingest_event_delete", args=[event.pk]), {"post": "yes"}).status_code == 403
    )


def test_what_was_given_up_is_retried(admin: Client, project: Any, make_event: Any) -> None:
    event = make_event(event_id="e")
    QueuedEvent.objects.all().delete()
    failure = ProcessingFailure.objects.create(project=project, event=event, attempts=4, reason="boom")
    admin.post(
        reverse("admin:ingest_processingfailure_changelist"),
        {"action": "retry", "_selected_action": [failure.pk]},
    )
    assert not ProcessingFailure.objects.exists()
    queued = QueuedEvent.objects.get()
    assert (queued.event_id, queued.project_id, queued.attempts) == (event.id, project.id, 0)


def test_the_list_of_failures_costs_the_same_for_one_and_for_many(
    admin: Client, project: Any, make_event: Any
) -> None:
    def fail(number: int) -> None:
        for _ in range(number):
            ProcessingFailure.objects.create(project=project, event=make_event(), attempts=4, reason="boom")

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as context:
            listing = admin.get(reverse("admin:ingest_processingfailure_changelist"))
        assert listing.content.count(b"evt-") >= ProcessingFailure.objects.count() - 1
        return [query["sql"] for query in context]

    fail(2)
    Event.objects.first().delete()
    few = queries()
    fail(8)
    many = queries()
    assert len(few) == len(many)
    assert not [sql for sql in many if "COUNT(*)" in sql and "processingfailure" in sql]


def test_the_team_without_the_server_stays_out(client: Client, member: Any) -> None:
    client.force_login(member)
    assert client.get(reverse("admin:ingest_event_changelist")).status_code == 302
