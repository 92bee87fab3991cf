"""One value of a comparison, ready to be held against what an event has: in memory by `holds`, in SQL by `q` or `on`.

In SQL each gives a condition that is true or false and never null, so that its negation finds the other rows.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import F, FloatField, Q, Value
from django.db.models import lookups as sql
from django.db.models.expressions import Combinable, Expression

from raindrop.web.moments import parse_moment
from signals.search.language.nodes import Ago, Glob, Pattern, Text
from signals.search.language.nodes import Value as Written
from signals.search.regexes import CompiledRegex, compile_regex

MAX_NUMBER = 1e15
_COMPARE: dict[str, tuple[Callable[[Any, Any], bool], type[sql.Lookup[Any]]]] = {
    "": (lambda a, b: a == b, sql.Exact),
    ">": (lambda a, b: a > b, sql.GreaterThan),
    ">=": (lambda a, b: a >= b, sql.GreaterThanOrEqual),
    "<": (lambda a, b: a < b, sql.LessThan),
    "<=": (lambda a, b: a <= b, sql.LessThanOrEqual),
}
# In a unit of time, as queries and alerts write it.
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_AGO = re.compile(r"-?([0-9]{1,5})([mhdw])")
_TICK = dt.timedelta(microseconds=1)


class Test(Protocol):
    """What each kind of value has in common."""

    def holds(self, value: Any, /) -> bool: ...

    def q(self, column: str, /) -> Q: ...


@dataclass(frozen=True, slots=True)
class TextTest:
    """Case counts, as in a name. `exact` is the text itself where there is one, `glob` what stands between the stars."""

    exact: str | None = None
    glob: tuple[str, ...] = ()
    compiled: CompiledRegex | None = None

    @classmethod
    def of(cls, value: Written) -> "TextTest":
        """Raises QueryError."""
        if isinstance(value, Text):
            return cls(exact=value.text)
        if isinstance(value, Glob):
            is_simple = len(value.parts) == 2 and "" in value.parts or value.parts[::2] == ("", "")
            return cls(glob=value.parts, compiled=None if is_simple else glob_regex(value.parts))
        return cls(compiled=compile_regex(value))

    def holds(self, text: str) -> bool:
        if self.exact is not None:
            return text == self.exact
        if self.compiled is not None:
            return self.compiled.search(text)
        if self._like == "contains":
            return self._piece in text
        return text.startswith(self._piece) if self._like == "startswith" else text.endswith(self._piece)

    def q(self, column: str) -> Q:
        """On a column of texts that is not null. An empty text counts as none."""
        if self.exact is not None:
            return Q(**{column: self.exact})
        if self.compiled is not None:
            holds = Q(**{f"{column}__regex": self.compiled.for_postgres})
        else:
            holds = Q(**{f"{column}__{self._like}": self._piece})
        return holds & ~Q(**{column: ""}) if self.holds("") else holds

    @property
    def for_postgres(self) -> str:
        """The pattern as a regular expression. Raises QueryError for a glob that is too long for one."""
        assert self.exact is None, "a whole text is compared"
        return (self.compiled or glob_regex(self.glob)).for_postgres

    @property
    def _piece(self) -> str:
        return next((part for part in self.glob if part), "")

    @property
    def _like(self) -> str:
        return "contains" if len(self.glob) == 3 else "startswith" if self.glob[0] else "endswith"


@dataclass(frozen=True, slots=True)
class NumberTest:
    operator: str
    number: float

    @classmethod
    def of(cls, value: Written, operator: str, *, unit: str = "") -> "NumberTest":
        """`unit`: of the field, "ms" for a length of time (then 2s and 1.5m are numbers too). Raises ValueError."""
        if not isinstance(value, Text):
            raise ValueError("takes a number, not a pattern")
        return cls(operator, read_number(value.text, unit=unit))

    def holds(self, number: float) -> bool:
        return _COMPARE[self.operator][0](number, self.number)

    def on(self, number: Combinable | Expression) -> Q:
        """On an expression that is not null."""
        return Q(_COMPARE[self.operator][1](number, Value(self.number, output_field=FloatField())))

    def q(self, column: str) -> Q:
        """On a column, null where there is no number."""
        return Q(**{f"{column}__isnull": False}) & self.on(F(column))


@dataclass(frozen=True, slots=True)
class TimeTest:
    """From `start` to before `end`; None is open."""

    start: dt.datetime | None
    end: dt.datetime | None

    @classmethod
    def of(cls, value: Written, operator: str, *, now: dt.datetime) -> "TimeTest":
        """A day stands for all of it, a time for its microsecond. Raises ValueError."""
        if not isinstance(value, Text):
            raise ValueError("takes a time, not a pattern")
        start, end = read_time(value.text, now=now)
        return {
            "": cls(start, end),
            ">": cls(end, None),
            ">=": cls(start, None),
            "<": cls(None, start),
            "<=": cls(None, end),
        }[operator]

    def holds(self, moment: dt.datetime) -> bool:
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)

    def q(self, column: str) -> Q:
        holds = Q()
        if self.start is not None:
            holds &= Q(**{f"{column}__gte": self.start})
        if self.end is not None:
            holds &= Q(**{f"{column}__lt": self.end})
        return holds


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of things that are known by their ids."""

    ids: frozenset[Any]

    def holds(self, one: Any) -> bool:
        return one in self.ids

    def q(self, column: str) -> Q:
        return Q(**{f"{column}__in": self.ids})


def only_one(tests: Sequence[Test]) -> Any:
    """The id of the one thing that the tests ask for; None where they ask for several, or in another way."""
    ids = {one for test in tests if isinstance(test, OneOf) for one in test.ids}
    return ids.pop() if len(ids) == 1 and all(isinstance(test, OneOf) for test in tests) else None


def glob_regex(parts: tuple[str, ...]) -> CompiledRegex:
    """The glob as a regular expression of the whole text. Raises QueryError for one that is too long."""
    escaped = (re.sub(r"([^\w\s])", r"\\\1", part, flags=re.ASCII) for part in parts)
    return compile_regex(Pattern("^" + ".*".join(escaped) + "$"))


def read_number(text: str, *, unit: str = "") -> float:
    """Raises ValueError with what would do."""
    found = re.fullmatch(
        r"\$?([+-]?(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(ms|s|m|h|d|w)?", text
    )
    if found is None or (found[2] and unit != "ms"):
        raise ValueError(f"takes a number{' such as 500 or 2s' if unit else ''}, not {text[:40]!r}")
    number = float(found[1].replace("_", ""))
    if found[2]:
        number *= SECONDS[found[2]] * 1000
    if not math.isfinite(number) or abs(number) > MAX_NUMBER:
        raise ValueError("takes a number up to 1e15")
    return number


def read_time(text: str, *, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Where the day or the moment begins, and where it ends. `24h` is a moment, so long ago. Raises ValueError."""
    if found := _AGO.fullmatch(text):
        moment = moment_ago(Ago(int(found[1]), found[2]), now=now)
        return moment, moment + _TICK
    try:
        moment = parse_moment(text)
    except ValueError as error:
        raise ValueError(
            f"takes a day (2026-01-31), a time (2026-01-31T12:00) or how long ago (24h), not {text[:40]!r}"
        ) from error
    is_day = re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{8}|\d{4}-?W\d{2}(-?\d)?", text) is not None
    return moment, moment + (dt.timedelta(days=1) if is_day else _TICK)


def moment_ago(ago: Ago, *, now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(seconds=ago.amount * SECONDS[ago.unit])
