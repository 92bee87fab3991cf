"""Answers, changed minds, undo, and what stands when people differ."""

import threading
from typing import Any

import pytest
from django.db import connection

from issues.actions import create_issue
from issues.models import Issue
from labeling.labels.labels import (
    Why,
    correct_label,
    record_label,
    standing_answers,
    standing_labels,
    undo_last_label,
)
from labeling.models import Answer, Label

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue(project: Any) -> Issue:
    return create_issue(project=project, title="Forgets", description="")


def answers_of(issue: Issue, user: Any) -> list[str]:
    return list(
        standing_labels(issue).filter(user=user).order_by("event_id").values_list("answer", flat=True)
    )


def test_a_changed_mind_supersedes(issue: Issue, member: Any, make_event: Any) -> None:
    event = make_event()
    first = record_label(subject=issue, event=event, answer="match", user=member, why=Why("random", 0.4))
    second = record_label(subject=issue, event=event, answer=Answer.NOT_MATCH, user=member, note=" no ")
    assert answers_of(issue, member) == ["not_match"]
    assert Label.objects.count() == 2
    first.refresh_from_db()
    assert (first.reason, first.score, second.note) == ("random", 0.4, "no")
    assert (second.reason, second.score) == ("random", 0.4), "a random draw stays one"


def test_the_same_answer_again_is_one_label(issue: Issue, member: Any, make_event: Any) -> None:
    event = make_event()
    first = record_label(subject=issue, event=event, answer="match", user=member)
    assert record_label(subject=issue, event=event, answer="match", user=member) == first
    assert record_label(subject=issue, event=event, answer="match", user=member, note="why") != first
    assert answers_of(issue, member) == ["match"]


def test_a_reason_belongs_to_its_answer(issue: Issue, member: Any, viewer: Any, make_event: Any) -> None:
    event = make_event()
    with pytest.raises(ValueError, match="no reason for the answer match"):
        record_label(subject=issue, event=event, answer="match", user=member, rationale="close")
    label = record_label(subject=issue, event=event, answer="not_match", user=member, rationale="close")
    same = correct_label(label=label, subject=issue, answer="not_match", user=viewer)
    assert same is not None and same.rationale == "close"
    other = correct_label(label=same, subject=issue, answer="match", user=member)
    assert other is not None and other.rationale == ""


def test_undo_walks_back_through_all_answers(issue: Issue, member: Any, viewer: Any, make_event: Any) -> None:
    one, two = make_event(), make_event()
    record_label(subject=issue, event=one, answer="match", user=member)
    record_label(subject=issue, event=two, answer="unsure", user=member)
    record_label(subject=issue, event=one, answer="not_match", user=member)
    others = record_label(subject=issue, event=one, answer="match", user=viewer)
    walk = []
    while undone := undo_last_label(subject=issue, user=member):
        walk.append((undone.event, undone.answer, answers_of(issue, member)))
    assert walk == [
        (one, "not_match", ["match", "unsure"]),
        (two, "unsure", ["match"]),
        (one, "match", []),
    ]
    assert list(standing_labels(issue)) == [others]
    assert Label.objects.count() == 7, "four answers and three that take one back"
    assert Label.objects.live().get() == others


def test_what_was_undone_does_not_come_back(issue: Issue, member: Any, make_event: Any) -> None:
    event = make_event()
    record_label(subject=issue, event=event, answer="match", user=member)
    undo_last_label(subject=issue, user=member)
    record_label(subject=issue, event=event, answer="unsure", user=member)
    undo_last_label(subject=issue, user=member)
    assert answers_of(issue, member) == []


def test_the_majority_decides(issue: Issue, member: Any, viewer: Any, stranger: Any, make_event: Any) -> None:
    people = [member, viewer, stranger]
    votes = {
        "mmn": True,
        "nnm": False,
        "mn": None,
        "mu": None,
        "mmu": True,
        "uum": None,
        "u": None,
        "n": False,
        "mnu": None,
    }
    names = {"m": "match", "n": "not_match", "u": "unsure"}
    expected = {}
    for vote, result in votes.items():
        event = make_event()
        for user, letter in zip(people, vote, strict=False):
            record_label(subject=issue, event=event, answer=names[letter], user=user)
        if result is not None:
            expected[event.id] = result
    assert standing_answers(issue) == expected


def test_an_event_of_another_project_cannot_be_labelled(
    issue: Issue, member: Any, other_project: Any, make_event: Any
) -> None:
    with pytest.raises(ValueError, match="another project"):
        record_label(subject=issue, event=make_event(of=other_project), answer="match", user=member)
    with pytest.raises(ValueError, match="maybe"):
        record_label(subject=issue, event=make_event(), answer="maybe", user=member)
    assert not Label.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_user", [True, False])
def test_one_stands_however_many_answer_at_once(
    issue: Issue, member: Any, make_event: Any, with_user: bool
) -> None:
    event, user = make_event(), member if with_user else None
    barrier, errors = threading.Barrier(6), []

    def answer(note: str) -> None:
        try:
            barrier.wait()
            record_label(subject=issue, event=event, answer="match", user=user, note=note)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[str(i)]) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert Label.objects.count() == 6
    assert standing_labels(issue).count() == 1
