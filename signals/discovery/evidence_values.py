"""Groups of evidence that was measured ("get_order took 12.4 s.", "tool_errors 3"): by what was measured and how much. Pure functions.

Grouped by its words, such evidence would only tell numbers apart. Few different sentences are a group each; of more, those that differ
in their numbers alone are one group, or RANGES groups where all of them do.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from signals.discovery.evidence_groups import LONGEST, Cluster

RANGES = 5
_HERE = "\0"  # stands in no stored text
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")  # not the 2 of get_order_v2


@dataclass(slots=True)
class _Value:
    text: str
    events: set[uuid.UUID] = field(default_factory=set)
    users: set[uuid.UUID] = field(default_factory=set)

    @property
    def shape(self) -> str:
        return _NUMBER.sub(_HERE, self.text)

    @property
    def number(self) -> float:
        """The first in the text."""
        found = _NUMBER.search(self.text)
        return float(found[0].replace(",", "")) if found else 0.0


def group_values(pieces: Iterable[tuple[str, uuid.UUID, uuid.UUID | None]], *, most: int) -> list[Cluster]:
    """(text, event, end user) -> the `most` groups with the most events, largest first. They have no telling words."""
    values: dict[str, _Value] = {}
    for text, event, user in pieces:
        shown = " ".join(text.split())[:LONGEST]
        one = values.setdefault(shown, _Value(shown))
        one.events.add(event)
        if user is not None:
            one.users.add(user)
    groups = [[one] for one in values.values()] if len(values) <= most else _alike(list(values.values()))
    return sorted(map(_made, groups), key=lambda group: (-len(group.events), group.example))[:most]


def _alike(values: list[_Value]) -> list[list[_Value]]:
    shapes: dict[str, list[_Value]] = {}
    for one in sorted(values, key=lambda one: (one.number, one.text)):
        shapes.setdefault(one.shape, []).append(one)
    if len(shapes) > 1:
        return list(shapes.values())
    step = -(-len(values) // RANGES)
    [same] = shapes.values()
    return [same[i : i + step] for i in range(0, len(same), step)]


def _made(group: list[_Value]) -> Cluster:
    """Of several numbers the lowest and the highest; what else differs is left out."""
    low, high = group[0].text, group[-1].text
    numbers = [found[0] for text in (low, high) if (found := _NUMBER.search(text))]
    between = _NUMBER.sub(_HERE, low).replace(_HERE, " to ".join(dict.fromkeys(numbers)), 1)
    name = low if low == high else between.replace(_HERE, "…")
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    events = set().union(*(one.events for one in group))
    users = set().union(*(one.users for one in group))
    return Cluster(digest, [], name, sorted(events, reverse=True), len(users))
