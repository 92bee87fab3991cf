"""Grouping what users want: intents on two levels. Pure and deterministic; the numbers are found.

`group_intents(texts, embed_texts(texts))`: a text is a reader's `intent`, or a user's message.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signals.discovery.keywords import telling_words
from signals.discovery.linkage import average_linkage
from signals.discovery.naming import LONGEST, central_first, cut
from signals.discovery.observations import Floats
from signals.discovery.problems import unit

FINE, BROAD = 0.65, 0.85


@dataclass(frozen=True, slots=True)
class Intent:
    """`level` 0 is the broadest. `parent`: index in the list, None on level 0. `members`: indices of the texts, ascending; a parent's are
    its children's together. Every text is in one finest intent."""

    level: int
    parent: int | None
    members: tuple[int, ...]
    label: str
    description: str
    keywords: tuple[str, ...]
    centroid: Floats


def group_intents(texts: Sequence[str], vectors: Floats) -> list[Intent]:
    """Level 0 first, the largest first within a level. `vectors` (n, 384): of the texts."""
    if not texts:
        return []
    fine = average_linkage(vectors, apart=FINE)
    centroids = np.array([unit(vectors[fine == one].mean(axis=0)) for one in range(fine.max() + 1)])
    broad = average_linkage(centroids, apart=BROAD)[fine]
    found: list[Intent] = []
    places: dict[int, int] = {}
    for members in _by_size(broad):
        places[int(broad[members[0]])] = len(found)
        found.append(_made(texts, vectors, members, 0, None))
    for members in _by_size(fine):
        found.append(_made(texts, vectors, members, 1, places[int(broad[members[0]])]))
    words = telling_words([[texts[i] for i in one.members] for one in found])
    return [
        Intent(
            one.level,
            one.parent,
            one.members,
            one.label,
            one.description,
            tuple(telling),
            one.centroid,
        )
        for one, telling in zip(found, words, strict=True)
    ]


def _by_size(labels: "np.typing.NDArray[np.intp]") -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(int(label), []).append(index)
    return sorted(groups.values(), key=lambda group: (-len(group), group))


def _made(
    texts: Sequence[str], vectors: Floats, members: list[int], level: int, parent: int | None
) -> Intent:
    centroid = unit(vectors[members].mean(axis=0))
    central = central_first([texts[i] for i in members], vectors[members], centroid) or [""]
    description = " · ".join(cut(" ".join(text.split()), LONGEST) for text in central[:3])
    return Intent(
        level, parent, tuple(members), cut(" ".join(central[0].split()), LONGEST), description, (), centroid
    )
