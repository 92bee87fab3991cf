"""Fields that are a column of the event: texts, numbers, times."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, F, Func, Model, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import TruncDate

from ingest.models import Event
from signals.search.comparing import NumberTest, Test, TextTest, TimeTest
from signals.search.fields.registry import COMPARISONS, Field
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope


def text_test(value: Value) -> TextTest:
    """Raises ValueError for an empty text: nothing has it as its value."""
    if value == Text(""):
        raise ValueError("takes a value; for events without one there is -has:")
    return TextTest.of(value)


@dataclass(frozen=True, kw_only=True)
class TextColumn(Field):
    """`column`: of the event, a text that is empty where there is none."""

    column: str

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return text_test(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return test_q(test, self.column)

    def present(self, *, key: str, scope: Scope) -> Q:
        return ~Q(**{self.column: ""})

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[value] if (value := getattr(event, self.column)) else [] for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        return events.filter(self.present(key=key, scope=scope)).annotate(value=F(self.column))


@dataclass(frozen=True, kw_only=True)
class RelatedText(Field):
    """A text of the row that the event refers to by `reference` (end_user): `column` of `rows`. `derive`: the row's id from the
    project and the text, so that a whole text needs no join."""

    reference: str
    rows: type[Model]
    column: str
    derive: Callable[[Any, str], Any]

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return text_test(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, TextTest)
        if test.exact is not None:
            return Q(**{f"{self.reference}_id": self.derive(scope.project, test.exact)})
        rows: QuerySet[Any] = self.rows._default_manager.filter(
            test.q(self.column), pk=OuterRef(f"{self.reference}_id"), project=scope.project
        )
        return Q(Exists(rows))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(**{f"{self.reference}__isnull": False})

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        rows = [getattr(event, self.reference) for event in facts.events]
        return [[] if row is None else [getattr(row, self.column)] for row in rows]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        there = events.filter(self.present(key=key, scope=scope))
        return there.annotate(value=F(f"{self.reference}__{self.column}"))


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """`read` gives None where the app did not send the number: no comparison holds there. `number`: the same in SQL, not null where
    `sent` holds."""

    read: Callable[[Event], float | None]
    number: Callable[[], Combinable | Expression]
    sent: Callable[[], Q] = Q
    unit: str = ""

    kind: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = COMPARISONS

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return NumberTest.of(value, operator, unit=self.unit)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, NumberTest)
        return self.sent() & test.on(self.number())

    def present(self, *, key: str, scope: Scope) -> Q:
        return self.sent() or Q(pk__isnull=False)

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[] if (number := self.read(event)) is None else [number] for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        return events.filter(self.present(key=key, scope=scope)).annotate(value=self.number())

    def shown(self, value: Any, scope: Scope) -> str:
        return f"{value:g}"


def nullable(name: str, title: str, example: str, column: str, *aliases: str, unit: str = "") -> Number:
    """A number that is a column, null where it was not sent."""
    return Number(
        name=name, title=title, example=example, aliases=aliases, unit=unit,
        read=lambda event: getattr(event, column), number=lambda: F(column), sent=lambda: Q(**{f"{column}__isnull": False}),
    )  # fmt: skip


def required(name: str, title: str, example: str, column: str, *aliases: str) -> Number:
    """A number that is a column and always there."""
    return Number(
        name=name, title=title, example=example, aliases=aliases,
        read=lambda event: getattr(event, column), number=lambda: F(column),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Time(Field):
    """The event's own time. `operator`: the comparison that a value without one means."""

    operator: str = ""

    kind: ClassVar[str] = "time"

    @property
    def operators(self) -> tuple[str, ...]:  # type: ignore[override]  # of an object, since and until take none
        return ("",) if self.operator else COMPARISONS

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return TimeTest.of(value, operator or self.operator, now=scope.now)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return test_q(test, "timestamp")

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(pk__isnull=False)

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[event.timestamp] for event in facts.events]

    @property
    def has_facets(self) -> bool:  # type: ignore[override]  # of an object: since and until are bounds, and no values
        return not self.operator

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        """By day (UTC)."""
        return events.annotate(value=TruncDate("timestamp", tzinfo=dt.UTC))

    def shown(self, value: Any, scope: Scope) -> str:
        return f"{value:%Y-%m-%d}"


def test_q(test: Test, column: str) -> Q:
    return test.q(column)


class Length(Func):
    """Characters of a text."""

    function = "char_length"
