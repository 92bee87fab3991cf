"""An issue as its review queue sees it."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db.models import QuerySet

from ingest.models import Event, Project, User
from issues.access import get_issue
from issues.models import Issue, IssueMatch
from labeling.labels.authors import ISSUE
from labeling.labels.labels import standing_rows
from labeling.labels.people import work_of
from labeling.labels.progress import AuditProgress, audit_of, progress
from labeling.models import Answer, Reason
from labeling.queue.asked_again import cards_of_issue
from labeling.queue.cards import Card
from labeling.queue.subject import OF_PEOPLE, Chip, Words
from labeling.teaching import retrain_soon

WORDS = Words(
    page="the issue",
    list_url="issues",
    list_name="Issues",
    right="it is",
    wrong="it is not",
    answers={Answer.MATCH: "Match", Answer.NOT_MATCH: "Not a match", Answer.UNSURE: "Unsure"},
    reasons={
        **OF_PEOPLE,
        Reason.RANDOM: Chip(
            "random audit",
            "Drawn at random: only these show what the classifier misses. Its score is hidden until you have answered",
            "purple",
        ),
        Reason.UNCERTAIN: Chip(
            "uncertain", "The score lies nearest the threshold: your answer teaches most here", "yellow"
        ),
        Reason.LIKELY: Chip("likely", "Among the highest scores that nobody has checked", "green"),
        Reason.REDEFINED: Chip(
            "definition changed",
            "Answered before, of an earlier version of the definition: does the answer still hold?",
            "secondary",
        ),
        Reason.DISPUTED: Chip(
            "disagreement",
            "The classifier says one thing, the likest labelled events or the teacher the other: your answer decides",
            "yellow",
        ),
        Reason.FAR: Chip("no labels near", "It stands for events that are unlike what is labelled", "blue"),
        Reason.DRIFT: Chip(
            "new kind of event",
            "New events look unlike the labelled ones, and this is one of them",
            "orange",
        ),
        Reason.SIMILAR: Chip(
            "similar to the description",
            "Close to the issue's text in meaning or words, or a reader, a signal or a query finds it",
            "blue",
        ),
    },
    score="0 to 1: the higher, the surer was the classifier that it counts when the card was chosen; before the first classifier the likeness to the text",
    nothing_left="Every event that could teach the classifier something has your answer, is on somebody else's screen, or waits to be processed.",
    nothing_drawn="Every event that could be drawn at random has your answer, is on somebody else's screen, or waits to be processed.",
)


@dataclass(frozen=True, slots=True)
class IssueSubject:
    row: Issue
    kind: ClassVar[str] = ISSUE
    words: ClassVar[Words] = WORDS
    aside: ClassVar[str] = "labeling/_teaching.html"

    @property
    def project(self) -> Project:
        return self.row.project

    @property
    def key(self) -> int:
        return self.row.number

    @property
    def code(self) -> str:
        return f"{self.row.project.slug.upper()}-{self.row.number}"

    @property
    def file_name(self) -> str:
        return self.code.lower()

    @property
    def title(self) -> str:
        return self.row.title

    @property
    def question(self) -> str:
        return f"Is this: {self.row.title}?"

    @property
    def description(self) -> str:
        return self.row.description

    @property
    def is_about_agent(self) -> bool:
        return False

    @classmethod
    def find(cls, project: Project, key: str | int) -> Self:
        return cls(get_issue(project, int(key)))

    @classmethod
    def of_ids(cls, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Self]:
        return {issue.pk: cls(issue) for issue in Issue.objects.filter(pk__in=ids).select_related("project")}

    @classmethod
    def titled(cls, text: str) -> QuerySet[Issue, uuid.UUID]:
        return Issue.objects.filter(title__icontains=text).values_list("pk", flat=True)

    def cards(
        self, *, limit: int, user: User | None, exclude: Collection[uuid.UUID] = (), audit: bool = False
    ) -> list[Card]:
        return cards_of_issue(issue=self.row, limit=limit, user=user, exclude=exclude, audit=audit)

    def audit(self) -> AuditProgress:
        return audit_of(progress(self.row))

    def score_of(self, event: Event) -> float | None:
        match = IssueMatch.objects.filter(issue=self.row, event=event).first()
        return match.score if match else None

    def evidence(self, event: Event) -> list[dict[str, Any]]:
        """None: the classifier reads whole texts."""
        return []

    def learn(self) -> None:
        retrain_soon(self.row)

    def context(self, user: User) -> dict[str, Any]:
        rows = standing_rows(self.row)
        return {
            "issue": self.row,
            "progress": progress(self.row, user=user, rows=rows),
            "work": work_of(rows, user=user),
        }
