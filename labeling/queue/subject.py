"""What a review queue needs to know of the thing that is taught: a protocol, and its kinds by name."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from django.db import models
from django.urls import reverse

from ingest.models import Event, Project, User
from labeling.labels.authors import Labelled
from labeling.labels.progress import AuditProgress
from labeling.models import Answer, Reason
from labeling.queue.cards import Card

TEACHING, AUDIT = "teaching", "audit"
PURPOSES = (TEACHING, AUDIT)  # of a queue: `for` in its address


@dataclass(frozen=True, slots=True)
class Chip:
    """Why a card is asked, for people. `colour`: one of the theme's (blue, green, orange, purple, secondary, yellow)."""

    text: str
    title: str
    colour: str


OF_PEOPLE: dict[str, Chip] = {
    Reason.SECOND: Chip(
        "second opinion",
        "Somebody else has answered this one: two answers on some cards show how far people agree. Theirs is hidden until you have answered",
        "purple",
    ),
    Reason.SPLIT: Chip(
        "people disagree",
        "People answered this one differently: yours decides. Theirs are hidden until you have answered",
        "orange",
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of subject is called on its pages."""

    page: str  # "the issue"
    list_url: str  # the name of the URL of all its kind
    list_name: str
    right: str  # "it is": after "Right, "
    wrong: str
    answers: Mapping[Answer, str]
    reasons: Mapping[str, Chip]
    score: str  # what the number beside the reason is
    nothing_left: str
    nothing_drawn: str  # of an audit


class Subject(Protocol):
    """An issue or a signal, as its review queue sees it. A new kind is one class of this shape and one `register_subject`."""

    kind: ClassVar[str]  # as in the label table and in the names of its URLs: KIND-review, KIND-labels, KIND
    words: ClassVar[Words]
    aside: ClassVar[str]  # the template of what stands beside the card: how far the teaching has come

    @property
    def row(self) -> Labelled: ...
    @property
    def project(self) -> Project: ...
    @property
    def key(self) -> str | int:
        """As its URLs name it."""

    @property
    def code(self) -> str:
        """As the way back to its page names it."""

    @property
    def file_name(self) -> str:
        """With which the name of a file about it begins."""

    @property
    def title(self) -> str: ...
    @property
    def question(self) -> str:
        """A yes/no question in the subject's own words."""

    @property
    def description(self) -> str: ...
    @property
    def is_about_agent(self) -> bool:
        """Whether the agent's words are what tells one card from another."""

    @classmethod
    def find(cls, project: Project, key: str | int) -> Self:
        """Raises Http404."""

    @classmethod
    def of_ids(cls, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Self]: ...

    @classmethod
    def titled(cls, text: str) -> models.QuerySet[Any, uuid.UUID]:
        """The ids of those in whose title the text is."""

    def cards(
        self, *, limit: int, user: User | None, exclude: Collection[uuid.UUID] = (), audit: bool = False
    ) -> list[Card]:
        """Up to `limit` cards, in the order to ask them, none of them settled or in `exclude`. `audit`: drawn at random only."""

    def audit(self) -> AuditProgress:
        """How far the cards drawn at random have come."""

    def score_of(self, event: Event) -> float | None:
        """Of the match, where the event is one."""

    def evidence(self, event: Event) -> Sequence[Mapping[str, Any]]:
        """The words that the match was read from: {"side", "start", "end", "text"}."""

    def learn(self) -> None:
        """Labels have changed: teaches what they teach, soon."""

    def context(self, user: User) -> dict[str, Any]:
        """For the template `aside`; with `work`, a labeling.labels.people.Work."""


_kinds: dict[str, type[Subject]] = {}


def register_subject(subject: type[Subject]) -> None:
    """For `AppConfig.ready()`. Raises ValueError when the kind is taken."""
    if subject.kind in _kinds:
        raise ValueError(f'The kind of subject "{subject.kind}" is registered twice.')
    _kinds[subject.kind] = subject


def subject_kind(kind: str) -> type[Subject]:
    """Raises LookupError."""
    if kind not in _kinds:
        raise LookupError(f'No kind of subject is called "{kind}". Known: {", ".join(sorted(_kinds))}.')
    return _kinds[kind]


def all_subject_kinds() -> list[type[Subject]]:
    return [_kinds[name] for name in sorted(_kinds)]


def urls_of(subject: Subject, *, audit: bool = False) -> dict[str, str]:
    """The addresses of the subject's page, queue and labels. `audit`: of the audit, in place of the queue that teaches."""
    names = {
        "page": subject.kind,
        "review": f"{subject.kind}-review",
        "label": f"{subject.kind}-review-label",
        "undo": f"{subject.kind}-review-undo",
        "progress": f"{subject.kind}-review-progress",
        "labels": f"{subject.kind}-labels",
        "similar": f"{subject.kind}-similar",
        "label_similar": f"{subject.kind}-similar-label",
        "undo_similar": f"{subject.kind}-similar-undo",
        "people": f"{subject.kind}-people",
        "plan": f"{subject.kind}-people-plan",
        "export": f"{subject.kind}-labels-export",
    }
    where = [subject.project.slug, subject.key]
    urls = {name: reverse(url, args=where) for name, url in names.items()}
    if audit:
        urls |= {name: f"{urls[name]}?for={AUDIT}" for name in ("review", "label", "undo", "progress")}
    return urls
