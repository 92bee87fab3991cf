"""Having the LLM word a question, and the rule that an answer adds. The template's words stand until it has, and where it does not."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import subject_of
from ingest.models import Job
from issues.classifier.definition_text import rules_of
from labeling.labels.labels import standing_labels
from labeling.models import Answer, ClarifyingQuestion, QuestionState
from labeling.refinement.events import TEXT, nearest_of, pair_texts
from labeling.refinement.prompt import (
    cut,
    question_request,
    read_question,
    read_rule,
    rule_request,
)
from labeling.refinement.wording import HEADINGS
from raindrop import live, llm
from signals.llm.one_call import BudgetSpent, call_once
from signals.llm.structured import Void

logger = logging.getLogger(__name__)
WORD_QUESTION = "word_question"  # the job's kind
PATIENT, WAITED_FOR = 60.0, 20.0  # seconds: a job; a person waits
NEAREST = 8  # labelled events that are told


@job_kind(WORD_QUESTION, cluster="llm", title="Wording a question about a definition")
def word_question(job: Job) -> str:
    questions = ClarifyingQuestion.objects.select_related("issue", "project", "other_issue")
    question = questions.filter(pk=subject_of(job), state=QuestionState.OPEN).first()
    if question is None:
        return "The question is not open any more."
    if why_not := llm.why_not():
        return why_not
    try:
        request = question_request(_told(question), model=settings.LLM_MODEL)
        text = read_question(call_once(request, project=question.project, timeout=PATIENT))
    except (Void, BudgetSpent, llm.Unavailable) as error:
        return f"The question keeps the template's words: {error}"
    open_still = ClarifyingQuestion.objects.filter(pk=question.pk, state=QuestionState.OPEN)
    open_still.update(text=text, written_by="llm")
    live.changed([question.project_id])
    return "The question is worded."


def word_rule(question: ClarifyingQuestion, *, answer: str, text: str) -> str | None:
    """The rule by the LLM; None where there is no key, no budget or no usable reply."""
    if llm.why_not():
        return None
    told = {
        **_told(question),
        "answer": answer,
        "in the person's words": text,
        "heading": HEADINGS[answer].value,
    }
    try:
        request = rule_request(told, model=settings.LLM_MODEL)
        return read_rule(call_once(request, project=question.project, timeout=WAITED_FOR, retries=0))
    except (Void, BudgetSpent, llm.Unavailable) as error:
        logger.info("The rule of %s keeps the template's words: %s", question.pk, error)
        return None


def _told(question: ClarifyingQuestion) -> Mapping[str, Any]:
    issue = question.issue
    return {
        "title": issue.title,
        "description": issue.description,
        "rules": {heading.value: rules for heading, rules in rules_of(issue.description).items()},
        "why it is asked": question.kind,
        "events": [{side: cut(text) for side, text in one.items()} for one in pair_texts(question)],
        "what sets the first apart": question.words,
        "other issue": question.other_issue.title if question.other_issue else None,
        "labelled": _labelled(question),
    }


def _labelled(question: ClarifyingQuestion) -> list[dict[str, str]]:
    """The labelled events that lie nearest to the pair's first."""
    rows = standing_labels(question.issue).exclude(answer=Answer.UNSURE).select_related("event")
    answers = {row.event_id: row for row in rows}
    nearest = nearest_of(question, list(answers))[:NEAREST]
    return [
        {"user": cut(answers[event].event.input[:TEXT]), "answer": answers[event].answer} for event in nearest
    ]
