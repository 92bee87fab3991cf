"""What the labels say of signals' matches, for the app of the signals, which knows no labels (signals/models/judgements.py)."""

import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, Subquery, Value, When

from labeling.labels.authors import SIGNAL
from labeling.labels.labels import last_words
from labeling.models import Answer, Label, Reason
from signals.learning.tuning import MOST_LABELS, JudgedEvent
from signals.models import SignalDefinition, SignalMatch
from signals.models.judgements import JudgedCounts

RIGHT = {Answer.MATCH: True, Answer.NOT_MATCH: False, Answer.UNSURE: None}
# Precision is counted over these: events that were picked for their score would make it look worse than it is.
UNPICKED = (Reason.SHOWN, Reason.CHOSEN, Reason.RANDOM)


class LabelJudgements:
    """The last word on each event, from the label table."""

    def feedback(self) -> Subquery:
        rows = Label.objects.filter(
            subject_kind=SIGNAL, subject_id=OuterRef("signal_id"), event_id=OuterRef("event_id")
        ).live()
        right = Case(
            When(answer=Answer.MATCH, then=Value(True)),
            When(answer=Answer.NOT_MATCH, then=Value(False)),
            output_field=BooleanField(null=True),
        )
        return Subquery(rows.order_by("-created_at", "-id").annotate(right=right).values("right")[:1])

    def answers(
        self, signal: SignalDefinition, events: Collection[uuid.UUID]
    ) -> Mapping[uuid.UUID, bool | None]:
        rows = Label.objects.filter(subject_id=signal.pk, event__in=events).last_words()
        return {event: RIGHT[Answer(answer)] for event, answer in rows.values_list("event_id", "answer")}

    def counts(self, signals: Sequence[SignalDefinition]) -> Mapping[uuid.UUID, JudgedCounts]:
        matches = SignalMatch.objects.filter(signal=OuterRef("subject_id"), event=OuterRef("event_id"))
        labels = Label.objects.filter(
            subject_kind=SIGNAL,
            subject_id__in=[signal.pk for signal in signals],
            project__in={signal.project_id for signal in signals},
        )
        seen, near = Q(Exists(matches)) & Q(reason__in=UNPICKED), Q(reason=Reason.NEAR)
        rows = (
            labels.last_words()
            .exclude(answer=Answer.UNSURE)
            .order_by()
            .values("subject_id")
            .annotate(
                labels=Count("id"),
                judged=Count("id", filter=seen),
                right=Count("id", filter=seen & Q(answer=Answer.MATCH)),
                near_judged=Count("id", filter=near),
                missed=Count("id", filter=near & Q(answer=Answer.MATCH)),
            )
        )
        return {
            row["subject_id"]: JudgedCounts(
                row["labels"], row["judged"], row["right"], row["near_judged"], row["missed"]
            )
            for row in rows
        }


def judged_events(signal: SignalDefinition) -> list[JudgedEvent]:
    """What the signal learns from: the last words but "unsure", the newest first, at most MOST_LABELS."""
    rows = last_words(signal).exclude(answer=Answer.UNSURE).order_by("-created_at", "-id")[:MOST_LABELS]
    return [
        JudgedEvent(event, answer == Answer.MATCH) for event, answer in rows.values_list("event_id", "answer")
    ]


def count_judged(signal: SignalDefinition) -> int:
    """How many events have an answer that is not "unsure"."""
    return last_words(signal).exclude(answer=Answer.UNSURE).count()
