"""A weekday stated beside a date that falls on another one: "Monday 1 December" in 2026. Pure.

Where the year is not said, it is that of the nearest such date, seen from the event. Silent where the pair fits a year that the
conversation names, where the user or a tool said it first, and where the event's clock seems to be another one than the
conversation's: the user's own pairs do not fit it.
"""

import datetime as dt
import re

from signals.detectors.batch import Evidence, Turn, measured
from signals.detectors.dates import Date, dates
from signals.detectors.phrases import piece

YEARS = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d])")
# Further away than this nobody can say which year is meant.
NEAR = dt.timedelta(days=150)
MONTH = dt.timedelta(days=31)
QUIET = re.compile(
    r"\b(?:if|would|wrong|not|was|in the year|history|historic|century|every|each|jede[nr]?|chaque|cada|todos?|todas?)\b[^.!?\n]{0,40}$"
)


def wrong_weekdays(turn: Turn) -> list[tuple[Date, str]]:
    """The agent's dates with a wrong weekday, each with a sentence that says what it should be."""
    pairs = [date for date in dates(turn.output) if date.weekday is not None]
    if not pairs:
        return []
    found = []
    for date in pairs:
        days = _days(date, turn)
        if days and all(day.weekday() != date.weekday for day in days) and not _excused(date, turn):
            found.append((date, f"{days[0]:%-d %B %Y} is a {days[0]:%A}."))
    return found


def weekday_evidence(turn: Turn, wrong: list[tuple[Date, str]]) -> list[Evidence]:
    """The claims, each with the sentence beside it."""
    pieces: list[Evidence] = []
    for date, sentence in wrong[:3]:
        pieces += [piece("assistant", turn.output, date.start, date.end), measured(sentence)]
    return pieces


def _days(date: Date, turn: Turn) -> list[dt.date]:
    """What it can stand for; none where that cannot be said."""
    if date.year:
        return [date.full] if date.full else []
    if turn.at is None:
        return []
    today = turn.at.date()
    if date.month is None:
        months = [today.replace(day=1) + k * MONTH for k in (-1, 0, 1, 2)]
        days = [day for month in months if (day := Date(0, 0, date.day, month.month).on(month.year))]
        return sorted(set(days), key=lambda day: abs(day - today))
    near = date.near(today)
    return [near] if near and abs(near - today) <= NEAR else []


def _excused(date: Date, turn: Turn) -> bool:
    normal = turn.output.normal
    if QUIET.search(normal, max(0, date.start - 60), date.start):
        return True
    texts = [turn.input, *(text for old in turn.previous for text in (old.input,))]
    others = [other for text in texts for other in dates(text) if other.weekday is not None]
    if any((other.day, other.weekday) == (date.day, date.weekday) for other in others):
        return True
    if date.year:
        return False
    if any(not _fits_clock(other, turn) for other in others) or _tools_disagree(turn):
        return True
    return any(
        (day := date.on(year)) and day.weekday() == date.weekday for year in _years(turn) if date.month
    )


def _fits_clock(date: Date, turn: Turn) -> bool:
    days = _days(date, turn)
    return not days or any(day.weekday() == date.weekday for day in days)


def _tools_disagree(turn: Turn) -> bool:
    """The tools' dates are of another time than the event."""
    years = {int(year) for span in turn.spans for year in YEARS.findall(span.output[:4000])}
    return bool(turn.at and years) and not any(abs(year - turn.at.year) <= 1 for year in years if turn.at)


def _years(turn: Turn) -> set[int]:
    """All years that the conversation names."""
    texts = [turn.input.normal, turn.output.normal]
    texts += [text.normal for old in turn.previous for text in (old.input, old.output)]
    texts += [part[:4000] for span in turn.spans for part in (span.input, span.output)]
    texts += [
        part[:4000] for old in turn.previous for span in old.spans for part in (span.input, span.output)
    ]
    return {int(year) for text in texts for year in YEARS.findall(text)}
