"""What the labels say of issues' events, for the app of the issues, which knows no labels (issues/models/answers.py)."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping

from issues.models.answers import Answered
from labeling.labels.authors import ISSUE
from labeling.labels.labels import majority
from labeling.models import Label, Reason


class LabelAnswers:
    """The majority of the standing answers on each event, from the label table."""

    def of(
        self, issues: Collection[uuid.UUID], events: Collection[uuid.UUID] | None = None
    ) -> Mapping[tuple[uuid.UUID, uuid.UUID], bool]:
        votes: dict[uuid.UUID, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        rows = Label.objects.filter(subject_kind=ISSUE, subject_id__in=issues).of_people().standing()
        if events is not None:
            rows = rows.filter(event__in=events)
        for issue, event, answer in rows.values_list("subject_id", "event_id", "answer"):
            votes[issue].append((event, answer))
        return {
            (issue, event): is_match
            for issue, mine in votes.items()
            for event, is_match in majority(mine).items()
        }

    def all_of(self, issues: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Answered]]:
        votes: dict[uuid.UUID, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        drawn: dict[tuple[uuid.UUID, uuid.UUID], float] = {}
        given = Label.objects.filter(subject_kind=ISSUE, subject_id__in=issues).of_people().standing()
        rows = given.exclude(reason=Reason.BULK)  # picked for their likeness: they measure nothing
        for issue, event, answer, reason, probability in rows.values_list(
            "subject_id", "event_id", "answer", "reason", "probability"
        ):
            votes[issue].append((event, answer))
            if reason == Reason.RANDOM:
                drawn[issue, event] = 1 / probability if probability else 1.0
        return {
            issue: [
                Answered(event, is_match, (issue, event) in drawn, drawn.get((issue, event), 1.0))
                for event, is_match in majority(mine).items()
            ]
            for issue, mine in votes.items()
        }
