"""What people say of a signal's matches, and the precision that follows."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from ingest.models import User
from raindrop import live
from raindrop.statistics import wilson
from signals.models import SignalDefinition, SignalFeedback, SignalMatch


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the `judged` matches that still stand `right` are right; (`low`, `high`) is the share's 95 % Wilson interval. Of what
    people looked at, which is mostly the newest."""

    judged: int
    right: int
    share: float | None
    low: float | None
    high: float | None


@transaction.atomic
def judge_match(*, match: SignalMatch, right: bool | None, user: User) -> None:
    """Says whether the match is right; None takes back what was said."""
    said = SignalFeedback.objects.filter(signal=match.signal_id, event=match.event_id)
    if right is None:
        said.delete()
    else:
        SignalFeedback.objects.update_or_create(
            signal_id=match.signal_id,
            event_id=match.event_id,
            defaults={"project_id": match.project_id, "right": right, "user": user},
        )
    live.changed([match.project_id])


def precision_of(signal: SignalDefinition) -> Precision:
    standing = SignalMatch.objects.filter(signal=signal, event=OuterRef("event_id"))
    counts = SignalFeedback.objects.filter(
        Exists(standing), signal=signal, project=signal.project_id
    ).aggregate(judged=Count("id"), right=Count("id", filter=Q(right=True)))
    judged, right = counts["judged"], counts["right"]
    low, high = wilson(right, judged) or (None, None)
    return Precision(judged, right, right / judged if judged else None, low, high)


def feedback_on(signal: SignalDefinition, matches: list[SignalMatch]) -> dict[uuid.UUID, bool]:
    """By event id, for those of the matches that were judged."""
    rows = SignalFeedback.objects.filter(signal=signal, event__in=[match.event_id for match in matches])
    return dict(rows.values_list("event_id", "right"))
