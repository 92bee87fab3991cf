"""Payment cards (brand's digits and lengths, Luhn) and IBANs (country's structure, mod 97)."""

import functools
import re
from collections.abc import Iterator

from stdnum import iban, luhn, numdb

from ingest.redaction.rules import (
    MAX_CANDIDATES,
    CrowdedText,
    FastPattern,
    Kind,
    Rule,
    Span,
    after,
    before,
    bounded,
    hiding,
)

_RUN = FastPattern(r"(?:^|[^0-9A-Za-z])([0-9](?:(?:[ .-]|\xc2\xa0|\xe2\x80\x93)?[0-9]){11,})")
_GROUP = re.compile(r"[0-9]+")
_CONTEXT = re.compile(
    r"(?i)\b(?:cards?|cc|credit|debit|visa|master ?card|maestro|amex|american express|discover|diners|jcb|"
    r"tarjeta|carte|karte|carta|pan)\b"
)

# (first digits from, to, lengths): ISO/IEC 7812 ranges as the brands publish them.
_BRANDS: list[tuple[str, str, frozenset[int]]] = [
    ("4", "4", frozenset({13, 16, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),
    ("300", "305", frozenset({14, 16, 19})),  # Diners Club
    ("3095", "3095", frozenset({14, 16, 19})),
    ("36", "36", frozenset({14, 16, 19})),
    ("38", "39", frozenset({14, 16, 19})),
    ("6011", "6011", frozenset({16, 19})),  # Discover
    ("644", "659", frozenset({16, 19})),
    ("62", "62", frozenset({16, 17, 18, 19})),  # UnionPay
    ("3528", "3589", frozenset({16, 17, 18, 19})),  # JCB
    ("2131", "2131", frozenset({15})),
    ("1800", "1800", frozenset({15})),
    ("2200", "2204", frozenset({16, 17, 18, 19})),  # Mir
    ("60", "60", frozenset({16})),  # RuPay
    ("81", "82", frozenset({16})),
    ("50", "50", frozenset(range(12, 20))),  # Maestro
    ("56", "58", frozenset(range(12, 20))),
    ("63", "63", frozenset(range(12, 20))),
    ("67", "67", frozenset(range(12, 20))),
]
# How the digits are printed in groups. Other groupings are other numbers.
_GROUPINGS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 5), (4, 4, 4, 1), (4, 4, 4, 3), (4, 4, 4), (8, 8), (6, 13)}  # fmt: skip
_FIRST_GROUPS = {grouping[0] for grouping in _GROUPINGS} | set(range(12, 20))


@hiding
def _is_luhn(digits: str) -> bool:
    return bool(luhn.is_valid(digits))


@hiding
def _is_iban(text: str) -> bool:
    return bool(iban.is_valid(text, check_country=False))


def is_card(digits: str) -> bool:
    """Whether a brand issues numbers that begin so and are this long, and the check digit is right."""
    for low, high, lengths in _BRANDS:
        if len(digits) in lengths and low <= digits[: len(low)] <= high:
            return _is_luhn(digits)
    return False


def _is_card_here(text: str, start: int, end: int, digits: str) -> bool:
    """Beside a word such as "card" a right check digit is enough (new ranges are given out every year). Elsewhere the brand
    must be known, and 12 and 13 digits are as often a barcode."""
    if not _is_luhn(digits):
        return False
    if len(digits) > 13 and is_card(digits):
        return True
    return bool(_CONTEXT.search(before(text, start, 60)) or _CONTEXT.search(after(text, end, 20)))


def _is_fraction(text: str, start: int) -> bool:
    """Whether these are the decimals of a number: 11.579999999999927 passes Luhn from its point on."""
    return start >= 2 and text[start - 1] == "." and text[start - 2].isdigit()


