"""What the quality panel claims in a project so small that all of it is answered, and answered again by a second person."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from ingest.models import Event, Project, User
from issues.actions import create_issue
from issues.classifier.audit import published
from issues.models import Classifier, Issue
from labeling.labels.labels import Why, record_label
from labeling.models import Answer
from labeling.teaching import retrain
from tests.labeling.refunds import refunds_and_hats

RANDOM = Why("random", None, 1 / 12)
UNKNOWN = "nothing is known of what is missed"


@pytest.fixture
def issue(project: Project, member: User) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    """Six about refunds, which are the matches, then six about hats."""
    return refunds_and_hats(make_event, 6)


@pytest.fixture
def second(project: Project) -> User:
    user = get_user_model().objects.create_user("bea")
    project.members.add(user)
    return user


def answer(issue: Issue, events: list[Event], user: User, *, yes: set[int], why: Why = RANDOM) -> None:
    for place, event in enumerate(events):
        given = Answer.MATCH if place in yes else Answer.NOT_MATCH
        record_label(subject=issue, event=event, answer=given, user=user, why=why)


def trained(issue: Issue) -> Classifier:
    found = retrain(issue, rescore=False)
    assert found is not None
    return found


def panel(issue: Issue, user: User, **query: str) -> str:
    client = Client()
    client.force_login(user)
    address = reverse("issue-review", args=[issue.project.slug, issue.number])
    html = client.get(address, query).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_tie_does_not_unsay_what_is_known(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    """The share that counts was read off the events without an answer alone. Where only ties were left, and none of them scored as a match, it was 0,
    no recall followed, and the page said that no random card is a match."""
    answer(issue, events, member, yes=set(range(6)))
    assert trained(issue).quality["audited_recall"] is not None
    answer(issue, events[10:], second, yes={0, 1})
    found = trained(issue).quality
    assert found["audited_precision"] is not None and found["audited_recall"] is not None
    assert UNKNOWN not in panel(issue, member) and UNKNOWN not in panel(issue, member, **{"for": "audit"})


@pytest.mark.parametrize("unanswered", [5, 6, 11])
def test_a_few_events_without_an_answer_do_not_stand_for_all(
    issue: Issue, events: list[Event], member: User, unanswered: int
) -> None:
    """One hat left says that nothing counts, one refund left that all does: neither is so of the twelve."""
    known = [event for place, event in enumerate(events) if place != unanswered]
    answer(issue, known, member, yes=set(range(5 if unanswered == 5 else 6)))
    found = trained(issue).quality
    assert 0 < found["audited_recall"] <= found["recall_high"] <= 1
    assert found["recall_low"] < 1, "eleven of twelve are known"


def test_before_anything_is_held_out_the_page_claims_nothing_of_what_is_missed(
    issue: Issue, events: list[Event], member: User
) -> None:
    answer(issue, events, member, yes={0, 1})  # two matches: too few to hold one out
    assert trained(issue).quality["audit"] is None
    for shown in (panel(issue, member), panel(issue, member, **{"for": "audit"})):
        assert UNKNOWN not in shown and "None of" not in shown


def test_where_people_decided_on_every_event_the_figures_are_counts(
    issue: Issue, events: list[Event], member: User
) -> None:
    answer(issue, events, member, yes=set(range(6)))
    found = trained(issue).quality
    assert found["exact"] and (found["events"], found["more_random_labels"]) == (12, 0)
    assert found["audited_low"] == found["audited_precision"] == found["audited_high"]
    assert found["audited_recall"] == found["recall_low"] == found["recall"]
    assert published(found, rate=0.9)["recall"] == found["recall"], "what the API says"
    assert "Exact over all 12 events, on which people decided" in panel(issue, member)
    assert "the figures are exact" in panel(issue, member, **{"for": "audit"})


def test_no_more_cards_are_wanted_than_are_left(
    issue: Issue, make_event: Callable[..., Event], member: User
) -> None:
    events = refunds_and_hats(make_event, 15)
    answer(issue, [*events[:11], *events[15:26]], member, yes=set(range(11)))
    found = trained(issue).quality
    assert not found["exact"] and found["unlabelled"] == 8
    assert 0 <= found["more_random_labels"] <= 8
    answer(issue, events[11:13], member, yes=set(), why=Why("bulk"))
    assert trained(issue).quality["unlabelled"] == 6, (
        "labels in bulk are not drawn again, and measure nothing"
    )


def test_an_undecided_event_is_neither_left_nor_the_usual_event(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    answer(issue, events, member, yes=set(range(6)))
    answer(issue, events[10:], second, yes={0, 1})
    found = trained(issue).quality
    assert (found["labels"], found["events"], found["unlabelled"]) == (10, 10, 0)


def test_picked_labels_show_their_count_and_no_headline(
    issue: Issue, events: list[Event], member: User
) -> None:
    answer(issue, events[:11], member, yes=set(range(6)), why=Why("likely"))
    hits, claimed = trained(issue).quality["claimed"]
    shown = panel(issue, member)
    assert f"{hits} of {claimed} calls" in shown and "Precision on labels" not in shown


def test_the_panel_says_whose_precision_it_is(issue: Issue, events: list[Event], member: User) -> None:
    answer(issue, events[:11], member, yes=set(range(6)))
    trained(issue)
    assert "Of the classifier, on events that nobody labelled." in panel(issue, member)
