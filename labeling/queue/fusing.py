"""One order of candidates from several, over any keys: the queue (of_issues.py, by event id) and its measurement (labeling/evaluation/, by row)."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")

# Of reciprocal rank fusion: Cormack, Clarke and Büttcher 2009, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods".
FLAT = 60
# A reader's phrases lie next to a description as a person types it: of the first 20 cards on the planted problems of `tutor` (8.2 matches each) 4.4 are
# matches by them alone, 1.1 by the meaning of whole sides, 1.1 by words (docs/benchmarks.md, "Candidates from several sources").
MEANING_WEIGHT, WORDS_WEIGHT, READER_WEIGHT = 1.0, 1.0, 3.0
# Of leads (leads.py), chosen on the same problems (docs/benchmarks.md, "Signals and the query as sources"). What a person starts a search from weighs as
# much as a reader.
SIGNAL_WEIGHT, QUERY_WEIGHT, START_WEIGHT = 2.0, 3.0, 3.0
RARE = 0.05  # of all events: a word that more of them hold tells nothing
FEW = 20  # events; a word that no more hold tells something however few events there are


def fuse(rankings: Iterable[tuple[float, Sequence[Key]]]) -> dict[Key, float]:
    """Rankings (best first, each with its weight) -> the fused worth of each key, best first; of equal ones first the one that came first."""
    worth: dict[Key, float] = defaultdict(float)
    for weight, ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            worth[key] += weight / (FLAT + rank)
    return dict(sorted(worth.items(), key=lambda one: -one[1]))


def most_of(number: int) -> int:
    """How many of so many events may hold a word that tells something."""
    return max(FEW, round(RARE * number))


def rank_by_words(holders: Mapping[str, Collection[Key]], number: int) -> list[Key]:
    """The keys that hold some of the words, by the sum of the words' inverse document frequencies (Spärck Jones 1972), best first. `number`: of all
    events. A word that too many hold (`most_of`), or none, does not count."""
    worth: dict[Key, float] = defaultdict(float)
    for held in holders.values():
        if 0 < len(held) <= most_of(number):
            for key in held:
                worth[key] += math.log(number / len(held))
    return sorted(worth, key=lambda key: -worth[key])
