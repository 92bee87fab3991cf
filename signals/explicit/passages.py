"""Finding a copied passage in the text that it was copied from. Pure functions."""

import re

SHORTEST = 8  # characters: shorter ones stand in too many places
# What a browser leaves out or adds when rendered Markdown is copied: white space, emphasis, headings, list signs, quotes, fences.
_UNSEEN = re.compile(r"[\s*_`#>|~\-•]+")
_BLOCK = 200_000


def locate(passage: str, text: str) -> tuple[int, int] | None:
    """Where the passage stands in the text, [start:end] in characters: word for word, or with other white space and Markdown's signs.
    None when it is not there, or so short that it may stand there by chance."""
    passage = passage.strip()
    if len(passage) < SHORTEST:
        return (0, len(text)) if passage and passage == text.strip() else None
    if (start := text.find(passage)) >= 0:
        return start, start + len(passage)
    needle = _UNSEEN.sub("", passage)
    if len(needle) < SHORTEST:
        return None
    seen, places = _seen(text[:_BLOCK])
    start = seen.find(needle)
    if start < 0:
        return None
    return places[start], places[start + len(needle) - 1] + 1


def gist(passage: str) -> str:
    """The same for two copies of one passage."""
    return " ".join(passage.split()).lower()[:300]


def _seen(text: str) -> tuple[str, list[int]]:
    """The characters that count, and where in the text each stands."""
    places: list[int] = []
    position = 0
    for unseen in _UNSEEN.finditer(text):
        places.extend(range(position, unseen.start()))
        position = unseen.end()
    places.extend(range(position, len(text)))
    return _UNSEEN.sub("", text), places
