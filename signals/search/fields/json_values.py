"""Fields with a key: properties, traits, feature flags. A JSON object of any shape; one level of it is read.

A text, a number, true, false and null are values; so is each member of a list. `3`, `true` and `null` in a query mean the text and the
value alike. Greater and less compare numbers with numbers, and texts with texts by their characters' codes.
"""

import json
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTransform

from ingest.models import EndUser, Event
from signals.search.comparing import Test, TextTest
from signals.search.fields.registry import COMPARISONS, Field
from signals.search.language.nodes import Text
from signals.search.language.nodes import Value as Written
from signals.search.scope import Facts, Scope

Scalar = str | int | float | bool | None
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class JsonTest:
    """`either`: what a value may equal. With an `operator`: what it is compared with, a number or a text. Else a pattern of texts."""

    either: tuple[Scalar, ...] = ()
    operator: str = ""
    pattern: TextTest | None = None

    def holds(self, value: Scalar) -> bool:
        if self.pattern is not None:
            return isinstance(value, str) and value != "" and self.pattern.holds(value)
        if self.operator:
            [limit] = self.either
            return _kind(value) == _kind(limit) and _ORDERS[self.operator](value, limit)
        return any(_kind(value) == _kind(one) and value == one for one in self.either)

    def q(self, column: str, key: str = "") -> Q:
        if self.pattern is not None:
            return Q(_AnyMember(column, key, _MATCHES, self.pattern.for_postgres))
        if self.operator:
            [limit] = self.either
            condition = _TEXT_COMPARES if isinstance(limit, str) else _NUMBER_COMPARES
            value = limit if isinstance(limit, str) else json.dumps(limit)
            return Q(_AnyMember(column, key, condition.format(self.operator), value))
        found = Q()
        for one in self.either:
            found |= Q(**{f"{column}__contains": {key: one}}) | Q(**{f"{column}__contains": {key: [one]}})
        return found


# Conditions on a member (`one`) of a key's value, each with one parameter.
_MATCHES = "jsonb_typeof(one) = 'string' AND one #>> '{}' <> '' AND one #>> '{}' ~ %s"
_TEXT_COMPARES = "jsonb_typeof(one) = 'string' AND (one #>> '{{}}') COLLATE \"C\" {} %s"
_NUMBER_COMPARES = "jsonb_typeof(one) = 'number' AND one {} %s::jsonb"


class _AnyMember(Func):
    """Whether the condition holds on the value of a key, or on a member of it where it is a list. Never null."""

    output_field = BooleanField()

    def __init__(self, column: str, key: str, condition: str, value: str) -> None:
        super().__init__(F(column), Value(key), Value(value))
        self.condition = condition

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # the stubs name each argument
        column, key, value = (compiler.compile(expression) for expression in self.source_expressions)
        member = f"({column[0]} -> {key[0]})"
        sql = f"""EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof{member}
            WHEN 'array' THEN {member} ELSE jsonb_build_array{member} END) AS one WHERE {self.condition.replace("%s", value[0])})"""
        return sql, [*[*column[1], *key[1]] * 3, *value[1]]


class _Scalars(Func):
    """The scalar of a JSON value, or those of a list, as texts, a row each; null for the scalar null."""

    set_returning = True
    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # the stubs name each argument
        value, parameters = compiler.compile(self.source_expressions[0])
        sql = f"""(jsonb_array_elements(CASE jsonb_typeof({value})
            WHEN 'array' THEN jsonb_path_query_array({value}, 'strict $[*] ? (@.type() != "object" && @.type() != "array")')
            WHEN 'object' THEN '[]' ELSE jsonb_build_array({value}) END) #>> '{{}}')"""
        return sql, [*parameters] * 3


def _kind(value: Any) -> str:
    return (
        "bool"
        if isinstance(value, bool)
        else "number"
        if isinstance(value, int | float)
        else type(value).__name__
    )


def scalar_of(text: str) -> Scalar:
    """The JSON scalar that the text is, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


@dataclass(frozen=True, kw_only=True)
class JsonKey(Field):
    """`column`: of the event, or of its end user. `fixed_key`: the one key that a field without a key of its own reads."""

    column: str
    of_end_user: bool = False
    fixed_key: str = ""
    takes_key: bool = True
    needs_key: bool = True

    kind: ClassVar[str] = "text or number"
    is_slow: ClassVar[bool] = True
    operators: ClassVar[tuple[str, ...]] = COMPARISONS

    def test(self, value: Written, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text):
            if operator:
                raise ValueError("compares with a value, not with a pattern")
            pattern = TextTest.of(value)
            assert pattern.for_postgres, "raises for one that is too long"
            return JsonTest(pattern=pattern)
        scalar = scalar_of(value.text)
        if operator:
            return JsonTest((scalar if _kind(scalar) == "number" else value.text,), operator)
        return JsonTest((value.text,) if scalar == value.text else (value.text, scalar))

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, JsonTest)
        return self._of_row(test.q(self.column, self.fixed_key or key), scope)

    def present(self, *, key: str, scope: Scope) -> Q:
        return self._of_row(Q(**{f"{self.column}__has_key": self.fixed_key or key}), scope)

    def _of_row(self, condition: Q, scope: Scope) -> Q:
        if not self.of_end_user:
            return condition
        return Q(Exists(EndUser.objects.filter(condition, pk=OuterRef("end_user_id"), project=scope.project)))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [_scalars(self._map(event), self.fixed_key or key) for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        column = f"end_user__{self.column}" if self.of_end_user else self.column
        there = events.filter(**{f"{column}__has_key": self.fixed_key or key})
        return there.annotate(value=_Scalars(KeyTransform(self.fixed_key or key, column)))

    def _map(self, event: Event) -> Any:
        row = event.end_user if self.of_end_user else event
        return getattr(row, self.column) if row is not None else {}

    def shown(self, value: Any, scope: Scope) -> str:
        return value if isinstance(value, str) else "" if value is _Other else json.dumps(value)


class _Other:
    """An object, or a list within a list: it is there, and equals nothing."""


def _scalars(values: Any, key: str) -> list[Any]:
    if not isinstance(values, dict) or key not in values:
        return []
    value = values[key]
    members = value if isinstance(value, list) else [value]
    return [_Other if isinstance(one, dict | list) else one for one in members] or [_Other]
