"""A definition's description as text with rules: what it says first, then rules under "Counts", "Does not count" and "It depends"."""

import difflib
import enum
import re

BULLET = "- "
# A sentence of prose that says what is left out: "Does not count when the user asks for it." "Don't count greetings."
EXCLUDES = re.compile(
    r"\b(?:do(?:es)?(?: not|n['\u2019]t) (?:count|include)|(?:is|are) (?:not counted|excluded|left out))\b",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


class Heading(enum.StrEnum):
    COUNTS = "Counts"
    DOES_NOT = "Does not count"
    DEPENDS = "It depends"


def add_rule(description: str, *, heading: Heading, rule: str) -> str:
    """The description with one more rule, the last one under its heading; all other lines stay as they are. A missing heading is added at
    the end. A rule that stands there already is not added twice."""
    line = BULLET + " ".join(rule.split())
    lines = description.rstrip().splitlines()
    start = next((i for i, text in enumerate(lines) if _heading_of(text) == heading), None)
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), f"{heading}:", line])
    end = start + 1
    while end < len(lines) and lines[end].strip() and _heading_of(lines[end]) is None:
        end += 1
    if line in lines[start:end]:
        return "\n".join(lines)
    return "\n".join([*lines[:end], line, *lines[end:]])


def rules_of(description: str) -> dict[Heading, list[str]]:
    """The rules under each heading, in their order; a heading without one is left out."""
    found: dict[Heading, list[str]] = {}
    section: Heading | None = None
    for line in description.splitlines():
        if (heading := _heading_of(line)) is not None:
            section = heading
        elif not line.strip():
            section = None
        elif section is not None:
            found.setdefault(section, []).append(line.strip().removeprefix(BULLET))
    return found


def what_counts(description: str) -> str:
    """The description without what does not count: a vector of the whole text would lie near the very things that it excludes. What
    depends is left out too."""
    kept: list[str] = []
    section: Heading | None = None
    for line in description.splitlines():
        if (heading := _heading_of(line)) is not None:
            section = heading
        elif not line.strip():
            section = None
        if section in (None, Heading.COUNTS):
            kept.append(
                " ".join(part for part in SENTENCE_END.split(line) if not EXCLUDES.search(part))
                if heading is None
                else line
            )
    return "\n".join(kept).strip()


def difference(before: tuple[str, str], after: tuple[str, str]) -> str:
    """What differs between two versions, each (title, description): lines that begin with "-" went, with "+" came, with a space stayed
    (at most one around each change). Empty when nothing differs."""
    old, new = ([title, *description.splitlines()] for title, description in (before, after))
    lines = list(difflib.unified_diff(old, new, n=1, lineterm=""))[2:]
    return "\n".join(line for line in lines if not line.startswith("@@"))


def _heading_of(line: str) -> Heading | None:
    text = line.strip().rstrip(":").casefold()
    return next((heading for heading in Heading if line.strip() and heading.value.casefold() == text), None)
