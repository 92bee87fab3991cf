"""A card: an event to ask a person about, and why."""

from dataclasses import dataclass

from ingest.models import Event
from labeling.labels.labels import Why


@dataclass(frozen=True, slots=True)
class Card:
    """`score` is the classifier's or the detector's, or before an issue's first classifier the cosine to its definition; None for an
    event without one. `reason`: one of labeling.models.Reason. `probability`: of a random card the chance that this event was the one
    drawn (strata of score have different chances); None for what was picked."""

    event: Event
    score: float | None
    reason: str
    probability: float | None = None

    @property
    def why(self) -> Why:
        return Why(self.reason, self.score, self.probability)
