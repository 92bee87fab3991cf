"""Names. Patterns and a list of first names can only guess: about half of the names in prose are found (manage.py evaluate)."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from ingest.redaction.rules import MAX_CANDIDATES, FastPattern, Find, Kind, Rule, Span, before

MOST = 2 * MAX_CANDIDATES  # a megabyte of prose holds 17,000 capitalised words

# Over UTF-8 bytes: a byte of 0x80 and above is taken for part of a letter, which keeps the automata small; what was found is
# looked at again in characters (_trimmed). The character before a match is taken in place of a look-behind.
_START = r"(?:^|[^A-Za-z0-9_'\x80-\xff])"
_WORD = r"[A-Z\xc3-\xdf][A-Za-z'\x80-\xff]+"
_INITIALED = rf"(?:{_WORD}|[A-Z]\.)"
_PARTICLE = r"(?:van|von|de|da|di|del|della|der|den|la|le|bin|al|el|af|av|zu|dos|du|ter|ten)"
_REST = rf"(?:[ -](?:{_PARTICLE} ){{0,2}}{_INITIALED}){{0,3}}"
_TITLES = r"(?:Mr|Mrs|Ms|Mx|Miss|Mister|Dr|Prof|Professor|Sir|Madam|Herr|Frau|Monsieur|Madame|Mme|Se\xc3\xb1ora?|Sra|Signora?)"
_TITLE = FastPattern(rf"{_START}{_TITLES}\.? ({_WORD}{_REST})")
# What a person says before a name. Group 1 is the name, checked against words that only look like one.
_INTRODUCED = FastPattern(
    rf"{_START}(?i:my name is|name is|my name(?:'|\xe2\x80\x99)s|am called|named|signed by|sincerely,?|regards,?|yours,?|on behalf of|attn:?|"
    r"(?:first|last|full|sur|given|family|customer|passenger|contact)[ _-]?name:?|name:)"
    rf"\s{{1,3}}({_WORD}{_REST})"
)
_INTRODUCTIONS = rb"(?i)name|called|signed|sincerely|regards|yours|behalf|attn"
_GREETINGS = (
    r"(?i:hi|hello|hey|dear|thanks|thank you|welcome(?: back)?|sorry|this is|i(?:'|\xe2\x80\x99)m|i am|call me|speaking with|talking to|"
    r"speak to|spoke with|ask for|(?:wife|husband|son|daughter|mother|father|brother|sister|friend|boss|colleague))"
)
_GREETED = FastPattern(rf"{_START}{_GREETINGS},? ({_WORD}{_REST})")
_CAPITALISED = FastPattern(rf"{_START}({_WORD}{_REST})")
_I_AM = re.compile(r"(?i)\bi(?:['’]m| am) $")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
# San Francisco, Fort Wayne: what follows is a place.
_PLACE_WORDS = frozenset(
    ("San", "Santa", "Saint", "St", "Fort", "Ft", "Port", "Los", "Las", "New", "North", "South", "East", "West", "Lake", "Mount", "Cape")
)  # fmt: skip
_NAME_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_PARTICLES = set(_PARTICLE[3:-1].split("|"))
_POSSESSIVE = re.compile(r"['’]s$")


# Capitalised words that follow a greeting or a first name and are no surname.
@functools.cache
def _words(file: str) -> frozenset[str]:
    """The lines of a word list beside this file, without its comments."""
    lines = (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


# Capitalised words that follow a greeting or a first name and are no name.
_NOT_NAMES = frozenset(word.casefold() for word in _words("not_names.txt"))


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """The name without what follows it and is none; None when nothing is left."""
    last = start
    for match in _NAME_WORD.finditer(text, start, end):
        if last > start and text[last : match.start()].strip(" -."):
            break  # another character than a letter lies between
        word = _POSSESSIVE.sub("", match.group())
        if not match.group()[0].isupper() and match.group() not in _PARTICLES:
            break
        if match.start() - last > 1 + (last > start and text[last] == ".") or word.casefold() in _NOT_NAMES:
            break
        last = match.start() + len(word)
        if len(word) < len(match.group()):
            break
    while last > start and text[start:last].rpartition(" ")[2] in _PARTICLES:
        last = start + max(0, text[start:last].rfind(" "))
    return (start, last) if last > start else None


def _named(pattern: FastPattern) -> Find:
    def find(text: str) -> Iterator[Span]:
        for start, end in pattern.spans(text, group=1, most=MOST):
            if span := _trimmed(text, start, end):
                yield span

    return find


def _greeted(text: str) -> Iterator[Span]:
    """After a greeting it is a name when it begins with a known first name, after "I am" also when it has two words."""
    names = _words("first_names.txt")
    for start, end in _GREETED.spans(text, group=1, most=MOST):
        if span := _trimmed(text, start, end):
            words = text[span[0] : span[1]].split()
            if words[0].capitalize() in names or (len(words) > 1 and _I_AM.search(before(text, start, 6))):
                yield span


def _known(text: str) -> Iterator[Span]:
    """A known first name, wherever in a row of capitalised words it stands, with what follows it as a surname."""
    names = _words("first_names.txt")
    for start, end in _CAPITALISED.spans(text, group=1, most=MOST):
        previous = ""
        for match in _FIRST_WORD.finditer(text, start, end):
            word = match.group()
            if previous in _PLACE_WORDS:
                break
            previous = word
            if word in names or (len(word) > 3 and word.isupper() and word.capitalize() in names):
                if span := _trimmed(text, match.start(), end):
                    yield span
                break


KINDS = (
    Kind(
        name="name",
        label="Names",
        description="A guess: titles, greetings, “my name is”, known first names. About half of the names in prose are found.",
        token="<REDACTED_NAME>",  # noqa: S106
        default=False,
        rules=(
            Rule(_TITLES.encode("latin-1"), _named(_TITLE)),
            Rule(_INTRODUCTIONS, _named(_INTRODUCED)),
            Rule(_GREETINGS.encode("latin-1"), _greeted),
            Rule(rb"[A-Z][A-Za-z]{2}", _known),
        ),
    ),
)
