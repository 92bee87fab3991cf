"""How far the teaching of an issue has come, and what would help next."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ingest.models import Job, User
from ingest.models.jobs import JobState
from issues.classifier.audit import RANDOM_LEAST
from issues.classifier.model import MEASURABLE
from issues.models import Issue
from labeling.labels.authors import author_of
from labeling.labels.labels import majority, standing_labels
from labeling.models import Answer, Reason


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of events, except `labels` and `people`. A standing label may be one of several on its event."""

    labels: int  # standing labels, of all people
    mine: int  # of them, the given user's
    people: int  # who gave them
    matches: int  # events that are a match by majority
    not_matches: int  # events that are not, by majority
    unsure: int  # labels that say unsure
    version: int | None  # of the current classifier
    quality: dict[
        str, Any
    ]  # {"precision", "recall", "low", "high", "labels"}, values null while labels are too few
    random_labels: int  # standing labels of events that were drawn at random
    job: Job | None  # training or scoring that is under way
    follows: bool = False  # something else than a classifier decides, and the labels measure it

    @property
    def audit_hint(self) -> str:
        """Why there is no recall and no interval."""
        if self.random_labels < RANDOM_LEAST:
            return f"No random audit yet: {self.random_labels} of {RANDOM_LEAST} cards drawn at random are answered."
        return "None of the cards drawn at random is a match, so that nothing is known of what is missed."

    @property
    def hint(self) -> str:
        """What to do next, for people."""
        if self.follows:
            return "Labels measure what the issue follows. An event that is answered as wrong is not counted."
        if not self.matches:
            return "Find one match, and a first classifier is trained."
        missing = [
            f"{number} more {one if number == 1 else many}"
            for number, one, many in (
                (MEASURABLE - self.matches, "match", "matches"),
                (MEASURABLE - self.not_matches, "non-match", "non-matches"),
            )
            if number > 0
        ]
        if missing:
            return f"{' and '.join(missing)} until precision and recall can be measured."
        return "More labels narrow the interval of the measured precision."


def progress(issue: Issue, *, user: User | None = None) -> Progress:
    rows = list(standing_labels(issue).values_list("event_id", "answer", "author", "reason"))
    answers = Counter(majority((event, answer) for event, answer, _, _ in rows).values())
    classifier = None if issue.follows else issue.classifiers.current().first()
    job = (
        Job.objects.filter(
            project_id=issue.project_id, subject=issue.pk, state__in=[JobState.QUEUED, JobState.RUNNING]
        )
        .order_by("-created_at")
        .first()
    )
    return Progress(
        labels=len(rows),
        mine=sum(owner == author_of(user) for _, _, owner, _ in rows) if user else 0,
        people=len({owner for _, _, owner, _ in rows}),
        matches=answers[True],
        not_matches=answers[False],
        unsure=sum(answer == Answer.UNSURE for _, answer, _, _ in rows),
        random_labels=sum(why == Reason.RANDOM and answer != Answer.UNSURE for _, answer, _, why in rows),
        version=classifier.version if classifier else None,
        quality=classifier.quality if classifier else issue.quality if issue.follows else {},
        follows=bool(issue.follows),
        job=job,
    )
