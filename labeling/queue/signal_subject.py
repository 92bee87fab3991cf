"""A signal as its review queue sees it."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db.models import QuerySet

from ingest.models import Event, Project, User
from labeling.labels.authors import SIGNAL
from labeling.labels.labels import standing_rows
from labeling.labels.people import work_of
from labeling.labels.progress import AuditProgress, Measured, wanted_for_share
from labeling.models import Answer, Reason
from labeling.queue.cards import Card
from labeling.queue.of_signals import next_signal_cards
from labeling.queue.subject import OF_PEOPLE, Chip, Words
from labeling.teaching import tune_soon
from signals.catalogue.access import find_signal
from signals.catalogue.audit_results import FEWEST
from signals.learning.precision import precision_of
from signals.learning.thresholds import LEAST_LABELS
from signals.learning.tuning import can_tune
from signals.models import SignalDefinition, SignalMatch
from signals.models.definitions import Reads

WORDS = Words(
    page="the signal",
    list_url="signals",
    list_name="Signals",
    right="it holds",
    wrong="it does not",
    answers={Answer.MATCH: "Right", Answer.NOT_MATCH: "Wrong", Answer.UNSURE: "Unsure"},
    reasons={
        **OF_PEOPLE,
        Reason.RANDOM: Chip(
            "random match",
            "A match drawn at random: these measure precision. Its score is hidden until you have answered",
            "purple",
        ),
        Reason.UNCERTAIN: Chip("uncertain match", "A match whose score is among the lowest", "yellow"),
        Reason.NEAR: Chip(
            "near miss",
            "It does not match, but its score comes close: these show what is missed",
            "blue",
        ),
    },
    score="The detector's score: the higher, the surer it is that the signal holds",
    nothing_left="Every match and near miss among the newest events has an answer, or is on somebody else's screen.",
    nothing_drawn="Every match among the newest 1,000 has an answer, or is on somebody else's screen.",
)


@dataclass(frozen=True, slots=True)
class SignalSubject:
    row: SignalDefinition
    kind: ClassVar[str] = SIGNAL
    words: ClassVar[Words] = WORDS
    aside: ClassVar[str] = "labeling/_measured.html"

    @property
    def project(self) -> Project:
        return self.row.project

    @property
    def key(self) -> str:
        return self.row.key

    @property
    def code(self) -> str:
        return self.row.name

    @property
    def file_name(self) -> str:
        return self.row.key

    @property
    def title(self) -> str:
        return self.row.name

    @property
    def question(self) -> str:
        return f"Does this hold here: {self.row.name}?"

    @property
    def description(self) -> str:
        return self.row.description

    @classmethod
    def find(cls, project: Project, key: str | int) -> Self:
        return cls(find_signal(project, str(key)))

    @classmethod
    def of_ids(cls, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Self]:
        rows = SignalDefinition.objects.filter(pk__in=ids).select_related("project")
        return {signal.pk: cls(signal) for signal in rows}

    @classmethod
    def titled(cls, text: str) -> QuerySet[SignalDefinition, uuid.UUID]:
        return SignalDefinition.objects.filter(name__icontains=text).values_list("pk", flat=True)

    def cards(
        self, *, limit: int, user: User | None, exclude: Collection[uuid.UUID] = (), audit: bool = False
    ) -> list[Card]:
        """What anybody has answered is settled: the last word on an event counts, whoever says it."""
        return next_signal_cards(signal=self.row, limit=limit, exclude=exclude, audit=audit)

    @property
    def is_about_agent(self) -> bool:
        return self.row.reads == Reads.ASSISTANT

    def audit(self) -> AuditProgress:
        """Its precision alone: only matches are drawn. What people judged where they met it counts too, as in the precision."""
        found = precision_of(self.row)
        if found.share is None or found.low is None or found.high is None:
            return AuditProgress(0, None, FEWEST, [])
        measured = [Measured("Precision", found.share, found.low, found.high)]
        return AuditProgress(found.judged, wanted_for_share(found.share), FEWEST, measured)

    def score_of(self, event: Event) -> float | None:
        match = self._match(event)
        return match.score if match else None

    def evidence(self, event: Event) -> list[dict[str, Any]]:
        """Where it can be shown; the turn itself stands below it in any case."""
        match = self._match(event)
        pieces = match.evidence if match else []
        return [piece for piece in pieces if isinstance(piece, dict) and str(piece.get("text", "")).strip()]

    def learn(self) -> None:
        tune_soon(self.row)

    def context(self, user: User) -> dict[str, Any]:
        return {
            "signal": self.row,
            "precision": precision_of(self.row),
            "can_tune": can_tune(self.row),
            "least": LEAST_LABELS,
            "work": work_of(standing_rows(self.row), user=user),
        }

    def _match(self, event: Event) -> SignalMatch | None:
        return SignalMatch.objects.filter(project=self.row.project_id, signal=self.row, event=event).first()
