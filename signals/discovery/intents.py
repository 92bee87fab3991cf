"""Grouping what users want: intents on two levels. Pure and deterministic; the numbers are found.

`group_intents(texts, embed_texts(texts), tools=...)`: a text is what a reader (an LLM) said that the user wants, or the user's message.

The finest level are the communities of the graph of nearest neighbours (Leiden, Traag and others 2019, arXiv 1810.08473, by
graspologic-native): rows are first drawn half-way to the mean of their neighbours, and an edge weighs what part of their neighbours its two
ends share. Modularity at a resolution of 1 finds the number. The broad level joins those that have to do with each other.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signals.discovery.keywords import telling_words, words_of
from signals.discovery.linkage import Ints, in_order, linked
from signals.discovery.naming import LONGEST, central_first, cut
from signals.discovery.observations import Floats
from signals.discovery.problems import unit
from signals.discovery.tongues import without_language
from signals.discovery.wishes import wish_of

# What two texts' likeness is made of: their meaning, the words that neither few nor most texts have, and the tools that were called.
# What each is worth: docs/benchmarks.md, "Problems and intents that nobody asked for".
MEANING, WORDS, TOOLS = 0.55, 0.2, 0.25
RARE, COMMON = 0.02, 0.4  # shares of the texts between which a word counts
# From so many texts on words add nothing: the vectors' neighbours are near enough.
MANY = 1000
# Neighbours of a row: one in A_NEIGHBOUR_OF rows, at most a half of them, so that in a small project an intent of a few conversations is not drawn
# to others.
FEWEST_NEIGHBOURS, MOST_NEIGHBOURS, A_NEIGHBOUR_OF = 5, 10, 20
COPIES, DRAWN = 3, 0.5
RESOLUTION = 1.0
# A group's texts have to be so much more alike (mean likeness of two of them, by _features) than any two of the project's, or so alike in meaning
# (mean cosine), for one name to tell what they are. On samples of 80 to 500 texts of the three public sets no broad group of one label and 2 of
# 595 fine ones (half of the texts or more have it) lie below, and 27 of 139 broad groups and 10 of 106 fine ones of many labels do; on samples
# of the planted products 49 of 65 and 33 of 105 of these, 5 of 27 and 12 of 203 of the others.
COHERENT, ALIKE = 0.06, 0.35
MIXED = "Mixed: "
PART = 4000  # texts compared pair by pair; the others follow their nearest intent
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s|ly|ions?)$")


@dataclass(frozen=True, slots=True)
class Intent:
    """`level` 0 is the broadest. `parent`: index in the list, None on level 0. `members`: indices of the texts, ascending; a parent's are
    its children's together. Every text is in one finest intent. `centroid` (384,): of unit length, of the members' vectors."""

    level: int
    parent: int | None
    members: tuple[int, ...]
    label: str
    description: str
    keywords: tuple[str, ...]
    centroid: Floats


def group_intents(
    texts: Sequence[str], vectors: Floats, *, tools: Sequence[Collection[str]] | None = None
) -> list[Intent]:
    """Level 0 first, the largest first within a level. The label of a group whose texts are of many things begins with MIXED, and no broad
    intent joins such things. `vectors` (n, 384): of the texts. `tools`: the names of those that were called in
    the conversation of each text."""
    if not len(texts):
        return []
    rows = _features(texts, vectors, tools)
    fine, broad = _levels(texts, rows)
    usual = _likeness(rows)
    found: list[Intent] = []
    places: dict[int, int] = {}
    for members in _by_size(broad[fine]):
        places[int(broad[fine[members[0]]])] = len(found)
        mixed = not _is_coherent(rows[members], vectors[members], usual=usual)
        found.append(_made(texts, vectors, members, 0, None, mixed=mixed))
    for members in _by_size(fine):
        parent = places[int(broad[fine[members[0]]])]
        mixed = not _is_coherent(rows[members], vectors[members], usual=usual)
        found.append(_made(texts, vectors, members, 1, parent, mixed=mixed))
    for place, one in enumerate(found):
        children = [other.label.removeprefix(MIXED) for other in found if other.parent == place]
        if len(children) > 1:
            more = f", and {len(children) - 2} more" if len(children) > 2 else ""
            found[place] = replace(one, label=cut(" · ".join(children[:2]), LONGEST - len(more)) + more)
    for level in (0, 1):
        own = [place for place, one in enumerate(found) if one.level == level]
        words = telling_words([[texts[i] for i in found[place].members] for place in own])
        for place, telling in zip(own, words, strict=True):
            found[place] = replace(found[place], keywords=tuple(telling))
    return found


def communities(rows: Floats) -> Ints:
    """(n,) community of each unit row."""
    rows = _drawn(rows)
    near = _nearest(rows, neighbours(len(rows)))
    count, width = near.shape
    beside = np.zeros((count, count), dtype=np.float32)
    beside[np.arange(count)[:, None], near] = 1
    np.fill_diagonal(beside, 1)
    shared = beside @ beside.T
    linked = np.triu((beside + beside.T) > 0, 1)
    ones, others = np.nonzero(linked)
    common = shared[ones, others]
    weights = common / (2 * (width + 1) - common)
    return _leiden(count, ones, others, weights, resolution=RESOLUTION)


def neighbours(count: int) -> int:
    """Of each of so many rows."""
    return min(MOST_NEIGHBOURS, max(FEWEST_NEIGHBOURS, -(-count // A_NEIGHBOUR_OF)), max(1, (count - 1) // 2))


def plain_communities(rows: Floats) -> Ints:
    """(n,) community of each unit row on the union of its nearest neighbours, weighed by cosine: what `communities` is compared with."""
    near = _nearest(rows, MOST_NEIGHBOURS)
    pairs = {(min(i, int(j)), max(i, int(j))) for i, some in enumerate(near) for j in some}
    ones, others = (np.array(side, dtype=np.intp) for side in zip(*sorted(pairs), strict=True))
    weights = np.clip((rows[ones] * rows[others]).sum(axis=1), 0.01, None)
    return _leiden(len(rows), ones, others, weights, resolution=1.0)


def _levels(texts: Sequence[str], rows: Floats) -> tuple[Ints, Ints]:
    """(the fine intent of each row, the broad intent of each fine one). Of texts that are the same COPIES are compared: more would be each
    other's only neighbours."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text.casefold(), []).append(place)
    drawn = np.sort([place for some in places.values() for place in some[:COPIES]])
    if len(drawn) > PART:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, PART, replace=False))
    fine = np.full(len(rows), -1, dtype=np.intp)
    fine[drawn] = communities(rows[drawn])
    others = np.flatnonzero(fine < 0)
    means = _centroids(rows[drawn], fine[drawn])
    for start in range(0, len(others), PART):
        some = others[start : start + PART]
        fine[some] = (rows[some] @ means.T).argmax(axis=1)
    fine = in_order(fine)
    return fine, _broad(rows, fine)


