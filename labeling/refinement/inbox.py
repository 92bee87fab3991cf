"""What waits in the inbox of issues: open questions about a definition, and proposals that wait to be accepted."""

import uuid
from collections.abc import Sequence

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from ingest.models import Project, User
from issues.inbox.items import MOST_OF_KIND, Item, Kind, read_ids, register_kind
from issues.models.issues import State
from labeling.models import ClarifyingQuestion, QuestionState
from raindrop.web.plurals import counted

QUESTION, PROPOSAL = "question", "proposal"
# An answer after a review brings the question back: then its proposal waits.
WAITS = Q(state=QuestionState.OPEN, reviewed_at=None) | (
    Q(state=QuestionState.ANSWERED, definition=None, proposal__isnull=False)
    & (Q(reviewed_at=None) | Q(reviewed_at__lt=F("answered_at")))
)


def waiting_questions(project: Project, user: User | None) -> list[Item]:
    rows = ClarifyingQuestion.objects.filter(WAITS, project=project, issue__state=State.OPEN)
    return [
        _item(project, row) for row in rows.select_related("issue").order_by("-created_at")[:MOST_OF_KIND]
    ]


def _item(project: Project, row: ClarifyingQuestion) -> Item:
    path = reverse("issue", args=[project.slug, row.issue.number]) + "#question"
    if row.state == QuestionState.OPEN:
        why = f"{row.text} Its answer settles {counted(row.settles, 'event')}."
        return Item(QUESTION, str(row.pk), row.issue.title, path, QUESTION, why, row.created_at, row.issue_id)
    at = row.answered_at or row.created_at
    why = "An answer proposes a new version of the definition. Accept it or refuse it."
    return Item(QUESTION, str(row.pk), row.issue.title, path, PROPOSAL, why, at, row.issue_id)


def review_questions(
    project: Project, keys: Sequence[str], user: User | None
) -> tuple[int, uuid.UUID | None]:
    """They leave the inbox, and stay open on their issues' pages."""
    rows = ClarifyingQuestion.objects.filter(WAITS, project=project, pk__in=read_ids(keys))
    ids = list(rows.values_list("pk", flat=True))
    return ClarifyingQuestion.objects.filter(pk__in=ids).update(reviewed_at=timezone.now()), None


def register() -> None:
    register_kind(Kind(QUESTION, waiting_questions, review_questions))
