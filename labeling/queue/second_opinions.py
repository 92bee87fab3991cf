"""Cards that somebody has answered already and another person is asked about: where people disagree, and a share of all, so that it is known how far
they agree (labeling/labels/agreement.py)."""

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ingest.models import Event, Membership, User
from ingest.models.projects import Role
from labeling.labels.authors import PERSON, Labelled, author_of, counts_last_word
from labeling.labels.labels import majority, standing_labels
from labeling.labels.people import overlap_of
from labeling.models import Answer, Label, Reason
from labeling.queue.cards import Card

UNASKED = (Reason.SHOWN, Reason.CHOSEN)  # answers to what no queue asked


@dataclass(frozen=True, slots=True)
class SecondOpinions:
    """`split`: events that people answered differently. `others`: those that are wanting to the share of cards that two people answer."""

    split: list[Card]
    others: list[Card]


def second_opinions(
    *, subject: Labelled, user: User, limit: int, exclude: Collection[uuid.UUID], audit: bool
) -> SecondOpinions:
    """Up to `limit` of each that this user has not answered (of disagreements, see below). A card that was drawn at random stays one, with its probability. `audit`: only those.

    Which cards are asked twice is drawn by a hash of the event, so that nothing of the answer decides it. An answer in bulk, or to what no queue asked,
    is not asked about again for the share; nor on a signal, where the newest answer would take the place of one that counts, for a disagreement.
    On an issue, where everybody has answered, a disagreement goes to those who have (`_to_think_over`).
    """
    given: dict[uuid.UUID, list[Label]] = defaultdict(list)
    rows = standing_labels(subject).filter(author__startswith=PERSON).exclude(reason=Reason.BULK)
    for row in rows.order_by("created_at", "id"):
        given[row.event_id].append(row)
    open_ids = {
        event
        for event, labels in given.items()
        if event not in exclude
        and all(label.author != author_of(user) for label in labels)
        and (not audit or _drawn(labels))
    }
    settled = majority((event, label.answer) for event, labels in given.items() for label in labels)
    again = set() if counts_last_word(subject) else _to_think_over(subject, user, given)
    open_again = {event for event in again.difference(exclude) if not audit or _drawn(given[event])}
    split = [
        event
        for event, labels in given.items()
        if event in open_ids | open_again
        and event not in settled
        and len({label.answer for label in labels}) > 1
        and not (counts_last_word(subject) and _was_unasked(labels))
    ]
    from_queue = [labels for labels in given.values() if not _was_unasked(labels)]
    once = [
        labels[0].event_id
        for labels in from_queue
        if len(labels) == 1 and labels[0].event_id in open_ids and labels[0].answer != Answer.UNSURE
    ]
    wanted = (
        overlap_of(subject) * len(from_queue) // 100 - sum(len(labels) > 1 for labels in from_queue)
        if once
        else 0
    )
    drawn = sorted(once, key=lambda event: _hashed(subject, event))[: max(0, wanted)]
    shown = [*split[:limit], *drawn[:limit]]
    events = Event.objects.select_related("conversation", "end_user").in_bulk(shown)
    cards = {event: _card(events[event], given[event]) for event in shown if event in events}
    return SecondOpinions(
        [cards[event] for event in split[:limit] if event in cards],
        [cards[event] for event in drawn[:limit] if event in cards],
    )


def _to_think_over(subject: Labelled, user: User, given: Mapping[uuid.UUID, list[Label]]) -> set[uuid.UUID]:
    """Events that everybody who may answer has answered, of which this user's answer is the oldest and was never given again: where nobody else can
    settle a disagreement, those who disagree are asked, each once. `given`: the standing answers, by time."""
    mine = [
        event for event, labels in given.items() if len(labels) > 1 and labels[0].author == author_of(user)
    ]
    if not mine:
        return set()
    members = Membership.objects.filter(project=subject.project_id).exclude(role=Role.VIEWER)
    may_answer = {author_of(one.user) for one in members.select_related("user")}
    oldest = {event for event in mine if may_answer <= {label.author for label in given[event]}}
    answers = Label.objects.filter(subject_id=subject.pk, author=author_of(user), event__in=oldest).live()
    times = Counter(answers.values_list("event_id", flat=True))
    return {event for event in oldest if times[event] == 1}


def _card(event: Event, labels: list[Label]) -> Card:
    if before := _drawn(labels):
        return Card(event, before.score, Reason.RANDOM, before.probability)
    return Card(event, labels[0].score, Reason.SPLIT if len(labels) > 1 else Reason.SECOND)


def _drawn(labels: Iterable[Label]) -> Label | None:
    return next((label for label in labels if label.reason == Reason.RANDOM), None)


def _was_unasked(labels: Iterable[Label]) -> bool:
    return any(label.reason in UNASKED for label in labels)


def _hashed(subject: Labelled, event: uuid.UUID) -> bytes:
    return hashlib.blake2b(subject.pk.bytes + event.bytes, digest_size=8).digest()