def _broad(rows: Floats, fine: Ints) -> Ints:
    """Fine intents are joined while a text of one and a text of another are, on average, COHERENT more alike than any two of the project's. How
    alike each one's own texts are does not count: an intent of many alike texts would join any other."""
    sizes = np.bincount(fine)
    means = np.array([rows[fine == one].mean(axis=0) for one in range(len(sizes))], dtype=np.float32)
    return linked(means @ means.T, apart=1 - _likeness(rows) - COHERENT)


def _is_coherent(rows: Floats, vectors: Floats, *, usual: float) -> bool:
    """Whether one name can tell what these texts are. `usual`: the likeness of any two of the project."""
    return _likeness(rows) >= usual + COHERENT or _likeness(vectors) >= ALIKE


def _likeness(rows: Floats) -> float:
    """Of two different unit rows, on average; 1 of a single one."""
    count = len(rows)
    if count < 2:
        return 1.0
    total = rows.sum(axis=0, dtype=np.float64)
    return float((total @ total - (rows.astype(np.float64) ** 2).sum()) / (count * (count - 1)))


def _features(texts: Sequence[str], vectors: Floats, tools: Sequence[Collection[str]] | None) -> Floats:
    """(n, d) unit rows, whose products are the likeness."""
    meaning = without_language(texts, vectors)
    parts = [math.sqrt(MEANING) * _unit(meaning - meaning.mean(axis=0))]
    if len(texts) < MANY:
        words = [{_ENDING.sub("", word) for word in words_of(text) if not word.isdigit()} for text in texts]
        parts.append(
            math.sqrt(WORDS) * _weighed(words, fewest=max(2.0, RARE * len(texts)), most=COMMON * len(texts))
        )
    if tools is not None:
        called = [set(some) for some in tools]
        parts.append(math.sqrt(TOOLS) * _weighed(called, fewest=1, most=len(texts)))
    return _unit(np.hstack(parts).astype(np.float32))


