"""What a kind of finding is made of: rules, each with a cheap trigger and an exact finder."""

import functools
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import re2

logger = logging.getLogger(__name__)

# How many places of one text a rule looks at closely. Each costs up to 20 microseconds. A megabyte of a log with a number in each
# line holds fewer; what holds more was made to be slow, or is a list of numbers.
MAX_CANDIDATES = 20_000
_reported: set[str] = set()  # checks whose failure the log tells of already: a sender could fill it

Span = tuple[int, int]
Find = Callable[[str], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`trigger` is an RE2 pattern over the text's UTF-8 bytes that holds whenever `find` finds something, and seldom
    else. All triggers of a redactor are looked for in one pass, so a text that holds none costs that pass alone.
    `find` yields half-open spans in characters; it must take time linear in the text, whoever wrote it, and look at no more
    than MAX_CANDIDATES places: `bounded` sees to that."""

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


class CrowdedText(Exception):
    """A rule has looked at as many places as it may, and has not looked at the text from `position` on."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def bounded(matches: Iterable[re.Match[str]], *, most: int = MAX_CANDIDATES) -> Iterator[re.Match[str]]:
    """The first `most` matches. Raises CrowdedText at a further one."""
    for number, match in enumerate(matches):
        if number >= most:
            raise CrowdedText(match.start())
        yield match


def report_once(what: str, error: Exception) -> None:
    """Logs that it raised, with the error's type alone: the error's text may quote what has to be hidden."""
    if what not in _reported:
        _reported.add(what)
        logger.warning("%s raised %s; what it was asked about is hidden.", what, type(error).__name__)


def hiding(check: Callable[..., bool]) -> Callable[..., bool]:
    """Decorates a check that asks a library whether a number is valid. Where the library raises, the answer is yes: the
    number is hidden, and the event that holds it is kept. (python-stdnum 2.2 raises KeyError on 0.14 % of the numbers that look
    like Chinese ids.)"""

    @functools.wraps(check)
    def checked(*arguments: Any) -> bool:
        try:
            return check(*arguments)
        except Exception as error:
            report_once(f"The check {check.__module__}.{check.__qualname__}", error)
            return True

    return checked


class FastPattern:
    """An RE2 pattern over a text's UTF-8 bytes, for searches that Python's `re` does ten times slower. Keep counted
    repetitions of large classes out of it: RE2 unrolls them."""

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        self._compiled = re2.compile(pattern.encode("latin-1"), options)

    def spans(self, text: str, *, group: int = 0, most: int = MAX_CANDIDATES) -> Iterator[Span]:
        """Raises CrowdedText beyond `most` matches."""
        encoded = text.encode("utf-8", "surrogatepass")
        return char_spans(self._compiled, text, encoded, group=group, most=most)

    def is_in(self, text: str) -> bool:
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None


def char_spans(
    compiled: Any, text: str, encoded: bytes, *, group: int = 0, most: int = MAX_CANDIDATES
) -> Iterator[Span]:
    """Where an RE2 pattern matches `encoded` (the text in UTF-8), in characters of the text. Empty matches are left out.
    Raises CrowdedText beyond `most` matches."""
    plain = len(encoded) == len(text)
    at_byte = at_char = 0
    for number, match in enumerate(compiled.finditer(encoded)):
        start, end = match.span(group)
        if number >= most:
            between = encoded[at_byte:start].decode("utf-8", "surrogatepass")
            raise CrowdedText(start if plain else at_char + len(between))
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
