"""The page of tools, and a tool's own."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import Event, Span
from issues.models import Issue
from signals.models import Cluster, ClusterMember, SignalMatch
from tests.html import html_of
from tests.signals.tools.test_tools import FAILURES, START, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def lately(project: Any) -> None:
    """Calls of the last hours, failing since release r2."""
    send(project, *FAILURES, *[{"output": '{"ok": true}'}] * 5, {"name": "export", "output": "done"})
    moved = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3) - START
    for row in [*Event.objects.all(), *Span.objects.all()]:
        if isinstance(row, Span):
            row.started_at, row.ended_at = row.started_at + moved, row.ended_at + moved
        else:
            row.timestamp += moved
            row.properties = {"release": "r2" if int(row.event_id[1:]) < 5 else "r1"}
        row.save()


def test_tools_are_listed_and_one_click_from_the_navigation(page: Client, project: Any, lately: None) -> None:
    address = reverse("tools", args=[project.slug])
    assert address in html_of(page.get(reverse("overview", args=[project.slug])))
    text = html_of(page.get(address))
    assert text.index("bank_sync") < text.index("export")
    assert "50" in text
    assert "200 ms" in text
    assert reverse("tool", args=[project.slug, "bank_sync"]) in text


def test_a_tools_page(page: Client, project: Any, lately: None) -> None:
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    assert "connection refused by bank …" in text
    assert "1 of 1" in text  # failing conversations
    assert reverse("event", args=[project.slug, "e4"]) in text
    assert "Tool failure" in text
    assert "5 of 5" in text  # release r2
    assert "0 of 5" in text  # release r1
    assert reverse("tool-issues", args=[project.slug, "bank_sync"]) in text


def test_the_events_behind_the_number(page: Client, project: Any, lately: None) -> None:
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    query = "tool.failed:bank_sync OR (tool:bank_sync signal:tool_failure)"
    found = html_of(page.get(reverse("events", args=[project.slug]), {"q": query, "range": "all"}))
    assert "5 match the filters" in found
    assert "tool.failed%3Abank_sync" in text


def test_issues_where_it_fails(page: Client, project: Any, lately: None) -> None:
    address = reverse("issue-new", args=[project.slug]) + "?query=tool.failed:bank_sync"
    page.post(address, {"title": "The bank is away", "description": "", "how": "follow"})
    text = html_of(page.get(reverse("tool-issues", args=[project.slug, "bank_sync"])))
    assert "The bank is away" in text
    assert "The bank is away" not in html_of(page.get(reverse("tool-issues", args=[project.slug, "export"])))


def test_an_issue_of_a_tool_repeats_what_the_tools_page_names(
    page: Client, project: Any, lately: None
) -> None:
    """Its first words, and a panel: the messages, and since which release it fails more."""
    Event.objects.filter(properties__release="r2").update(timestamp=dt.datetime.now(dt.UTC))
    Span.objects.filter(event__properties__release="r2").update(
        started_at=dt.datetime.now(dt.UTC), ended_at=dt.datetime.now(dt.UTC)
    )
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    assert "It fails more since r2: 0.0% before, 100% now" in text
    address = next(
        part.split('"')[0] for part in text.split('href="') if part.startswith(reverse("issue-new", args=[project.slug]))
    ).replace("&amp;", "&")  # fmt: skip
    form = page.get(address).context["form"].initial
    assert form["title"] == "bank_sync fails: connection refused by bank …"
    assert "It fails more since r2: 0.0% of its calls before, 100.0% since." in form["description"]
    made = page.post(address, {**form, "how": "follow"}, follow=True)
    issue = Issue.objects.get()
    panel = reverse("issue-tools", args=[project.slug, issue.number])
    assert panel in html_of(made)
    shown = html_of(page.get(panel))
    for words in (
        "Tools that fail in it",
        "bank_sync",
        "connection refused by bank …",
        "It fails more since r2",
    ):
        assert words in shown
    assert reverse("tool", args=[project.slug, "bank_sync"]) in shown and "export" not in shown
    # Of another project's issue there is nothing, and a tool that does not fail gives no words.
    assert page.get(reverse("issue-tools", args=[project.slug, 99])).status_code == 404
    other = page.get(
        reverse("issue-new", args=[project.slug]), {"query": "tool.failed:export", "tool": "export\x00"}
    )
    assert other.context["form"].initial["title"] == "tool.failed:export"


def test_too_few_calls_are_said_to_be_too_few(page: Client, project: Any, lately: None) -> None:
    """Two calls of five each, of which one failed in one release."""
    Span.objects.filter(status="error").exclude(event__event_id="e0").update(status="ok", error="")
    SignalMatch.objects.all().delete()
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    assert "Too few calls to tell whether it changed since" in text and "more than chance" not in text
    assert "too few calls" in html_of(page.get(reverse("tools", args=[project.slug])))


def test_what_else_a_tools_pages_say(page: Client, project: Any, lately: None) -> None:
    send(
        project,
        {"name": "bank_sync_all", "status": "error", "error": "Unknown tool: bank_sync_all"},
        talk="d",
    )
    send(
        project, {"name": "export", "status": "error", "error": "missing required parameter: year"}, talk="e"
    )
    Span.objects.filter(name__in=["bank_sync_all", "export"]).update(started_at=dt.datetime.now(dt.UTC))
    intent = Cluster.objects.create(project=project, kind="intent", label="Bring the bank in", level=1)
    event = Event.objects.get(event_id="e4")
    ClusterMember.objects.create(
        project=project, cluster=intent, event=event, timestamp=event.timestamp, score=1.0, source="facet"
    )
    listed = page.get(reverse("tools", args=[project.slug]))
    text = html_of(listed)
    row = next(row for row in listed.context["rows"] if row.tool.name == "bank_sync")
    assert (listed.context["release"], row.change.difference, row.change.tone) == ("r1", -1.0, "better")
    assert "since r1" in text and "−100 pts" in text
    assert "does not exist; it is like" in text and "missing required parameter: year" in text
    assert "q=tool.failed%3Abank_sync+OR" in text  # from its row to the events in which it failed
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    assert "It fails less since r1: 100% before, 0.0% now" in text
    assert "Failure streaks" in text and "until" in text and "nothing worked since" not in text
    assert "Bring the bank in" in text and f"intent%3A{intent.pk}" in text
    assert "bank_sync_all" in text and "Please." in text  # the first words of a failing conversation
    assert "fails still" not in text
    text = html_of(page.get(reverse("tool", args=[project.slug, "export"])))
    assert "Arguments that it refuses" in text and "Failure streaks" not in text


def test_nothing_and_nowhere(page: Client, project: Any) -> None:
    assert "No tool call has arrived yet" in html_of(page.get(reverse("tools", args=[project.slug])))
    assert page.get(reverse("tool", args=[project.slug, "nothing"])).status_code == 404
    send(project, {"name": "old tool", "output": "done"})
    Span.objects.update(started_at=START - dt.timedelta(days=400), ended_at=START - dt.timedelta(days=400))
    assert "No tool was called in this time" in html_of(page.get(reverse("tools", args=[project.slug])))
    old = page.get(reverse("tool", args=[project.slug, "old tool"]))
    assert "It was not called in this time" in html_of(old)


def test_a_page_takes_as_many_queries_for_many_tools(
    page: Client, project: Any, lately: None, django_assert_max_num_queries: Any
) -> None:
    send(project, *[{"name": f"tool {i}", "status": "error", "error": "no"} for i in range(30)])
    with django_assert_max_num_queries(14):
        page.get(reverse("tools", args=[project.slug]), {"period": "90d"})


def test_calls_without_times_are_not_said_to_take_none(page: Client, project: Any) -> None:
    now = dt.datetime.now(dt.UTC)
    send(project, {"output": "done"})
    for span in Span.objects.all():
        span.started_at = span.ended_at = now
        span.save()
    assert "0 ms" not in html_of(page.get(reverse("tools", args=[project.slug])))
    text = html_of(page.get(reverse("tool", args=[project.slug, "bank_sync"])))
    assert "0 ms" not in text
    assert "The app sends no times" in text
