"""The versions of an issue's definition: reading them with what they changed, writing one, going back to one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ingest.models import User
from issues.actions import edit_definition
from issues.classifier.definition_text import difference
from issues.models import Classifier, Definition, Issue
from labeling.models import ClarifyingQuestion
from labeling.refinement.changes import bring_back
from labeling.teaching import retrain_soon


class UnknownVersion(LookupError):
    """The definition has no such version. The message is meant for people."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is shown. `diff`: to the one before (issues.classifier.definition_text.difference), None of the first.
    `classifier`: the last one that was trained on it."""

    definition: Definition
    diff: str | None
    classifier: Classifier | None
    is_current: bool
    effect: dict[str, Any] | None  # labeling.refinement.effects.Effect, of one that an accepted proposal made


def versions_of(issue: Issue, rows: Sequence[Definition]) -> list[Version]:
    """The definitions `rows` of the issue, in their order."""
    numbers = {row.version for row in rows}
    before = {
        row.version: row
        for row in issue.definitions.filter(version__in={number - 1 for number in numbers} | numbers)
    }
    newest = issue.definitions.values_list("version", flat=True).first()
    trained: dict[int, Classifier] = {}
    for classifier in (
        issue.classifiers.filter(definition_version__in=numbers).defer("weights").order_by("version")
    ):
        trained[classifier.definition_version] = classifier
    accepted = ClarifyingQuestion.objects.filter(issue=issue, definition__in=rows)
    effects = dict(accepted.values_list("definition", "effect"))
    return [
        Version(
            row,
            difference(_text(before[row.version - 1]), _text(row)) if row.version - 1 in before else None,
            trained.get(row.version),
            row.version == newest,
            effects.get(row.pk),
        )
        for row in rows
    ]


@transaction.atomic
def write_version(
    *, issue: Issue, user: User | None, title: str | None = None, description: str | None = None
) -> Definition:
    """A new version (what is None stays), and a training on it; the current version when its text is the same.

    Raises ValueError for a title that is empty or too long.
    """
    newest = _newest(issue)
    written = edit_definition(issue=issue, user=user, title=title, description=description)
    if written.pk != newest and not issue.follows and issue.classifiers.exists():
        retrain_soon(issue)
    return written


@transaction.atomic
def revert_to(*, issue: Issue, user: User | None, version: int) -> Definition:
    """A new version with the text of an old one. The labels that proposals accepted since have taken back, and that nobody has given anew,
    stand again. Raises UnknownVersion."""
    old = issue.definitions.filter(version=version).first()
    if old is None:
        raise UnknownVersion(f"The definition has no version {version}.")
    written = write_version(issue=issue, user=user, title=old.title, description=old.description)
    since = ClarifyingQuestion.objects.filter(issue=issue, definition__version__gt=version)
    if bring_back(issue=issue, questions=since.select_related("project")):
        retrain_soon(issue)
    return written


def _newest(issue: Issue) -> uuid.UUID | None:
    return issue.definitions.order_by("-version").values_list("pk", flat=True).first()


def _text(definition: Definition) -> tuple[str, str]:
    return definition.title, definition.description
