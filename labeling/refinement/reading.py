"""An issue's questions as they are shown."""

from django.db.models import Q, QuerySet

from issues.classifier.definition_text import difference
from issues.models import Issue
from labeling.models import ClarifyingQuestion, QuestionState


def questions_of(issue: Issue) -> QuerySet[ClarifyingQuestion]:
    """With what is shown of them."""
    return ClarifyingQuestion.objects.filter(issue=issue).select_related(
        "issue__project", "project", "other_issue", "answered_by", "definition"
    )


def question_to_show(issue: Issue) -> ClarifyingQuestion | None:
    """The proposal that waits to be accepted, before it the open question; None when neither is there."""
    waiting = questions_of(issue).filter(
        Q(state=QuestionState.OPEN) | Q(state=QuestionState.ANSWERED, definition=None)
    )
    return waiting.order_by("state", "-answered_at", "-created_at").first()


def diff_of(question: ClarifyingQuestion) -> str:
    """Of the proposal, to the version that it changes; empty without one."""
    if question.proposal is None:
        return ""
    base = question.issue.definitions.filter(version=question.proposal["base_version"]).first()
    before = (base.title, base.description) if base else ("", "")
    return difference(before, (question.proposal["title"], question.proposal["description"]))
