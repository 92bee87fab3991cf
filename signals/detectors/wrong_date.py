"""The agent works with a wrong date, seen from the event's own time.

It states today's date, the current year or weekday wrongly (English, and dates in numbers); it pairs a date with a weekday on which it
does not fall (weekdays.py); it offers a past date as to come, changes a tool's year, calls another day "tomorrow", or asks its tools
about the year before (years_off.py); or it books another day than the user named (other_day.py). All but the first in five languages.

Dates of history, dates that the user or a tool named first, and what the agent says of its training data do not count.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.mentions import mentions
from signals.detectors.other_day import other_day
from signals.detectors.phrases import piece
from signals.detectors.weekdays import weekday_evidence, wrong_weekdays
from signals.detectors.years_off import dates_off
from signals.models.definitions import Reads, Sentiment

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
YEAR = r"(?P<year>(?:19|20)\d\d)"
DATE = (
    rf"(?:(?:(?P<weekday>{'|'.join(DAYS)}),? (?:the )?)?(?:(?P<iso>(?:19|20)\d\d-\d\d-\d\d)|"
    rf"{MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?:of )?{YEAR})?(?![\d:])|"
    rf"(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {MONTH.replace('month', 'month2')}(?:,? (?:of )?{YEAR.replace('year', 'year2')})?|"
    rf"{MONTH.replace('month', 'month3')}(?: of)?,? {YEAR.replace('year', 'year3')}|"
    rf"(?:the year )?{YEAR.replace('year', 'year4')}\b(?![-/.]\d))|"
    rf"(?P<weekday2>{'|'.join(DAYS)})\b(?! (?:morning|afternoon|evening|night)?'s))"
)
SAYS = re.compile(
    r"(?<![\w'])(?:today(?:'?s date)? (?:is|being)(?: currently)?|today's date(?: \([^)]{1,20}\))?:?|the current (?:date|day)(?: and time)?(?: is|:)|the date today is|"
    r"the current year(?: is|:|,)|the year is(?: currently| now)?|(?:it is|it's) (?:currently|now)(?: the year)?|we are (?:currently |now )?in(?: the year)?|"
    r"we're (?:currently |now )?in(?: the year)?|as of (?:today|now|right now|this moment|the current date),?(?: which is| on| in)?|current (?:date|year):|"
    r"as of (?:today's date|the current year)(?: of|,| is| in)?|today,|right now,? (?:in|it is|it's)|this year,?(?: is|,) ?)\s{0,2}\(?(?:the )?(?:year )?\**" + DATE
)  # fmt: skip
WORDS = ("today", "the current", "current date", "current year", "the year is", "currently", "it is now", "it's now", " now in", "as of ", "right now", "we are in", "we're in", "this year")  # fmt: skip
# Before the statement, in its sentence: then it says nothing about today.
SUPPOSED = re.compile(
    r"\b(?:if|suppose|supposing|assume|assuming|imagine|when|whenever|say|pretend|example|e\.g|knowledge|training|trained|cut-?off|last update|updated|data|as though|in case|once)\b[^.!?\n]{0,60}$"
)
# Somebody else brought the date in.
CLOCKS = re.compile(r"date|time|now|clock|calendar|today", re.IGNORECASE)
TOLERANCE = dt.timedelta(days=1)  # the user's time zone is not known
HEDGED = re.compile(r"^[^.!?\n]{0,80}\b(?:knowledge|training|trained|cut-?off|last update)\b")


@dataclass(frozen=True, slots=True)
class StatedDate:
    """What was said of today, as far as it was said."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None

    def contradicts(self, at: dt.datetime) -> bool:
        days = [(at + k * TOLERANCE).date() for k in (-1, 0, 1)]
        return not any(self._fits(day) for day in days)

    def _fits(self, day: dt.date) -> bool:
        pairs = (
            (self.year, day.year), (self.month, day.month), (self.day, day.day), (self.weekday, day.weekday()),
        )  # fmt: skip
        return all(stated is None or stated == true for stated, true in pairs)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        pieces = [
            *_wrong_today(turn),
            *weekday_evidence(turn, wrong_weekdays(turn)),
            *dates_off(turn),
            *other_day(turn),
        ]
        if pieces:
            found.append(Finding(index, 0.9, pieces[:6]))
    return found


def _wrong_today(turn: Turn) -> list[Evidence]:
    if turn.at is None or not mentions(turn.output, WORDS):
        return []
    wrong = [(start, end) for stated, start, end in statements(turn) if stated.contradicts(turn.at)]
    if not wrong:
        return []
    text = f"The event is of {turn.at:%A, %-d %B %Y}."
    pieces = [piece("assistant", turn.output, start, end) for start, end in wrong[:3]]
    return [*pieces, measured(text)]


def statements(turn: Turn) -> Iterator[tuple[StatedDate, int, int]]:
    """What the agent itself says of today, and where."""
    normal = turn.output.normal
    for match in SAYS.finditer(normal):
        before = normal[max(0, match.start() - 80) : match.start()]
        if SUPPOSED.search(before) or HEDGED.search(normal[match.end() : match.end() + 100]):
            continue
        stated = _stated(match)
        # "It's now Thursday, 12 November": that an appointment is.
        if stated is not None and stated.day is not None and match[0].startswith(("it is", "it's")):
            continue
        if stated is not None and not _given(turn, match, stated):
            yield stated, match.start(), match.end()


def _stated(match: re.Match[str]) -> StatedDate | None:
    parts = match.groupdict()
    weekday = parts["weekday"] or parts["weekday2"]
    named = DAYS.index(weekday) if weekday else None
    if parts["iso"]:
        try:
            date = dt.date.fromisoformat(parts["iso"])
        except ValueError:
            return None
        return StatedDate(date.year, date.month, date.day, named)
    year = next((parts[name] for name in ("year", "year2", "year3", "year4") if parts[name]), None)
    month = next((parts[name] for name in ("month", "month2", "month3") if parts[name]), None)
    day = parts["day"] or parts["day2"]
    return StatedDate(
        int(year) if year else None,
        MONTHS.index(month) + 1 if month else None,
        int(day) if day else None,
        named,
    )


def _given(turn: Turn, match: re.Match[str], stated: StatedDate) -> bool:
    """The user said so first, here or before, or a clock among the tools did."""
    messages = [turn.input.normal, *(exchange.input.normal for exchange in turn.previous)]
    tools = [span.output.lower() for span in turn.spans if span.kind == "tool" and CLOCKS.search(span.name)]
    if stated.year is not None:
        return any(str(stated.year) in text for text in messages + tools)
    if stated.month is not None:
        name = MONTHS[stated.month - 1]
        return any(name in text and str(stated.day) in text for text in messages + tools) or any(
            f"-{stated.month:02}-" in text for text in tools
        )
    return stated.weekday is not None and any(DAYS[stated.weekday] in text for text in messages + tools)


SIGNAL = BuiltIn(
    "wrong_date",
    "Wrong date",
    "The agent works with a date that cannot be meant, seen from the event's own time: a wrong today, weekday or “tomorrow”, a past date "
    "offered as to come, another year than its tool's, another day than the user's. Dates of history, dates that the user or a tool named first, and knowledge "
    "cut-offs do not count.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("wrong_date", 2, detect)
