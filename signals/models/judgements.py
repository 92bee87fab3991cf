"""What people said of signals' matches. The labels lie in an upper app, which registers itself here when it is ready."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Subquery

from signals.models.definitions import SignalDefinition


@dataclass(frozen=True, slots=True)
class JudgedCounts:
    """Of a signal's events, each by the last word on it, "unsure" left out. `judged` of the matches that still stand, and that were not
    picked for their score, were judged, `right` of them right; of `near_judged` near misses `missed` hold."""

    labels: int = 0
    judged: int = 0
    right: int = 0
    near_judged: int = 0
    missed: int = 0


class Judgements(Protocol):
    """The last word of anybody counts: True (right), False (wrong) or None (unsure)."""

    def feedback(self) -> Subquery:
        """The last word on the outer query's (`signal`, `event`); null when there is none."""

    def answers(
        self, signal: SignalDefinition, events: Collection[uuid.UUID]
    ) -> Mapping[uuid.UUID, bool | None]:
        """By event; without those of which nobody said anything."""

    def counts(self, signals: Sequence[SignalDefinition]) -> Mapping[uuid.UUID, JudgedCounts]:
        """By the signal's id, in one query; without those of which nobody said anything."""


_registered: list[Judgements] = []


def register_judgements(source: Judgements) -> None:
    """In place of what was registered before. For `AppConfig.ready()`."""
    _registered[:] = [source]


def judgements() -> Judgements:
    """Raises LookupError when no app has registered any."""
    if not _registered:
        raise LookupError("No app has registered what people said of signals (register_judgements).")
    return _registered[0]
