"""What pages show of the reader: on a conversation, and in the LLM's settings."""

from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingSpan
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from signals.models import LlmSettings, Reading
from signals.reader.shipped import import_facets
from signals.reader.working import work
from tests.html import html_of
from tests.signals.anthropic_stub import Stub
from tests.signals.reader.reader_world import MakeEvent, note_all, read_all, service, states
from tests.signals.reader.test_facets import FINE, ROW, lines, talks

__all__ = ["service", "talks"]


@pytest.fixture
def page(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


def test_a_conversation_shows_what_was_said_of_it(page: Client, project: Project, talks: list[Event]) -> None:
    assert "Read by the LLM" not in html_of(page.get("/p/acme/conversations/c1/"))
    import_facets(project=project, lines=lines(ROW, FINE))
    shown = html_of(page.get("/p/acme/conversations/c1/"))
    assert "Refuses a refund without giving a reason" in shown and "shipped with the data" in shown
    assert '<mark class="evidence">cannot do that</mark>' in shown and f"#event-{talks[0].id}" in shown
    assert "nothing" in html_of(page.get("/p/acme/conversations/c2/"))
    import_facets(project=project, lines=lines(ROW | {"quote": "never said"}))
    assert "Without a quote" in html_of(page.get("/p/acme/conversations/c1/"))


def test_a_tools_quote_is_marked_at_its_step(page: Client, project: Project, make_event: MakeEvent) -> None:
    make_event(convo_id="c1", input="Book", output="Done", spans=[IncomingSpan(name="book", kind="tool", output="seat <17> is taken")])  # fmt: skip
    import_facets(project=project, lines=lines(ROW | {"quote": "<17> is taken", "where": "tool"}))
    assert '<mark class="evidence">&lt;17&gt; is taken</mark>' in html_of(
        page.get("/p/acme/conversations/c1/")
    )


def test_the_settings_say_what_a_key_would_add(page: Client, project: Project) -> None:
    shown = html_of(page.get("/p/acme/settings/llm/"))
    assert "Nothing is read: there is no key. With one, an LLM says" in shown and "Read the past" not in shown


def test_the_settings_say_that_a_budget_of_zero_switches_it_off(
    page: Client, project: Project, service: Stub, make_event: MakeEvent
) -> None:
    make_event(convo_id="c1", input="Hi", output="Hello")
    LlmSettings.objects.create(project=project, daily_dollars=0)
    shown = html_of(page.get("/p/acme/settings/llm/"))
    assert (
        "The reader is off: the day&#x27;s budget is 0." in shown
        or "The reader is off: the day's budget is 0." in shown
    )
    assert "Read the past" not in shown
    page.post("/p/acme/settings/llm/read/")
    assert not Reading.objects.exists()


def test_the_past_is_read_when_somebody_says_so(
    page: Client, project: Project, service: Stub, make_event: MakeEvent
) -> None:
    for n in range(3):
        make_event(convo_id=f"c{n}", input="Hi", output="Hello")
    shown = html_of(page.get("/p/acme/settings/llm/"))
    assert "3 of the last 28 days were not read" in shown and "at most" in shown and "Read the past" in shown
    assert not Reading.objects.exists() and service.requests == []
    assert page.post("/p/acme/settings/llm/read/").status_code == 302
    job = Job.objects.get(kind="reader_past")
    run_job(job.pk)
    assert states() == ["batched"] * 3 and service.requests == []
    shown = html_of(page.get("/p/acme/settings/llm/"))
    assert "Reading the past: With the service." in shown and "Stop" in shown and "Read the past" not in shown
    work(str(project.id))
    shown = html_of(page.get("/p/acme/settings/llm/"))
    assert "Read the past" not in shown and "It has read" in shown and "3 conversations read." in shown


def test_reading_the_past_is_stopped(
    page: Client, project: Project, service: Stub, make_event: MakeEvent, client: Client, viewer: User
) -> None:
    make_event(convo_id="c1", input="Hi", output="Hello")
    page.post("/p/acme/settings/llm/read/")
    assert page.post("/p/acme/settings/llm/read/stop/").status_code == 302
    assert Job.objects.get(kind="reader_past").state == "stopped"
    client.force_login(viewer)
    assert client.post("/p/acme/settings/llm/read/stop/").status_code == 403
    assert "Read the past" not in html_of(client.get("/p/acme/settings/llm/"))


def test_shares_are_a_setting(page: Client, project: Project, client: Client, viewer: User) -> None:
    body: dict[str, Any] = {"daily_calls": "10", "daily_dollars": "1"}
    assert page.post("/p/acme/settings/llm/", body | {"random_percent": "20"}).status_code == 302
    assert LlmSettings.objects.get().random_share == 0.2
    assert page.post("/p/acme/settings/llm/", body | {"random_percent": "101"}).status_code == 400
    assert page.post("/p/acme/settings/llm/", body).status_code == 302
    assert LlmSettings.objects.get().random_share == 0.2, "not said: it stays"
    client.force_login(viewer)
    assert client.post("/p/acme/settings/llm/read/").status_code == 403


def test_a_raised_budget_wakes_what_was_left(
    page: Client, project: Project, service: Stub, make_event: MakeEvent
) -> None:
    make_event(convo_id="c1", input="Hi", output="Hello")
    note_all()
    LlmSettings.objects.update_or_create(project=project, defaults={"daily_calls": 0})
    read_all(project)
    assert states() == ["left"]
    page.post("/p/acme/settings/llm/", {"daily_calls": "10", "daily_dollars": "1", "random_percent": "50"})
    assert states() == ["waiting"]
