"""How alike phrases are in what they say went wrong, apart from what all of them have in common and from their topics. Pure.

Phrases of one project are near each other because they all tell of its agent, and those of one topic are near because of the topic.
Each phrase's vector loses TOPIC of what lies along its topic, then the project's mean (Mu and Viswanath 2018, "All-but-the-top",
arXiv 1702.01417, without the further components). The words count for WORDS of the likeness. Where two phrases are of conversations in which
the same signals hold or the same tools fail, they are up to HINTS more alike.

Chosen on the two planted products of shared/data, whole and 20 random three quarters of each: the mean F1 of the best group lies within .02
for WORDS .25 to .3, HINTS .1 to .3 and cuts (problems.APART) of .80 to .84, and within .03 for KINDS 0 to 5; a cut of .76 costs .05.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signals.discovery.keywords import words_of
from signals.discovery.linkage import average_linkage
from signals.discovery.observations import Floats

WORDS, TOPIC, HINTS = 0.25, 0.3, 0.2
# The mean is taken over kinds (groups at NEAR), so that a frequent one does not pull it to itself; of few kinds less of it is subtracted.
KINDS, NEAR = 2.0, 0.5
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s)$")


@dataclass(frozen=True, slots=True)
class Features:
    """Row i of `meaning` (n, d) and of the sparse `words` (n, vocabulary) and `hints` (n, different hints), unit rows or zeros each, is a
    phrase."""

    meaning: Floats
    words: Any  # scipy.sparse.csr_array
    hints: Any

    def likeness(self) -> Floats:
        """(n, n), 1 and more for the same phrase."""
        shared = WORDS * (self.words @ self.words.T) + HINTS * (self.hints @ self.hints.T)
        found: Floats = ((1 - WORDS) * (self.meaning @ self.meaning.T) + shared.toarray()).astype(np.float32)
        return found

    def of(self, rows: Sequence[int]) -> "Features":
        some = list(rows)
        return Features(self.meaning[some], self.words[some], self.hints[some])

    def to_groups(self, members: Sequence[Sequence[int]], others: Sequence[int]) -> Floats:
        """(others, groups): how alike each of the rows `others` and the group's rows are on average."""
        means = [self.of(group) for group in members]
        meaning = np.array([one.meaning.mean(axis=0) for one in means])
        words = np.array([one.words.mean(axis=0) for one in means])
        hints = np.array([one.hints.mean(axis=0) for one in means])
        own = self.of(others)
        found: Floats = (
            (1 - WORDS) * (own.meaning @ meaning.T)
            + WORDS * (own.words @ words.T)
            + HINTS * (own.hints @ hints.T)
        ).astype(np.float32)
        return found


def features(
    texts: Sequence[str],
    vectors: Floats,
    topics: Floats | None = None,
    hints: Sequence[Collection[str]] | None = None,
    *,
    most: int = 1500,
) -> Features:
    """`vectors` (n, d): unit rows of the texts. `topics` (n, d): unit rows of what each is about, zeros where that is not known. `hints`:
    names of what else holds in the conversation of each. The mean of the vectors is taken of `most` rows, evenly spread."""
    meaning = vectors.astype(np.float32)
    if topics is not None:
        along = (meaning * topics).sum(axis=1, keepdims=True)
        meaning = _unit(meaning - TOPIC * along * topics)
    some = meaning[:: max(1, -(-len(meaning) // most))]
    kinds = average_linkage(some, apart=1 - NEAR)
    count = int(kinds.max()) + 1 if len(kinds) else 0
    if count:
        mean = np.array([some[kinds == one].mean(axis=0) for one in range(count)]).mean(axis=0)
        meaning = _unit(meaning - mean * count / (count + KINDS))
    words = [[_ENDING.sub("", word) for word in words_of(text)] for text in texts]
    return Features(meaning, _tfidf(words), _tfidf(hints if hints is not None else [()] * len(texts)))


def _tfidf(texts: Sequence[Collection[str]]) -> Any:
    from scipy.sparse import csr_array

    frequency = Counter(word for words in texts for word in set(words))
    place = {word: i for i, word in enumerate(frequency)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, words in enumerate(texts):
        own = {place[word]: math.log(1 + len(texts) / frequency[word]) for word in words}
        length = math.sqrt(sum(value * value for value in own.values())) or 1.0
        rows += [row] * len(own)
        columns += own.keys()
        values += [value / length for value in own.values()]
    shape = (len(texts), max(1, len(place)))
    return csr_array((np.array(values, dtype=np.float32), (rows, columns)), shape=shape)


def _unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return found
