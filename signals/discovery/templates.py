"""The part of a message that stays when the case changes: ids, numbers, dates, names and quoted values give way to "…". Pure.

"order 17 not found" and "order 42 not found" become "order … not found". Words that no rule knows as a case's ("column alpha does not
exist") show only beside their likes: `templates_of` finds them as Drain does (He and others 2017, "Drain: an online log parsing approach with
fixed depth tree"). On 30 invented messages, 20 or 5 times each with other values, it finds the 30 (ARI 1.0), as drain3 0.9.11 does, which
pins two old packages; masks alone find 183 and 78 (ARI .72).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

HOLE = "…"
LONGEST = 300  # characters of a message that are read
PARSED = 50_000
SAME = 0.5  # of the words of two texts of one template
MOST = 200  # templates that begin alike and are as long; a further text is its own
# In this order: what is longer first. Each stands for one hole.
_CASES = re.compile(
    r"""
    (?P<status>\b(?:HTTP(?:/\d(?:\.\d)?)?|status|code|error|exit)(?:\ code)?[ :=]{1,2}\d{1,3}\b(?![.,:-]?\d)|\b[45]\d\d(?=[ :]{1,2}[A-Z][a-z]))
  | (?P<url>\b(?:https?|ftp|wss?)://\S+)
  | (?P<email>[\w.+-]+@[\w-]+\.[\w.-]+)
  | (?P<uuid>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b)
  | (?P<quoted>"[^"\n]{1,120}"|“[^”\n]{1,120}”|«[^»\n]{1,120}»|(?<![\w])'[^'\n]{1,80}'(?!\w)|`[^`\n]{1,120}`)
  | (?P<path>(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}[\\/]?)
  | (?P<file>\b[\w-]+\.(?:pdf|csv|xlsx?|docx?|png|jpe?g|txt|json|zip|html?|py|js|ts|xml|ya?ml)\b)
  | (?P<date>\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b)
  | (?P<time>\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m)?\b)
  | (?P<month>\b(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)
      (?:\s+\d{1,2}(?:st|nd|rd|th)?\b)?(?:,?\s+\d{4}\b)?(?![a-z]))
  | (?P<hex>\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b)
  | (?P<id>\b(?=[\w-]*\d)[A-Za-z]{1,12}[-_#](?:[\w]+[-_])*[\w]*\d[\w-]*|\b[A-Z]{1,6}\d{2,}\w*\b)
  | (?P<money>[$€£¥₹]\s?\d[\d,.\u202f\u00a0 ]*\d|[$€£¥₹]\s?\d|\b\d[\d,.]*\s?(?:[$€£¥₹]|EUR|USD|GBP|CHF)(?!\w))
  | (?P<number>[-+]?(?<![\w.])\d+(?:[,.]\d+)*(?:\s?%)?(?!\w)|(?<![A-Za-z])\d+(?:[,.]\d+)*)
    """,
    re.VERBOSE,
)
# A capitalised word inside a sentence is a name; the first word of a sentence, and a word of capitals only (VAT, HTTP), are not.
_NAME = re.compile(
    r"(?<=[a-z,;…] )(?:(?!I\b)[A-Z][a-zà-ÿ]+(?:['’]s)?)(?: (?:(?:of|de|van|von|the) )?[A-Z][a-zà-ÿ]+)*"
)
_HOLES = re.compile(rf"{HOLE}(?:[\s,;/–-]*{HOLE})+")
# The fields of a tool's result that say what happened, the best first.
_MESSAGES = (
    "error_message", "errorMessage", "error", "errors", "exception", "message", "detail", "details", "reason", "stderr", "msg", "description", "text", "title",
)  # fmt: skip
_CODES = ("code", "type", "kind", "name", "status", "state", "result")
_INSIDE = ("result", "response", "data", "body", "output", "content", "structuredContent", "payload", "meta")
_DEPTH = 5


def mask(text: str, *, names: bool = True) -> str:
    """The text in one line with what names one case replaced by HOLE; neighbouring holes are one. At most LONGEST characters. `names`: those of
    people and places too, which in a tool's message ("Not Found") are often none. A status or exit code stays: it says what went wrong."""
    line = " ".join(text[: 4 * LONGEST].split())
    line = _CASES.sub(lambda found: found[0] if found.lastgroup == "status" else HOLE, line)
    if names:
        line = _NAME.sub(HOLE, line)
    return _HOLES.sub(HOLE, line)[:LONGEST].strip()


def templates_of(texts: Sequence[str]) -> list[str]:
    """The template of each masked text: texts of as many words, of which the first and SAME of all are the same, share one, with HOLE where
    they differ. The same in any order of the texts."""
    counts = Counter(texts)
    known: dict[tuple[int, str], list[list[str]]] = {}
    found: dict[str, list[str]] = {}
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        words = text.split(" ")
        templates = known.setdefault((len(words), words[0]), [])
        best = max(templates, key=lambda template: _alike(template, words), default=None)
        if best is None or _alike(best, words) < SAME:
            best = list(words)
            if len(templates) < MOST:
                templates.append(best)
        else:
            best[:] = [one if one == other else HOLE for one, other in zip(best, words, strict=True)]
        found[text] = best
    return [_HOLES.sub(HOLE, " ".join(found[text])) for text in texts]


def _alike(template: Sequence[str], words: Sequence[str]) -> float:
    return sum(one == other for one, other in zip(template, words, strict=True)) / len(words)


def message_of(output: str) -> str:
    """What a tool's result says went wrong: the message in its JSON, else its last line that is not empty of a traceback, else its
    first line. A result that is JSON without any message is its fields of state ("status: processing")."""
    text = output.strip()
    if text[:1] in '{["' and len(text) <= PARSED:
        try:
            value = orjson.loads(text)
        except ValueError:
            value = None
        if value is not None:
            found = list(dict.fromkeys(_messages(value, 0)))
            return ": ".join(found[:2])[:LONGEST] if found else text[:LONGEST]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[-1] if lines[0].startswith("Traceback (most recent call last)") else lines[0])[:LONGEST]


def _messages(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(value, str):
        if depth and value.strip():
            yield " ".join(value.split())
    elif isinstance(value, list):
        for item in value[:3]:
            yield from _messages(item, depth + 1)
    elif isinstance(value, dict):
        own = list(_said(value, depth))
        if own:
            yield from own
            return
        for key in _INSIDE:
            if isinstance(value.get(key), dict | list):
                yield from _messages(value[key], depth + 1)
        for key in _CODES:
            state = value.get(key)
            if isinstance(state, str) and state.strip():
                yield f"{key}: {' '.join(state.split())}"


def _said(value: dict[str, Any], depth: int) -> Iterator[str]:
    for key in _MESSAGES:
        inner = value.get(key)
        if isinstance(inner, str) and inner.strip():
            yield " ".join(inner.split())
        elif isinstance(inner, dict | list) and inner:
            yield from _messages(inner, depth + 1)
