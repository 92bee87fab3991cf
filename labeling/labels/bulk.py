"""Many events labelled with one answer, from a page of similar ones. Such labels teach, and count in no figure of quality: nobody has read each event as a
card of the queue is read, and they were picked for their likeness."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from ingest.models import Event, User
from labeling.labels.authors import Labelled, author_of
from labeling.labels.labels import EventAnswer, Why, record_labels, retract_labels, standing_labels
from labeling.models import Answer, Label, Reason

BULK = "bulk"  # the source of such labels


@transaction.atomic
def label_in_bulk(
    *, subject: Labelled, events: Sequence[Event], answer: Answer | str, user: User
) -> list[Label]:
    """One answer on each of these. An event on which an answer stands, anybody's, keeps it: a bulk takes nothing out of what quality is measured by.
    Raises ValueError as `record_labels`."""
    taken = set(
        standing_labels(subject)
        .filter(event__in=[event.pk for event in events])
        .values_list("event_id", flat=True)
    )
    given = [EventAnswer(event, answer, why=Why(Reason.BULK)) for event in events if event.pk not in taken]
    return record_labels(subject=subject, answers=given, user=user, source=BULK, at=timezone.now())


def last_bulk(subject: Labelled, user: User) -> list[Label]:
    """The labels that stand of the user's newest bulk, if it is the newest of all that this user answered here; else none."""
    mine = Label.objects.filter(subject_id=subject.pk, author=author_of(user)).live()
    newest = mine.order_by("-created_at", "-id").first()
    if newest is None or newest.source != BULK:
        return []
    moment: dt.datetime = newest.created_at
    return list(mine.filter(source=BULK, created_at=moment).select_related("event"))


@transaction.atomic
def undo_bulk(*, subject: Labelled, user: User) -> list[Label]:
    """Takes the user's last bulk back (`last_bulk`), all of it. Returns the labels that were taken back."""
    labels = last_bulk(subject, user)
    return retract_labels(subject=subject, labels=labels, source=BULK)
