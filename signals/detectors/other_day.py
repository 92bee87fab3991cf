"""A tool that acts was called with another day than the user named, and nobody named that day: "the 2nd" is booked as the 12th. Pure.

Silent where the day may be worked out ("tomorrow", "three nights"), where its number stands anywhere in the conversation, and where a
result holds it. English, German, French, Spanish and Portuguese.
"""

import re

from signals.detectors.acts import acts
from signals.detectors.batch import Evidence, SpanFacts, Turn, measured
from signals.detectors.dates import WEEKDAY_OF, Date, dates
from signals.detectors.phrases import piece
from signals.detectors.years_off import ISO, RELATIVE

WEEKDAY = re.compile(rf"\b(?:{'|'.join(map(re.escape, WEEKDAY_OF))})\b")
CHANGED = re.compile(
    r"\b(?:instead|actually|change|another|different|other|flexible|earliest|available|next|first|alternative|any|otherwise|or)\b"
)
SPAN_WORDS = re.compile(
    r"\b(?:nights?|days?|weeks?|months?|nächte|tage|wochen?|nuits|jours|semaines?|noches|días|semanas?|noites|dias)\b"
)
DUE_KEYS = re.compile(r'"(?:due|due_date|created|updated|sent|until|valid_until|expires)": ?"?$')
DAY = re.compile(r"(?<!\d)[0-3]?\d(?!\d)")
CLOSE = 15  # days: further away it is no slip of the day that was named
READ = 20_000


def other_day(turn: Turn) -> list[Evidence]:
    """A call that acts is about a day near the one that the user named, and nobody named that day."""
    calls = [span for span in turn.spans if span.kind == "tool" and acts(span)]
    if not calls or not ISO.search("".join(span.input for span in calls)):
        return []
    own = turn.input.normal
    plain = own
    for date in reversed(dates(turn.input)):
        plain = plain[: date.start] + plain[date.end :]
    if RELATIVE.search(plain) or WEEKDAY.search(plain) or CHANGED.search(plain):
        return []
    texts = [*(old.input for old in turn.previous), turn.input]
    if any(SPAN_WORDS.search(text.normal) for text in texts):
        return []
    given = [date for text in texts[-3:] for date in dates(text)]
    if not given:
        return []
    numbers = {
        int(day)
        for text in [*texts, *(old.output for old in turn.previous)]
        for day in DAY.findall(text.normal)
    }
    for span in calls:
        if wrong := _unnamed_day(span, given, numbers, turn):
            sentence = f"{span.name} was called with {wrong}, which nobody named."
            named = given[-1]
            place = next(text for text in texts[::-1] if named in dates(text))
            pieces = [measured(sentence, span=span)]
            return [piece("user", place, named.start, named.end), *pieces] if place is turn.input else pieces
    return []


def _unnamed_day(span: SpanFacts, given: list[Date], numbers: set[int], turn: Turn) -> str:
    results = [other.output[:READ] for old in turn.previous for other in old.spans]
    results += [other.output[:READ] for other in turn.spans if other is not span and not acts(other)]
    for match in ISO.finditer(span.input):
        month, day = int(match[2]), int(match[3])
        if DUE_KEYS.search(span.input[: match.start()]) or any(match[0] in text for text in results):
            continue
        # "11 to 13 December": the number alone is enough.
        if day in numbers:
            continue
        if any(_near(date, month, day) for date in given):
            return match[0]
    return ""


def _near(date: Date, month: int, day: int) -> bool:
    """The same month and not far, or the same month where none was said."""
    return date.month in (None, month) and 0 < abs(date.day - day) <= CLOSE
