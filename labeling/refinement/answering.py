"""Answering a question, which proposes a version of the definition; accepting the proposal; dismissing the question."""

from copy import copy
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.models import User
from issues.classifier.definition_text import add_rule
from issues.models import Issue
from labeling.labels.authors import definition_version
from labeling.models import ClarifyingQuestion, QuestionState
from labeling.queue.asked_again import asked_again
from labeling.queue.cards import Card
from labeling.queue.lookahead import offer
from labeling.refinement.changes import apply_proposal
from labeling.refinement.effects import effect_of
from labeling.refinement.llm_wording import word_rule
from labeling.refinement.wording import DEPENDS, EXCLUDE, HEADINGS, INCLUDE, rule
from labeling.teaching import retrain_soon
from raindrop import live
from raindrop.locks import hold_lock


class NotNow(Exception):
    """The state of the question does not allow it. The message is meant for people."""


def answer_question(
    *, question: ClarifyingQuestion, answer: str, text: str, user: User | None
) -> ClarifyingQuestion:
    """Keeps the answer (include, exclude or depends) with the version of the definition that it proposes, and what that would change. An answer
    whose proposal is not accepted yet may be given anew.

    Raises NotNow, and ValueError for another answer and for "depends" without a text.
    """
    text = " ".join(text.split())
    if answer not in HEADINGS:
        raise ValueError(f"The answer is one of {', '.join(HEADINGS)}.")
    if answer == DEPENDS and not text:
        raise ValueError("Say on what it depends.")
    _check_open(question)
    # The LLM is asked before anything is locked.
    written = word_rule(question, answer=answer, text=text)
    line = written or rule(answer=answer, first=question.first_quote, words=question.words, text=text)
    with transaction.atomic():
        question = _locked(question)
        _check_open(question)
        question.answer, question.answer_text = answer, text
        question.answered_by, question.answered_at = user, timezone.now()
        question.state = QuestionState.ANSWERED
        question.proposal = _proposal(
            question, answer=answer, line=line, written_by="llm" if written else "template"
        )
        question.effect = _effect(question, user)
        question.save()
        live.changed([question.project_id])
    return question


def changes_something(question: ClarifyingQuestion) -> bool:
    """Would each of include and exclude, accepted, change a verdict or have a label asked about again? Tried out; nothing stays changed. `question`:
    not stored yet."""
    for answer in (INCLUDE, EXCLUDE):
        trial = copy(question)
        trial.answer = answer
        line = rule(answer=answer, first=trial.first_quote, words=trial.words)
        trial.proposal = _proposal(trial, answer=answer, line=line, written_by="template")
        effect = _effect(trial, None)
        if not any(
            effect[name] for name in ("events_gained", "events_lost", "labels_flipped", "labels_reasked")
        ):
            return False
    return True


@transaction.atomic
def accept_proposal(*, question: ClarifyingQuestion, user: User | None) -> ClarifyingQuestion:
    """Makes the proposed version, has the labels of the region asked about again, and trains and scores anew in the background.

    Raises NotNow where there is no proposal, or where the definition has changed since it was made.
    """
    question = _locked(question)
    issue = question.issue
    if question.definition_id is not None:
        raise NotNow("The proposal is accepted already.")
    if question.state != QuestionState.ANSWERED or question.proposal is None:
        raise NotNow("There is no proposal: answer the question first.")
    if question.proposal["base_version"] != definition_version(issue):
        raise NotNow(
            "The definition has changed since: answer again to see what the proposal would change now."
        )
    question.accepted_at = timezone.now()  # before the labels are taken back: see bring_back
    question.definition, reasked = apply_proposal(issue=issue, question=question, user=user)
    question.reasked = [str(event) for event in reasked]
    question.save(update_fields=["definition", "accepted_at", "reasked"])
    _offer_again(issue, user)
    retrain_soon(issue)
    return question


@transaction.atomic
def dismiss_question(*, question: ClarifyingQuestion, user: User | None) -> ClarifyingQuestion:
    """The question, or its proposal, is put aside for good. Raises NotNow once it is accepted or dismissed."""
    question = _locked(question)
    _check_open(question)
    question.state = QuestionState.DISMISSED
    question.answered_by, question.answered_at = user, timezone.now()
    question.save(update_fields=["state", "answered_by", "answered_at"])
    live.changed([question.project_id])
    return question


def _proposal(question: ClarifyingQuestion, *, answer: str, line: str, written_by: str) -> dict[str, Any]:
    issue = question.issue
    return {
        "base_version": definition_version(issue),
        "heading": HEADINGS[answer].value,
        "rule": line,
        "title": issue.title,
        "description": add_rule(issue.description, heading=HEADINGS[answer], rule=line),
        "written_by": written_by,
    }


def _effect(question: ClarifyingQuestion, user: User | None) -> dict[str, Any]:
    """Of accepting its proposal."""
    return effect_of(
        question.issue, lambda trial: apply_proposal(issue=trial, question=question, user=user)[1]
    )


def _check_open(question: ClarifyingQuestion) -> None:
    if question.state == QuestionState.DISMISSED:
        raise NotNow("The question was dismissed.")
    if question.definition_id is not None:
        raise NotNow("The proposal is accepted already: revert the definition to undo it.")


def _locked(question: ClarifyingQuestion) -> ClarifyingQuestion:
    """The row as it is now. One change of an issue's questions at a time."""
    hold_lock(f"questions:{question.issue_id}")
    rows = ClarifyingQuestion.objects.select_related("issue__project", "project", "other_issue", "definition")
    return rows.get(pk=question.pk)


def _offer_again(issue: Issue, user: User | None) -> None:
    """Puts the events to be asked about again before what waits in the accepting person's queue; others get them with their next cards."""
    cards: list[Card] = asked_again(issue=issue, limit=100)
    if user is not None:
        offer(subject=issue, user=user, cards=cards, first=True)
