"""The read path's query parameters: `name`, `name[op]` or `name.op`, `properties[key]`, `properties[key][op]`.

The published query client sends brackets, and dots to the facets. A parameter that an endpoint does not know is
an error that names it: a filter that is silently ignored gives numbers that are silently wrong.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, Func, JSONField, Q, TextField, Value
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils import timezone
from rest_framework.request import Request

from raindrop.api.pagination import whole
from raindrop.errors import ApiError
from raindrop.web.moments import parse_moment
from signals.search.fields.json_values import scalar_of

TIME_OPS = ("gte", "gt", "lte", "lt")
STRING_OPS = ("eq", "neq", "startsWith", "endsWith", "contains")
SIGNAL_OPS = ("eq", "neq")
VALUE_OPS = ("eq", "neq", "gt", "gte", "lt", "lte")
DEFAULT_WINDOW = dt.timedelta(days=14)
EARLIEST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
# A session names its project with `project`; the client names it in a header.
EVERYWHERE = ("project",)
# The query client (JS 0.1.13) sends `signal: {eq: "s1"}` as `?eq=s1`.
SIGNAL_OPS_GONE_ASTRAY = ("eq", "neq")

_NAME = re.compile(r"(?P<name>[a-z_]+)(?:\[(?P<op>\w+)\]|\.(?P<dotted>\w+))?")
_MAP = re.compile(r"(?P<name>[a-z_]+)\[(?P<key>.+?)\](?:\[(?P<op>\w+)\])?", re.DOTALL)
_LIKE = {"startsWith": "startswith", "endsWith": "endswith", "contains": "contains"}
_COMPARE = {"gt": GreaterThan, "gte": GreaterThanOrEqual, "lt": LessThan, "lte": LessThanOrEqual}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an endpoint takes, by the kind of its parameters."""

    plain: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()

    def allowed(self) -> list[str]:
        """The names as a caller writes them."""
        return [
            *self.plain,
            *(f"{name}[{op}]" for name in self.times for op in TIME_OPS),
            *(f"{name}[{op}]" for name in self.strings for op in STRING_OPS),
            *self.strings,
            *(f"{name}[{op}]" for name in self.signals for op in SIGNAL_OPS),
            *self.signals,
            *(f"{name}[KEY]" for name in self.maps),
            *(f"{name}[KEY][{op}]" for name in self.maps for op in VALUE_OPS),
        ]

    def ops(self, name: str) -> tuple[str, ...]:
        """The operators of a parameter; none for one that is not a filter."""
        for names, ops in ((self.times, TIME_OPS), (self.strings, STRING_OPS), (self.signals, SIGNAL_OPS)):
            if name in names:
                return ops
        return ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition, such as `properties[plan][neq]=pro`."""

    parameter: str
    name: str
    op: str
    value: str
    key: str = ""

    @property
    def moment(self) -> dt.datetime:
        """The value as a time. Raises ApiError 400."""
        return read_time(self.value, parameter=self.parameter)


@dataclass(frozen=True, slots=True)
class Query:
    """A request's parameters, read."""

    plain: dict[str, str] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)

    @property
    def is_search(self) -> bool:
        """Whether a filter looks into texts or JSON, which no index serves."""
        return "q" in self.plain or any(item.key or item.op in _LIKE for item in self.filters)

    def on(self, name: str) -> list[Filter]:
        return [item for item in self.filters if item.name == name]

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """A parameter that has few values. Raises ApiError 400."""
        value = self.plain.get(name, default)
        if value not in choices:
            raise bad(name, f"{name} must be one of {', '.join(choices)}, not {value[:80]!r}.", choices)
        return value

    def number(self, name: str, *, default: int, maximum: int) -> int:
        """A whole number from 1 to `maximum`. Raises ApiError 400."""
        if name not in self.plain:
            return default
        value = whole(self.plain[name])
        if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= maximum:
            raise bad(name, f"{name} must be a whole number from 1 to {maximum}.")
        return int(value)


def bad(parameter: str, message: str, allowed: Sequence[str] = ()) -> ApiError:
    """A 400 that names the parameter, and what would be right."""
    details: dict[str, object] = {"field": parameter[:200]}
    if allowed:
        details["allowed_fields"] = list(allowed)
    return ApiError(400, message, details=details)


