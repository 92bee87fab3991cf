"""A figure that the agent states is wrong by its own figures: equations, totals, percentages, taxes, unit prices, weekdays of dates, days
between dates. English, and the numbers, dates and words of German, French, Spanish and Portuguese.

What is not understood is not judged (equations.py, totals.py, weekdays.py say how far they read); nor is what the user said first.
"""

import re

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.dates import Date, dates
from signals.detectors.equations import wrong_equations
from signals.detectors.phrases import piece
from signals.detectors.stated_sums import wrong_priced_sums, wrong_told_sums
from signals.detectors.text import Text
from signals.detectors.totals import (
    Wrong,
    shown_number,
    wrong_percentages,
    wrong_sums_of_user,
    wrong_taxes,
    wrong_totals,
    wrong_unit_totals,
)
from signals.detectors.weekdays import weekday_evidence, wrong_weekdays
from signals.models.definitions import Reads, Sentiment

SURE = 0.9
DIGIT = re.compile(r"\d")
# "You started on November 10 and have 14 days, so your last day is November 21."
DAYS = re.compile(r"\b(\d{1,3})[ -](days?|weeks?|tage?n?|wochen?|jours?|semaines?|días?|dias?|semanas?)\b")
SO = re.compile(
    r"\b(?:so|until|till|by|ends?|last day|deadline|expires?|that's|bis|also|letzter tag|jusqu'au|donc|hasta|así que|até|portanto)\b"
)
OTHER_DAYS = re.compile(
    r"\b(?:business|working|work|werk|arbeits|ouvr|hábil|útei|before|after|ago|left|remain|within|up to|at least|about)"
)
INCLUSIVE = 1
SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\d))+")


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        if not DIGIT.search(turn.output.normal):
            continue
        user_texts = [turn.input.normal, *(old.input.normal for old in turn.previous)]
        pieces: list[Evidence] = []
        for wrong in _wrong(turn, user_texts):
            if not any(_same(turn.output, wrong, text) for text in user_texts):
                pieces += _pieces(turn.output, wrong)
        pieces += weekday_evidence(turn, wrong_weekdays(turn))
        if pieces:
            found.append(Finding(index, SURE, pieces[:6]))
    return found


def _wrong(turn: Turn, user_texts: list[str]) -> list[Wrong]:
    text = turn.output
    equations = [
        Wrong(one.start, one.end, f"It is {shown_number(one.result)}.") for one in wrong_equations(text)
    ]
    return [
        *equations,
        *wrong_totals(text),
        *([] if turn.spans else wrong_sums_of_user(text, turn.input)),
        *([] if turn.spans else wrong_priced_sums(text, turn.input)),
        *wrong_told_sums(text),
        *wrong_percentages(text),
        *wrong_unit_totals(text),
        *wrong_taxes(text, " ".join(user_texts)),
        *_wrong_days(turn),
    ]


def _wrong_days(turn: Turn) -> list[Wrong]:
    """ "From the 10th, 14 days, so until the 21st": two dates and one number of days in a sentence."""
    normal = turn.output.normal
    if turn.at is None or not DAYS.search(normal):
        return []
    found = []
    known = dates(turn.output)
    for match in SENTENCE.finditer(normal):
        inside = [date for date in known if match.start() <= date.start < match.end()]
        spans = list(DAYS.finditer(match[0]))
        if len(inside) == 2 and len(spans) == 1 and SO.search(match[0]) and not OTHER_DAYS.search(match[0]):
            found += _between(turn, inside[0], inside[1], spans[0])
    return found


def _between(turn: Turn, first: Date, last: Date, span: re.Match[str]) -> list[Wrong]:
    assert turn.at is not None
    begin = first.near(turn.at.date())
    end = last.near(begin) if begin else None
    if begin is None or end is None or end <= begin:
        return []
    stated = int(span[1]) * (7 if span[2][0] in "ws" else 1)
    true = (end - begin).days
    # The first day or the last may count or not.
    if abs(true - stated) <= INCLUSIVE or not 0.5 <= true / max(stated, 1) <= 2:
        return []
    return [Wrong(last.start, last.end, f"From {begin:%-d %B} to {end:%-d %B} it is {true} days.")]


def _same(output: Text, wrong: Wrong, user_text: str) -> bool:
    """The user brought it in: an exercise with a slip, a figure to be checked."""
    return output.normal[wrong.start : wrong.end].strip(" .*:") in user_text


def _pieces(output: Text, wrong: Wrong) -> list[Evidence]:
    return [piece("assistant", output, wrong.start, wrong.end), measured(wrong.sentence)]


SIGNAL = BuiltIn(
    "wrong_arithmetic",
    "Wrong arithmetic",
    "A figure that the agent states is wrong by its own figures: an equation, a total, a percentage, a tax, the weekday of a date. What the "
    "user reckoned, rounding, and figures that cannot be checked do not count.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    enabled=False,
)
DETECTOR = Detector("wrong_arithmetic", 2, detect)
