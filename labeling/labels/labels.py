"""Writing labels and reading what stands. Rows are added and never changed: a changed mind is a new row, and so is an undo."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ingest.models import Event, User
from issues.following.measuring import answers_changed, judgements_changed
from issues.models import Issue
from labeling.labels.authors import (
    Labelled,
    author_of,
    counts_last_word,
    definition_version,
    kind_of,
)
from labeling.labels.rationales import fits
from labeling.models import TEACHER, Answer, Assignment, Label, Offer, QueuePlan, Reason
from raindrop import live
from raindrop.locks import hold_lock
from signals.models import SignalDefinition


@dataclass(frozen=True, slots=True)
class Why:
    """Why an event was asked about, with which score, and (of a random draw) the probability with which it was drawn."""

    reason: str = ""
    score: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """An answer on one event, before it is a label. Without `why` the label takes the reason of the queue's offer (`why_asked`)."""

    event: Event
    answer: Answer | str
    note: str = ""
    why: Why | None = None
    rationale: str = ""


class Standing(NamedTuple):
    """What figures read of a standing label."""

    event: uuid.UUID
    answer: str
    author: str
    reason: str


def record_label(
    *,
    subject: Labelled,
    event: Event,
    answer: Answer | str,
    user: User | None,
    note: str = "",
    source: str = "queue",
    why: Why | None = None,
    rationale: str = "",
) -> Label:
    """Stores the user's answer on (subject, event). It replaces the user's earlier one. Without a user it is a program's answer.

    When the newest label on the event is the same author's with the same answer, rationale and note (a double click, a repeated request),
    that label is returned and no row is added. Raises ValueError when the event belongs to another project, the answer is not an `Answer`,
    or the rationale is not one of this answer's.
    """
    given = EventAnswer(event, answer, note, why, rationale)
    [label] = record_labels(subject=subject, answers=[given], user=user, source=source)
    return label


@transaction.atomic
def record_labels(
    *,
    subject: Labelled,
    answers: Sequence[EventAnswer],
    user: User | None,
    source: str,
    at: dt.datetime | None = None,
) -> list[Label]:
    """As `record_label`, for all answers or none, in their order: a later answer on an event replaces an earlier one. `at`: one moment for all, by
    which they are known to belong together."""
    for given in answers:
        if given.event.project_id != subject.project_id:
            raise ValueError(f"This event belongs to another project than the {kind_of(subject)}.")
        Answer(given.answer)
        if not fits(given.rationale, given.answer):
            raise ValueError(f'"{given.rationale}" is no reason for the answer {given.answer}.')
    author = author_of(user)
    _lock(subject, author)
    events = {given.event.pk for given in answers}
    standing = _last_words(subject, events)
    reasons = why_asked(subject, [given.event.pk for given in answers if given.why is None], author)
    version = definition_version(subject)
    labels, new = [], []
    for given in answers:
        note = given.note.strip()
        last = standing.get(given.event.pk)
        same = (author, given.answer, given.rationale, note)
        if last and (last.author, last.answer, last.rationale, last.note) == same:
            labels.append(last)
            continue
        why = given.why or reasons.get(given.event.pk) or Why()
        label = Label(
            project_id=subject.project_id, subject_kind=kind_of(subject), subject_id=subject.pk, event=given.event, author=author,
            user=user, answer=Answer(given.answer), rationale=given.rationale, note=note, source=source, reason=why.reason,
            score=why.score, probability=why.probability, definition_version=version, created_at=at or timezone.now(),
        )  # fmt: skip
        standing[given.event.pk] = label
        labels.append(label)
        new.append(label)
    Label.objects.bulk_create(new)
    Offer.objects.filter(subject_id=subject.pk, author=author, event__in=events).delete()
    live.changed([subject.project_id])
    _apply(subject, {label.event_id for label in new})
    return labels


