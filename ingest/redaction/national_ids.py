"""US social security numbers, and other countries' personal numbers by their check digits (python-stdnum).

A number whose shape is shared with order numbers and the like counts only near a word that says what it is.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.de import idnr as steuer_id
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import itin, ssn
from stdnum.za import idnr as za_id

from ingest.redaction.rules import Find, Kind, Rule, Span, bounded, hiding

CONTEXT_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Number:
    """A national number. With `context`, one of these words must stand in the 60 characters before it; the words are then
    what is looked for first, since they are rarer than digits. Without, `trigger` says what is (an RE2 pattern)."""

    shape: str
    is_valid: Callable[[str], bool]
    trigger: bytes = b""
    context: str = ""

    def rule(self) -> Rule:
        words = f"(?i)(?:^|[^a-z])(?:{self.context})(?:$|[^a-z])".encode()
        return Rule(self.trigger or words, self._find())

    def _find(self) -> Find:
        shape = re.compile(
            rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9][-.])(?:{self.shape})(?![A-Za-z0-9]|[-.][A-Za-z0-9])"
        )
        context = re.compile(rf"(?ai)(?<![a-z])(?:{self.context})(?![a-z])") if self.context else None

        def find(text: str) -> Iterator[Span]:
            for match in bounded(shape.finditer(text)):
                start = match.start()
                if context is not None and not context.search(text, max(0, start - CONTEXT_WIDTH), start):
                    continue
                if self.is_valid(match.group()):
                    yield match.span()

        return find


def _valid(module: Any) -> Callable[[str], bool]:
    @hiding
    def is_valid(number: str) -> bool:
        return bool(module.is_valid(number))

    return is_valid


def _plain(module: Any) -> Callable[[str], bool]:
    """For modules that do not take every separator that people write."""

    @hiding
    def is_valid(number: str) -> bool:
        return bool(module.is_valid(re.sub(r"[ .-]", "", number)))

    return is_valid


def _is_nino(number: str) -> bool:
    """UK national insurance number: the prefixes that are never given out (HMRC, NIM39110)."""
    return re.sub(r"[ -]", "", number)[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


# A passport or a licence: any shape, so only right behind the word.
_DOCUMENT = re.compile(
    r"(?ai)(?<!\w)(?:passports?|driver(?:['’]?s)? licen[cs]e|driving licen[cs]e|licencia de conducir|permis de conduire|"
    r"führerschein|pasaporte)(?: (?:number|no\.?|num|nr\.?|id|#))?(?: (?:is|was))?[ :=#-]{1,4}"
    r"([A-Z]{0,3}[0-9](?:[0-9A-Z]{4,15}|[0-9]{0,4}(?:-[0-9]{2,5}){1,4})(?![\w-]))"
)


def _documents(text: str) -> Iterator[Span]:
    for match in bounded(_DOCUMENT.finditer(text)):
        if sum(char.isdigit() for char in match[1]) >= 5 and not _DATE.match(match[1]):
            yield match.span(1)


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}$|[0-9]{2}-[0-9]{2}-[0-9]{4}$")


_NINO = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_SSN_WORDS = r"ssn|itin|social security(?: number| no\.?| #)?|tax(?:payer)? id(?:entification)?(?: number)?"
_TFN = "(?:tax file number|tfn)"

_SSN = (
    Number(r"[0-9]{3}([ -])[0-9]{2}\1[0-9]{4}", _plain(ssn), trigger=rb"[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}"),
    Number(r"9[0-9]{2}([ -])[0-9]{2}\1[0-9]{4}", _plain(itin), trigger=rb"9[0-9]{2}[ -][0-9]{2}[ -][0-9]{4}"),
    Number(r"[0-9]{9}", _valid(ssn), context=_SSN_WORDS),
)

# Shapes that nothing else has.
_DISTINCT = (
    Number(
        rf"{_NINO} [0-9]{{2}} [0-9]{{2}} [0-9]{{2}} [A-D]",
        _is_nino,
        trigger=rb"[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]",
    ),
    Number(
        r"(?i:[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z])",
        _valid(codicefiscale),
        trigger=rb"(?i)[a-z]{6}[0-9]{2}[a-z][0-9]{2}[a-z][0-9]{3}[a-z]",
    ),
    Number(
        r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        _valid(cpf),
        trigger=rb"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
    ),
    Number(
        r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}",
        _plain(nn),
        trigger=rb"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}",
    ),
    Number(
        r"756(\.?)[0-9]{4}\1[0-9]{4}\1[0-9]{2}",
        _valid(ahv),
        trigger=rb"756[.]?[0-9]{4}[.]?[0-9]{4}[.]?[0-9]{2}",
    ),
    Number(r"[0-9]{6}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y]", _valid(hetu), trigger=rb"[0-9]{6}[-+A][0-9]{3}[0-9A-Y]"),
    Number(r"(?:19|20)[0-9]{6}[-+][0-9]{4}", _valid(personnummer), trigger=rb"[0-9]{8}[-+][0-9]{4}"),
    Number(r"[0-9]{6}-[0-9]{7}", _valid(rrn), trigger=rb"[0-9]{6}-[0-9]{7}"),
    Number(r"[1-8][0-9]{16}[0-9X]", _valid(ric), trigger=rb"[0-9]{17}[0-9X]"),
    Number(
        r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]", _valid(curp), trigger=rb"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}"
    ),
    Number(
        r"[12] [0-9]{2} [0-9]{2} [0-9AB]{2} [0-9]{3} [0-9]{3} ?[0-9]{2}",
        _valid(nir),
        trigger=rb"[12] [0-9]{2} [0-9]{2} [0-9AB]{2} [0-9]{3} [0-9]{3}",
    ),
)

# Shapes that need a word beside them.
_BESIDE_A_WORD = (
    Number(
        rf"(?i:{_NINO}[ -]?[0-9]{{2}}[ -]?[0-9]{{2}}[ -]?[0-9]{{2}}[ -]?[A-D])",
        _is_nino,
        context="nino|national insurance(?: number)?|ni number|ni no",
    ),
    Number(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", _valid(nhs), context="nhs"),
    Number(r"[0-9]{7}[A-Wa-w][A-Ia-iWw]?", _valid(pps), context="ppsn?"),
    Number(r"[0-9]{8}-?[A-Za-z]", _valid(dni), context="dni|nif|documento|identidad"),
    Number(r"[XYZxyz]-?[0-9]{7}-?[A-Za-z]", _valid(nie), context="nie|extranjero"),
    Number(
        r"[12][0-9]{4}[0-9AB]{2}[0-9]{8}",
        _valid(nir),
        context="nir|s(?:e|é)curit(?:e|é) sociale|insee",
    ),
    Number(r"[0-9]{11}", _valid(cpf), context="cpf"),
    Number(r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", _plain(aadhaar), context="aadhaa?r|uidai|uid"),
    Number(r"(?i:[A-Z]{5}[0-9]{4}[A-Z])", _valid(pan), context="pan|permanent account"),
    Number(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", _plain(sin), context="sin|social insurance"),
    Number(r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", _plain(tfn), context=_TFN),
    Number(
        r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        _valid(steuer_id),
        context="steuer(?:id|-id|nummer|identifikationsnummer|liche)|idnr|tax id",
    ),
    Number(r"[0-9]{9}", _valid(bsn), context="bsn|burgerservicenummer|sofi"),
    Number(r"[0-9]{6}[-+]?[0-9]{4}", _valid(personnummer), context="personn(?:umme)?r|samordningsnummer"),
    Number(r"[0-9]{6}-?[0-9]{4}", _plain(cpr), context="cpr|personnummer"),
    Number(r"[0-9]{6} ?[0-9]{5}", _plain(fodselsnummer), context="f(?:o|ø)dselsnummer|personnummer"),
    Number(r"[0-9]{11}", _valid(pesel), context="pesel"),
    Number(r"[0-9]{11}", _valid(tckimlik), context=r"kimlik|t\.?c\.?"),
    Number(
        r"[0-9]{13}",
        _valid(za_id),
        context=r"(?:south african|sa|rsa) id(?:entity)?(?: number| no\.?)?|identity number",
    ),
)

KINDS = (
    Kind(
        name="ssn",
        label="US social security numbers",
        description="And ITINs. Areas that are never given out are left alone.",
        token="<REDACTED_SSN>",  # noqa: S106
        default=True,
        rules=tuple(number.rule() for number in _SSN),
    ),
    Kind(
        name="national_id",
        label="Other national ids",
        description="Personal numbers of 20 countries by their check digits; passports and driving licences beside the word.",
        token="<REDACTED_ID>",  # noqa: S106
        default=True,
        rules=(
            *(number.rule() for number in _DISTINCT + _BESIDE_A_WORD),
            Rule(rb"(?i)passport|licen[cs]e|licencia|permis de|hrerschein|pasaporte", _documents),
        ),
    ),
)
