"""A text as rules read it: lower case, straight quotes, no invisible characters; each place known in the original."""

import functools
import re
import unicodedata
from dataclasses import dataclass

# Zero-width and soft-hyphen characters, variation selectors: they split words that a reader sees whole.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufe00-\ufe0f]")
SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ`´′＇", "'"),
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "
        ),
    }
)
# Rules read so much of a text: its beginning and its end. A megabyte of pasted log would cost seconds.
READ_CHARACTERS = 20_000
# Stands where the middle was left out: no phrase reaches across it.
CUT = "\x01"


class _Folded(dict[int, str]):
    """For str.translate: one character to one character, worked out on first use."""

    def __missing__(self, point: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(point).translate(SAME)).lower()
        self[point] = one = folded if len(folded) == 1 else chr(point)
        return one


_FOLDED = _Folded()


@dataclass(frozen=True)
class Text:
    """`raw` as it was sent. Everything else is worked out on first use."""

    raw: str

    @functools.cached_property
    def _read(self) -> tuple[str, list[int] | None]:
        """The normal form, and the place of each of its characters in `raw` (None: the same place)."""
        raw = self.raw
        places: list[int] | None = None
        if len(raw) > READ_CHARACTERS:
            half = READ_CHARACTERS // 2
            places = [*range(half + 1), *range(len(raw) - half, len(raw))]
            raw = raw[:half] + CUT + raw[-half:]
        if raw.isascii():
            return raw.lower(), places
        if INVISIBLE.search(raw):
            kept = [i for i, character in enumerate(raw) if not INVISIBLE.match(character)]
            places = [places[i] for i in kept] if places else kept
            raw = "".join(raw[i] for i in kept)
        return raw.translate(_FOLDED), places

    @property
    def normal(self) -> str:
        return self._read[0]

    @functools.cached_property
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

    @property
    def is_blank(self) -> bool:
        return not self.normal.strip()

    @functools.cached_property
    def words(self) -> int:
        return len(self.normal.split())
