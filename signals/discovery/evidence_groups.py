"""Groups of evidence that says the same: by the meaning of the words a match was read from, and by the words themselves. Pure functions.

Average-linkage clustering of at most a few hundred different snippets, over MEANING parts cosine of their embeddings and the rest cosine
of their words' TF-IDF. Deterministic: the same snippets in the same order give the same groups.
"""

import hashlib
import math
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from signals.discovery.keywords import telling_words, words_of

LONGEST = 200  # characters of a snippet
MEANING = 0.7
APART = 0.55  # groups whose snippets lie further apart on average stay apart

Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class Snippet:
    """A text that stands as evidence in the matches of these events, newest first."""

    text: str
    events: list[uuid.UUID] = field(default_factory=list)
    users: set[uuid.UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Cluster:
    """`id` stays the same while its most typical snippet, `example`, does. Events once each, newest first."""

    id: str
    words: list[str]
    example: str
    events: list[uuid.UUID]
    users: int


def collect(pieces: Iterable[tuple[str, uuid.UUID, uuid.UUID | None]], *, most: int) -> list[Snippet]:
    """(text, event, end user), newest first -> the different texts, `most` at most. Case and space do not tell texts apart."""
    found: dict[str, Snippet] = {}
    for text, event, user in pieces:
        shown = " ".join(text.split())[:LONGEST]
        key = shown.casefold()
        if not key or (key not in found and len(found) >= most):
            continue
        snippet = found.setdefault(key, Snippet(shown))
        if event not in snippet.events[-1:]:
            snippet.events.append(event)
        if user is not None:
            snippet.users.add(user)
    return list(found.values())


def cluster(snippets: list[Snippet], vectors: Floats, *, most: int) -> list[Cluster]:
    """`vectors`: (n, 384) unit rows, one a snippet. The `most` groups with the most events, largest first."""
    if not snippets:
        return []
    likeness = _likeness(snippets, vectors)
    groups: dict[int, list[int]] = {}
    for index, group in enumerate(_groups(likeness)):
        groups.setdefault(group, []).append(index)
    members = sorted(groups.values(), key=lambda group: (-sum(len(snippets[i].events) for i in group), group))
    words = telling_words([[snippets[i].text for i in group] for group in members])
    made = [_made(snippets, group, likeness, telling) for group, telling in zip(members, words, strict=True)]
    return sorted(made, key=lambda one: -len(one.events))[:most]


def _likeness(snippets: list[Snippet], vectors: Floats) -> Floats:
    meaning = vectors @ vectors.T
    shared = _tfidf([words_of(snippet.text) for snippet in snippets])
    both: Floats = MEANING * meaning + (1 - MEANING) * (shared @ shared.T)
    return both


def _tfidf(texts: list[list[str]]) -> Floats:
    """(n, words) unit rows."""
    frequency = Counter(word for words in texts for word in set(words))
    place = {word: i for i, word in enumerate(frequency)}
    rows = np.zeros((len(texts), max(1, len(place))), dtype=np.float32)
    for row, words in zip(rows, texts, strict=True):
        for word in set(words):
            row[place[word]] = math.log(1 + len(texts) / frequency[word])
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def _groups(likeness: Floats) -> list[int]:
    if len(likeness) == 1:
        return [0]
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distance = np.clip(1 - likeness.astype(np.float64), 0, 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average")
    groups: list[int] = fcluster(tree, APART, criterion="distance").tolist()
    return groups


def _made(snippets: list[Snippet], group: list[int], likeness: Floats, words: list[str]) -> Cluster:
    """The example is the snippet most like the others, each counted as often as it was found."""
    weights = np.array([len(snippets[i].events) for i in group], dtype=np.float32)
    example = snippets[group[int(np.argmax(likeness[np.ix_(group, group)] @ weights))]].text
    events = dict.fromkeys(event for i in group for event in snippets[i].events)
    users = set().union(*(snippets[i].users for i in group))
    digest = hashlib.blake2b(example.casefold().encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    # Ids are time-ordered by the event's time: newest first.
    return Cluster(digest, words, example, sorted(events, reverse=True), len(users))
