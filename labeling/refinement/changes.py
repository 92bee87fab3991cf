"""What an accepted answer changes: the definition, and the labels in the region that the answer is about. And how a revert brings those back."""

import uuid
from collections.abc import Iterable

from django.db import transaction

from ingest.models import Event, User
from issues.actions import edit_definition
from issues.models import Definition, Issue
from labeling.labels.labels import (
    EventAnswer,
    Why,
    all_standing_labels,
    record_label,
    record_labels,
    standing_labels,
    take_back_label,
)
from labeling.models import TEACHER, Answer, ClarifyingQuestion, Label
from labeling.queue.asked_again import REDEFINED
from labeling.refinement.events import inside
from labeling.refinement.wording import EXCLUDE, INCLUDE

DECIDES = {INCLUDE: Answer.MATCH, EXCLUDE: Answer.NOT_MATCH}  # "depends" decides nothing
QUESTION = "question"  # the source of the label that an answer is


@transaction.atomic
def apply_proposal(
    *, issue: Issue, question: ClarifyingQuestion, user: User | None
) -> tuple[Definition, list[uuid.UUID]]:
    """Writes the proposed version, and takes back the labels of the region that do not say what the answer says (of "it depends": all of
    them), so that the queue asks about them again, and the teacher's own too. The answer itself becomes `user`'s label on the question's first event.

    Returns the version, and the events whose labels were taken back.
    """
    proposal = question.proposal or {}
    definition = edit_definition(
        issue=issue, user=user, title=proposal["title"], description=proposal["description"]
    )
    decided = DECIDES.get(question.answer)
    rows = list(all_standing_labels(issue).values_list("event_id", "author", "answer"))
    within = inside(question, sorted({event for event, _, _ in rows}))
    doubtful = sorted(
        {(event, author) for event, author, answer in rows if event in within and answer != decided}, key=str
    )
    for event, author in doubtful:
        take_back_label(subject=issue, event_id=event, author=author, source=REDEFINED)
    first = Event.objects.filter(pk=question.first_id).first()
    if decided and first is not None:
        record_label(subject=issue, event=first, answer=decided, user=user, source=QUESTION)
    asked_again = {event for event, author in doubtful if author != TEACHER}
    if decided:
        asked_again.discard(question.first_id)
    return definition, sorted(asked_again, key=str)


@transaction.atomic
def bring_back(*, issue: Issue, questions: Iterable[ClarifyingQuestion]) -> int:
    """Gives again the labels that the accepted answers of these questions took back and that nobody has given anew, and takes back the
    labels that the answers were. Returns how many it gave again."""
    given = 0
    for question in questions:
        again = [uuid.UUID(event) for event in question.reasked]
        own = standing_labels(issue).filter(event=question.first_id, source=QUESTION)
        for event, author in list(own.values_list("event_id", "author")):
            take_back_label(subject=issue, event_id=event, author=author, source=QUESTION)
        events = {*again, question.first_id}
        standing = set(standing_labels(issue).filter(event__in=events).values_list("event_id", flat=True))
        taken = Label.objects.of_people().filter(
            subject_id=issue.pk, event__in=events - standing, source=REDEFINED, retracts__isnull=False,
            created_at__gte=question.accepted_at,
        ).select_related("retracts__event", "retracts__user")  # fmt: skip
        last: dict[tuple[uuid.UUID, str], Label] = {}
        for row in taken.order_by("retracts__created_at", "retracts__id"):
            if row.retracts is not None:
                last[row.event_id, row.author] = row.retracts
        for label in last.values():
            why = Why(label.reason, label.score, label.probability)
            answer = EventAnswer(label.event, label.answer, label.note, why, label.rationale)
            record_labels(subject=issue, answers=[answer], user=label.user, source=REDEFINED)
            given += 1
    return given
