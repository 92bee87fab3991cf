"""Writing labels and reading what stands. A label row is never changed but for being superseded."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ingest.models import Event, User
from issues.models import Issue
from labeling.models import Answer, Label
from raindrop import live
from raindrop.locks import hold_lock


def record_label(
    *,
    issue: Issue,
    event: Event,
    answer: Answer | str,
    user: User | None,
    note: str = "",
    source: str = "queue",
    reason: str = "",
    score: float | None = None,
) -> Label:
    """The user's answer on (event, issue); it supersedes the one that stood.

    The same answer and note again (a double click, a repeated request) is the label that stands already. Raises
    ValueError when the event is of another project or the answer is none.
    """
    if event.project_id != issue.project_id:
        raise ValueError("This event belongs to another project than the issue.")
    label = Label(
        project_id=issue.project_id,
        issue=issue,
        event=event,
        user=user,
        answer=Answer(answer),
        note=note.strip(),
        source=source,
        reason=reason,
        score=score,
    )
    return _supersede(label)


@transaction.atomic
def _supersede(label: Label) -> Label:
    # Where no answer stands yet there is no row to lock.
    hold_lock(f"label:{label.issue_id}:{label.event_id}:{label.user_id}")
    standing = standing_labels(label.issue).filter(event_id=label.event_id, user=label.user).first()
    if standing and (standing.answer, standing.note) == (label.answer, label.note):
        return standing
    if standing:
        Label.objects.filter(pk=standing.pk).update(superseded_at=timezone.now())
    label.save(force_insert=True)
    if standing:
        # Equal times are how undo tells an answer that was replaced from one that was itself undone.
        Label.objects.filter(pk=standing.pk).update(superseded_at=label.created_at)
    live.changed([label.project_id])
    return label


@transaction.atomic
def correct_label(*, label: Label, answer: Answer | str, user: User) -> Label | None:
    """`user` overrules a label: it is superseded, and the user's own answer stands in its place (source "admin", with the reason and
    the score of the one that it replaces, so that a random draw stays one). Whose label was overruled, and what it said, stays in
    its row. None when the label stands no longer. Raises ValueError when the answer is none."""
    answer = Answer(answer)
    if label.user_id != user.pk and not _take_back(label):  # one's own is superseded below, under its lock
        return None
    return record_label(
        issue=label.issue,
        event=label.event,
        answer=answer,
        user=user,
        note=label.note,
        source="admin",
        reason=label.reason,
        score=label.score,
    )


def take_back_labels(labels: Iterable[Label]) -> int:
    """These answers stand no longer, so that the queue may ask about their events again. Returns how many stood."""
    return sum(_take_back(label) for label in labels)


def _take_back(label: Label) -> bool:
    """False: it stood no longer."""
    stood = Label.objects.filter(pk=label.pk, superseded_at=None).update(superseded_at=timezone.now())
    if stood:
        live.changed([label.project_id])
    return bool(stood)


@transaction.atomic
def undo_last_label(*, issue: Issue, user: User | None) -> Label | None:
    """Takes back the user's last standing answer, so that the one it replaced stands again.

    Returns the label that was taken back (its event is the card to show again), None when there is none.
    """
    last = (
        standing_labels(issue)
        .select_for_update(of=("self",))
        .select_related("event")
        .filter(user=user)
        .order_by("-created_at", "-id")
        .first()
    )
    if last is None:
        return None
    last.superseded_at = timezone.now()
    last.save(update_fields=["superseded_at"])
    Label.objects.filter(
        issue=issue, event_id=last.event_id, user=user, superseded_at=last.created_at
    ).update(superseded_at=None)
    live.changed([issue.project_id])
    return last


def standing_labels(issue: Issue) -> QuerySet[Label]:
    """The answers in force: at most one per event and user."""
    return Label.objects.filter(issue=issue, superseded_at=None)


def standing_answers(issue: Issue) -> dict[uuid.UUID, bool]:
    """Event id -> is it a match, as most people who labelled it say. A tie, or mostly unsure, is no answer."""
    return majority(standing_labels(issue).values_list("event_id", "answer"))


def majority(votes: Iterable[tuple[uuid.UUID, str]]) -> dict[uuid.UUID, bool]:
    """The same, of (event id, answer) pairs."""
    counts: dict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    for event, answer in votes:
        counts[event][answer] += 1
    answers = {}
    for event, count in counts.items():
        best, number = count.most_common(1)[0]
        if best != Answer.UNSURE and list(count.values()).count(number) == 1:
            answers[event] = best == Answer.MATCH
    return answers
