"""The agent states a value that no message and no tool result holds: a made-up reference, a misquoted amount, details out of an empty
result or a failed call. Any language with Latin digits.

What the agent may know from its instructions (a price list, a policy) cannot be seen here, so only those values count that cannot
stand there: a reference of the user's own ("your claim number is CL-20418"), an amount whose digits are those of a tool's amount in
another order, and times, amounts and references in an answer whose calls all found nothing or failed. A value that follows from
known ones by simple arithmetic is known.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations

from signals.detectors.batch import Batch, Detector, Evidence, Finding, SpanFacts, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.dates import dates
from signals.detectors.numbers import NUMBER, amounts, values
from signals.detectors.phrases import piece
from signals.detectors.tool_failure import failure
from signals.detectors.tool_results import found_nothing
from signals.detectors.years_off import tools_year, year_named
from signals.models.definitions import Reads, Sentiment

SCORE = 0.8
READ = 20_000
# "Your claim number is CL-20418", "reference: AB12CD", "la referencia es ...", "Ihre Buchungsnummer lautet ..."
OWN_REFERENCE = re.compile(
    r"\b(?:(?:claim|confirmation|reference|booking|reservation|tracking|order|ticket|case|request|invoice|transaction|appointment|account|policy|receipt)(?: reference)? (?:number|code|id|no\.?|ref)|reference|ref\.?|confirmation code|"
    r"(?:buchungs|bestell|vorgangs|ticket|auftrags|referenz|schadens?)nummer|aktenzeichen|référence|numéro (?:de )?(?:dossier|réservation|commande|suivi)|referencia|número de (?:reserva|pedido|caso|referencia|confirmación|confirmação|referência)|referência|código de reserva)"
    r"(?:\s?(?:for [^.!?\n]{1,30} )?(?:is|are|:|=|ist|lautet|est|es|é|será|sera))\s?[*#\"`(]{0,3}(?P<id>(?=[a-z0-9-]*\d)[a-z0-9]{1,6}(?:-[a-z0-9]{2,10}){1,3}|(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{5,12}|\d{5,14})\b"
)
HYPOTHETICAL = re.compile(
    r"\b(?:for example|e\.g|such as|like|format|looks? like|usually|if|zum beispiel|z\.b|par exemple|por ejemplo|por exemplo|sample|example)\b[^.!?\n]{0,60}$"
)
IDENTIFIER = re.compile(r"\b(?=[a-z]{1,4}-?\d)[a-z]{1,4}-?\d{3,}(?:-\d+)*\b")
CLOCK = re.compile(r"(?<![\d:.,])([01]?\d|2[0-3])(?::| h |h)([0-5]\d)(?![\d:])")
FIGURE = re.compile(rf"(?<![\w.,]){NUMBER}(?!\w)")
DIGITS = re.compile(r"\d")
MOST_KNOWN = 400
MOST_COMBINED = 40
MISQUOTED = 4  # digits that an amount needs, so that another order of them is no accident
OWNS_UP = re.compile(
    r"\b(?:no|not|none|nothing|unable|cannot|couldn't|can't|isn't|aren't|don't|doesn't|didn't|unfortunately|sorry|error|failed|instead|usually|typically|general|example|try|"
    r"kein|keine|nicht|leider|aucun|pas|désolé|ningun|ningún|lamentablemente|não|nenhum)\b|n't\b"
)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        if not DIGITS.search(turn.output.normal) or not _has_tools(turn):
            continue
        pieces = _unsupported(turn)
        if pieces:
            found.append(Finding(index, SCORE, pieces[:6]))
    return found


def _has_tools(turn: Turn) -> bool:
    return any(span.kind == "tool" for span in turn.spans) or any(old.spans for old in turn.previous)


def _unsupported(turn: Turn) -> list[Evidence]:
    pieces: list[Evidence] = []
    for start, end in _references(turn):
        pieces += [
            piece("assistant", turn.output, start, end),
            measured("It stands in no message and no tool result."),
        ]
    own = [span for span in turn.spans if span.kind == "tool"]
    for start, end, true in _misquoted(turn, own):
        pieces += [piece("assistant", turn.output, start, end), measured(f"A tool's result holds {true}.")]
    for date in dates(turn.output) if own else ():
        day = date.full
        if day and not year_named(turn, day.year) and (other := tools_year(day, turn)):
            sentence = f"The tool's result says {other:%-d %B %Y}."
            pieces += [piece("assistant", turn.output, date.start, date.end), measured(sentence)]
    if not pieces and own and all(found_nothing(span) or failure(span) for span in own):
        for start, end in _out_of_nothing(turn):
            pieces += [piece("assistant", turn.output, start, end)]
        if pieces:
            what = "failed" if any(failure(span) for span in own) else "found nothing"
            pieces.append(measured(f"{', '.join(dict.fromkeys(span.name for span in own))[:200]} {what}."))
    return pieces


def _known(turn: Turn) -> str:
    """All that was said and read before this answer, in lower case."""
    texts = [turn.input.normal]
    texts += [text.normal for old in turn.previous for text in (old.input, old.output)]
    spans = [*turn.spans, *(span for old in turn.previous for span in old.spans)]
    texts += [part[:READ].lower() for span in spans for part in (span.name, span.input, span.output)]
    return "\n".join(texts)


def _references(turn: Turn) -> list[tuple[int, int]]:
    """The user's own references that stand nowhere else."""
    normal = turn.output.normal
    matches = [
        match
        for match in OWN_REFERENCE.finditer(normal)
        if not HYPOTHETICAL.search(normal, max(0, match.start() - 80), match.start())
    ]
    if not matches:
        return []
    known = re.sub(r"[\s-]", "", _known(turn))
    return [match.span("id") for match in matches if match["id"].replace("-", "") not in known]


