"""The next few cards of a person's queue, chosen several at a time and held for that person.

Choosing one card or five takes the same time, about 170 ms with 8,000 events. So several are chosen at a time, and again before the last ones are
shown: the page has the next SHOWN_AHEAD cards at hand (static/queue.js), and an answer waits for nothing. A reload of the page shows the same card.
New labels change what is chosen next, not what waits.

The table of offers keeps what was offered to whom, and why, until it is answered. A label takes its reason and its probability from the
offer, so a browser or a program cannot choose them.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from ingest.models import Event, User
from labeling.labels.authors import Labelled, author_of, kind_of
from labeling.labels.labels import Standing, standing_labels
from labeling.labels.people import disputed_events
from labeling.models import Offer
from labeling.queue.cards import Card
from labeling.queue.leads import Lead
from labeling.queue.second_opinions import second_opinions
from labeling.queue.subject import Subject
from raindrop.locks import hold_lock

AHEAD = 5  # wait at most
SHOWN_AHEAD = 2  # of them, on the page behind the card that is asked
HELD = dt.timedelta(minutes=5)  # since the person's last page or answer in this queue
FRESH = dt.timedelta(hours=1)  # an older choice is not what the subject would ask by now
REMEMBERED = dt.timedelta(days=30)  # for programs that take long to answer
FIRST = -1  # the place of a card that goes before the others


@transaction.atomic
def next_cards_of(*, subject: Subject, user: User, answers: bool = True, audit: bool = False) -> list[Card]:
    """The card to show and up to SHOWN_AHEAD after it: those that were offered to the user and are not labelled yet, then those of a new choice.
    Empty: no event is left.

    All that wait for a person who `answers` are held: nobody else is asked about them meanwhile. `audit`: cards drawn at random alone. What teaching
    has offered waits for teaching as long as there are others to draw, and the other way round. What people disagree on comes first, and of the cards
    that are chosen at a time at most one is asked of a second person, unless there are no others.
    """
    author = author_of(user)
    hold_lock(f"queue:{subject.row.pk}")
    taken = held_by_others(subject.row, user)
    waiting = _waiting(subject.row, author, taken, audit)
    if len(waiting) <= SHOWN_AHEAD:
        ids = {card.event.id for card in waiting}
        elsewhere = {card.event.id for card in _waiting(subject.row, author, taken, not audit)}
        limit = AHEAD - len(waiting)
        more = _chosen(subject, user, limit, taken | ids | elsewhere, audit)
        if not waiting and not more:
            more = subject.cards(limit=limit, user=user, exclude=taken, audit=audit)
        _remember(subject.row, user, more, behind=ids, audit=audit)
        waiting += more
    if answers:
        _hold(subject.row, author, [card.event.id for card in waiting])
    return waiting[: 1 + SHOWN_AHEAD]


def held_by_others(subject: Labelled, user: User | None) -> set[uuid.UUID]:
    """The events that another person is being asked about now."""
    held = Offer.objects.filter(subject_id=subject.pk, held_until__gt=timezone.now())
    return set(held.exclude(author=author_of(user)).values_list("event_id", flat=True))


@transaction.atomic
def offer(
    *,
    subject: Labelled,
    user: User | None,
    cards: Sequence[Card],
    first: bool = False,
    behind: Collection[uuid.UUID] = (),
    audit: bool = False,
) -> None:
    """Remembers that these were offered to the user (None: to a program), and why. `first`: before those that wait. `behind`: the events of those
    that they come after. `audit`: by the audit."""
    _remember(subject, user, cards, first=first, behind=behind, audit=audit)


def _remember(
    subject: Labelled,
    user: User | None,
    cards: Sequence[Card],
    *,
    first: bool = False,
    behind: Collection[uuid.UUID],
    audit: bool,
) -> None:
    """As `offer`, in the transaction of the caller."""
    now = timezone.now()
    before = Offer.objects.filter(subject_id=subject.pk, author=author_of(user), event__in=behind)
    last = before.aggregate(last=Max("place"))["last"] if behind else None
    start = FIRST if first else 0 if last is None else last + 1
    Offer.objects.filter(subject_id=subject.pk, offered_at__lt=now - REMEMBERED).delete()
    Offer.objects.bulk_create(
        [
            Offer(
                project_id=subject.project_id, subject_kind=kind_of(subject), subject_id=subject.pk, event=card.event,
                author=author_of(user), user=user, reason=card.reason, score=card.score, probability=card.probability,
                leads=[asdict(lead) for lead in card.leads], place=place, audit=audit, offered_at=now,
            )
            for place, card in enumerate(cards, start)
        ],
        update_conflicts=True,
        unique_fields=["subject_id", "event", "author"],
        update_fields=["reason", "score", "probability", "leads", "place", "audit", "offered_at"],
    )  # fmt: skip


def _chosen(subject: Subject, user: User, limit: int, exclude: set[uuid.UUID], audit: bool) -> list[Card]:
    again = second_opinions(subject=subject.row, user=user, limit=limit, exclude=exclude, audit=audit)
    others = again.others[: limit - len(again.split)]
    room = limit - len(again.split) - len(others[:1])
    seen = exclude | {card.event.pk for card in [*again.split, *others]}
    new = subject.cards(limit=room, user=user, exclude=seen, audit=audit) if room else []
    return [*again.split, *new, *others][:limit]


def _waiting(subject: Labelled, author: str, taken: Collection[uuid.UUID], audit: bool) -> list[Card]:
    """Those of the author's offers, the audit's or teaching's, that the author has not labelled, nobody else has since, and nobody is being asked."""
    offers = Offer.objects.filter(
        subject_id=subject.pk, author=author, audit=audit, offered_at__gt=timezone.now() - FRESH
    ).exclude(event__in=taken)
    rows = list(offers.order_by("place", "id"))
    ids = {row.event_id for row in rows}
    since = {row.event_id: row.offered_at for row in rows}
    labels = list(standing_labels(subject).filter(event_id__in=ids))
    # One's own answer on what people disagree on is asked about again (second_opinions.py).
    disputed = disputed_events(
        [Standing(label.event_id, label.answer, label.author, label.reason) for label in labels]
    )
    done = {
        label.event_id
        for label in labels
        if label.created_at > since[label.event_id]
        or (label.author == author and label.event_id not in disputed)
    }
    events = (
        Event.objects.select_related("conversation", "end_user")
        .filter(project_id=subject.project_id)
        .in_bulk(list(ids.difference(done)))
    )
    return [
        Card(
            events[row.event_id],
            row.score,
            row.reason,
            row.probability,
            tuple(Lead(**lead) for lead in row.leads),
        )
        for row in rows
        if row.event_id in events
    ]


def _hold(subject: Labelled, author: str, events: Collection[uuid.UUID]) -> None:
    """Holds these for the author, and no others. To be called under the lock of the subject's queue."""
    now = timezone.now()
    offers = Offer.objects.filter(subject_id=subject.pk)
    no_longer_shown = Q(author=author) & ~Q(event__in=events)
    offers.filter(Q(held_until__lte=now) | no_longer_shown, held_until__isnull=False).update(held_until=None)
    offers.filter(author=author, event__in=events).update(held_until=now + HELD)
