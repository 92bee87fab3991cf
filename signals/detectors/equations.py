"""Equations between plain numbers that a text states ("15 × 35 = 475 minutes", "3 plus 4 makes 8"), read and checked. Pure.

A chain "v = g t = 10 × 3 = 30" is cut at its equals signs, and neighbours that are both plain numbers are compared. Whatever is not
understood ends the reading: letters other than units, functions, roots, factorials, mixed fractions, percentages within sums. A
result may be rounded as far as its decimals say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from signals.detectors.expressions import FUNCTION, OPERATORS, NotPlain, Reader, Value
from signals.detectors.numbers import CURRENCY_OF, MARKS, NUMBER, Mark, read_number
from signals.detectors.text import Text

EQUALS = re.compile(
    r"(?<![=<>!:+*/-])(?:=|≈|≃|≅)(?![=>])|\\approx\b|(?<= )(?:is equal to|equals|makes|comes to|is|are|gives|ergibt|macht|gibt|sind|ist|font|fait|égale|son|es igual a|es|da|são|é igual a|é|dá)(?= )"
)
ABOUT = re.compile(
    r"≈|≃|≅|\\approx|~|\b(?:about|around|roughly|approx\w*|circa|ca|nearly|almost|some|etwa|rund|ungefähr|knapp|environ|à peu près|presque|unos|unas|aproximadamente|casi|cerca|uns|quase|over|under|just)\b"
)
RAISED = re.compile("[⁰¹²³⁴-⁹₀-₉⁺⁻₊₋]")
# The cheap question: an equals sign, or an operator between numbers.
MAY_RECKON = re.compile(
    r"[=≈≃≅]|\\approx|\d\)?(?: ?[€£$%]| ?[a-zµ°]{1,6}[²³23]?)? ?[-+×·⋅∙÷*/^x] ?[($€£-]{0,3}\d|\d(?: [a-z€£$]{1,6})? (?:plus|minus|times|mal|fois|vezes|por|más|mais|moins|menos|divided|multiplied|geteilt|divis|divid|multiplic)"
)
QUIET = re.compile(
    r"binary|hexadecimal|octal|\bbase \d|base-\d|\bmod(?:ulo)?\b|modular|\bnot equal|≠|≡|ℤ|dezimalsystem|dualsystem|overflow"
)
NOT_MINE = re.compile(
    r"\b(?:not|isn't|instead of|rather than|wrong|incorrect|mistake|error|you (?:wrote|said|had|put|got|have)|your (?:answer|line|step|result)|if|suppose|say|claims?|nicht|falsch|faux|pas|incorrecto|errado|joke|famous|orwell)\b"
)
# "2025/26 is ...": no division where a word stands for the equals sign.
TIGHT = re.compile(r"\d[/-]\d")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
LOOKED = 60  # characters on each side of an equals sign in which a sum may stand
MOST_TERMS = 30
ROUGH = Decimal("0.06")
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Equation:
    """A wrong one, at [start:end] of the normal form; `result` is what it should be."""

    start: int
    end: int
    result: Decimal


def readable(text: Text) -> str:
    """The normal form with the raised and lowered digits that it makes plain ones: "5²" is not "52"."""
    if text.normal.isascii() or not RAISED.search(text.shown):
        return text.normal
    pairs = zip(text.normal, text.shown, strict=True)
    return "".join(shown if RAISED.match(shown) else plain for plain, shown in pairs)


def wrong_equations(text: Text) -> Iterator[Equation]:
    """In the order of the text."""
    normal = readable(text)
    if not MAY_RECKON.search(normal):
        return
    signs = list(EQUALS.finditer(normal))
    if not signs or QUIET.search(normal):
        return
    code = [match.span() for match in CODE.finditer(normal)] if "`" in normal else []
    last = -1
    for place, sign in enumerate(signs):
        if any(start <= sign.start() < end for start, end in code) or sign.start() < last:
            continue
        floor = signs[place - 1].end() if place else 0
        ceiling = signs[place + 1].start() if place + 1 < len(signs) else len(normal)
        if wrong := _check(normal, sign, floor, ceiling):
            last = wrong.end
            yield wrong


def _check(normal: str, sign: re.Match[str], floor: int, ceiling: int) -> Equation | None:
    """Wrong only when it is wrong under each decimal mark under which it can be read."""
    from_ = max(floor, sign.start() - LOOKED)
    if not any(c in normal[from_ : sign.start()] for c in "0123456789"):
        return None
    rough = ABOUT.search(normal[sign.start() : sign.end() + 16]) is not None
    wrong: Equation | None = None
    for mark in MARKS:
        left = _before(normal, sign.start(), floor, mark)
        if left is None:
            continue
        right = _after(normal, sign.end(), ceiling, mark)
        if right is None:
            return None
        (start, a), (end, b) = left, right
        if sign[0].isalpha() and TIGHT.search(normal, start, sign.start()):
            return None
        if a.terms == 1 or a.terms + b.terms > MOST_TERMS or not _comparable(a, b):
            return None
        if b.terms > 1 and _runs_on(normal, sign.end(), a, mark):
            return None
        if _agrees(a, b, rough=rough):
            return None
        wrong = Equation(start, end, a.value)
    if wrong is None or NOT_MINE.search(normal, max(0, wrong.start - 60), wrong.start):
        return None
    return wrong


def _before(normal: str, end: int, floor: int, mark: Mark) -> tuple[int, Value] | None:
    """The longest expression that ends at `end` and begins cleanly."""
    start = max(floor, end - LOOKED)
    for place in _beginnings(normal, start, end):
        if not _clean_start(normal, place, floor):
            continue
        try:
            value, stop = Reader(normal, place, end, mark).read()
        except NotPlain:
            continue
        if normal[stop:end].strip(" *") == "":
            return place, value
    return None


def _beginnings(normal: str, start: int, end: int) -> Iterator[int]:
    for place in range(start, end):
        character = normal[place]
        if (
            character.isdigit()
            or character in "($€£"
            or (character == "-" and normal[place + 1 : place + 2] != " ")
        ):
            yield place


def _clean_start(normal: str, place: int, floor: int) -> bool:
    """Nothing before it belongs to it: no operator, no digit, no variable or function."""
    before = normal[max(0, place - 14) : place]
    stripped = before.rstrip(" *")
    if place > 0 and (normal[place - 1].isalnum() or normal[place - 1] in ".,:_'\\{[|/^"):
        return False
    if not stripped:
        return True
    last = stripped[-1]
    if last in "+-×·⋅∙/÷^(√*²³)%°]}!\\_∑∫<>≤≥≠~@#&|½¼¾⅓" or (last.isdigit() and not _listed(before)):
        return place == floor or last == ")" and _listed(before) is True
    if last in ".,;:" and stripped[-2:-1].isdigit() and " " not in before[len(stripped) :]:
        return False
    word = re.search(r"([^\W\d_]+)$", stripped)
    if word:
        if word[1] in FUNCTION or (len(word[1]) == 1 and word[1] not in "aiyeoà"):
            return False
        if word[1] in OPERATORS or word[1] in ("of", "von", "half", "thousand", "million", "the"):
            return False
    return True


def _listed(before: str) -> bool:
    """The number before is that of a list: "3) 20 - 2 = 18"."""
    return re.search(r"(?:^|[\n ])\(?\d{1,2}[.)] *$", before) is not None


def _after(normal: str, start: int, ceiling: int, mark: Mark) -> tuple[int, Value] | None:
    """The expression that begins at `start` (after "about" and the like), if what follows does not belong to it."""
    lead = re.compile(
        r"(?: |\*\*|\\,|~|(?:about|around|roughly|approximately|approx\.|etwa|rund|environ|aproximadamente|cerca de|exactly|only|just|nearly|almost|genau) )*"
    ).match(normal, start)
    begin = lead.end() if lead else start
    try:
        value, stop = Reader(normal, begin, min(ceiling, begin + LOOKED), mark).read()
    except NotPlain:
        return None
    rest = normal[stop : stop + 14]
    follows = rest.lstrip(" *")
    if (
        follows[:1]
        and follows[0] in "×·⋅∙÷^√²³(/\\"
        or re.match(
            r"(?:\*(?=\s?\d)|[+-] ?[\d(a-z]\b|[+-]\d|\d|r ?\d|rest\b|remainder|mod\b|reste|resto|thousand|million|billion|tausend|dozen|or\b|k\b)",
            follows,
        )
    ):
        return None
    if re.match(r"[a-z_]|[.,]\d|:\d|!", rest):
        return None
    return stop, value


def _comparable(a: Value, b: Value) -> bool:
    """The units say that the two may be held against each other."""
    if a.units and not b.units:
        return all(unit in CURRENCY_OF or len(unit) > 2 for unit in a.units)
    return not (a.units and b.units) or bool(a.units & b.units)


def _runs_on(normal: str, start: int, a: Value, mark: Mark) -> bool:
    """ "10 + 5 = 15 + 3 = 18": goes on reckoning with the result, as pupils write."""
    first = re.compile(rf"[ *$€£]*({NUMBER})").match(normal, start)
    return first is not None and read_number(first[1], mark) == a.value


def _agrees(a: Value, b: Value, *, rough: bool) -> bool:
    """A result in per cent may be stated of the share or of the share times 100."""
    candidates = [(a, b)]
    if b.percent:
        written = replace(b, value=b.value * 100)
        candidates = [(a, written), (replace(a, value=a.value * 100), written)]
    elif a.percent:
        candidates.append((replace(a, value=a.value * 100), b))
    return any(_near(one, other, rough=rough) for one, other in candidates)


def _near(a: Value, b: Value, *, rough: bool) -> bool:
    gap = abs(a.value - b.value)
    unit = Decimal(1).scaleb(-b.decimals)
    slack = abs(a.value) * a.slack + abs(b.value) * b.slack
    if rough and gap <= abs(a.value) * ROUGH + unit:
        return True
    if b.terms > 1:
        return (
            gap <= slack + Decimal("0.011") * max(abs(a.value), abs(b.value))
            if (a.slack or b.slack or a.divided or b.divided)
            else gap == 0
        )
    whole = a.value == a.value.to_integral_value() and not a.slack
    if b.decimals == 0 and whole:
        zeros = (
            len(str(b.value)) - len(str(b.value).rstrip("0")) if "E" not in str(b.value) and b.value else 0
        )
        # "= 140 000": rounded to what is shown.
        return gap == 0 or (zeros >= 2 and gap * 2 <= 10**zeros and gap <= abs(a.value) / 200)
    return gap <= slack + unit / 2 or (a.divided and gap < slack + unit)