def _misquoted(turn: Turn, own: list[SpanFacts]) -> list[tuple[int, int, str]]:
    """Amounts whose digits are those of a tool's figure in another order, two neighbours exchanged or moved."""
    money = [one for one in amounts(turn.output) if len(DIGITS.findall(one.words)) >= MISQUOTED]
    if not money or not own:
        return []
    read = [figure for span in own for figure in FIGURE.findall(span.output[:READ])][:MOST_KNOWN]
    known = _values(FIGURE.findall(_known(turn)))
    found = []
    for one in money:
        meant = values(one.words)
        if meant & known or any(_follows(value, known) for value in meant):
            continue
        for figure in read:
            if any(_swapped(value, other) for value in meant for other in values(figure)):
                found.append((one.start, one.end, figure))
                break
    return found


def _swapped(stated: Decimal, true: Decimal) -> bool:
    """The same digits with two exchanged or one moved: 161.30 of 131.60, 28,370.40 of 23,870.40."""
    a, b = (f"{value.quantize(Decimal('0.01'))}".replace(".", "") for value in (stated, true))
    if len(a) != len(b) or sorted(a) != sorted(b) or a == b:
        return False
    wrong = [place for place, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    return len(wrong) == 2 or wrong == list(range(wrong[0], wrong[-1] + 1)) and len(wrong) == 3


def _values(figures: Iterable[str]) -> set[Decimal]:
    return {value for figure in list(figures)[:MOST_KNOWN] for value in values(figure)}


def _follows(value: Decimal, known: set[Decimal]) -> bool:
    """By one sum, difference, product or percentage of known figures."""
    if value in known or value * 100 in known or value / 100 in known:
        return True
    few = sorted(known, key=lambda one: -one)[:MOST_COMBINED]
    return any(
        value in (a + b, abs(a - b), a * b, a * b / 100, a - a * b / 100, a + a * b / 100)
        or (b and a / b == value)
        or (a and b / a == value)
        for a, b in combinations(few, 2)
    )


def _out_of_nothing(turn: Turn) -> list[tuple[int, int]]:
    """Times, amounts and references in an answer that had nothing to read them from."""
    normal = turn.output.normal
    if OWNS_UP.search(normal):
        return []
    known = _known(turn)
    figures = _values(FIGURE.findall(known))
    found = [
        match.span()
        for match in CLOCK.finditer(normal)
        if not re.search(
            rf"(?<!\d)0?{int(match[1])}(?:[:.h ]|uhr| h )?\s?{match[2]}(?!\d)|(?<!\d){(int(match[1]) - 1) % 12 + 1}[:.]{match[2]}",
            known,
        )
    ]
    found += [
        (one.start, one.end)
        for one in amounts(turn.output)
        if not any(value in figures or _follows(value, figures) for value in values(one.words))
    ]
    flat = known.replace("-", "")
    found += [match.span() for match in IDENTIFIER.finditer(normal) if match[0].replace("-", "") not in flat]
    return sorted(found)[:3]


SIGNAL = BuiltIn(
    "unsupported_value",
    "Unsupported value",
    "The agent states a reference, amount or time that no message and no tool result holds: a made-up number of a claim, a misquoted amount, "
    "details out of an empty result. Only for agents that use tools; what follows by simple arithmetic, and prices and policies that the agent "
    "may know, do not count.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    enabled=False,
)
DETECTOR = Detector("unsupported_value", 1, detect)
