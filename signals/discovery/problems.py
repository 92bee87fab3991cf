"""Grouping what went wrong: problems by what went wrong, whatever the topic. Pure and deterministic; the number of groups is found.

`group_problems(observations, embed_texts(texts_of(observations)))`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signals.discovery.keywords import telling_words
from signals.discovery.linkage import average_linkage
from signals.discovery.naming import name_of
from signals.discovery.observations import Floats, Observation, text_of

APART = 0.6  # cosine distance between groups of phrases, on average


@dataclass(frozen=True, slots=True)
class Group:
    """`members`: indices of the observations, ascending. `centroid` (384,): of unit length, of the members' phrases, near-duplicates of one
    user counted once. `source` and `key`: what all members have in common, "" where they differ."""

    members: tuple[int, ...]
    label: str
    description: str
    keywords: tuple[str, ...]
    centroid: Floats
    source: str
    key: str


def group_problems(
    observations: Sequence[Observation],
    vectors: Floats,
    *,
    signals: Mapping[str, str] | None = None,
    fewest: int = 2,
) -> list[Group]:
    """Groups of `fewest` users (or conversations without one) and more, the largest first. An observation is in one group at most; an
    event with several observations may be in several. `vectors` (n, 384): of texts_of(observations). `signals`: names by signal key."""
    parts: dict[tuple[str, str], list[int]] = {}
    for index, one in enumerate(observations):
        parts.setdefault((one.source, one.key), []).append(index)
    found: list[list[int]] = []
    for _, indices in sorted(parts.items()):
        labels = average_linkage(vectors[indices], apart=APART)
        groups: dict[int, list[int]] = {}
        for index, label in zip(indices, labels, strict=True):
            groups.setdefault(int(label), []).append(index)
        found += groups.values()
    kept = [group for group in found if _people(observations, group) >= fewest]
    kept.sort(key=lambda group: (-_people(observations, group), group))
    words = telling_words([[text_of(observations[i]) for i in group] for group in kept])
    return [
        _made(observations, vectors, group, telling, signals or {})
        for group, telling in zip(kept, words, strict=True)
    ]


def _people(observations: Sequence[Observation], group: Sequence[int]) -> int:
    return len({observations[i].user or observations[i].unit for i in group})


def _made(
    observations: Sequence[Observation],
    vectors: Floats,
    group: Sequence[int],
    words: Sequence[str],
    signals: Mapping[str, str],
) -> Group:
    own = [observations[i] for i in group]
    once = {(one.user or one.unit, text_of(one)): i for one, i in zip(own, group, strict=True)}
    centroid = unit(vectors[list(once.values())].mean(axis=0))
    label, description = name_of(own, vectors[list(group)], centroid, signals=signals)
    sources, keys = {one.source for one in own}, {one.key for one in own}
    return Group(
        tuple(sorted(group)),
        label,
        description,
        tuple(words),
        centroid,
        sources.pop() if len(sources) == 1 else "",
        keys.pop() if len(keys) == 1 else "",
    )


def unit(vector: Floats) -> Floats:
    """Of length 1; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    made: Floats = (vector / length if length else vector).astype(np.float32)
    return made
