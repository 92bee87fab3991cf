"""Cards that somebody has answered already and another person is asked about: where people disagree, and a share of all, so that it is known how far
they agree (labeling/labels/agreement.py)."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ingest.models import Event, User
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
    """Up to `limit` of each that this user has not answered. A card that was drawn at random stays one, with its probability. `audit`: only those.

    Which cards are asked twice is drawn by a hash of the event, so that nothing of the answer decides it. An answer in bulk, or to what no queue asked,
    is not asked about again for the share; nor on a signal, where the newest answer would take the place of one that counts, for a disagreement.
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
    split = [
        event
        for event, labels in given.items()
        if event in open_ids
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
