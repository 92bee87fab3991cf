"""The question on an issue's page, its proposal, going back to a version, and the mark on the chart."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from issues.actions import create_issue
from issues.models import Issue
from labeling.labels.labels import record_label
from labeling.models import ClarifyingQuestion
from labeling.refinement.raising import raise_question
from signals.vectors.embedding import embed
from tests.html import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def question(project: Any, member: Any, make_event: Any) -> ClarifyingQuestion:
    texts = {
        "hotel": "Book a hotel in <Rome>",
        "flight": "Book a flight to Rome",
        "bread": "Why is my dough flat?",
    }
    events = {name: make_event(event_id=name, input=text, output="Done.") for name, text in texts.items()}
    embed(list(events.values()))
    issue = create_issue(project=project, title="Travel", description="Trips.", user=member)
    record_label(subject=issue, event=events["flight"], answer="match", user=member)
    record_label(subject=issue, event=events["hotel"], answer="match", user=member)
    record_label(subject=issue, event=events["hotel"], answer="not_match", user=None)
    raised = raise_question(issue)
    assert raised is not None
    return raised


def at(name: str, issue: Issue, *more: object) -> str:
    return reverse(name, args=[issue.project.slug, issue.number, *more])


def test_it_is_answered_and_accepted_on_the_page(
    question: ClarifyingQuestion, member: Any, client: Client
) -> None:
    client.force_login(member)
    issue = question.issue
    where = at("issue-question-answer", issue, question.pk)

    def shown() -> str:
        return html_of(client.get(at("issue-question", issue)))

    page = html_of(client.get(at("issue", issue)))
    assert f'hx-get="{at("issue-question", issue)}"' in page and "style=" not in shown()
    assert "Book a hotel in &lt;Rome&gt;" in shown() and "<Rome>" not in shown()
    for answer in ("include", "exclude", "depends", "dismiss"):
        assert f'name="answer" value="{answer}"' in shown()
    assert "accept" not in shown().casefold()
    follow = client.post(where, {"answer": "depends"}, follow=True)
    assert "Say on what it depends." in html_of(follow)
    client.post(where, {"answer": "include", "text": "Hotels too."})
    proposal = shown()
    assert "+- Hotels too." in proposal and 'value="accept"' in proposal and "asked about again" in proposal
    done = html_of(client.post(where, {"answer": "accept"}, follow=True))
    assert (
        "This is version 2 of the definition. 0 events to answer again are first in the review queue." in done
    )
    assert shown().strip() == ""
    chart = re.search(r'data-values="([^"]+)"', done)
    assert chart is not None
    [mark] = json.loads(html.unescape(chart[1]))["marks"]
    assert (mark["text"], mark["at"]) == ("definition changed", 13)  # today, of 14 days
    assert "Go back to version 1" in done
    back = html_of(client.post(at("issue-definition-revert", issue), {"version": "1"}, follow=True))
    assert "Version 3 of the definition has the text of version 1." in back
    issue.refresh_from_db()
    assert issue.description == "Trips."


def test_what_cannot_be(question: ClarifyingQuestion, member: Any, viewer: Any, client: Client) -> None:
    client.force_login(member)
    issue = question.issue
    where = at("issue-question-answer", issue, question.pk)
    for body in ({}, {"answer": "maybe"}, {"answer": "include", "text": "x" * 1001}):
        assert client.post(where, body).status_code == 400, body
    assert client.post(at("issue-definition-revert", issue), {"version": "x"}).status_code == 400
    assert "has no version 7" in html_of(client.post(at("issue-definition-revert", issue), {"version": "7"}, follow=True))  # fmt: skip
    assert "answer the question first" in html_of(client.post(where, {"answer": "accept"}, follow=True))
    assert client.post(at("issue-question-answer", issue, issue.pk), {"answer": "include"}).status_code == 404
    client.force_login(viewer)
    assert client.post(where, {"answer": "include"}).status_code == 403
    seen = html_of(client.get(at("issue-question", issue)))
    assert "Book a hotel" in seen and "<button" not in seen
    question.refresh_from_db()
    assert question.state == "open"
    client.force_login(member)
    client.post(where, {"answer": "dismiss"})
    assert html_of(client.get(at("issue-question", issue))).strip() == ""
