"""Where sentences end, for people to read. Pure. The one place where sentences are cut.

A dot ends none within a host name, a path, a version or a number, and none behind an abbreviation, an initial, an ordinal or the number of a list's
item: "Dr. Meier", "z. B. morgen", "St. Pölten", "J. Smith", "am 24. November".
"""

import re
from collections.abc import Iterator

# With no look-ahead: from each of many dots in a row it would read them all once more.
_END = re.compile(r"[.!?…。！？]+|\n")
_BEFORE = re.compile(r"[^\s()\[\]{}\"'“”„‘’«»–—/|*]+$")  # the word that the dot belongs to
_AFTER = re.compile(r"[^\S\n]+[\"'“„‘«(\[]?(\S+)")
_LONGEST = 20  # characters of a word that may be an abbreviation
# Nothing ends behind them, whatever follows. Of English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, the Scandinavian languages
# and Russian.
_NEVER = frozenset(
    ["dr", "dra", "prof", "mr", "mrs", "st", "ste", "mt", "messrs", "sra", "srta", "sto", "sta", "dña", "mme", "mlle", "dott", "avv", "dhr",
     "mevr", "ud", "uds", "exmo", "exma", "mwst", "bd", "sig", "bzw", "ca", "inkl", "exkl", "zzgl", "ggf", "evtl", "mind", "vgl", "bspw",
     "sog", "nr", "mrd", "tsd", "tel", "bzgl", "geb", "str", "vs", "viz", "incl", "excl", "núm", "nº", "pág", "aprox", "avda", "blz",
     "bijv", "tzw", "godz", "bl.a", "f.eks", "ул", "тыс", "млн", "млрд", "стр"]
)  # fmt: skip
# Words as well: abbreviations where they are written so and a name or a number follows.
_TITLES = frozenset(
    ["Hr", "Fr", "Sr", "Ms", "Gen", "Sen", "Rep", "Gov", "Capt", "Sgt", "Lt", "Rev", "Hon", "Col", "Ing", "Av", "Mio", "Abs"]
)  # fmt: skip
_BEFORE_NUMBERS = frozenset(
    ["no", "nos", "art", "p", "pp", "s", "abb", "fig", "vol", "ch", "sec", "kap", "kl", "n", "pag", "pt"]
)  # fmt: skip
# A sentence may end with them: where a capital letter follows, it does.
_MAY_END = frozenset(
    ["etc", "usw", "ecc", "enz", "osv", "itd", "itp", "inc", "ltd", "co", "corp", "jr", "a.m", "p.m", "u.s", "u.k", "u.s.a", "min", "max",
     "std", "sek", "hrs", "hr", "ft", "approx", "hbf", "bhf", "ave", "blvd", "rd", "dept", "apt", "kr", "stk", "руб"]
)  # fmt: skip
_DOTTED = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]{1,2})+")  # z.B, e.g, U.S, i.d.R
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]\.\s$")  # before the second part of an abbreviation
_ORDINAL = re.compile(r"\d{1,3}")
_DATE = re.compile(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])")  # 24.11
_MONTH = re.compile(
    r"jan(?:uary?|uari)?|feb(?:ruary?|ruari)?|märz?|mars|april?|mai|maj|jun[ie]|jul[iy]|aug(?:ust|usti)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?"
    r"|de[zsc](?:ember)?",
    re.IGNORECASE,
)
# Before an ordinal in German and the Scandinavian languages.
_POINTING = re.compile(
    r"\b(?:am|vom|zum|beim|bis|ab|seit|der|die|das|dem|den|des|im|jede[rsnm]?|diese[rsnm]?|mein(?:e[rsnm]?)?)\s+$",
    re.IGNORECASE,
)
_FIRST = re.compile(r"(?:^|\n|[.!?]\s)[\s*>–-]*$")  # before the number of a list's item


def ends_of(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """The places of what ends a sentence, from `start` on: "." or "?!", or the end of a line."""
    for found in _END.finditer(text, start):
        following = text[found.end() : found.end() + 1]
        within = found[0] != "\n" and following != "" and not following.isspace()
        if not within and (found[0] != "." or not _goes_on(text, found.start())):
            yield found.span()


def _goes_on(text: str, dot: int) -> bool:
    """Whether the sentence goes on behind the dot."""
    after = _AFTER.match(text, dot + 1)
    before = _BEFORE.search(text, max(0, dot - _LONGEST), dot)
    if after is None or before is None:
        return False
    word, following = before[0], after[1]
    if word[0].isdigit():
        return _number_goes_on(text, before.start(), word, following)
    plain = word.casefold()
    if plain in _BEFORE_NUMBERS and following[0].isdigit():
        return True
    if len(word) == 1:
        return word.isalpha() and word != "I"  # an initial
    if word in _TITLES:
        return following[0].isupper() or following[0].isdigit()
    if plain in _MAY_END:
        return not following[0].isupper()
    if len(word) <= 3 and _INITIAL.search(text, max(0, before.start() - 4), before.start()):
        return True  # p. ex.
    is_street = plain.endswith("str") and word[0].isupper()  # Hauptstr. 5
    return plain in _NEVER or is_street or _DOTTED.fullmatch(word) is not None


def _number_goes_on(text: str, start: int, number: str, following: str) -> bool:
    if _DATE.fullmatch(number):
        return not following[0].isupper()
    if not _ORDINAL.fullmatch(number):
        return False
    begin = max(0, start - _LONGEST)
    return (
        _MONTH.fullmatch(following.rstrip(".,;:!?)")) is not None
        or _FIRST.search(text, begin, start) is not None
        or _POINTING.search(text, begin, start) is not None
    )
