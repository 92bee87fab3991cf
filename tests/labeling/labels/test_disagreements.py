"""What a tie means: no answer counts, the classifier's verdict stands, the pages say so, and the inbox lists it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.counts.rollups import totals
from ingest.jobs.runner import run_job
from ingest.models import Event, Membership, Project, User
from issues.actions import create_issue
from issues.classifier.rescoring import request_rescore
from issues.inbox.items import Item, read_inbox, review
from issues.models import Issue, IssueMatch
from issues.states.doors import apply_action
from issues.states.transitions import Action
from labeling.labels.labels import record_label, standing_rows, take_back_label
from labeling.labels.people import disputed_events
from labeling.teaching import retrain
from tests.html import html_of
from tests.labeling.refunds import refunds_and_hats


@pytest.fixture
def second(project: Project, member: User) -> User:
    user: User = User.objects.create_user("second")
    Membership.objects.create(user=user, project=project, role="member")
    return user


@pytest.fixture
def issue(project: Project, member: User) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    return refunds_and_hats(make_event, 12)


def say(issue: Issue, user: User | None, event: Event, answer: str) -> None:
    record_label(subject=issue, event=event, answer=answer, user=user)


def held(issue: Issue) -> set[Any]:
    """The events that match; what is counted is asserted to be the same."""
    found = set(IssueMatch.objects.filter(issue=issue).values_list("event_id", flat=True))
    assert totals([issue.pk])[issue.pk].events == len(found)
    return found


def disagreements(project: Project) -> list[Item]:
    return [item for item in read_inbox(project) if item.kind == "disagreement"]


def test_after_a_tie_the_verdict_of_the_classifier_stands(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    refunds, hats = events[:12], events[12:]
    for refund, hat in zip(refunds[:5], hats[:5], strict=True):
        say(issue, member, refund, "match")
        say(issue, member, hat, "not_match")
    retrain(issue)
    run_job(request_rescore(issue).pk)
    alone = held(issue)
    refund, hat = refunds[9], hats[9]
    assert refund.pk in alone and hat.pk not in alone
    say(issue, member, refund, "not_match")
    say(issue, member, hat, "match")
    assert held(issue) == alone - {refund.pk} | {hat.pk}, "one answer decides"
    say(issue, second, refund, "match")
    say(issue, second, hat, "not_match")
    assert held(issue) == alone, "a tie decides nothing"
    assert disputed_events(standing_rows(issue)) == {refund.pk, hat.pk}
    run_job(request_rescore(issue).pk)
    assert held(issue) == alone
    page = html_of(_client(member).get(reverse("issue-matches", args=[issue.project.slug, issue.number])))
    assert page.count("in dispute") == 1, "the refund is a match still; the hat is none"


def test_the_inbox_lists_an_issue_on_which_people_disagree(
    project: Project, other_project: Project, issue: Issue, events: list[Event], member: User, second: User
) -> None:
    for event in events[:3]:
        say(issue, member, event, "match")
    say(issue, second, events[0], "match")
    say(issue, None, events[2], "not_match")  # a program is nobody who disagrees
    assert disagreements(project) == []
    say(issue, second, events[1], "not_match")
    say(issue, second, events[2], "unsure")
    [item] = disagreements(project)
    assert (item.name, item.reason, item.title, item.subject) == (
        f"disagreement:{issue.number}", "disagreement", issue.title, issue.pk,
    )  # fmt: skip
    assert item.why.startswith("People answered 2 events differently, and nobody has decided.")
    assert "Until then the classifier does." in item.why
    listed = _client(member).get(item.path)
    assert {row.event_id for row in listed.context["rows"]} == {events[1].pk, events[2].pk}
    assert html_of(listed).count("in dispute") == 5, "the program's answer stands beside those of people"
    assert "Disagreement" in html_of(_client(member).get(reverse("inbox", args=[project.slug])))
    assert disagreements(other_project) == []
    assert review(project=other_project, names=[item.name], user=None) == (0, None)

    assert review(project=project, names=[item.name, "disagreement:x"], user=member) == (1, None)
    assert disagreements(project) == [] and review(project=project, names=[item.name], user=member) == (
        0,
        None,
    )
    say(issue, second, events[0], "not_match")  # one more
    [again] = disagreements(project)
    assert again.why.startswith("People answered 3 events differently")
    for event in events[:3]:
        take_back_label(subject=issue, event_id=event.pk, author=f"user:{second.pk}")
    assert disagreements(project) == []
    say(issue, second, events[0], "not_match")
    apply_action(action=Action.RESOLVE, issue=issue, user=member)
    assert disagreements(project) == [], "of open issues alone"


def test_the_list_of_labels_adds_up(issue: Issue, events: list[Event], member: User, second: User) -> None:
    for event in events[:3]:
        say(issue, member, event, "match")
    say(issue, member, events[3], "not_match")
    say(issue, second, events[0], "not_match")
    page = html_of(_client(member).get(reverse("issue-labels", args=[issue.project.slug, issue.number])))
    shown = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert (
        "5 labels on 4 events. By the majority on each, 2 are matches and 1 is not; on 1 nothing is decided."
        in shown
    )


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