def record_teaching(
    *, issue: Issue, event: Event, answer: Answer, note: str, why: Why, version: int
) -> Label | None:
    """Stores the teacher's answer on (issue, event), about this version of the definition. No figure of people's changes by it. None when it said
    the same before."""
    _lock(issue, TEACHER)
    last = Label.objects.filter(subject_id=issue.pk, event=event, author=TEACHER).standing().first()
    if last and (last.answer, last.note, last.definition_version) == (answer, note, version):
        return None
    label: Label = Label.objects.create(
        project_id=issue.project_id, subject_kind=kind_of(issue), subject_id=issue.pk, event=event, author=TEACHER, answer=answer, note=note,
        source=TEACHER, reason=why.reason, score=why.score, probability=why.probability, definition_version=version,
    )  # fmt: skip
    return label


def why_asked(subject: Labelled, events: Iterable[uuid.UUID], author: str) -> dict[uuid.UUID, Why]:
    """Why the author was asked about these events, by event id. The reason comes from the queue's offer, else from the author's own
    earlier label, else, where the newest label of anybody counts, from that. An event that nobody was asked about is missing."""
    event_ids = set(events)
    if not event_ids:
        return {}
    offers = Offer.objects.filter(subject_id=subject.pk, event__in=event_ids, author=author)
    found = {one.event_id: Why(one.reason, one.score, one.probability) for one in offers}
    rows = Label.objects.filter(subject_id=subject.pk, event__in=event_ids - found.keys()).exclude(reason="")
    if not counts_last_word(subject):
        rows = rows.filter(author=author)
    for row in sorted(rows, key=lambda row: (row.author == author, row.created_at), reverse=True):
        found.setdefault(row.event_id, Why(row.reason, row.score, row.probability))
    return found


@transaction.atomic
def correct_label(*, label: Label, subject: Labelled, answer: Answer | str, user: User) -> Label | None:
    """`user` overrules a label: the label is taken back, and the user's own answer replaces it.

    The new label has source "admin", and the reason, score and probability of the old one, so that a random draw stays one; its rationale
    too, where that fits the answer. The old row stays. Returns None when the label no longer stands. Raises ValueError when the answer is not an `Answer`.
    """
    answer = Answer(answer)
    for author in sorted({label.author, author_of(user)}):
        _lock(subject, author)
    if not _stands(label):
        return None
    if label.author != author_of(user):  # one's own is replaced below
        _take_back(label.event_id, subject, label.author, source="admin")
    return record_label(
        subject=subject,
        event=label.event,
        answer=answer,
        user=user,
        note=label.note,
        source="admin",
        why=Why(label.reason, label.score, label.probability),
        rationale=label.rationale if fits(label.rationale, answer) else "",
    )


@transaction.atomic
def take_back_label(
    *, subject: Labelled, event_id: uuid.UUID, author: str, source: str = "page"
) -> list[Label]:
    """Takes back all answers of the author on this event, so that the queue may ask again. Returns the labels taken back."""
    _lock(subject, author)
    return _take_back(event_id, subject, author, source=source)


@transaction.atomic
def retract_labels(*, subject: Labelled, labels: Sequence[Label], source: str) -> list[Label]:
    """Takes these back, all of one subject, but for those that somebody has taken back already. Returns the labels that were taken back."""
    for author in sorted({label.author for label in labels}):
        _lock(subject, author)
    still = list(Label.objects.filter(pk__in=[label.pk for label in labels], subject_id=subject.pk).live())
    _retract(still, source=source)
    _apply(subject, {label.event_id for label in still})
    return still


@transaction.atomic
def undo_last_label(*, subject: Labelled, user: User | None) -> Label | None:
    """Takes back the user's last answer. The answer that it had replaced counts again.

    Returns the label that was taken back (its event is the card to show again), or None when the user has none.
    """
    author = author_of(user)
    _lock(subject, author)
    last = (
        Label.objects.filter(subject_id=subject.pk, author=author)
        .live()
        .select_related("event")
        .order_by("-created_at", "-id")
        .first()
    )
    if last is None:
        return None
    _retract([last], source="queue")
    _apply(subject, {last.event_id})
    return last


def standing_labels(subject: Labelled) -> QuerySet[Label]:
    """The answers in force, of people and programs: of each author at most one per event."""
    return Label.objects.filter(subject_id=subject.pk).of_people().standing()


