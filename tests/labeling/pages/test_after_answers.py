"""What the pages say between an answer and what it changes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.counts.rollups import totals
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from issues.actions import create_issue
from issues.models import Issue, IssueMatch
from labeling.labels.labels import record_label
from labeling.teaching import retrain_soon
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition
from tests.html import html_of
from tests.labeling.refunds import refunds_and_hats


@pytest.fixture
def issue(project: Project, member: User) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    return refunds_and_hats(make_event, 6)


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def words(response: Any) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html_of(response)).split())


def at(name: str, issue: Issue) -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def test_until_the_first_training_the_pages_say_what_is_happening(
    issue: Issue, events: list[Event], member: User, page: Client
) -> None:
    assert "Not counted yet" in words(page.get(at("issue", issue)))
    assert "No event matches yet" in words(page.get(at("issue-matches", issue)))
    for event in events[:2]:
        record_label(subject=issue, event=event, answer="match", user=member)
    record_label(subject=issue, event=events[6], answer="not_match", user=member)
    job = retrain_soon(issue)
    text = words(page.get(at("issue", issue)))
    assert (
        "The answers are being learnt: what people said is a match" in text and "Not counted yet" not in text
    )
    listed = words(page.get(at("issue-matches", issue)))
    assert "The answers are being learnt (the training waits for a worker)." in listed
    assert "No event matches" not in listed
    run_all(issue, job)
    held = set(IssueMatch.objects.filter(issue=issue).values_list("event_id", flat=True))
    assert {events[0].pk, events[1].pk} <= held and totals([issue.pk])[issue.pk].events == len(held)
    assert "being learnt" not in words(page.get(at("issue", issue)))


def run_all(issue: Issue, job: Job) -> None:
    run_job(job.pk)
    for one in Job.objects.filter(subject=issue.pk, kind="rescore"):
        run_job(one.pk)


def test_the_version_stands_in_one_place_and_is_read_anew(
    issue: Issue, events: list[Event], member: User, page: Client
) -> None:
    record_label(subject=issue, event=events[0], answer="match", user=member)
    record_label(subject=issue, event=events[6], answer="not_match", user=member)
    run_all(issue, retrain_soon(issue))
    assert "Version 1 of the classifier is in use, trained" in words(page.get(at("issue-teaching", issue)))
    text = words(page.get(at("issue", issue)))
    assert "version 1," not in text, "it would stay when the panel below is read again"


@pytest.mark.parametrize("reads", ["assistant", "user"])
def test_the_last_answers_are_told_by_what_the_signal_reads(
    reads: str, project: Project, make_event: Callable[..., Event], member: User, page: Client
) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.filter(project=project, reads=reads).order_by("key")[0]
    event = make_event(input="Call me a taxi", output="I am not able to call a taxi.")
    record_label(subject=signal, event=event, answer="match", user=member)
    shown = words(page.get(reverse("signal-review", args=[project.slug, signal.key])))
    listed = shown[shown.index("Your last answers") :]
    assert ("I am not able to call a taxi." in listed) == (reads == "assistant")
    assert ("Call me a taxi" in listed) == (reads == "user")


def test_find_similar_says_by_what(issue: Issue, events: list[Event], page: Client) -> None:
    text = words(page.get(at("issue-similar", issue), {"event": str(events[0].pk)}))
    assert "Like this one in what both sides say, not in whether it is this issue" in text
