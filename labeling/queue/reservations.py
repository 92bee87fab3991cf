"""Cards that are on somebody's screen: for a few minutes the review queue asks nobody else about them."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db.models import Q
from django.utils import timezone

from ingest.models import User
from issues.models import Issue
from labeling.models import Reservation

MINUTES = 5


def reserved_by_others(*, issue: Issue, user: User) -> set[uuid.UUID]:
    """The events that another person is being asked about now."""
    held = Reservation.objects.filter(issue=issue, until__gt=timezone.now()).exclude(user=user)
    return set(held.values_list("event_id", flat=True))


def reserve(*, issue: Issue, user: User, event_ids: Collection[uuid.UUID]) -> None:
    """Makes these the person's reservations on the issue, MINUTES from now, and releases the others. To be called under the lock of
    the issue's queue (labeling/queue/lookahead.py), with events that nobody else has reserved."""
    now = timezone.now()
    Reservation.objects.filter(Q(user=user) | Q(until__lte=now), issue=issue).exclude(
        user=user, event_id__in=event_ids
    ).delete()
    Reservation.objects.bulk_create(
        [
            Reservation(issue=issue, event_id=event_id, user=user, until=now + dt.timedelta(minutes=MINUTES))
            for event_id in event_ids
        ],
        update_conflicts=True,
        unique_fields=["issue", "event"],
        update_fields=["user", "until"],
    )