def standing_rows(subject: Labelled) -> list[Standing]:
    """The same, in the order in which they were given."""
    rows = standing_labels(subject).order_by("created_at", "id")
    return [Standing(*row) for row in rows.values_list("event_id", "answer", "author", "reason")]


def all_standing_labels(subject: Labelled) -> QuerySet[Label]:
    """As `standing_labels`, with the teacher's."""
    return Label.objects.filter(subject_id=subject.pk).standing()


def taught_answers(issue: Issue) -> dict[uuid.UUID, bool]:
    """Event id -> is it a match, as the teacher says."""
    rows = Label.objects.filter(subject_id=issue.pk, author=TEACHER).standing()
    return {event: answer == Answer.MATCH for event, answer in rows.values_list("event_id", "answer")}


def last_words(subject: Labelled) -> QuerySet[Label]:
    """On each event the newest answer, whoever gave it."""
    return Label.objects.filter(subject_id=subject.pk).of_people().last_words()


def standing_answers(subject: Labelled) -> dict[uuid.UUID, bool]:
    """Event id -> is it a match, by majority of the people who labelled it. An event with a tie, or mostly unsure, is missing."""
    return majority(standing_labels(subject).values_list("event_id", "answer"))


def measured_answers(subject: Labelled) -> dict[uuid.UUID, bool]:
    """As `standing_answers`, without answers in bulk: those that quality may be measured by."""
    rows = standing_labels(subject).exclude(reason=Reason.BULK)
    return majority(rows.values_list("event_id", "answer"))


def random_weights(issue: Issue) -> dict[uuid.UUID, float]:
    """Of the labelled events that were drawn at random, 1 / the probability of the draw; 1 where it was not kept."""
    rows = standing_labels(issue).filter(reason=Reason.RANDOM).values_list("event_id", "probability")
    return {event: 1 / probability if probability else 1.0 for event, probability in rows}


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


def forget_labels(subject_id: uuid.UUID) -> None:
    """Deletes the labels and offers of a subject that is being deleted, and how its queue is shared."""
    QueuePlan.objects.filter(subject_id=subject_id).delete()
    Assignment.objects.filter(subject_id=subject_id).delete()
    Offer.objects.filter(subject_id=subject_id).delete()
    Label.objects.filter(subject_id=subject_id).delete()


# -- inside


def _lock(subject: Labelled, author: str) -> None:
    """Writers of one author's answers on a subject wait for each other. A row lock would not do: the first answer has no row yet."""
    hold_lock(f"labels:{subject.pk}:{author}")


def _apply(subject: Labelled, events: set[uuid.UUID]) -> None:
    """What is counted says what people say, in the same transaction."""
    if events and isinstance(subject, Issue):
        answers_changed(issue=subject, event_ids=events)
    elif events and isinstance(subject, SignalDefinition):
        judgements_changed(signal=subject, event_ids=events)


def _last_words(subject: Labelled, events: Iterable[uuid.UUID]) -> dict[uuid.UUID, Label]:
    rows = Label.objects.filter(subject_id=subject.pk, event__in=events).last_words()
    return {row.event_id: row for row in rows}


def _stands(label: Label) -> bool:
    of_author = Label.objects.filter(
        subject_id=label.subject_id, event_id=label.event_id, author=label.author
    )
    return of_author.standing().filter(pk=label.pk).exists()


def _take_back(event_id: uuid.UUID, subject: Labelled, author: str, *, source: str) -> list[Label]:
    live_rows = list(Label.objects.filter(subject_id=subject.pk, event_id=event_id, author=author).live())
    _retract(live_rows, source=source)
    _apply(subject, {label.event_id for label in live_rows})
    return live_rows


def _retract(labels: Sequence[Label], *, source: str) -> None:
    Label.objects.bulk_create(
        Label(
            project_id=label.project_id, subject_kind=label.subject_kind, subject_id=label.subject_id, event_id=label.event_id,
            author=label.author, user_id=label.user_id, retracts=label, source=source, definition_version=label.definition_version,
        )
        for label in labels
    )  # fmt: skip
    live.changed({label.project_id for label in labels})
