"""Names of groups as a person would write them, without a language model: the template of a tool's error, or the most central phrase. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from signals.discovery.observations import Floats, Observation, text_of
from signals.discovery.templates import HOLE

LONGEST = 120
EXAMPLES = 3


def name_of(
    observations: Sequence[Observation], vectors: Floats, centroid: Floats, *, signals: Mapping[str, str]
) -> tuple[str, str]:
    """(label, description) of the observations of one group, row i of `vectors` with item i. `signals`: by key the name for people."""
    sources = Counter((one.source, one.key) for one in observations)
    (source, key), _ = max(sources.items(), key=lambda pair: (pair[1], pair[0]))
    own = [i for i, one in enumerate(observations) if (one.source, one.key) == (source, key)]
    central = central_first([text_of(observations[i]) for i in own], vectors[own], centroid)
    phrases = [_readable(text) for text in central] or [""]
    if source == "facet":
        label = phrases[0]
    elif source == "tool":
        label = f"`{key}` fails" + (f": {phrases[0]}" if phrases[0] else "")
    else:
        name = signals.get(key, key.replace("_", " ").capitalize())
        label = f"{name}: “{phrases[0]}”" if phrases[0] else name
    return cut(label, LONGEST), " · ".join(cut(phrase, LONGEST) for phrase in phrases[:EXAMPLES])


def central_first(texts: Sequence[str], vectors: Floats, centroid: Floats) -> list[str]:
    """The different texts, that nearest to the centroid first; each counts a little more the oftener it stands there."""
    seen: dict[str, float] = {}
    counts = Counter(texts)
    near = vectors @ centroid
    for text, likeness in zip(texts, near, strict=True):
        seen[text] = max(seen.get(text, -1.0), float(likeness) + 0.02 * float(np.log(counts[text])))
    return sorted((text for text in seen if text), key=lambda text: (-round(seen[text], 6), len(text), text))


def cut(text: str, length: int) -> str:
    """At most `length` characters, cut at a word."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:.-–") + HOLE


def _readable(text: str) -> str:
    return " ".join(text.split()).strip(" -–;,")
