"""Whose answer a label is, and what it is about, as the label table names them."""

from django.db.models import Max

from ingest.models import User
from issues.models import Issue
from signals.models import SignalDefinition

PERSON = "user:"  # how a person's begins
KEY = "key"  # a program, which has no user: all keys of a project are one author

Labelled = Issue | SignalDefinition
ISSUE, SIGNAL = "issue", "signal"


def author_of(user: User | None) -> str:
    return f"{PERSON}{user.pk}" if user else KEY


def kind_of(subject: Labelled) -> str:
    return ISSUE if isinstance(subject, Issue) else SIGNAL


def counts_last_word(subject: Labelled) -> bool:
    """Whether on each event only the newest answer counts, whoever gave it (signals); else each author's answer does (issues)."""
    return isinstance(subject, SignalDefinition)


def definition_version(subject: Labelled) -> int | None:
    """Of the text that the answer is about: an issue's newest definition; how often a signal's history was written, at least 1."""
    if isinstance(subject, Issue):
        newest: int | None = subject.definitions.aggregate(newest=Max("version"))["newest"]
        return newest
    return max(1, int(subject.history.count()))
