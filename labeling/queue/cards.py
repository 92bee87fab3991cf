"""A card: an event to ask a person about, and why."""

from dataclasses import dataclass

from ingest.models import Event
from labeling.labels.labels import Why
from labeling.queue.leads import Lead


@dataclass(frozen=True, slots=True)
class Card:
    """`score` is the classifier's or the detector's, or before an issue's first classifier the cosine to its definition; None for an
    event without one. `reason`: one of labeling.models.Reason. `probability`: of a random card the chance that this event was the one
    drawn (strata of score have different chances); None for what was picked. `leads`: what else than the issue's text found it; none of a random card."""

    event: Event
    score: float | None
    reason: str
    probability: float | None = None
    leads: tuple[Lead, ...] = ()

    @property
    def why(self) -> Why:
        return Why(self.reason, self.score, self.probability)
