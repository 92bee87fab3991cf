"""Find similar, select, label together, take it back; and that such labels measure nothing."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ingest.models import Event, Project, User
from issues.actions import create_issue
from issues.models import Issue
from labeling.labels.answered import LabelAnswers
from labeling.labels.bulk import label_in_bulk, last_bulk
from labeling.labels.labels import Why, measured_answers, random_weights, record_label, standing_answers
from labeling.labels.progress import progress
from labeling.models import Label, Reason
from labeling.queue.issue_subject import IssueSubject
from labeling.queue.lookahead import next_cards_of
from labeling.queue.of_issues import next_cards
from labeling.teacher.agreement import agreement
from labeling.teaching import retrain
from signals.catalogue.installing import install_builtin_signals
from signals.learning.precision import precision_of
from signals.models import SignalDefinition, SignalMatch
from tests.html import html_of
from tests.labeling.refunds import refunds_and_hats


@pytest.fixture
def issue(project: Project, member: User) -> Issue:
    return create_issue(project=project, title="The refund never came", description="", user=member)


@pytest.fixture
def events(make_event: Callable[..., Event]) -> list[Event]:
    return refunds_and_hats(make_event, 20)


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def at(name: str, of: Issue | SignalDefinition) -> str:
    kind, key = ("issue", of.number) if isinstance(of, Issue) else ("signal", of.key)
    return reverse(f"{kind}-{name}", args=[of.project.slug, key])


def choose(page: Client, of: Issue | SignalDefinition, events: list[Event], answer: str = "match") -> Any:
    data = {"event": str(events[0].pk), "chosen": [str(event.pk) for event in events], "answer": answer}
    return page.post(at("similar-label", of), data, follow=True)


def test_find_similar_select_label_and_take_back(page: Client, issue: Issue, events: list[Event]) -> None:
    card = page.get(at("review", issue)).context["shown"].card.event
    link = re.search(r'href="([^"]*/review/similar/[^"]*)"', html_of(page.get(at("review", issue))))
    assert link and str(card.pk) in link[1], "the card leads to its like"
    found = page.get(at("similar", issue), {"event": str(card.pk)})
    rows = found.context["rows"]
    assert len(rows) == 25 and card.pk not in {row.event.pk for row in rows}
    assert all("refund" in row.event.input for row in rows[:19]), "the likest first"
    assert [row.likeness for row in rows] == sorted((row.likeness for row in rows), reverse=True)
    for keys in ("r y", "w n", "a", "q"):
        assert f'data-key="{keys}"' in html_of(found)
    chosen = [row.event for row in rows[:5]]
    after = choose(page, issue, chosen)
    assert "5 events labelled: match." in html_of(after) and "Undo 5" in html_of(after)
    labels = Label.objects.filter(subject_id=issue.pk)
    assert {(label.source, label.reason, label.answer) for label in labels} == {("bulk", "bulk", "match")}
    assert not {event.pk for event in chosen} & {row.event.pk for row in after.context["rows"]}
    back = page.post(at("similar-undo", issue), {"event": str(card.pk)}, follow=True)
    assert "5 labels taken back." in html_of(back) and not standing_answers(issue)
    assert {event.pk for event in chosen} <= {row.event.pk for row in back.context["rows"]}
    again = page.post(at("similar-undo", issue), {"event": str(card.pk)}, follow=True)
    assert "There is nothing to undo" in html_of(again)


def test_undo_takes_back_the_last_bulk_alone(
    page: Client, issue: Issue, events: list[Event], member: User
) -> None:
    choose(page, issue, events[:3])
    choose(page, issue, events[20:22], "not_match")
    page.post(at("similar-undo", issue), {"event": str(events[0].pk)})
    assert standing_answers(issue) == {event.pk: True for event in events[:3]}
    record_label(subject=issue, event=events[30], answer="match", user=member)
    assert not last_bulk(issue, member), "a later answer is undone in the queue"
    page.post(at("similar-undo", issue), {"event": str(events[0].pk)})
    assert len(standing_answers(issue)) == 4


def test_an_event_with_an_answer_keeps_it(
    page: Client, issue: Issue, events: list[Event], stranger: User
) -> None:
    drawn = Why(Reason.RANDOM, 0.5, 0.1)
    record_label(subject=issue, event=events[1], answer="not_match", user=stranger, why=drawn)
    found = page.get(at("similar", issue), {"event": str(events[0].pk)})
    assert events[1].pk not in {row.event.pk for row in found.context["rows"]}
    after = choose(page, issue, events[:3])
    assert "1 event had an answer by then and kept it." in html_of(after)
    assert standing_answers(issue)[events[1].pk] is False and random_weights(issue) == {events[1].pk: 10.0}


def test_cards_on_another_screen_are_not_offered(
    page: Client, issue: Issue, events: list[Event], stranger: User
) -> None:
    held = next_cards_of(subject=IssueSubject(issue), user=stranger)
    found = page.get(at("similar", issue), {"event": str(events[0].pk)})
    assert held and not {card.event.pk for card in held} & {row.event.pk for row in found.context["rows"]}


def test_labels_in_bulk_measure_nothing(issue: Issue, events: list[Event], member: User) -> None:
    """With the bulk the classifier has learnt more, and its published quality is that of the other labels alone."""
    drawn = [*events[:6], *events[20:26]]
    for event in drawn:
        record_label(
            subject=issue, event=event, answer="match" if event in events[:20] else "not_match", user=member,
            why=Why(Reason.RANDOM, 0.5, 0.25),
        )  # fmt: skip
    before = retrain(issue, rescore=False)
    # Every answer of the bulk is wrong: whatever counted them would show it.
    label_in_bulk(subject=issue, events=events[6:12], answer="not_match", user=member)
    label_in_bulk(subject=issue, events=events[26:32], answer="match", user=member)
    after = retrain(issue, rescore=False)
    assert before and after and after.labels_count == 24, "they teach"
    assert after.quality["labels"] == 12 and after.quality["random_labels"] == 12
    assert len(after.quality["audit"]) == 12
    assert set(measured_answers(issue)) == set(random_weights(issue)) == {event.pk for event in drawn}
    assert progress(issue).random_labels == 12
    given = LabelAnswers().all_of([issue.pk])[issue.pk]
    assert {one.event for one in given} == {event.pk for event in drawn}
    assert agreement(issue).compared == 0
    audit = next_cards(issue=issue, limit=8, user=member, audit=True)
    labelled = {event.pk for event in [*drawn, *events[6:12], *events[26:32]]}
    assert audit and not labelled & {card.event.pk for card in audit}


def test_a_signals_precision_leaves_them_out(
    page: Client, project: Project, events: list[Event], member: User
) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.select_related("project").get(project=project, key="win")
    for event in events:
        SignalMatch.objects.create(
            project=project, signal=signal, event=event, score=0.9, timestamp=event.timestamp, source="test"
        )
    record_label(subject=signal, event=events[0], answer="match", user=member, why=Why(Reason.RANDOM))
    assert choose(page, signal, events[:4], "not_match").status_code == 200
    found = precision_of(signal)
    assert (found.judged, found.right, found.labels) == (1, 1, 4)


@pytest.mark.parametrize(
    "data",
    [
        {"chosen": []},
        {"answer": "unsure"},
        {"answer": ""},
        {"chosen": ["x"]},
        {"chosen": [str(uuid.uuid4())] * 26},
    ],
)
def test_what_cannot_be_is_refused(
    page: Client, issue: Issue, events: list[Event], data: dict[str, Any]
) -> None:
    whole = {"event": str(events[0].pk), "chosen": [str(events[1].pk)], "answer": "match"} | data
    assert page.post(at("similar-label", issue), whole).status_code == 400
    assert not Label.objects.exists()


def test_an_event_of_another_project_is_not_there(
    page: Client, issue: Issue, events: list[Event], other_project: Project, viewer: User
) -> None:
    other = Event.objects.create(
        project=other_project, event_id="b", name="chat", timestamp=events[0].timestamp
    )
    data = {"event": str(events[0].pk), "chosen": [str(other.pk), str(events[1].pk)], "answer": "match"}
    assert page.post(at("similar-label", issue), data).status_code == 404
    assert page.get(at("similar", issue), {"event": str(other.pk)}).status_code == 404
    page.force_login(viewer)
    assert page.post(at("similar-label", issue), data).status_code == 403
    assert page.get(at("similar", issue), {"event": str(events[0].pk)}).status_code == 200
    assert not Label.objects.exists()
