"""Names of groups as a person would write them, without a language model: the template of a tool's error, or the most central phrase. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from signals.discovery.observations import Floats, Observation, text_of
from signals.discovery.templates import HOLE

LONGEST = 120
EXAMPLES = 3
# A phrase with fewer or more words names a group badly: it is taken where the others lie this much further from the centre.
WORDS, ODD = (3, 22), 0.15
# A phrase that is all holes (“export was called with … on ….”) says little: it is so much worse for the share of its words that are holes.
HOLES = 0.6


def name_of(
    observations: Sequence[Observation],
    vectors: Floats,
    centroid: Floats,
    *,
    signals: Mapping[str, str],
    texts: Sequence[str] | None = None,
    has_parts: bool = False,
) -> tuple[str, str]:
    """(label, description) of the observations of one group, row i of `vectors` and of `texts` (default: text_of) with item i. `signals`: by
    key the name for people. The name of a group with parts leaves the phrase to them."""
    texts = [text_of(one) for one in observations] if texts is None else texts
    sources = Counter((one.source, one.key) for one in observations)
    (source, key), _ = max(sources.items(), key=lambda pair: (pair[1], pair[0]))
    own = [i for i, one in enumerate(observations) if (one.source, one.key) == (source, key)]
    central = central_first([texts[i] for i in own], vectors[own], centroid, any_length=source == "tool")
    phrases = [text for one in central if any(map(str.isalpha, text := _readable(one)))] or [""]
    phrase = "" if has_parts else phrases[0]
    if source == "facet":
        label = phrases[0]
    elif source == "tool":
        message = without_wrapping(phrase, tool=key)
        label = f"`{key}` fails" + (f": {message}{_others(texts, central)}" if message else "")
    else:
        name = signals.get(key, key.replace("_", " ").capitalize())
        label = f"{name}: “{phrase}”" if phrase else name
    return cut(label, LONGEST), " · ".join(cut(one, LONGEST) for one in phrases[:EXAMPLES] if one)


def central_first(
    texts: Sequence[str], vectors: Floats, centroid: Floats, *, any_length: bool = False
) -> list[str]:
    """The different texts, that nearest to the centroid first; each counts a little more the oftener it stands there."""
    seen: dict[str, float] = {}
    counts = Counter(texts)
    near = vectors @ centroid
    for text, likeness in zip(texts, near, strict=True):
        worth = float(likeness) + 0.02 * float(np.log(counts[text]))
        if not any_length:
            words = text.split()
            worth -= ODD * (not WORDS[0] <= len(words) <= WORDS[1])
            worth -= HOLES * sum(HOLE in word for word in words) / max(1, len(words))
        seen[text] = max(seen.get(text, -2.0), worth)
    return sorted((text for text in seen if text), key=lambda text: (-round(seen[text], 4), len(text), text))


def _others(texts: Sequence[str], central: Sequence[str]) -> str:
    """A tool whose messages mostly are not this one fails in other ways too."""
    same = sum(text == central[0] for text in texts)
    return ", and in other ways" if len(central) > 2 and same <= len(texts) / 3 else ""


def without_wrapping(message: str, *, tool: str) -> str:
    """What a framework puts before a tool's message, which the name says already: "Error: Error executing tool sync: no answer" is "no answer"."""
    wrapping = rf"^(?:(?:error|exception|failed) ?: *|(?:error|exception) (?:while |when |in )?(?:(?:executing|calling|running) )?(?:the )?(?:tool|function) [`'\"]?(?:{re.escape(tool)}|{HOLE})[`'\"]? ?: *)+"
    found = re.sub(wrapping, "", message, flags=re.IGNORECASE)
    return found if any(map(str.isalpha, found)) else message


def cut(text: str, length: int) -> str:
    """At most `length` characters, cut at a word."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:.-–") + HOLE


def _readable(text: str) -> str:
    return " ".join(text.split()).strip(" -–;,")
