"""How much: "more than 2 tool errors", "slower than 10 seconds", "cost over 5 cents", as comparisons."""

import re

from signals.translating.sentence import Part, Sentence
from signals.translating.times import NUMBERS

_N = (
    r"(\$?\d[\d,_]*(?:\.\d+)?|"
    + "|".join(word for word in NUMBERS if word not in ("a", "an", "few", "couple of"))
    + ")"
)
_OPERATORS = [
    (">=", r"at least|no less than|not less than|minimum(?: of)?|>=|≥"),
    ("<=", r"at most|no more than|not more than|up to|maximum(?: of)?|<=|≤"),
    (">", r"more than|over|above|greater than|exceeding|longer than|slower than|higher than|larger than|>"),
    (
        "<",
        r"less than|fewer than|under|below|shorter than|faster than|quicker than|lower than|smaller than|<",
    ),
    ("", r"exactly|precisely"),
]
_WORD = "|".join(f"(?:{words})" for _, words in _OPERATORS)
# Unit -> (field, factor to the field's own unit; None for one that is written with the number).
_UNITS: list[tuple[str, str, str]] = [
    (r"(?:tool |failed )?(?:errors|error|failures)\b|failed tool(?:s| calls)?\b|tools? failed\b|tool failures\b", "tool.errors", ""),
    (r"tool[ -]?calls?\b|tools?\b|calls\b", "tool.calls", ""),
    (r"(?:input|prompt) tokens?\b", "tokens.input", ""),
    (r"(?:output|completion) tokens?\b", "tokens.output", ""),
    (r"tokens?\b", "tokens", ""),
    (r"turns?\b|messages?\b|exchanges?\b", "turns", ""),
    (r"(?:ms|milliseconds?)\b", "duration", "ms"),
    (r"(?:s|secs?|seconds?)\b", "duration", "s"),
    (r"(?:mins?|minutes?)\b", "duration", "m"),
    (r"(?:cents?)\b", "cost", "cents"),
    (r"(?:\$|dollars?|usd)(?:\b|$)", "cost", ""),
    (r"characters?(?: of (?:input|question))\b", "input.length", ""),
    (r"characters?\b(?: of (?:output|answer|reply))?", "output.length", ""),
]  # fmt: skip


def read_numbers(sentence: Sentence) -> list[Part]:
    parts = []
    for unit, field, kind in _UNITS:
        for found in list(
            sentence.take(
                rf"(?:\b(?:took|taking|cost|costing|with|used|using|lasted|lasting|had|have|has|having)\s+)?(?P<op>{_WORD})?\s*{_N}(?P<more>\s+or more)?\s*(?:{unit})(?P<more2>\s+or more)?(?:\s+long)?"
            )
        ):
            operator = ">=" if found["more"] or found["more2"] else _operator(found["op"] or "")
            number = next(group for group in found.groups()[1:2] if group)
            parts.append(Part(field, operator, (_number(number, kind, field),), found.span()))
    for found in sentence.take(rf"(?:\b(?:cost|costing|costs)\s+)?(?P<op>{_WORD})\s*(\$\d[\d,]*(?:\.\d+)?)"):
        parts.append(Part("cost", _operator(found["op"]), (found[2].strip("$"),), found.span()))
    for found in sentence.take(
        r"\b(?:any |with |had |have |some )*(?:tool errors?|tool failures?|failed tools?(?: calls?)?|failing tools?|tools? (?:that )?fail(?:ed|s|ing)?|broken tools?)\b"
    ):
        negated = sentence.is_negated(found.start())
        parts.append(Part("tool.errors", "" if negated else ">", ("0",), found.span()))
    return parts


def _operator(words: str) -> str:
    return next((sign for sign, pattern in _OPERATORS if words and re.fullmatch(pattern, words.strip())), "")


def _number(text: str, kind: str, field: str) -> str:
    text = str(NUMBERS[text]) if text in NUMBERS else text.strip("$").replace(",", "")
    if kind == "cents":
        return f"{float(text) / 100:g}"
    return text + kind if field == "duration" else text