def _cards(text: str) -> Iterator[Span]:
    looks = 0
    for run_start, run_end in _RUN.spans(text, group=1):
        if text[run_end : run_end + 1].isalnum():
            continue
        groups = [match.span() for match in _GROUP.finditer(text, run_start, run_end)]
        first = 0
        while first < len(groups):
            if groups[first][1] - groups[first][0] not in _FIRST_GROUPS:
                first += 1
                continue
            looks += 1
            if looks > MAX_CANDIDATES:
                raise CrowdedText(groups[first][0])
            taken = 0
            for count in range(min(5, len(groups) - first), 0, -1):
                window = groups[first : first + count]
                sizes = tuple(end - start for start, end in window)
                if count > 1 and sizes not in _GROUPINGS:
                    continue
                digits = "".join(text[start:end] for start, end in window)
                start, end = window[0][0], window[-1][1]
                if _is_fraction(text, start):
                    continue
                if (
                    12 <= len(digits) <= 19
                    and len(set(digits)) > 1
                    and _is_card_here(text, start, end, digits)
                ):
                    yield start, end
                    taken = count
                    break
            first += taken or 1


# The three or four digits from a card's back, by what is said before them.
_CODE_WORDS = (
    "cvv2?|cvc2?|security code|card (?:verification|security) (?:code|value|number)|kartenpr(?:ü|Ü|ue)f(?:nummer|ziffer)"
    "|sicherheitscode|c(?:ó|Ó|o)digo de seguran(?:ç|Ç|c)a|c(?:ó|Ó|o)digo de seguridad|code de s(?:é|É|e)curit(?:é|É|e)"
    "|cryptogramme(?: visuel)?|codice di sicurezza"
)
_CODE = re.compile(
    rf"(?ai)(?<![a-z0-9_])(?:{_CODE_WORDS})(?:[ -](?:code|number|no\.?|nummer))?[ \t]{{0,3}}[:=#]?"
    r"(?:[ \t]{1,3}(?:is|was|ist|lautet|es|est|é|è):?)?[ \t]{0,3}([0-9]{3,4})(?![0-9]|[.,/-][0-9])"
)


def _security_codes(text: str) -> Iterator[Span]:
    for match in bounded(_CODE.finditer(text)):
        yield match.span(1)


_IBAN = re.compile(r"(?i)(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}")
_SIZES = re.compile(r"([0-9]+)!")


@functools.cache
def _iban_length(country: str) -> int:
    """Characters of an IBAN of the country, by the registry that stdnum ships; 0 when it has none."""
    [(prefix, about), *_] = numdb.get("iban").info(country)
    return 4 + sum(int(size) for size in _SIZES.findall(about["bban"])) if prefix == country and about else 0


def _ibans(text: str) -> Iterator[Span]:
    position = seen = 0
    while match := _IBAN.search(text, position):
        seen += 1
        if seen > MAX_CANDIDATES:
            raise CrowdedText(match.start())
        position = match.start() + 4
        remaining = _iban_length(match.group()[:2].upper())
        if not remaining or len(match.group()) < remaining:
            continue
        end = match.start()
        while remaining and end < match.end():
            remaining -= text[end].isalnum()
            end += 1
        following = text[end : end + 1]
        if not remaining and not following.isalnum() and _is_iban(text[match.start() : end]):
            position = end
            yield match.start(), end


KINDS = (
    Kind(
        name="card",
        label="Payment cards",
        description="12 to 19 digits of a card brand with a right check digit; the 3 or 4 after CVV, security code and the like.",
        token="<REDACTED_CREDIT_CARD>",  # noqa: S106
        default=True,
        rules=(
            Rule(rb"[0-9](?:(?:[ .-]|\xc2\xa0|\xe2\x80\x93)?[0-9]){11}", _cards),
            Rule(b"(?i)(?:" + _CODE_WORDS.encode() + rb")[^0-9\n]{0,24}[0-9]{3}", _security_codes),
        ),
    ),
    Kind(
        name="iban",
        label="IBAN",
        description="International bank account numbers with right check digits.",
        token="<REDACTED_IBAN>",  # noqa: S106
        default=True,
        rules=(Rule(rb"(?i)[a-z]{2}[0-9]{2}[ -]?(?:[a-z0-9][ -]?){6}", _ibans),),
    ),
)
