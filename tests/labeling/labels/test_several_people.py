"""Several people at one queue: a share of cards is asked twice, who disagrees brings a third, agreement is measured, queues are assigned."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import Event, Membership, Project, User
from issues.actions import create_issue, delete_issue
from issues.models import Issue
from labeling.labels.agreement import kappa_of
from labeling.labels.labels import Why, record_label, standing_labels, standing_rows
from labeling.labels.people import plan_queue, work_of
from labeling.labels.progress import progress
from labeling.models import Assignment, Label, Offer, QueuePlan, Reason
from labeling.queue.second_opinions import second_opinions
from signals.catalogue.installing import install_builtin_signals
from signals.models import SignalDefinition, SignalMatch
from tests.html import html_of
from tests.labeling.refunds import refunds_and_hats

HTMX = {"HTTP_HX_REQUEST": "true"}


def join(project: Project, name: str, role: str = "member") -> User:
    user: User = User.objects.create_user(name)
    Membership.objects.create(user=user, project=project, role=role)
    return user


@pytest.fixture
def second(project: Project, member: User) -> User:
    return join(project, "second")


@pytest.fixture
def third(project: Project, second: User) -> User:
    return join(project, "third")


@pytest.fixture
def issue(project: Project, member: User) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    return refunds_and_hats(make_event, 12)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(name: str, issue: Issue) -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def label(
    issue: Issue | SignalDefinition,
    user: User,
    events: list[Event],
    answer: str = "match",
    why: Why | None = None,
) -> None:
    for event in events:
        record_label(subject=issue, event=event, answer=answer, user=user, why=why or Why(Reason.LIKELY, 0.5))


def again(issue: Issue | SignalDefinition, user: User, *, audit: bool = False, limit: int = 50) -> Any:
    return second_opinions(subject=issue, user=user, limit=limit, exclude=(), audit=audit)


def test_one_answered_card_in_ten_is_asked_of_a_second_person(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    label(issue, member, events[:9])
    assert not again(issue, second).others, "fewer than ten cards"
    label(issue, member, events[9:20])
    cards = again(issue, second).others
    assert [card.reason for card in cards] == [Reason.SECOND] * 2
    assert not again(issue, member).others, "never the same person twice"
    assert [card.event for card in again(issue, second).others] == [card.event for card in cards]
    label(issue, second, [card.event for card in cards])
    assert not again(issue, second).others, "the share is reached"
    plan_queue(subject=issue, overlap=100, users=[])
    assert len(again(issue, second).others) == 18
    plan_queue(subject=issue, overlap=0, users=[])
    assert not again(issue, second).others


def test_what_no_queue_asked_is_not_asked_twice(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    plan_queue(subject=issue, overlap=100, users=[])
    label(issue, member, events[:3], why=Why(Reason.CHOSEN))
    label(issue, member, events[3:6], why=Why(Reason.BULK))
    label(issue, member, events[6:8], answer="unsure")
    record_label(subject=issue, event=events[8], answer="match", user=None, why=Why(Reason.LIKELY))
    assert not again(issue, second).others


def test_the_queue_offers_a_second_opinion_without_the_first_answer(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    plan_queue(subject=issue, overlap=100, users=[])
    label(issue, member, events)  # all: nothing else is left
    page = client_of(second).get(at("issue-review", issue))
    card = page.context["shown"].card
    assert card.reason == Reason.SECOND and "second opinion" in html_of(page)
    assert page.context["shown"].last_word is None and "alice said" not in html_of(page)
    again_page = client_of(second).get(at("issue-review", issue))
    assert again_page.context["shown"].card.event == card.event, "a reload shows the same"
    answered = client_of(second).post(
        at("issue-review-label", issue), {"event": str(card.event.id), "answer": "match"}, **HTMX
    )
    assert answered.context["asked"] not in ("", str(card.event.id))
    stored = Label.objects.get(event=card.event, user=second)
    assert stored.reason == Reason.SECOND


def test_a_disagreement_goes_first_to_a_third_person(
    issue: Issue, events: list[Event], member: User, second: User, third: User
) -> None:
    label(issue, member, events[:2])
    label(issue, second, events[1:2], answer="not_match")
    assert [card.event for card in again(issue, third).split] == [events[1]]
    assert not again(issue, member).split and not again(issue, second).split
    page = client_of(third).get(at("issue-review", issue))
    assert page.context["shown"].card.event == events[1]
    assert page.context["shown"].card.reason == Reason.SPLIT and "people disagree" in html_of(page)
    assert page.context["shown"].last_word is None
    fourth = join(issue.project, "fourth")
    held = client_of(fourth).get(at("issue-review", issue))
    assert held.context["shown"].card.event != events[1], "it is on the third person's screen"
    assert work_of(standing_rows(issue), user=third).disputed == 1
    client_of(third).post(
        at("issue-review-label", issue), {"event": str(events[1].id), "answer": "not_match"}, **HTMX
    )
    assert work_of(standing_rows(issue), user=third).disputed == 0
    assert not again(issue, fourth).split
    assert progress(issue).not_matches == 1


def test_a_card_drawn_at_random_stays_one(
    issue: Issue, events: list[Event], member: User, second: User, third: User
) -> None:
    drawn = Why(Reason.RANDOM, 0.3, 0.25)
    label(issue, member, events[:1], why=drawn)
    label(issue, second, events[:1], answer="not_match", why=drawn)
    label(issue, member, events[1:2])
    label(issue, second, events[1:2], answer="not_match")
    [card] = again(issue, third, audit=True).split
    assert (card.event, card.reason, card.probability) == (events[0], Reason.RANDOM, 0.25)
    page = client_of(third).get(at("issue-review", issue) + "?for=audit")
    assert page.context["shown"].card.event == events[0] and page.context["shown"].is_blind
    assert progress(issue).random_events == 1, "an event, and not an answer, is what an audit counts"


def test_a_signals_queue_does_the_same(
    project: Project, events: list[Event], member: User, second: User, third: User
) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.select_related("project").get(project=project, key="win")
    for event in events:
        SignalMatch.objects.create(
            project=project, signal=signal, event=event, score=0.9, timestamp=event.timestamp, source="test"
        )
    label(signal, member, events[:3])
    label(signal, second, events[:1], answer="not_match")
    label(signal, member, events[4:5], why=Why(Reason.SHOWN))
    label(signal, second, events[4:5], answer="not_match", why=Why(Reason.SHOWN))
    here = reverse("signal-review", args=[project.slug, "win"])
    page = client_of(third).get(here)
    assert page.context["shown"].card.event == events[0]
    assert page.context["shown"].card.reason == Reason.SPLIT
    assert [card.event for card in again(signal, third).split] == [events[0]], "a judged match keeps counting"


def test_kappa_of_people_is_shown_from_ten_events_on(
    issue: Issue, events: list[Event], member: User, second: User, third: User
) -> None:
    label(issue, member, events[:5])
    label(issue, member, events[5:11], answer="not_match")
    label(issue, second, events[:4])
    label(issue, second, events[4:9], answer="not_match")
    here = client_of(member).get(at("issue-teaching", issue))
    assert work_of(standing_rows(issue), user=member).kappa.agreed is None and "kappa" not in html_of(here)
    label(issue, second, events[9:10], answer="not_match")
    label(issue, third, events[:10])  # a third answer is not compared
    label(issue, member, events[20:22])
    label(issue, second, events[20:21], answer="unsure")
    label(issue, second, events[21:22], why=Why(Reason.BULK))
    found = work_of(standing_rows(issue), user=member).kappa
    assert found.compared == 10 and found.agreed == 0.9
    # 5 and 4 of 10 say match: chance agrees on .5 * .4 + .5 * .6 = .5, so kappa is (.9 - .5) / (1 - .5).
    assert found.kappa == pytest.approx(0.8) and found.low is not None and found.high is not None
    assert found.low < 0.8 <= found.high
    text = html_of(client_of(member).get(at("issue-teaching", issue)))
    assert "People agree on" in text and "0.80" in text
    assert "0.80" in html_of(client_of(member).get(at("issue-people", issue)))


def test_kappa_has_no_value_where_everybody_says_the_same() -> None:
    found = kappa_of([(True, True)] * 12)
    assert (found.agreed, found.kappa) == (1.0, None)


def test_progress_per_person_and_in_all(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    label(issue, member, events[:3])
    label(issue, second, events[2:4])
    record_label(subject=issue, event=events[5], answer="match", user=None)
    client_of(second).get(at("issue-review", issue))
    page = client_of(member).get(at("issue-people", issue))
    rows = {one.name: one for one in page.context["people"]}
    assert {name: one.labels for name, one in rows.items()} == {"alice": 3, "second": 2, "programs": 1}
    assert rows["second"].is_here and not rows["alice"].is_here and rows["alice"].is_me
    assert (page.context["work"].events, page.context["work"].twice) == (5, 1)
    assert page.context["work"].disputed == 0


def test_an_assigned_queue_stands_under_yours(
    issue: Issue, events: list[Event], member: User, second: User
) -> None:
    other = create_issue(project=issue.project, title="Another", description="", user=member)
    label(other, member, events[:2])
    reply = client_of(member).post(at("issue-people-plan", issue), {"overlap": "25", "assigned": [second.pk]})
    assert reply.status_code == 302
    assert QueuePlan.objects.get(subject_id=issue.pk).overlap == 25
    page = client_of(second).get(reverse("labeling", args=[issue.project.slug]))
    groups = {name: [row.subject.title for row in rows] for name, rows in page.context["groups"]}
    assert groups == {"Yours": ["The refund never came"], "Others": ["Another"]}
    mine = client_of(member).get(reverse("labeling", args=[issue.project.slug]))
    [_, (_, others)] = mine.context["groups"]
    assert [(row.subject.title, row.mine, row.labels) for row in others][0] == ("Another", 2, 2)
    assert client_of(member).get(at("issue-review", issue)).context["shown"], "nobody is locked out"
    Membership.objects.filter(user=second).delete()
    page = client_of(member).get(at("issue-people", issue))
    assert not any(one.is_assigned for one in page.context["people"]), "who left has no queue"


@pytest.mark.parametrize("data", [{"overlap": "101"}, {"overlap": ""}, {"overlap": "-1"}, {"overlap": "x"}])
def test_a_plan_that_cannot_be_is_refused(issue: Issue, member: User, data: dict[str, str]) -> None:
    assert client_of(member).post(at("issue-people-plan", issue), data).status_code == 400
    assert not QueuePlan.objects.exists()


def test_only_members_are_assigned_and_only_members_assign(
    issue: Issue, member: User, stranger: User, viewer: User
) -> None:
    plan = at("issue-people-plan", issue)
    assert client_of(member).post(plan, {"overlap": "10", "assigned": [stranger.pk]}).status_code == 400
    assert client_of(viewer).post(plan, {"overlap": "10"}).status_code == 403
    assert client_of(viewer).get(at("issue-people", issue)).status_code == 200
    with pytest.raises(ValueError, match="members of its project"):
        plan_queue(subject=issue, overlap=10, users=[stranger])
    assert not Assignment.objects.exists()


def test_deleting_an_issue_forgets_its_plan(issue: Issue, member: User, events: list[Event]) -> None:
    plan_queue(subject=issue, overlap=10, users=[member])
    label(issue, member, events[:1])
    delete_issue(issue=issue)
    assert not QueuePlan.objects.exists() and not Assignment.objects.exists()
    assert not standing_labels(issue).exists() and not Offer.objects.exists()


def test_in_a_team_of_two_who_answered_first_is_asked_again_and_then_the_other(
    issue: Issue, member: User, second: User, events: list[Event]
) -> None:
    card = events[0]
    label(issue, member, [card], "match", Why("random", 0.9, 1 / 24))
    label(issue, second, [card], "not_match", Why("random", 0.9, 1 / 24))

    def queue_of(user: User) -> list[Any]:
        found = second_opinions(subject=issue, user=user, limit=5, exclude=(), audit=False).split
        return [(one.event.pk, one.reason, one.probability) for one in found]

    again = [(card.pk, "random", 1 / 24)]  # it stays a card drawn at random
    assert (queue_of(member), queue_of(second)) == (again, []), "the one whose answer is older"
    page = client_of(member).get(at("issue-review", issue))
    assert page.context["asked"] == str(card.pk)
    html = " ".join(html_of(page).split())
    assert "you two disagree" in html and "second said: not match" in html and "your answer: match" in html
    client_of(member).post(at("issue-review-label", issue), {"event": str(card.pk), "answer": "match"})
    assert (queue_of(member), queue_of(second)) == ([], again), "who insists is not asked once more"
    client_of(second).post(at("issue-review-label", issue), {"event": str(card.pk), "answer": "match"})
    assert queue_of(member) == queue_of(second) == []
    assert work_of(standing_rows(issue), user=member).disputed == 0
    assert {label.reason for label in standing_labels(issue)} == {"random"}


def test_somebody_who_has_not_answered_goes_before_those_who_disagree(
    issue: Issue, member: User, second: User, third: User, events: list[Event]
) -> None:
    label(issue, member, events[:1], "match")
    label(issue, second, events[:1], "not_match")
    found = [
        second_opinions(subject=issue, user=user, limit=5, exclude=(), audit=False).split
        for user in (member, third)
    ]
    assert [len(cards) for cards in found] == [0, 1]


def test_what_people_disagree_on_has_a_list_and_the_numbers_add_up(
    issue: Issue, member: User, second: User, events: list[Event]
) -> None:
    label(issue, member, events[:3], "match")
    label(issue, member, events[3:5], "not_match")
    label(issue, second, events[:1], "not_match")
    page = client_of(member)
    people = html_of(page.get(at("issue-people", issue)))
    assert f'href="{at("issue-labels", issue)}?answer=split"' in people
    listed = page.get(at("issue-labels", issue), {"answer": "split"})
    assert {(row.event_id, row.answer) for row in listed.context["rows"]} == {
        (events[0].pk, "match"),
        (events[0].pk, "not_match"),
    }
    assert ("split", "Answered differently", 2) in listed.context["tabs"]
    found = progress(issue)
    assert (found.labels, found.events, found.matches, found.not_matches, found.undecided) == (6, 5, 2, 2, 1)
    shown = " ".join(re.sub("<[^>]*>", " ", html_of(page.get(at("issue-review", issue)))).split())
    assert "5 events 2 yes 2 no 1 undecided" in shown
