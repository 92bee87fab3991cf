"""The first look: with a key, opening a new search's queue has the teacher read the likeliest events, and what it finds comes first."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.jobs.runner import run_job
from ingest.models import Job
from issues.actions import create_issue
from issues.models import Issue
from labeling.models import FIRST_LOOK, Label, Lesson
from labeling.queue.of_issues import next_cards
from labeling.teacher.first_look import CALLS, begin_look
from signals.llm.budget import meter
from signals.models import LlmSettings
from tests.html import html_of
from tests.issues.people import two_topics
from tests.labeling.teacher.test_teacher import knows_flights
from tests.signals.anthropic_stub import Stub, running_stub

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Any) -> Iterator[Stub]:
    with running_stub() as stub:
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.LLM_TIMEOUT = "sk", stub.url, 5.0
        stub.answer = knows_flights
        yield stub


@pytest.fixture
def issue(project: Any) -> Issue:
    return create_issue(project=project, title="Something odd", description="")


def queue_of(client: Client, user: Any, issue: Issue) -> Any:
    client.force_login(user)
    page = client.get(reverse("issue-review", args=[issue.project.slug, issue.number]))
    assert page.status_code == 200
    return page


def test_it_reads_in_the_background_and_its_matches_come_first(
    client: Client, member: Any, project: Any, other_project: Any, issue: Issue, service: Stub
) -> None:
    two_topics(project, 6, 12)
    two_topics(other_project, 2, 0)
    page = queue_of(client, member, issue)
    assert service.requests == [], "nobody waits for the service"
    job = Job.objects.get(kind=FIRST_LOOK)
    assert (job.subject, job.created_by) == (issue.pk, member)
    assert f"{job.done} of {CALLS}" in html_of(page)
    assert "No classifier yet" in html_of(page), "what is known of the classifier stays in view"
    queue_of(client, member, issue)
    assert Job.objects.filter(kind=FIRST_LOOK).count() == 1, "one look"
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done" and "6 matches found" in job.message
    assert "No event is left" in job.message and len(service.requests) == 18
    assert {lesson.project_id for lesson in Lesson.objects.all()} == {project.pk}
    assert all(lesson.quote for lesson in Lesson.objects.filter(match=True))
    first = next_cards(issue=issue, limit=3, user=member)
    assert all(card.event.event_id.startswith("flight") for card in first)
    page = queue_of(client, member, issue)
    assert "6 matches found" in html_of(page)
    assert Job.objects.filter(kind=FIRST_LOOK).count() == 1
    assert not Label.objects.of_people().exists()


def test_the_days_budget_ends_it_and_the_page_says_so(
    client: Client, member: Any, project: Any, issue: Issue, service: Stub
) -> None:
    two_topics(project, 4, 4)
    LlmSettings.objects.create(project=project, daily_calls=3)
    queue_of(client, member, issue)
    run_job(Job.objects.get(kind=FIRST_LOOK).pk)
    assert meter(project.pk).calls == 3 == len(service.requests)
    assert "LLM budget of the project is spent" in html_of(queue_of(client, member, issue))


def test_a_budget_of_nothing_begins_none(
    client: Client, member: Any, project: Any, issue: Issue, service: Stub
) -> None:
    LlmSettings.objects.create(project=project, daily_calls=0)
    assert "LLM budget is 0" in html_of(queue_of(client, member, issue))
    assert not Job.objects.filter(kind=FIRST_LOOK).exists()


def test_without_a_key_nothing_is_said(client: Client, member: Any, issue: Issue, settings: Any) -> None:
    settings.ANTHROPIC_API_KEY = ""
    assert 'id="look"' not in html_of(queue_of(client, member, issue))
    assert begin_look(issue, user=member) is None and not Job.objects.exists()


def test_a_viewer_begins_none_and_neither_does_what_follows_something(
    client: Client, viewer: Any, member: Any, project: Any, issue: Issue, service: Stub
) -> None:
    queue_of(client, viewer, issue)
    assert not Job.objects.filter(kind=FIRST_LOOK).exists()
    Issue.objects.update(follows="query", query="model:x")
    issue.refresh_from_db()
    assert 'id="look"' not in html_of(queue_of(client, member, issue))
    assert not Job.objects.filter(kind=FIRST_LOOK).exists()
