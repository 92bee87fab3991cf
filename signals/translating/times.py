"""When: "last week", "yesterday", "since Monday", "between 1 and 5 November", as conditions on the time. Days are UTC's."""

import calendar
import datetime as dt
import re

from signals.translating.sentence import Part, Sentence

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "a": 1, "an": 1, "couple of": 2, "few": 3}  # fmt: skip
UNITS = {
    "minute": "m",
    "min": "m",
    "m": "m",
    "hour": "h",
    "hr": "h",
    "h": "h",
    "day": "d",
    "d": "d",
    "week": "w",
    "w": "w",
    "month": "month",
}
_NUMBER = r"(?:\d{1,4}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_UNIT = r"(minutes?|mins?|hours?|hrs?|days?|weeks?|months?)"
_LEAD = r"(?:\b(?:in|over|within|during|for|from|of)\s+)?(?:the\s+|this\s+)?"
DAYS = [name.lower() for name in calendar.day_name]
MONTHS = [name.lower() for name in calendar.month_name][1:]
_MONTH = "(" + "|".join([*MONTHS, *(name[:3] for name in MONTHS), "sept"]) + r")\b\.?"
_ISO = r"\d{4}-\d{2}-\d{2}"
_DATE = (
    rf"(?:{_ISO}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|(?:last\s+)?(?:{'|'.join(DAYS)})|yesterday|today)"
)


def read_times(sentence: Sentence, today: dt.date) -> list[Part]:
    parts: list[Part] = []

    def add(field: str, value: str, place: tuple[int, int], operator: str = "") -> None:
        parts.append(Part(field, operator, (value,), place))

    for found in sentence.take(rf"\b(?:between|from)\s+({_DATE})\s+(?:and|to|until|till|-)\s+({_DATE})"):
        days = [
            _day(text, today)
            for text in (found[1], next(g for g in reversed(found.groups()) if g and re.fullmatch(_DATE, g)))
        ]
        if days[0] and days[1]:
            add("since", str(days[0]), found.span())
            add("until", str(days[1]), found.span())
    for found in sentence.take(rf"{_LEAD}\b(?:last|past|previous|recent)\s+({_NUMBER})[\s-]*{_UNIT}\b"):
        add("since", _ago(found[1], found[2]), found.span())
    for found in sentence.take(rf"{_LEAD}\b(?:last|past)\s+(\d{{1,4}})\s*(m|h|d|w)\b"):
        add("since", f"{int(found[1])}{found[2]}", found.span())
    for found in sentence.take(rf"{_LEAD}\b(?:last|past)\s+(hour|day|week|month)\b"):
        add("since", _ago("1", found[1]), found.span())
    for found in sentence.take(rf"\b({_NUMBER})[\s-]+{_UNIT}\s+ago\b"):
        add("time", str(today - dt.timedelta(days=_days(found[1], found[2]))), found.span())
    for found in sentence.take(rf"\b(since|after|starting|before|until|till|up to|through|by)\s+({_DATE})"):
        if day := _day(found[2], today):
            word = found[1]
            if word in ("since", "starting"):
                add("since", str(day), found.span())
            elif word == "after":
                add("time", str(day), found.span(), ">")
            elif word == "before":
                add("time", str(day), found.span(), "<")
            else:
                add("until", str(day), found.span())
    for found in sentence.take(r"\b(?:so far )?this\s+(week|month|year)\b"):
        start = {"week": today - dt.timedelta(days=today.weekday()), "month": today.replace(day=1)}
        add("since", str(start.get(found[1], today.replace(month=1, day=1))), found.span())
    for found in list(sentence.take(rf"(?:\bon\s+)?\b({_DATE})")):
        if day := _day(found[1], today):
            add("since" if day == today else "time", str(day), found.span())
        else:
            sentence.restore(found.span())
    for found in sentence.take(rf"\b(?:in|during)\s+{_MONTH}(?:\s+(\d{{4}}))?"):
        month = _month(found[1])
        year = int(found[2]) if found[2] else today.year - (month > today.month)
        add("since", f"{year}-{month:02d}-01", found.span())
        add("until", f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]}", found.span())
    return parts


def _count(text: str) -> int:
    return NUMBERS.get(text, 0) or int(text)


def _days(number: str, unit: str) -> float:
    each = {"m": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7, "month": 30}[UNITS[unit.rstrip("s")]]
    return min(_count(number) * each, 36_000)


def _ago(number: str, unit: str) -> str:
    letter = UNITS[unit.rstrip("s")]
    if letter == "month":
        return f"{30 * _count(number)}d"
    if _count(number) == 1 and letter in "dw":
        return "24h" if letter == "d" else "7d"
    return f"{_count(number)}{letter}"


def _month(name: str) -> int:
    return next(n for n, month in enumerate(MONTHS, start=1) if month.startswith(name[:3]))


def _day(text: str, today: dt.date) -> dt.date | None:
    """None for a day that there is not. A weekday is the last one before today, a day without a year the last one up to today."""
    text = text.removeprefix("last ").strip()
    if text in ("today", "yesterday"):
        return today - dt.timedelta(days=text == "yesterday")
    if text in DAYS:
        return today - dt.timedelta(days=(today.weekday() - DAYS.index(text) - 1) % 7 + 1)
    try:
        if re.fullmatch(_ISO, text):
            return dt.date.fromisoformat(text)
        name = re.search(_MONTH, text)
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        assert name is not None and numbers, "the pattern of a date holds both"
        month, day = _month(name[1]), numbers[0]
        if len(numbers) > 1:
            return dt.date(numbers[1], month, day)
        found = dt.date(today.year, month, day)
        return found if found <= today else dt.date(today.year - 1, month, day)
    except ValueError:
        return None
