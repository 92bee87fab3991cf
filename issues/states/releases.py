"""The order of a project's releases, read from their names: `1.4.2`, `v2`, `r3`, `app@1.0.0`, `release-14`, `2026-11-03`. Pure."""

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

LONGEST = 200  # characters of a release's name
_PARTS = re.compile(r"(\D*)(\d.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4})[-_](\d{1,2})[-_](\d{1,2})(?:[-_.](\d+))?")

Place = tuple[str, Version]  # what stands before the number ("v" and nothing are one), and the number


def place_of(name: str) -> Place | None:
    """Where the release stands among those of its kind; None of a name without an order, such as a commit's hash."""
    found = _PARTS.fullmatch(name.strip())
    if not found or len(name) > LONGEST:
        return None
    before, number = found.groups()
    if date := _DATE.fullmatch(number):
        number = ".".join(part for part in date.groups() if part)
    try:
        version = Version(number)
    except InvalidVersion:
        return None
    before = before.casefold()
    return ("" if before == "v" else before), version


def compare(a: str, b: str) -> int | None:
    """Below 0 where `a` is older than `b`, 0 where they are one, above 0 where it is newer. None where the two have no order."""
    if a == b:
        return 0
    first, second = place_of(a), place_of(b)
    if first is None or second is None or first[0] != second[0]:
        return None
    return (first[1] > second[1]) - (first[1] < second[1])


def are_ordered(names: Iterable[str]) -> bool:
    """Whether any two of them have an order."""
    places = [place_of(name) for name in names]
    return all(place is not None for place in places) and len({place[0] for place in places if place}) <= 1


def newest(names: Iterable[str]) -> str | None:
    """The newest of ordered names; None of none."""
    found = [(place[1], name) for name in names if (place := place_of(name))]
    return max(found)[1] if found else None
