"""Postal addresses. Patterns can only guess here: the streets of a dozen countries, post boxes, zip codes beside their state."""

import re
from collections.abc import Iterator

from ingest.redaction.rules import Find, Kind, Rule, Span, bounded

_STREET_TYPE = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Terrace|Ter|Way|Place|Pl|Circle|Cir|"
    r"Highway|Hwy|Parkway|Pkwy|Trail|Crescent|Cres|Close|Gardens|Row|Mews|Alley|Plaza|Loop|Broadway|Walk|Hill|Esplanade|Quay)"
)
_STREET_BEFORE = (
    r"(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Pp]lace|[Cc]hemin|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Cc]alle|[Aa]venida|[Pp]laza|[Cc]/|"
    r"[Rr]ua|[Tt]ravessa|[Uu]l\.|[Uu]lica|[Ss]trada|[Tt]v\.)"
)
_STREET_BEFORE_TRIGGER = (
    rb"[Rr]ue |[Aa]venue |[Bb]oulevard |[Pp]lace |[Cc]hemin |[Vv]iale? |[Pp]iazza |[Cc]orso |[Cc]alle |[Aa]venida |[Pp]laza |[Cc]/ |"
    rb"[Rr]ua |[Tt]ravessa |[Uu]l\. |[Uu]lica |[Ss]trada |[Tt]v\. "
)
_STREET_COMPOUND = r"[^\W\d_]{3,30}(?:straße|strasse|str\.|gasse|weg|allee|platz|damm|ufer|straat|laan|gatan|vägen|gata|veien|vegen|vej|gade|katu|tie|utca|útca)"
_UNIT = r"(?:[,\s]{1,3}(?:Suite|Ste|Apt|Apartment|Unit|Flat|Room|Rm|Floor|#)\.? ?#?[A-Za-z0-9-]{1,8})?"
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|"
    "SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR|VI|GU|AS|MP|AA|AE|AP"
)
_CITY = rf"(?:[,\s]{{1,3}}[^\W\d_a-z][^\W\d_]{{1,24}}(?: [^\W\d_a-z][^\W\d_]{{1,24}}){{0,2}},? (?:{_STATES})(?:[ ,]{{1,2}}[0-9]{{5}}(?:-[0-9]{{4}})?)?(?![\w-]))?"
_HOUSE = r"(?<![\w.,$€£#/-])[0-9]{1,6}[A-Za-z]?(?:[-/][0-9]{1,4})?"
_NUMBER_AFTER = r",? [0-9]{1,5}[A-Za-z]?(?!\w)"
_STREETS = (
    re.compile(
        rf"{_HOUSE},? (?:(?:[NSEW]|North|South|East|West)\.? )?(?:[^\W\d_a-z][\w'’.-]{{0,24}} |[0-9]{{1,3}}(?:st|nd|rd|th) ){{1,4}}{_STREET_TYPE}(?!\w)\.?"
        rf"{_UNIT}{_CITY}"
    ),
    re.compile(rf"{_HOUSE} Broadway(?!\w){_UNIT}{_CITY}"),
    re.compile(
        rf"(?:{_HOUSE},? )?(?<!\w){_STREET_BEFORE} (?:[^\W\d_]{{2,24}}[ '’-]){{0,4}}[^\W\d_]{{2,24}}{_NUMBER_AFTER}{_UNIT}"
    ),
    re.compile(
        rf"{_HOUSE},? {_STREET_BEFORE} (?:[^\W\d_]{{1,24}}[ '’-]){{0,4}}[^\W\d_a-z][^\W\d_]{{1,24}}(?!\w){_UNIT}"
    ),
    re.compile(rf"(?<!\w){_STREET_COMPOUND} [0-9]{{1,5}}[A-Za-z]?(?!\w){_UNIT}"),
)
_POST_BOX = re.compile(
    r"(?i)(?<!\w)(?:P\.? ?O\.? ?Box|PSC [0-9]{1,5},? Box|Unit [0-9]{1,6} Box|Postfach|CMR [0-9]{1,5},? Box) [0-9]{1,8}(?:[,\s]{1,3}(?:APO|FPO|DPO) A[AEP] [0-9]{5})?"
)
_SECONDARY = re.compile(r"(?<!\w)(?:Suite|Apt\.?|Apartment|Flat) ?#?[0-9]{1,5}[A-Za-z]?(?!\w)")
_STATE_ZIP = re.compile(rf"(?<!\w)(?:{_STATES}),? [0-9]{{5}}(?:-[0-9]{{4}})?(?![\w-])")
_ZIP = re.compile(
    r"(?i)(?<!\w)(?:zip|zip[ -]?code|postal code|post ?code)(?: (?:is|of))?[: ]{1,3}([0-9]{3,6}(?:[ -][0-9]{2,4})?(?-i: [A-Z]{2}(?![A-Za-z]))?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?!\w)"
)
_UK_POSTCODE = re.compile(r"(?<!\w)[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2}(?!\w)")
_TWO_WORDS_NUMBERED = re.compile(
    r"(?i)(?:address(?: is|:)?|lives? (?:at|on)|located at|ship(?:ped)? to|deliver(?:ed)? to|moved to)\s{1,3}([0-9]{1,6}[A-Za-z]? [^\W\d_][^,\n.;]{2,60})"
)


