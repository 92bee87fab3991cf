"""The words that tell a group of texts from the others. Pure.

Those with the highest class-based TF-IDF (Grootendorst 2022, "BERTopic: neural topic modeling with a class-based TF-IDF procedure",
arXiv 2203.05794): frequency in the group, times log(1 + average words a group / frequency in all groups).
"""

import math
import re
from collections import Counter

WORDS = 3
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Too common to tell a group by; what negates is kept, since it is often all that a refusal says.
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "do",
        "does",
        "did",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "i",
        "i'm",
        "i've",
        "if",
        "in",
        "is",
        "it",
        "it's",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "that",
        "that's",
        "the",
        "their",
        "them",
        "there",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "you're",
        "your",
    ]
)


def telling_words(groups: list[list[str]]) -> list[list[str]]:
    """Up to WORDS words a group, the most telling first."""
    counts = [Counter(word for text in group for word in set(words_of(text))) for group in groups]
    everywhere = Counter[str]()
    for count in counts:
        everywhere.update(count)
    average = sum(everywhere.values()) / max(1, len(groups))
    found = []
    for count in counts:
        size = max(1, sum(count.values()))
        words = [word for word in count if len(word) > 1 and not word.isdigit()] or list(count)
        worth = {word: count[word] / size * math.log(1 + average / everywhere[word]) for word in words}
        found.append(sorted(worth, key=lambda word: (-worth[word], word))[:WORDS])
    return found


def words_of(text: str) -> list[str]:
    """In lower case, without the most common ones unless there are no others."""
    words = [word.casefold() for word in _WORD.findall(text.replace("’", "'"))]
    return [word for word in words if word not in _COMMON] or words
