r"""Regular expressions that PostgreSQL and RE2 read alike, so that a query finds in the database what it finds in memory.

The two differ in what `\w`, `.` and case mean, and in their syntax. So a pattern is read here, and written out for each in what both share:
literals, classes, groups, alternatives, counts up to 255, anchors, `\d \w \s` (ASCII) and `\b`. There is no look-around and no back-reference.
RE2 also bounds the size: what it refuses goes to neither.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import re2

from signals.search.language.errors import QueryError
from signals.search.language.nodes import Pattern

MAX_PATTERN = 500  # characters
MAX_MEMORY = 4 << 20  # bytes of RE2's program
MAX_COUNT = 255  # PostgreSQL's
MAX_EXPANDED = 1000  # characters of a class that are looked at one by one for their case

Ranges = list[tuple[str, str]]
_CLASSES: dict[str, Ranges] = {
    "d": [("0", "9")],
    "w": [("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")],
    "s": [("\t", "\r"), (" ", " ")],
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_W = "[0-9A-Z_a-z]"
# PostgreSQL's own \y goes by the database's locale.
_BOUNDARY = f"(?:(?<={_W})(?!{_W})|(?<!{_W})(?={_W}))"
_NO_BOUNDARY = f"(?:(?<={_W})(?={_W})|(?<!{_W})(?!{_W}))"


@dataclass(frozen=True, slots=True)
class CompiledRegex:
    """`for_postgres` is used with `~`; `search` says whether a text matches somewhere."""

    for_postgres: str
    expression: Any

    def search(self, text: str) -> bool:
        return self.expression.search(text) is not None


@lru_cache(maxsize=256)
def compile_regex(pattern: Pattern) -> CompiledRegex:
    """Raises QueryError, whose place is within the pattern."""
    if not 0 < len(pattern.pattern) <= MAX_PATTERN:
        raise QueryError(f"A regular expression has 1 to {MAX_PATTERN} characters.", end=len(pattern.pattern))
    for_postgres, for_re2 = _Reader(pattern).read()
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return CompiledRegex(for_postgres, re2.compile(for_re2, options))
    except (re2.error, UnicodeEncodeError) as error:
        raise QueryError(
            "This regular expression is too large: take smaller counts.", end=len(pattern.pattern)
        ) from error


class _Reader:
    """Reads a pattern from left to right, and writes it twice."""

    def __init__(self, pattern: Pattern) -> None:
        self.text, self.ignore_case = pattern.pattern, pattern.ignore_case
        self.at = 0

    def read(self) -> tuple[str, str]:
        postgres: list[str] = []
        ours: list[str] = []
        open_brackets: list[int] = []
        repeatable = False  # whether a count may stand here
        while self.at < len(self.text):
            start, character = self.at, self.text[self.at]
            self.at += 1
            written: tuple[str, str]
            if character == "(":
                self._group()
                open_brackets.append(start)
                written, repeatable = ("(?:", "(?:"), False
            elif character == ")":
                if not open_brackets:
                    self._fail("This bracket closes none.", start)
                open_brackets.pop()
                written, repeatable = (")", ")"), True
            elif character in "|^$":
                written, repeatable = (character, character), False
            elif (count := self._count(character)) is not None:
                if not repeatable:
                    self._fail(f"There is nothing that {count} could repeat.", start)
                written, repeatable = (count, count), False
            else:
                written, repeatable = self._atom(character, start)
            postgres.append(written[0])
            ours.append(written[1])
        if open_brackets:
            self._fail("This bracket is not closed.", open_brackets[-1])
        return "".join(postgres), "".join(ours)

    def _fail(self, message: str, start: int) -> NoReturn:
        raise QueryError(f"In the regular expression: {message}", start=start, end=max(self.at, start + 1))

    def _group(self) -> None:
        if self.text.startswith("?", self.at):
            if not self.text.startswith("?:", self.at):
                self._fail(
                    "after (? only a colon may stand. There is no look-around; case is ignored by /.../i.",
                    self.at - 1,
                )
            self.at += 2

    def _count(self, character: str) -> str | None:
        """`*`, `+`, `?` or `{2,5}`. One that is lazy matches the same texts."""
        if character in "*+?":
            count = character
        elif found := re.compile(r"\{(\d+)(?:(,)(\d*))?\}").match(self.text, self.at - 1):
            low, comma, high = found.groups()
            if max(int(low), int(high or 0)) > MAX_COUNT or (high and int(high) < int(low)):
                self._fail(f"counts go from the smaller to the larger, up to {MAX_COUNT}.", self.at - 1)
            self.at = found.end()
            count = f"{{{int(low)}{comma or ''}{int(high) if high else ''}}}"
        else:
            return None
        if self.text.startswith("?", self.at):
            self.at += 1
        return count

    def _atom(self, character: str, start: int) -> tuple[tuple[str, str], bool]:
        if character == ".":
            return (".", "."), True
        if character == "[":
            return self._both(self._class(start)), True
        if character != "\\":
            return self._both(self._literal(character)), True
        escaped = self._escaped(start)
        if escaped in ("b", "B"):
            return ((_BOUNDARY, r"\b") if escaped == "b" else (_NO_BOUNDARY, r"\B")), False
        if escaped.lower() in _CLASSES:
            return self._both(_bracket(_CLASSES[escaped.lower()], negated=escaped.isupper())), True
        return self._both(self._literal(self._character(escaped, start))), True

    def _both(self, written: str) -> tuple[str, str]:
        return written, written

    def _escaped(self, start: int) -> str:
        if self.at >= len(self.text):
            self._fail("there is nothing behind the last backslash.", start)
        self.at += 1
        return self.text[self.at - 1]

    def _character(self, escaped: str, start: int) -> str:
        if escaped in _CONTROLS:
            return _CONTROLS[escaped]
        if escaped.isalnum():
            self._fail(rf"\{escaped} is not known here: there are \d \w \s \b and \n \t \r \f \v.", start)
        return escaped

    def _literal(self, character: str) -> str:
        variants = _variants(character) if self.ignore_case else {character}
        if len(variants) > 1:
            return _bracket([(one, one) for one in sorted(variants)])
        return _plain(character)

    def _class(self, start: int) -> str:
        """[a-z_\\d] and [^...]."""
        negated = self.text.startswith("^", self.at)
        self.at += negated
        ranges: Ranges = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self._fail("this [ is not closed.", start)
            first = False
            low = self._member()
            if isinstance(low, list):
                ranges += low
                continue
            high: str | Ranges = low
            if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
            if isinstance(high, list) or high < low:
                self._fail("a range goes from the smaller character to the larger.", start)
            ranges.append((low, high))
        self.at += 1
        if self.ignore_case:
            ranges += [(one, one) for low, high in list(ranges) for one in self._cases(low, high, start)]
        return _bracket(ranges, negated=negated)

    def _member(self) -> str | Ranges:
        start, character = self.at, self.text[self.at]
        self.at += 1
        if character == "[" and self.text[self.at : self.at + 1] in (":", ".", "="):
            self._fail(r"names such as [:alpha:] are not known: write a-zA-Z, \d or \w.", start)
        if character != "\\":
            return character
        escaped = self._escaped(start)
        if escaped in _CLASSES:
            return _CLASSES[escaped]
        if escaped in ("D", "W", "S", "b", "B"):
            self._fail(rf"\{escaped} cannot stand inside brackets.", start)
        return self._character(escaped, start)

    def _cases(self, low: str, high: str, start: int) -> set[str]:
        if ord(high) - ord(low) > MAX_EXPANDED:
            self._fail("this range is too long for /.../i.", start)
        return {
            variant
            for code in range(ord(low), ord(high) + 1)
            if not 0xD800 <= code < 0xE000
            for variant in _variants(chr(code))
        }


def _variants(character: str) -> set[str]:
    """The character in both cases, where each is one character."""
    return {one for one in (character, character.lower(), character.upper()) if len(one) == 1}


def _bracket(ranges: Ranges, *, negated: bool = False) -> str:
    merged: Ranges = []
    for low, high in sorted(set(ranges)):
        if merged and ord(low) <= ord(merged[-1][1]) + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    members = (_plain(low) if low == high else f"{_plain(low)}-{_plain(high)}" for low, high in merged)
    return f"[{'^' if negated else ''}{''.join(members)}]"


def _plain(character: str) -> str:
    """The character as it stands in a pattern of either, in brackets too."""
    return "\\" + character if character.isascii() and character.isprintable() and not character.isalnum() and character != " " else character  # fmt: skip
