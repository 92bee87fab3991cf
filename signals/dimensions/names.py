"""Dimensions as the API names them: `model`, `event`, `release`, `property.NAME`, `trait.NAME`, `flag.NAME`, `tool.called`, `tool.failed`,
`language`, `hour`, `intent`, `signal.KEY`; and the query that finds the events of a value."""

from collections.abc import Collection

from signals.search.fields.registry import find_field
from signals.search.language.nodes import Comparison, Text, quoted

Value = tuple[str, str]  # dimension, value

MODEL, EVENT, RELEASE, LANGUAGE, HOUR = "model", "event", "release", "language", "hour"
CALLED, FAILED, INTENT, SIGNAL = "tool.called", "tool.failed", "intent", "signal."
PROPERTY = "property."
# Fields of the query language by the dimension's first part.
FIELDS = {MODEL: "model", EVENT: "event", RELEASE: "release", LANGUAGE: "language", HOUR: "hour", CALLED: "tool", FAILED: "tool.failed"}  # fmt: skip
PARTS = {"property": "prop", "trait": "trait", "flag": "flag"}
TITLES = {MODEL: "Model", EVENT: "Event", CALLED: "Tools called", FAILED: "Tools that failed"}


def is_dimension(name: str) -> bool:
    part, _, key = name.partition(".")
    return name in FIELDS or name == INTENT or bool(key) and (part in PARTS or name.startswith(SIGNAL))


def plain_name(name: str) -> str:
    """Of two names of one dimension the usual one: the property `release` is the dimension `release`."""
    return RELEASE if name == f"{PROPERTY}{RELEASE}" else name


def part_of(dimension: str) -> str:
    """What its values are read from: `property`, `trait`, `flag` or `signal`; of the others the name itself."""
    part, _, key = dimension.partition(".")
    return part if key and part != "tool" else dimension


def title_of(dimension: str) -> str:
    """As a heading on a page."""
    return TITLES.get(dimension, dimension.removeprefix(PROPERTY))


def query_of(values: Collection[Value]) -> str:
    """What finds the events that have all of these values; without those that no field of the language is for."""
    return " ".join(part for dimension, value in values if (part := _condition(dimension, value)))


def _condition(dimension: str, value: str) -> str:
    if dimension in FIELDS:
        return f"{FIELDS[dimension]}:{_value(value)}"
    if dimension.startswith(SIGNAL):
        return f"signal:{_value(dimension.removeprefix(SIGNAL))}"
    if dimension == INTENT:
        return f"intent:{quoted(value)}" if find_field(INTENT) else ""
    part, _, name = dimension.partition(".")
    return str(Comparison(f"{PARTS[part]}.{name}", "", (Text(value),)))


def _value(value: str) -> str:
    return str(Text(value))
