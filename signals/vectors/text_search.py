"""Searching events by their words.

A word is what stands between spaces or signs: `foo_bar` and `example.com` are found in `foo_bar.py` and `support@example.com`. In scripts
that put no spaces between words each character is one, so that any part of the text is found. Accents do not count: `cafe` and `café`
find each other.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, QuerySet, TextField

from ingest.models import Event

# Signs inside the names that PostgreSQL's parser would keep in one piece: files, addresses, hosts, versions, tags.
SIGNS = r"._@/\:-+~&=?#<>"
# Thai and Lao, Myanmar, Hangul, Khmer, kana and Han with their punctuation, full-width forms.
UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF),
)  # fmt: skip
# Letters whose accent is no mark of its own in Unicode.
STROKES = ("øØłŁđĐħĦıŧŦ", "oOlLdDhHitT")
# The marks that are accents. In й the mark makes another letter, as people who read it see it.
ACCENTS = "(?<![иИ])[\u0300-\u036f]"
# The same in SQL. {0} is the text; of one that is ASCII no character needs a second look.
_TRANSLATED = f"translate({{0}}, '{SIGNS}', '{' ' * len(SIGNS)}')"
_WITHOUT_ACCENTS = f"normalize(regexp_replace(normalize({{0}}, NFD), '{ACCENTS}', '', 'g'), NFC)"
_TRANSLATED_WIDE = f"translate({_WITHOUT_ACCENTS}, '{SIGNS}{STROKES[0]}', '{' ' * len(SIGNS)}{STROKES[1]}')"
_RANGES = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in UNSPACED)
SPACED_SQL = f"""CASE WHEN octet_length({{0}}) = char_length({{0}}) THEN {_TRANSLATED}
    ELSE regexp_replace({_TRANSLATED_WIDE}, '([{_RANGES}])', ' \\1 ', 'g') END"""
_BREAKS = str.maketrans(dict.fromkeys(SIGNS, " "))
_STROKES = str.maketrans(*STROKES)
_ACCENTS = re.compile(ACCENTS)
_UNSPACED = re.compile("([" + "".join(f"{chr(low)}-{chr(high)}" for low, high in UNSPACED) + "])")
_PIECE = re.compile(r'-?"[^"]*"?|[^\s"]+')


class SpacedText(Func):
    """A text column as it is indexed: words apart."""

    output_field = TextField()

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: Any = None,
        template: Any = None,
        arg_joiner: Any = None,
        **extra_context: Any,
    ) -> tuple[str, Any]:
        sql, params = compiler.compile(self.source_expressions[0])
        return SPACED_SQL.format(sql), tuple(params) * SPACED_SQL.count("{0}")


def search_query(text: str) -> SearchQuery:
    """What was typed, as web searches are written: `refund -order "not working" or broken`."""
    query = _web_query(text, spaced)
    # Of a document from before (see `phrase_query`); what must not be there is not taken back by a second spelling.
    before = _web_query(text, _with_accents) if not text.isascii() and "-" not in text else query
    return query if str(before) == str(query) else query | before


def _web_query(text: str, apart: Callable[[str], str]) -> SearchQuery:
    pieces = []
    for piece in _PIECE.findall(text.replace("\x00", " ")):
        negated = "-" if piece.startswith("-") and len(piece) > 1 else ""
        words = apart(piece.strip('-"' if negated else '"')).split()
        if len(words) > 1 or (words and '"' in piece):
            pieces.append(f'{negated}"{" ".join(words)}"')
        elif words:
            pieces.append(negated + words[0])
    return SearchQuery(" ".join(pieces), config="simple", search_type="websearch")


def phrase_query(text: str) -> SearchQuery:
    """All words of the text, one behind the other.

    A document that was indexed while accents counted still has them (signals/vectors/reindexing.py takes them away in time), so that
    it is asked for the words as they are written too.
    """
    query = SearchQuery(spaced(text), config="simple", search_type="phrase")
    accented = _with_accents(text)
    if text.isascii() or accented == spaced(text) or _ACCENTS.search(accented):
        return query
    return query | SearchQuery(accented, config="simple", search_type="phrase")


def spaced(text: str) -> str:
    """A text as it is indexed: words apart, letters without their accents."""
    if text.isascii():
        return text.translate(_BREAKS)
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return _UNSPACED.sub(r" \1 ", bare.translate(_STROKES).translate(_BREAKS))


def _with_accents(text: str) -> str:
    """As `spaced`, letters as they are written."""
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFC", text).translate(_BREAKS))


def search_events(queryset: QuerySet[Event], text: str) -> QuerySet[Event]:
    """The events that hold the words. An empty text leaves the queryset as it is. Events are found once the pipeline has indexed them."""
    if not text.replace("\x00", " ").strip():
        return queryset
    return queryset.filter(search_text__document=search_query(text))
