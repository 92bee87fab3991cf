"""What people say of a signal's matches and near misses, and the precision that follows."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from ingest.models import Event, User
from raindrop import live
from raindrop.statistics import wilson
from signals.models import SignalDefinition, SignalFeedback, SignalMatch
from signals.models.feedback import Asked

# Precision is counted over these: events that were picked for their score would make it look worse than it is.
UNPICKED = (Asked.SHOWN, Asked.RANDOM)


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the `judged` matches that still stand `right` are right; (`low`, `high`) is the share's 95 % Wilson interval. Of what
    people looked at, which is mostly the newest. Of `near_judged` near misses (scores just below the threshold) `missed` hold."""

    judged: int
    right: int
    share: float | None
    low: float | None
    high: float | None
    near_judged: int
    missed: int
    labels: int  # every standing answer but "unsure"


@transaction.atomic
def judge(
    *,
    signal: SignalDefinition,
    event: Event,
    right: bool | None,
    user: User,
    reason: str = Asked.SHOWN,
    score: float | None = None,
) -> SignalFeedback:
    """The user's word on whether the signal holds on the event; None: unsure. It takes the place of what the user said before.

    Raises ValueError when the event is of another project.
    """
    if event.project_id != signal.project_id:
        raise ValueError("This event belongs to another project than the signal.")
    said, _ = SignalFeedback.objects.update_or_create(
        signal=signal,
        event=event,
        user=user,
        defaults={"project_id": signal.project_id, "right": right, "reason": reason, "score": score},
    )
    live.changed([signal.project_id])
    return said


@transaction.atomic
def take_back(*, signal: SignalDefinition, event: Event, user: User | None) -> None:
    """The user (None: one who was deleted) said nothing of it then."""
    SignalFeedback.objects.filter(signal=signal, event=event, user=user).delete()
    live.changed([signal.project_id])


def precision_of(signal: SignalDefinition) -> Precision:
    return precisions_of([signal])[signal.pk]


def precisions_of(signals: Sequence[SignalDefinition]) -> dict[uuid.UUID, Precision]:
    """By the signal's id: one query for all of them."""
    standing = Exists(SignalMatch.objects.filter(signal=OuterRef("signal_id"), event=OuterRef("event_id")))
    said = SignalFeedback.objects.standing().filter(
        signal__in=signals, project__in={signal.project_id for signal in signals}, right__isnull=False
    )
    seen, near = Q(standing) & Q(reason__in=UNPICKED), Q(reason=Asked.NEAR)
    counts = (
        said.order_by()
        .values("signal_id")
        .annotate(
            labels=Count("id"),
            judged=Count("id", filter=seen),
            found_right=Count("id", filter=seen & Q(right=True)),
            near_judged=Count("id", filter=near),
            missed=Count("id", filter=near & Q(right=True)),
        )
    )
    found = {row["signal_id"]: row for row in counts}
    return {signal.pk: _precision(found.get(signal.pk, {})) for signal in signals}


def _precision(counts: Mapping[str, Any]) -> Precision:
    judged, right = counts.get("judged", 0), counts.get("found_right", 0)
    low, high = wilson(right, judged) or (None, None)
    return Precision(
        judged, right, right / judged if judged else None, low, high,
        counts.get("near_judged", 0), counts.get("missed", 0), counts.get("labels", 0),
    )  # fmt: skip
