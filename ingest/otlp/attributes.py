"""Small readers of attribute dicts that all dialects share."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.incoming.values import MAX_INTEGER
from ingest.otlp.json_text import load

MAX_ID = 512


def first(attributes: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first value that is not empty. 0 and False are not empty."""
    for name in names:
        if name in attributes:
            value = attributes[name]
            if value is not None and value != "" and value != [] and value != {}:
                return value
    return None


def first_text(attributes: Mapping[str, Any], names: Iterable[str], limit: int = MAX_ID) -> str:
    """The first scalar that is not empty, as text, at most `limit` characters: for ids and names."""
    for name in names:
        if name in attributes:
            value = attributes[name]
            if isinstance(value, str):
                if value := value.strip():
                    return value[:limit]
            elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                return (str(int(value)) if value == int(value) else str(value))[:limit]
    return ""


def whole(value: Any) -> int | None:
    """A count, from a number or text. None for anything that is not a count, is negative, or does not fit a column."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        if not isinstance(number, int | float) or not 0 <= number <= MAX_INTEGER:
            return None
        return int(number)
    except ValueError:
        return None


def amount(value: Any) -> float | None:
    """Money or a score, from a number or text; None when it is not finite."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -1e15 < number < 1e15 else None


def as_object(value: Any) -> dict[str, Any]:
    """A JSON object, from an object or its text; empty for all else."""
    loaded = load(value)
    return loaded if isinstance(loaded, dict) else {}


MAX_INDEX = 5_000


def numbered(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Flattened lists, `<prefix>.<number>.<rest>`, as one dict of <rest> per number, in the order of the numbers."""
    start = prefix + "."
    found: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        if name.startswith(start):
            digits, _, rest = name[len(start) :].partition(".")
            if digits.isascii() and digits.isdigit() and len(digits) < 6 and len(found) < MAX_INDEX:
                found.setdefault(int(digits), {})[rest] = value
    return [found[number] for number in sorted(found)]
