"""Dates and weekdays as people write them, in English, German, French, Spanish and Portuguese. Pure.

"Wednesday, 5 November", "Nov 5th, 2026", "Friday the 26th", "Mittwoch, den 5. November", "samedi 12 décembre", "martes 24 de noviembre",
"terça-feira, dia 8", "2026-11-05", "05.11.2026". "05/11/2026" is no date here: nobody can tell its day from its month.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from signals.detectors.text import Text

# By month and by weekday (Monday first): English, German, French, Spanish, Portuguese; with short forms.
_MONTHS = (
    "january jan januar jänner janvier janv enero ene janeiro",
    "february feb februar feber février fevrier févr febrero fevereiro fev",
    "march mar märz mrz mars marzo março marco",
    "april apr avril avr abril abr",
    "may mai mayo maio",
    "june jun juni juin junio junho",
    "july jul juli juillet juil julio julho",
    "august aug août aout agosto ago",
    "september sep sept septembre septiembre setembro",
    "october oct oktober okt octobre octubre outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre decembre déc diciembre dic dezembro",
)
_WEEKDAYS = (
    "monday mon montag lundi lunes segunda-feira segunda",
    "tuesday tue tues dienstag mardi martes terça-feira terça terca-feira",
    "wednesday wed mittwoch mercredi miércoles miercoles quarta-feira quarta",
    "thursday thu thur thurs donnerstag jeudi jueves quinta-feira quinta",
    "friday fri freitag vendredi viernes sexta-feira sexta",
    "saturday sat samstag sonnabend samedi sábado sabado",
    "sunday sun sonntag dimanche domingo",
)
MONTH_OF = {name: place for place, names in enumerate(_MONTHS, 1) for name in names.split()}
WEEKDAY_OF = {name: place for place, names in enumerate(_WEEKDAYS) for name in names.split()}


def _either(names: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_WEEKDAY = rf"(?:{_either(WEEKDAY_OF)})"
_MONTH = rf"(?:{_either(MONTH_OF)})"
_YEAR = r"(?:(?:19|20)\d\d)(?!\d|[.,]\d)"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_LEAD = (
    rf"(?:(?<![\w-])(?P<weekday>{_WEEKDAY})\b[.,]?\)? ?(?:the |den |dem |le |el |il |dia |o dia |,? ?dia )?)?"
)
DATE = re.compile(
    rf"{_LEAD}(?:(?<![\w/-])(?P<iso>(?:19|20)\d\d-[01]\d-[0-3]\d)(?![\w-]|/)|"
    rf"(?<![\w.,/:-])(?P<day>{_DAY})(?:st|nd|rd|th|er|º|\.)?(?: of| de)? (?P<month>{_MONTH})\b\.?(?:,? (?:of |de |del )?(?P<year>{_YEAR}))?|"
    rf"(?<![\w-])(?P<month2>{_MONTH})\.? (?:the )?(?P<day2>{_DAY})(?:st|nd|rd|th)?(?![\w:/]|[.,]\d| ?%)(?:,? (?P<year2>{_YEAR}))?|"
    rf"(?<![\w.,/-])(?P<day3>{_DAY})\.(?P<month3>0?[1-9]|1[0-2])\.(?P<year3>(?:19|20)\d\d)?(?!\d))"
)
# "Friday the 26th", "terça-feira, dia 8": no month.
DAY_ALONE = re.compile(
    rf"(?<![\w-])(?P<weekday>{_WEEKDAY})\b,? (?:(?:the )(?P<day>{_DAY})(?:st|nd|rd|th)\b|(?:den |dem )(?P<day2>{_DAY})\.(?! ?[\w]{{3}})|(?:le |el |o |dia |o dia |,? ?dia )(?P<day3>{_DAY})\b)(?! ?(?:of|de|del|{_MONTH})\b|[:\d]| ?h\b)"
)
# After a date: "(Wednesday)", "(a Wednesday)", ", a Friday", "is a Friday", "ist ein Mittwoch".
AFTER = re.compile(
    rf"\s?(?:\((?:an? |ein |un |uma? )?|,? (?:an?|which is an?|is an?|falls on an?|ist ein|fällt auf einen|est un|tombe un|es un|cae en|é uma?) )(?P<weekday>{_WEEKDAY})\b(?!-)"
)
_DIGIT = re.compile(r"\d{1,4}")
# Longer than "segunda-feira, dia " and " de septiembre de ".
BEFORE_DIGITS, BEHIND_DIGITS = 40, 30


@dataclass(frozen=True, slots=True)
class Date:
    """At [start:end] of the normal form, as far as it is said. `weekday`: 0 is Monday."""

    start: int
    end: int
    day: int
    month: int | None
    year: int | None = None
    weekday: int | None = None

    def on(self, year: int) -> dt.date | None:
        """The day in that year, None where there is none (29 February)."""
        try:
            return dt.date(year, self.month, self.day) if self.month else None
        except ValueError:
            return None

    @property
    def full(self) -> dt.date | None:
        """Where the year is said."""
        return self.on(self.year) if self.year else None

    def near(self, at: dt.date) -> dt.date | None:
        """The day itself, or where no year is said that of the nearest year."""
        if self.year:
            return self.full
        days = [day for year in (at.year - 1, at.year, at.year + 1) if (day := self.on(year))]
        return min(days, key=lambda day: abs(day - at), default=None)


def dates(text: Text) -> list[Date]:
    """The dates of a text, in order."""
    known: list[Date] | None = text.notes.get("dates")
    if known is None:
        known = text.notes["dates"] = list(dates_in(text.normal))
    return known


def dates_in(normal: str) -> Iterator[Date]:
    """Of a text in its normal form (lower case, plain spaces)."""
    if not _DIGIT.search(normal):
        return
    taken = 0
    found = [
        match
        for start, end in _around_digits(normal)
        for pattern in (DATE, DAY_ALONE)
        for match in pattern.finditer(normal, start, end)
    ]
    for match in sorted(found, key=lambda match: (match.start(), -match.end())):
        if match.start() >= taken and (date := _date(match, normal)) is not None:
            taken = date.end
            yield date


def _around_digits(normal: str) -> list[tuple[int, int]]:
    """Where dates can stand. To look for them elsewhere costs five times as much."""
    windows: list[tuple[int, int]] = []
    for match in _DIGIT.finditer(normal):
        start, end = max(0, match.start() - BEFORE_DIGITS), match.end() + BEHIND_DIGITS
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    return windows


def _date(match: re.Match[str], normal: str) -> Date | None:
    parts = match.groupdict()
    weekday = WEEKDAY_OF[parts["weekday"]] if parts["weekday"] else None
    end = match.end() - (match[0][-1] == "." and not parts.get("month3"))
    if weekday is None and (after := AFTER.match(normal, end)):
        weekday, end = WEEKDAY_OF[after["weekday"]], after.end()
    if parts.get("iso"):
        try:
            day = dt.date.fromisoformat(parts["iso"])
        except ValueError:
            return None
        return Date(match.start(), end, day.day, day.month, day.year, weekday)
    day_text = next((parts[name] for name in ("day", "day2", "day3") if parts.get(name)), None)
    if day_text is None:
        return None
    if (name := parts.get("month") or parts.get("month2")) is not None:
        month: int | None = MONTH_OF[name]
    else:
        month = int(parts["month3"]) if parts.get("month3") else None
    year = next((parts[name] for name in ("year", "year2", "year3") if parts.get(name)), None)
    return Date(match.start(), end, int(day_text), month, int(year) if year else None, weekday)
