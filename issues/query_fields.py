"""What issues add to the query language: the issues that an event matches."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ingest.models import Event
from issues.models import Issue, IssueMatch
from issues.models.issues import State
from signals.search.comparing import OneOf, Test, only_one
from signals.search.fields.registry import Field, Kept, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope


@dataclass(frozen=True, kw_only=True)
class IssueField(Field):
    """By the issue's number (12, #12 or DEMO-12)."""

    kind: ClassVar[str] = "choice"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        number = value.text.rpartition("-")[2].lstrip("#") if isinstance(value, Text) else ""
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        found = Issue.objects.filter(project=scope.project, number=int(number)).first() if is_number else None
        if found is None:
            raise ValueError(
                f"takes an issue's number, and there is no issue {str(value)[:80]} in this project"
            )
        return OneOf(frozenset([found.id]))

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._matches(scope).filter(test.q("issue"))))

    def kept(self, tests: Sequence[Test]) -> Kept | None:
        issue = only_one(tests)
        return issue and Kept(issue, IssueMatch._meta.db_table, "issue_id")

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._matches(scope)))

    def _matches(self, scope: Scope) -> QuerySet[IssueMatch]:
        return IssueMatch.objects.filter(project=scope.project, event=OuterRef("pk"))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        found: dict[Any, list[Any]] = defaultdict(list)
        rows = IssueMatch.objects.filter(project=facts.scope.project, event__in=facts.ids)
        for event, issue in rows.values_list("event_id", "issue_id"):
            found[event].append(issue)
        return [found[event.id] for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        matches = IssueMatch.objects.filter(project=scope.project, event__in=events.values("pk"))
        merged = Issue.objects.filter(project=scope.project, state=State.MERGED)
        return matches.exclude(issue__in=merged.values("pk")).annotate(value=F("issue_id"))

    def names(self, scope: Scope) -> Mapping[Any, Any] | None:
        return dict(Issue.objects.filter(project=scope.project).values_list("pk", "number"))

    def shown(self, value: Any, scope: Scope) -> str:
        return str(
            Issue.objects.filter(project=scope.project, pk=value).values_list("number", flat=True).first()
        )


register(
    IssueField(
        name="issue",
        title="an issue that the event matches, itself or by one merged into it",
        example="issue:12",
    )
)