def _places(pattern: re.Pattern[str], group: int = 0) -> Find:
    def find(text: str) -> Iterator[Span]:
        for match in bounded(pattern.finditer(text)):
            start, end = match.span(group)
            yield start, start + len(text[start:end].rstrip(" ?!)\"'"))

    return find


# A rule to a pattern, so that a text pays only for what it may hold.
_ADDRESS_RULES = (
    Rule(
        rb"[0-9][A-Za-z]?,? [^,0-9\n]*\b(?:Street|St|Ave?n?u?e?|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|"
        rb"Terrace|Ter|Way|Place|Pl|Circle|Cir|Highway|Hwy|Parkway|Pkwy|Trail|Crescent|Cres|Close|Gardens|Row|Mews|Alley|Plaza|"
        rb"Loop|Broadway|Walk|Hill|Esplanade|Quay)\b|[0-9][A-Za-z]?,? [NSEW]\. |[0-9](?:st|nd|rd|th) [A-Z]",
        _places(_STREETS[0]),
    ),
    Rule(rb"[0-9] Broadway", _places(_STREETS[1])),
    Rule(_STREET_BEFORE_TRIGGER, _places(_STREETS[2])),
    Rule(_STREET_BEFORE_TRIGGER, _places(_STREETS[3])),
    Rule(
        rb"(?:stra\xc3\x9fe|strasse|str\.|gasse|weg|allee|platz|damm|ufer|straat|laan|gatan|v\xc3\xa4gen|gata|veien|vegen|vej|gade|"
        rb"katu|tie|utca) [0-9]|\xc3\xbatca [0-9]",
        _places(_STREETS[4]),
    ),
    Rule(rb"(?i)box|postfach", _places(_POST_BOX)),
    Rule(rb"(?i)(?:suite|apt\.?|apartment|flat) ?#?[0-9]", _places(_SECONDARY)),
    Rule(rb"[A-Z]{2},? [0-9]{5}", _places(_STATE_ZIP)),
    Rule(rb"[A-Z][0-9][A-Z0-9]? [0-9][A-Z]{2}", _places(_UK_POSTCODE)),
    Rule(rb"(?i)(?:zip|postal|post) ?-?(?:code)?", _places(_ZIP, 1)),
    Rule(rb"(?i)(?:address|at|on|to|is|:)[^0-9a-z]{1,12}[0-9]", _places(_TWO_WORDS_NUMBERED, 1)),
)

KINDS = (
    Kind(
        name="address",
        label="Postal addresses",
        description="A guess: house number and street, post boxes, state and zip code, postcodes.",
        token="<REDACTED_ADDRESS>",  # noqa: S106
        default=False,
        rules=_ADDRESS_RULES,
    ),
)
