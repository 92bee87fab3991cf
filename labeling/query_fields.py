"""What labels add to the query language: the answers that stand on an event."""

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from issues.models import Issue
from labeling.models import Answer, Label, LabelQuerySet
from signals.search.comparing import Test, TextTest
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope


@dataclass(frozen=True, kw_only=True)
class LabelField(Field):
    """The standing answer of each author (LabelQuerySet.standing), on any signal or issue. A key limits it to one of them: a signal's
    key or id, or an issue's number (12, issue-12 or DEMO-12). A signal comes first where its key is such a number."""

    takes_key: bool = True

    kind: ClassVar[str] = "choice"

    def check_key(self, key: str, scope: Scope) -> None:
        if key:
            _subject(key, scope)

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text) or value.text not in Answer.values:
            raise ValueError(f"is one of {', '.join(Answer.values)}")
        return TextTest.of(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._standing(key, scope).filter(test.q("answer"))))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._standing(key, scope)))

    def _standing(self, key: str, scope: Scope) -> QuerySet[Label]:
        return _labels(key, scope).with_standing().filter(Q(stands=True), event=OuterRef("pk"))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        found: dict[uuid.UUID, list[str]] = defaultdict(list)
        rows = _labels(key, facts.scope).filter(event__in=facts.ids).standing()
        for event, answer in rows.values_list("event_id", "answer"):
            found[event].append(answer)
        return [found[event.id] for event in facts.events]


def _labels(key: str, scope: Scope) -> LabelQuerySet:
    rows = Label.objects.filter(project=scope.project).of_people()
    return rows.filter(subject_id=_subject(key, scope)) if key else rows


def _subject(key: str, scope: Scope) -> uuid.UUID:
    """The id of the signal or the issue of that name. Raises ValueError where there is none."""
    for signal in scope.signals:
        if key in (signal.key, str(signal.id)):
            return signal.id
    number = re.fullmatch(
        rf"(?:(?:issue|{re.escape(scope.project.slug)})-)?([0-9]{{1,9}})", key, re.IGNORECASE
    )
    issue = number and Issue.objects.filter(project=scope.project, number=int(number[1])).first()
    if not issue:
        raise ValueError(
            "names a signal by its key or an issue by its number, and there is none of that name in this project"
        )
    return issue.id


register(
    LabelField(
        name="label",
        title="an answer of somebody that stands: match, not_match or unsure; label.KEY on that signal, label.12 on that issue",
        example="label:match",
    )
)