def read_query(request: Request, parameters: Parameters) -> Query:
    """The request's parameters. Raises ApiError 400 for one that this endpoint does not know."""
    query = Query()
    for name, values in request.GET.lists():
        for value in values:
            if "\x00" in name or "\x00" in value:
                raise bad(name.replace("\x00", ""), "A parameter holds a NUL character.")
            _read_one(query, name, str(value), parameters)
    return query


def _read_one(query: Query, name: str, value: str, parameters: Parameters) -> None:
    if name in EVERYWHERE:
        return
    if name in parameters.plain:
        query.plain[name] = value
    elif parameters.signals and name in SIGNAL_OPS_GONE_ASTRAY:
        query.filters.append(Filter(name, "astray", name, value))
    elif item := _read_filter(name, value, parameters):
        query.filters.append(item)
    else:
        allowed = parameters.allowed()
        raise bad(
            name, f"There is no parameter {name[:80]!r} here (see allowed_fields in the details).", allowed
        )


def _read_filter(name: str, value: str, parameters: Parameters) -> Filter | None:
    if match := _NAME.fullmatch(name):
        base, op = match["name"], match["op"] or match["dotted"]
        if op is None and base not in parameters.times:
            op = "eq"
        if op in parameters.ops(base):
            return Filter(name, base, op, value)
    if (match := _MAP.fullmatch(name)) and match["name"] in parameters.maps:
        op = match["op"] or "eq"
        if op not in VALUE_OPS:
            raise bad(name, f"There is no operator {op!r} on {match['name']}.", VALUE_OPS)
        return Filter(name, match["name"], op, value, match["key"])
    return None


def read_time(value: str, *, parameter: str) -> dt.datetime:
    try:
        return parse_moment(value)
    except ValueError as error:
        raise bad(
            parameter, f"{parameter} must be a time such as 2026-01-31T12:00:00Z, not {value[:80]!r}."
        ) from error


# -- conditions


def time_condition(column: str, item: Filter) -> Q:
    return Q(**{f"{column}__{item.op}": item.moment})


def string_condition(column: str, item: Filter) -> Q:
    """Case counts. `neq` also holds where there is no value."""
    if item.op == "eq":
        return Q(**{column: item.value})
    if item.op == "neq":
        return ~Q(**{column: item.value})
    return Q(**{f"{column}__{_LIKE[item.op]}": item.value})


def value_condition(column: str, item: Filter) -> Q:
    """On one key of a JSON column. `3`, `true` and `null` are tried both as text and as what they mean; `neq` also holds
    where the key is missing; greater and less compare numbers with numbers and text with text."""
    scalar = scalar_of(item.value)
    if item.op in ("eq", "neq"):
        equal = Q(**{f"{column}__contains": {item.key: item.value}})
        if scalar != item.value:
            equal |= Q(**{f"{column}__contains": {item.key: scalar}})
        return equal if item.op == "eq" else ~equal
    numeric = isinstance(scalar, int | float) and not isinstance(scalar, bool)
    operand = scalar if numeric else item.value
    # jsonb compares without a cast, which would fail on rows whose value has another type.
    element = Func(
        F(column), Value(item.key), function="jsonb_extract_path", output_field=JSONField(null=True)
    )
    kind = Func(element, function="jsonb_typeof", output_field=TextField())
    compare = _COMPARE[item.op](element, Value(operand, output_field=JSONField()))
    return Q(Exact(kind, Value("number" if numeric else "string"))) & Q(compare)


# -- windows


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a count looks at: from `start` to before `end`."""

    start: dt.datetime
    end: dt.datetime

    @property
    def length(self) -> dt.timedelta:
        return self.end - self.start

    def as_json(self) -> dict[str, dt.datetime]:
        return {"gte": self.start, "lt": self.end}


def read_window(query: Query, *, default: dt.timedelta = DEFAULT_WINDOW, name: str = "timestamp") -> Window:
    """The window that the time filters name; without a beginning it is as long as `default`, without an end it ends now."""
    items = query.on(name)
    tick = dt.timedelta(microseconds=1)
    ends = [item.moment + tick * (item.op == "lte") for item in items if item.op in ("lt", "lte")]
    starts = [item.moment + tick * (item.op == "gt") for item in items if item.op in ("gt", "gte")]
    end = min(ends) if ends else timezone.now()
    return Window(max(starts) if starts else end - min(default, end - EARLIEST), end)
