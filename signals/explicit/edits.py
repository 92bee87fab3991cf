"""How far one text is from another, and where they differ. Pure functions."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal

LONGEST = 10_000  # characters that differ; 0.1 s on one core
DIFF_WORDS = 300
_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Edit:
    """`distance`: characters put in, taken out or replaced (Levenshtein). `share`: of the longer text, 0 to 1."""

    distance: int
    share: float


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Literal["same", "gone", "new"]
    text: str


def measure(before: str, after: str) -> Edit | None:
    """None when more than LONGEST characters of either text differ: that is not measured."""
    old, new = _differing(before, after)
    if max(len(old), len(new)) > LONGEST:
        return None
    distance = _levenshtein(old, new)
    longer = max(len(before), len(after))
    return Edit(distance, distance / longer if longer else 0.0)


def diff(before: str, after: str) -> list[Piece]:
    """The two texts as pieces, word by word. What both begin with is cut to its last 30 words. From there DIFF_WORDS words of each
    are compared; the rest is left out."""
    old, new = _words(before), _words(after)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    skipped = max(0, start - 30)
    old, new = old[skipped : skipped + DIFF_WORDS], new[skipped : skipped + DIFF_WORDS]
    pieces: list[Piece] = [Piece("same", "… ")] if skipped else []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[a:b])))
            continue
        if a < b:
            pieces.append(Piece("gone", "".join(old[a:b])))
        if c < d:
            pieces.append(Piece("new", "".join(new[c:d])))
    return pieces


def _words(text: str) -> list[str]:
    """Words, each with the space after it; of a long text as many as a diff could ever show."""
    return _WORDS.findall(text[:200_000])


def _differing(before: str, after: str) -> tuple[str, str]:
    """Without what they begin and end with alike."""
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    before, after = before[start:], after[start:]
    shorter = min(len(before), len(after))
    end = next((i for i in range(shorter) if before[-1 - i] != after[-1 - i]), shorter)
    return before[: len(before) - end], after[: len(after) - end]


def _levenshtein(first: str, second: str) -> int:
    """Hyyrö's bit-parallel algorithm (2003): a column of the table is one long integer."""
    if len(first) > len(second):
        first, second = second, first
    if not first:
        return len(second)
    places: dict[str, int] = {}
    for i, character in enumerate(first):
        places[character] = places.get(character, 0) | (1 << i)
    whole, last = (1 << len(first)) - 1, 1 << (len(first) - 1)
    plus, minus, distance = whole, 0, len(first)
    for character in second:
        equal = places.get(character, 0)
        vertical = equal | minus
        equal |= ((equal & plus) + plus) ^ plus
        up = minus | (~(equal | plus) & whole)
        down = plus & equal
        if up & last:
            distance += 1
        elif down & last:
            distance -= 1
        up = ((up << 1) | 1) & whole
        down = (down << 1) & whole
        plus = down | (~(vertical | up) & whole)
        minus = up & vertical
    return distance
