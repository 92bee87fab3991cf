"""Numbers as people write them: "1,234.56", "1.234,56", "1 234,56", "1'234.56", "1,00,000". Pure.

A mark alone does not always say what it is: "1,234" is a thousand in English and one and a bit in German. So a number is read
*under a decimal mark*, "." or ",", and under one of them it may be no number at all ("1,50" under "."). Who checks a claim checks it
under both marks, and believes it wrong only when it is wrong under each mark that reads all of it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from signals.detectors.text import Text

Mark = Literal[".", ","]
MARKS: tuple[Mark, Mark] = (".", ",")
# In the normal form of a text, where every kind of space and apostrophe is the plain one.
NUMBER = r"(?:\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,6})?(?![\d])|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?)"
CURRENCIES = {
    "eur": ("€", "eur", "euro", "euros"),
    "usd": ("$", "us$", "usd", "dollar", "dollars", "bucks", "dólares", "dolares", "dólar"),
    "gbp": ("£", "gbp", "pound", "pounds", "quid", "pfund", "libras"),
    "chf": ("chf", "sfr", "swiss francs", "franken"),
    "jpy": ("¥", "jpy", "yen"),
    "inr": ("₹", "inr", "rupees"),
    "brl": ("r$", "brl", "reais"),
}
CURRENCY_OF = {name: code for code, names in CURRENCIES.items() for name in names}
_SYMBOL = r"(?:us\$|r\$|[€$£¥₹]|(?:eur|usd|gbp|chf|inr|brl)\b)"
_NAMES = "|".join(sorted((re.escape(n) for n in CURRENCY_OF if n.isalpha()), key=len, reverse=True))
_AFTER = rf"(?:[€£¥₹]|us\$|\$(?!\d)|(?:{_NAMES})\b)"
AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?P<minus>[-+] ?)?(?:(?P<before>{_SYMBOL}) ?(?P<signed>-)?(?P<a>{NUMBER})|(?P<b>{NUMBER}) ?(?P<after>{_AFTER}))(?![\w/]|[.,]\d|-\d)"
)
CURRENCY_SIGN = re.compile(rf"(?<![\w$]){_SYMBOL}|(?<=\d)(?: ?{_AFTER})|\b(?:{_NAMES})\b")


_SIGNS = "€$£¥₹"
_WORDS = tuple(name for name in CURRENCY_OF if name.isalpha())

# Begins with what is rare: a digit.
BESIDE = re.compile(rf"\d ?(?:{_NAMES})\b|(?:eur|usd|gbp|chf|inr|brl) ?\d")


@dataclass(frozen=True, slots=True)
class Amount:
    """Money at [start:end] of the normal form. `words`: the number alone; `currency`: a key of CURRENCIES."""

    start: int
    end: int
    words: str
    currency: str
    minus: bool = False


def read_number(words: str, mark: Mark) -> Decimal | None:
    """The number's value where `mark` stands before decimals; None where it is no number then."""
    other = "," if mark == "." else "."
    whole, found, decimals = words.partition(mark)
    if found and not decimals.isdigit():
        return None
    groups = re.split(r"[' ]|" + re.escape(other), whole)
    if not all(group.isdigit() for group in groups):
        return None
    indian = all(len(group) == 2 for group in groups[1:-1])
    if len(groups) > 1 and not (
        len(groups[0]) <= 3
        and groups[0] != "0"
        and len(groups[-1]) == 3
        and (indian or all(len(group) == 3 for group in groups[1:]))
    ):
        return None
    return Decimal("".join(groups) + ("." + decimals if found else ""))


def places(words: str, mark: Mark) -> int:
    """How many decimals are stated."""
    return len(words.partition(mark)[2])


def values(words: str) -> set[Decimal]:
    """All that it may mean."""
    return {value for mark in MARKS if (value := read_number(words, mark)) is not None}


def amounts(text: Text) -> list[Amount]:
    """Money in the text, in order."""
    known: list[Amount] | None = text.notes.get("amounts")
    if known is None:
        known = text.notes["amounts"] = amounts_in(text.normal)
    return known


def _may_hold_money(normal: str) -> bool:
    """The cheap question: the patterns cost a hundred times as much."""
    return any(sign in normal for sign in _SIGNS) or any(name in normal for name in _WORDS)


def amounts_in(normal: str) -> list[Amount]:
    if not any(sign in normal for sign in _SIGNS) and not BESIDE.search(normal):
        return []
    return [
        Amount(
            match.start(),
            match.end(),
            match["a"] or match["b"],
            CURRENCY_OF[(match["before"] or match["after"]).strip()],
            bool((match["minus"] or "").startswith("-") or match["signed"]),
        )
        for match in AMOUNT.finditer(normal)
    ]


def currencies(normal: str) -> set[str]:
    """Of a text in its normal form."""
    if not _may_hold_money(normal):
        return set()
    return {CURRENCY_OF[match[0].strip()] for match in CURRENCY_SIGN.finditer(normal)}