def _weighed(sets: Sequence[set[str]], *, fewest: float, most: float) -> Floats:
    """(n, names) unit rows of inverse document frequencies."""
    frequency = Counter(name for names in sets for name in names)
    place = {
        name: i for i, name in enumerate(sorted(name for name, n in frequency.items() if fewest <= n <= most))
    }
    rows = np.zeros((len(sets), max(1, len(place))), dtype=np.float32)
    for row, names in zip(rows, sets, strict=True):
        for name in names & place.keys():
            row[place[name]] = math.log(1 + len(sets) / frequency[name])
    return _unit(rows)


def _drawn(rows: Floats) -> Floats:
    """Each row half-way to the mean of its nearest ones."""
    if len(rows) < 3:
        return rows
    near = _nearest(rows, neighbours(len(rows)))
    return _unit((1 - DRAWN) * rows + DRAWN * rows[near].mean(axis=1))


def _nearest(rows: Floats, count: int) -> Ints:
    """(n, count or n - 1) the other rows that each is most alike to."""
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -np.inf)
    width = min(count, len(rows) - 1)
    return np.argpartition(-likeness, max(0, width - 1), axis=1)[:, :width]


def _leiden(count: int, ones: Ints, others: Ints, weights: Any, *, resolution: float) -> Ints:
    """(count,) communities, numbered in order of first appearance. What has no edge is alone."""
    import graspologic_native

    edges = [
        (str(one), str(other), float(weight))
        for one, other, weight in zip(
            ones.tolist(), others.tolist(), np.asarray(weights).tolist(), strict=True
        )
    ]
    labels = np.arange(count, dtype=np.intp) + count
    if edges:
        _, found = graspologic_native.leiden(
            edges=edges, starting_communities=None, resolution=resolution, randomness=0.001, iterations=2,
            use_modularity=True, seed=0, trials=1,
        )  # fmt: skip
        for name, community in found.items():
            labels[int(name)] = community
    return in_order(labels)


def _centroids(rows: Floats, labels: Ints) -> Floats:
    return _unit(np.array([rows[labels == one].mean(axis=0) for one in range(int(labels.max()) + 1)]))


def _unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return found


def _by_size(labels: Ints) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(int(label), []).append(index)
    return sorted(groups.values(), key=lambda group: (-len(group), group))


def _made(
    texts: Sequence[str],
    vectors: Floats,
    members: list[int],
    level: int,
    parent: int | None,
    *,
    mixed: bool,
) -> Intent:
    """`mixed`: no one text can name them."""
    centroid = unit(vectors[members].mean(axis=0))
    central = central_first([wish_of(texts[i]) for i in members], vectors[members], centroid) or [""]
    description = " · ".join(cut(" ".join(text.split()), LONGEST) for text in central[:3])
    label = MIXED + " · ".join(central[:2]) if mixed else central[0]
    return Intent(
        level, parent, tuple(members), cut(" ".join(label.split()), LONGEST), description, (), centroid
    )
