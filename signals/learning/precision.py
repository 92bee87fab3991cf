"""The precision that follows from what people say of a signal's matches and near misses."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from raindrop.statistics import wilson
from signals.models import SignalDefinition
from signals.models.judgements import JudgedCounts, judgements


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


def precision_of(signal: SignalDefinition) -> Precision:
    return precisions_of([signal])[signal.pk]


def precisions_of(signals: Sequence[SignalDefinition]) -> dict[uuid.UUID, Precision]:
    """By the signal's id: one query for all of them."""
    counts = judgements().counts(signals)
    return {signal.pk: _precision(counts.get(signal.pk, JudgedCounts())) for signal in signals}


def _precision(counts: JudgedCounts) -> Precision:
    judged, right = counts.judged, counts.right
    low, high = wilson(right, judged) or (None, None)
    return Precision(
        judged, right, right / judged if judged else None, low, high,
        counts.near_judged, counts.missed, counts.labels,
    )  # fmt: skip
