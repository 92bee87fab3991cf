"""How far the teaching of an issue has come, and what would help next."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingest.jobs.kinds import rewriting_kinds, title_of
from ingest.jobs.progress import job_under_way
from ingest.models import Job, User
from issues.classifier.audit import RANDOM_LEAST, WIDTH_WANTED
from issues.classifier.model import MEASURABLE, MIN_FOLDS
from issues.models import Issue
from labeling.labels.authors import author_of
from labeling.labels.labels import Standing, majority, standing_rows
from labeling.models import TRAIN, Answer, Drift, Reason
from raindrop.statistics import wilson_of_share

MOST_WANTED = 100_000  # labels; at WIDTH_WANTED 95 % intervals of any share take fewer than 400


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of events, except `labels` and `people`. A standing label may be one of several on its event."""

    labels: int  # standing labels, of all people
    mine: int  # of them, the given user's
    people: int  # who gave them
    matches: int  # events that are a match by majority
    not_matches: int  # events that are not, by majority
    unsure: int  # labels that say unsure
    events: int  # with an answer
    undecided: int  # of them, neither a match nor none by majority
    version: int | None  # of the current classifier
    quality: dict[
        str, Any
    ]  # {"precision", "recall", "low", "high", "labels"}, values null while labels are too few
    random_labels: int  # standing labels of events that were drawn at random
    random_events: int  # these events
    random_matches: int  # of them, those that are a match by majority
    job: Job | None  # a training that waits or runs, or what writes the matches anew
    follows: bool = False  # something else than a classifier decides, and the labels measure it
    drift: Drift | None = None  # one that stands
    trained_at: dt.datetime | None = None  # the current classifier

    @property
    def job_title(self) -> str:
        """What its kind is called; empty without a job."""
        return title_of(self.job) if self.job else ""

    @property
    def audit_hint(self) -> str:
        """Why there is no recall, or no figure at all. Each sentence follows from what it names: none from what is missing elsewhere."""
        if self.random_labels < RANDOM_LEAST:
            return f"No random audit yet: {self.random_labels} of {RANDOM_LEAST} cards drawn at random are answered."
        if not self.random_matches:
            return "None of the cards drawn at random is a match, so that nothing is known of what is missed."
        # As of the last training.
        strata, known = self.quality.get("strata"), self.quality.get("random_labels", 0)
        if not strata and not self.follows and self.matches < MIN_FOLDS:
            return f"Measured from {MIN_FOLDS} matches on: {self.matches} so far."
        if not strata or known < RANDOM_LEAST or not strata[0] + strata[2]:
            return f"Not measured yet: the last training knew {known} of these cards."
        return f"{'What it follows' if self.follows else 'The classifier'} finds none of the matches that were drawn at random."

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


@dataclass(frozen=True, slots=True)
class Measured:
    """A share with its interval, by the name under which pages show it."""

    name: str
    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """To each side, on average."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """`answered`: events drawn at random that have an answer, `unsure` left out. `wanted`: about so many bring each interval to WIDTH_WANTED to each
    side; None while nothing is measured, and `why_not` says why. `least`: from so many on anything is said."""

    answered: int
    wanted: int | None
    least: int
    measured: Sequence[Measured]
    why_not: str = ""
    is_exact: bool = False  # people decided on every event

    @property
    def goal(self) -> int:
        """The next one: enough to say something, then enough for the intervals."""
        return max(1, self.wanted or self.least)

    @property
    def more(self) -> int:
        return max(0, self.goal - self.answered)


def audit_of(found: Progress) -> AuditProgress:
    """Of an issue. What is measured is as old as the last training, which each label asks for."""
    quality, more = found.quality, found.quality.get("more_random_labels")
    wanted = None if more is None else quality.get("random_labels", 0) + more
    figures = [
        ("Precision", "audited_precision", "audited_low", "audited_high"),
        ("Recall", "audited_recall", "recall_low", "recall_high"),
    ]
    measured = [
        Measured(name, quality[value], quality[low], quality[high])
        for name, value, low, high in figures
        if quality.get(value) is not None
    ]
    return AuditProgress(
        found.random_events, wanted, RANDOM_LEAST, measured, found.audit_hint, bool(quality.get("exact"))
    )


def wanted_for_share(share: float) -> int:
    """How many trials bring the mean half-width of a share's Wilson interval (95 %) to WIDTH_WANTED."""
    fewest, most = 1, MOST_WANTED
    while fewest < most:
        trials = (fewest + most) // 2
        low, high = wilson_of_share(share, trials)
        if (high - low) / 2 <= WIDTH_WANTED:
            most = trials
        else:
            fewest = trials + 1
    return fewest


def progress(issue: Issue, *, user: User | None = None, rows: Sequence[Standing] | None = None) -> Progress:
    """`rows`: its `standing_rows`, where they have been read already."""
    rows = standing_rows(issue) if rows is None else rows
    drawn = [row.event for row in rows if row.reason == Reason.RANDOM and row.answer != Answer.UNSURE]
    settled = majority((event, answer) for event, answer, _, _ in rows)
    answers = Counter(settled.values())
    current = issue.classifiers.current().select_related("issue__drift")  # in the same query
    classifier = None if issue.follows else current.first()
    drift: Drift | None = getattr(classifier.issue, "drift", None) if classifier else None
    kinds = [TRAIN, *rewriting_kinds()]
    job = job_under_way(project_id=issue.project_id, subject=issue.pk, kinds=kinds)
    return Progress(
        labels=len(rows),
        mine=sum(owner == author_of(user) for _, _, owner, _ in rows) if user else 0,
        people=len({owner for _, _, owner, _ in rows}),
        matches=answers[True],
        not_matches=answers[False],
        unsure=sum(answer == Answer.UNSURE for _, answer, _, _ in rows),
        random_labels=len(drawn),
        random_events=len(set(drawn)),
        random_matches=sum(settled.get(event, False) for event in set(drawn)),
        events=len({row.event for row in rows}),
        undecided=len({row.event for row in rows} - settled.keys()),
        version=classifier.version if classifier else None,
        quality=classifier.quality if classifier else issue.quality if issue.follows else {},
        follows=bool(issue.follows),
        job=job,
        trained_at=classifier.trained_at if classifier else None,
        drift=drift if drift and drift.found_at else None,
    )
