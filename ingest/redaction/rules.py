"""What a kind of finding is made of: rules, each with a cheap trigger and an exact finder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import re2

Span = tuple[int, int]
Find = Callable[[str], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`trigger` is an RE2 pattern over the text's UTF-8 bytes that holds whenever `find` finds something, and seldom
    else. All triggers of a redactor are looked for in one pass, so a text that holds none costs that pass alone.
    `find` yields half-open spans in characters; it must take time linear in the text, whoever wrote it."""

    trigger: bytes
    find: Find


@dataclass(frozen=True, slots=True)
class Kind:
    """One switch on the settings page. `token` is what is stored in place of what is found."""

    name: str
    label: str
    description: str
    token: str
    default: bool
    rules: tuple[Rule, ...]
    # Credentials are looked for even where the value's key says that it is an id or a number.
    is_credential: bool = False


class FastPattern:
    """An RE2 pattern over a text's UTF-8 bytes, for searches that Python's `re` does ten times slower. Keep counted
    repetitions of large classes out of it: RE2 unrolls them."""

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        self._compiled = re2.compile(pattern.encode("latin-1"), options)

    def spans(self, text: str, *, group: int = 0) -> Iterator[Span]:
        encoded = text.encode("utf-8", "surrogatepass")
        return char_spans(self._compiled, text, encoded, group=group)

    def is_in(self, text: str) -> bool:
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None


def char_spans(compiled: Any, text: str, encoded: bytes, *, group: int = 0) -> Iterator[Span]:
    """Where an RE2 pattern matches `encoded` (the text in UTF-8), in characters of the text. Empty matches are left out."""
    plain = len(encoded) == len(text)
    at_byte = at_char = 0
    for match in compiled.finditer(encoded):
        start, end = match.span(group)
        if start == end:
            continue
        if plain:
            yield start, end
            continue
        first = at_char + len(encoded[at_byte:start].decode("utf-8", "surrogatepass"))
        last = first + len(encoded[start:end].decode("utf-8", "surrogatepass"))
        at_byte, at_char = end, last
        yield first, last


def before(text: str, start: int, width: int) -> str:
    return text[max(0, start - width) : start]


def after(text: str, end: int, width: int) -> str:
    return text[end : end + width]
