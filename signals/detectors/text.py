"""A text as rules read it: lower case, straight quotes, no invisible characters; each place known in the original."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

# Zero-width and soft-hyphen characters, variation selectors: they split words that a reader sees whole.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufe00-\ufe0f]")
SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ´′＇", "'"),
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "
        ),
    }
)
# "can`t"; elsewhere a backtick is code.
BACKTICK = re.compile(r"(?<=[A-Za-z])`(?=[A-Za-z])")
ACCENT = re.compile("[\u0300-\u036f]")
ODD = re.compile(r"[^\x00-\x7f]")
# Rules read so much of a text: its beginning and its end. A megabyte of pasted log would cost seconds.
READ_CHARACTERS = 20_000
# A word as heads read it, and a mark that says something.
WORD = re.compile(r"[a-z0-9_']+|[^\w\s]")
SENTENCE = re.compile(r"[^\s.!?\n][^.!?\n]*[.!?]*")
# Heads read so far.
WORDS_FROM = 1600
# Stands where the middle was left out: no phrase reaches across it.
CUT = "\x01"


class _FoldTable(dict[int, str]):
    """For str.translate: one character to one character, worked out on first use."""

    def __missing__(self, point: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(point).translate(SAME)).lower()
        self[point] = one = folded if len(folded) == 1 else chr(point)
        return one


_FOLDED = _FoldTable()


def _folded(raw: str) -> str:
    """Character by character as _FOLDED says. Most texts hold few kinds of odd characters, mostly quotes: those one by one
    are ten times as fast as to look up every letter."""
    odd = set(ODD.findall(raw))
    if len(odd) > 8:
        return raw.translate(_FOLDED)
    folded = raw
    for character in odd:
        folded = folded.replace(character, _FOLDED[ord(character)])
    lower = folded.lower()
    return lower if len(lower) == len(raw) else raw.translate(_FOLDED)


def without_accents(normal: str) -> str:
    """ "désolé" as "desole". Letters may become several, so places are not kept."""
    return ACCENT.sub("", unicodedata.normalize("NFD", normal)).replace("ß", "ss")


T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - a decorator
    """functools.cached_property without its lock, which costs more than most of what is worked out here."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, text: Any, owner: type | None = None) -> T:
        value = text.__dict__[self.name] = self.work(text)
        return value


@dataclass(frozen=True)
class Text:
    """`raw` as it was sent. Everything else is worked out on first use."""

    raw: str

    @lazy
    def _read(self) -> tuple[str, list[int] | None]:
        """The normal form, and the place of each of its characters in `raw` (None: the same place)."""
        raw = self.raw
        places: list[int] | None = None
        if len(raw) > READ_CHARACTERS:
            half = READ_CHARACTERS // 2
            places = [*range(half + 1), *range(len(raw) - half, len(raw))]
            raw = raw[:half] + CUT + raw[-half:]
        if "`" in raw:
            raw = BACKTICK.sub("'", raw)
        if raw.isascii():
            return raw.lower(), places
        if INVISIBLE.search(raw):
            kept = [i for i, character in enumerate(raw) if not INVISIBLE.match(character)]
            places = [places[i] for i in kept] if places else kept
            raw = "".join(raw[i] for i in kept)
        return _folded(raw), places

    @lazy
    def normal(self) -> str:
        return self._read[0]

    @lazy
    def notes(self) -> dict[Any, Any]:
        """What rules and heads worked out of this text and will ask for again."""
        return {}

    @lazy
    def shown(self) -> str:
        """What was read, in its own case: `shown[i]` is `normal[i]`."""
        places = self._read[1]
        return self.raw if places is None else "".join(self.raw[i] for i in places)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in `raw` of normal[start:end] (not empty)."""
        places = self._read[1]
        if places is None:
            return start, end
        return places[start], places[end - 1] + 1

    @lazy
    def is_blank(self) -> bool:
        return not self.normal.strip()

    @lazy
    def words(self) -> int:
        return len(self.normal.split())

    def words_of(self, limit: int) -> list[str]:
        """The first words and marks, in lower case."""
        return self._words[:limit]

    @lazy
    def _words(self) -> list[str]:
        """Without accents: many people leave them out."""
        normal = self.normal[:WORDS_FROM]
        return WORD.findall(normal if normal.isascii() else without_accents(normal))

    def sentences(self) -> list[tuple[int, int]]:
        """The places [start:end] of the first sentences in the normal form."""
        found = []
        for match in SENTENCE.finditer(self.normal[:WORDS_FROM]):
            end = match.start() + len(match[0].rstrip())
            found.append((match.start(), end))
        return found
