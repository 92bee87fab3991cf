"""Dates that cannot be meant, seen from the event's time: a date that is past and offered as to come, a year other than the tool's,
"tomorrow" beside a date that is not, a tool asked about a year ago for "last week". Pure.

Nothing counts that the user named, or that a tool named which was not asked about it. English, German, French, Spanish and Portuguese.
"""

import datetime as dt
import re

from signals.detectors.batch import Evidence, SpanFacts, Turn, measured
from signals.detectors.dates import Date, dates
from signals.detectors.phrases import piece, sentence_start
from signals.detectors.text import Text

ISO = re.compile(r"(?<![\d-])(20\d\d)-(\d\d)-(\d\d)(?!\d)")
# Before a date in its sentence: it is still to come.
TO_COME = re.compile(
    r"\b(?:by|due(?: on| by)?|deadline (?:is|of|will be)|payable|to be paid|pay (?:it )?by|file (?:it )?(?:\w+ )?by|expires?(?: on)?|will (?:be|arrive|take|start|end)|should (?:arrive|reach|be)|expected(?: on)?|arrives?(?: on)?|"
    r"scheduled for|booked for|next [a-z]+|upcoming|valid until|until|fällig(?: am)?|bis(?: zum)?|spätestens|voraussichtlich|wird|frist|échéance|jusqu'au|avant le|prévue?(?: le| pour)?|sera|vence(?: el)?|hasta(?: el)?|antes del?|será|"
    r"até(?: ao?)?|prazo|programad[oa] para)\b[^.!?\n]{0,24}$"
)
PAST = re.compile(
    r"\b(?:was|were|had|ended|expired|passed|closed|ran|ago|since|last|been|missed|overdue|issued|started|already|history|updated|war|wurde|hatte|seit|était|étaient|depuis|fue|era|desde|foi|venceu|venció)\b"
)
NAMED_DAYS = {
    "today": 0, "tonight": 0, "heute": 0, "aujourd'hui": 0, "hoy": 0, "hoje": 0, "tomorrow": 1, "morgen": 1, "demain": 1, "mañana": 1, "amanhã": 1, "yesterday": -1, "gestern": -1, "hier": -1, "ayer": -1, "ontem": -1,
}  # fmt: skip
BESIDE = re.compile(
    rf"(?<![\w'])(?P<word>{'|'.join(NAMED_DAYS)})(?P<gap>,? (?:\(|-+ ?|on |am |le |el |dia |the |is |ist |est |es |é )?)$"
)
BEHIND = re.compile(
    rf" ?(?:\(|, |- )(?:(?:that's|i\.e\.|also|c'est|es|é) )?(?P<word>{'|'.join(NAMED_DAYS)})\b(?!['-])"
)
RELATIVE = re.compile(
    r"\b(?:(?:last|this|next|past|current) (?:week|month|quarter|year|weekend|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|today|tomorrow|yesterday|(?:letzte|diese|nächste)[nrs]? (?:woche|monat|quartal|jahr)|heute|morgen|gestern|"
    r"(?:semaine|mois|trimestre) (?:dernière|dernier|prochaine?)|cette semaine|ce mois|aujourd'hui|demain|hier|(?:semana|mes|trimestre) (?:pasad[oa]|próxim[oa])|est[ea] (?:semana|mes|trimestre|año)|en lo que va de|hoy|ayer|"
    r"(?:semana|mês|trimestre) passad[oa]|est[ea] (?:semana|mês|trimestre|ano)|hoje|amanhã|ontem)\b"
)
YEARS_AGO = re.compile(
    r"\b(?:last|previous|prior|past) years?\b|\byears? (?:ago|before|earlier|over year|on year)\b|yoy|letzte[ns]? jahr|vorjahr|l'an dernier|l'année dernière|año pasado|ano passado|compar|\bvs\b|history|trend|since|old"
)
DUE = re.compile(
    r'"(?:due|due_date|dueDate|due_on|deadline|pay_by|payment_due|check_?in|checkin_date|departure|departure_date|depart|delivery_date|pickup_date|appointment|appointment_date)": ?"(20\d\d)-(\d\d)-(\d\d)'
)
CLOCK = dt.timedelta(days=1)  # the user's time zone is not known
PAST_BY = dt.timedelta(days=45)
OLDEST = dt.timedelta(days=800)
YEAR_OFF = dt.timedelta(days=120)
READ = 4000


def dates_off(turn: Turn) -> list[Evidence]:
    """What was said or asked, each with a sentence beside it that says why it cannot be."""
    if turn.at is None:
        return []
    pieces: list[Evidence] = []
    for date in dates(turn.output):
        if sentence := _off(date, turn, turn.at):
            pieces += [piece("assistant", turn.output, date.start, date.end), measured(sentence)]
    for span in turn.spans:
        if sentence := _asked_a_year_off(span, turn, turn.at):
            pieces.append(measured(sentence, span=span))
    return pieces[:6]


def _off(date: Date, turn: Turn, at: dt.datetime) -> str:
    if date.month is None:
        return ""
    normal = turn.output.normal
    today = f"The event is of {at:%A, %-d %B %Y}."
    if (word := _named_day(date, normal)) is not None:
        day = date.near(at.date())
        meant = at.date() + dt.timedelta(days=NAMED_DAYS[word])
        # A year says which day it is; without one a far day may be that of an example.
        if (
            day
            and abs(day - meant) > CLOCK
            and (abs(day - meant) < dt.timedelta(days=60))
            and not _user_named(date, turn)
        ):
            return today
        return ""
    day = date.full
    if day is None or year_named(turn, day.year):
        return ""
    if (other := tools_year(day, turn)) is not None:
        return f"The tool's result says {other:%-d %B %Y}."
    begin = sentence_start(normal, date.start - 1) if date.start else 0
    before = normal[begin : date.start]
    if PAST_BY < at.date() - day < OLDEST and TO_COME.search(before) and not PAST.search(before):
        return "" if _tool_knew(day, turn) else today
    return ""


def _named_day(date: Date, normal: str) -> str | None:
    """ "tomorrow, 5 November", "5 November (tomorrow)"."""
    before = BESIDE.search(normal, max(0, date.start - 24), date.start)
    match = before or BEHIND.match(normal, date.end)
    if match is None or re.search(
        r"\b(?:if|from|than|between|and|guten|until|by)\b[^.!?\n]{0,12}$",
        normal[max(0, match.start() - 20) : match.start()],
    ):
        return None
    return match["word"]


def _user_texts(turn: Turn) -> list[Text]:
    return [turn.input, *(old.input for old in turn.previous)]


def _user_named(date: Date, turn: Turn) -> bool:
    return any(
        (date.day, date.month) == (other.day, other.month)
        for text in _user_texts(turn)
        for other in dates(text)
    )


def year_named(turn: Turn, year: int) -> bool:
    """The user did."""
    return any(str(year) in text.normal for text in _user_texts(turn))


def _calls(turn: Turn) -> list[SpanFacts]:
    return [*(span for old in turn.previous for span in old.spans), *turn.spans]


def tools_year(day: dt.date, turn: Turn) -> dt.date | None:
    """The same day and month of another year, where that alone stands in the tools' results."""
    known = {
        (int(match[1]), int(match[2]), int(match[3]))
        for span in _calls(turn)
        for match in ISO.finditer(span.output[:READ])
    }
    same = [one for one in known if one[1:] == (day.month, day.day)]
    if (
        not same
        or any(year == day.year for year, *_ in same)
        or any(str(day.year) in span.output[:READ] for span in _calls(turn))
    ):
        return None
    if len({year for year, *_ in same}) > 1 or abs(same[0][0] - day.year) > 2:
        return None
    return dt.date(*same[0])


def _tool_knew(day: dt.date, turn: Turn) -> bool:
    """A tool named the year that was not asked about it: the date is the tool's."""
    return any(str(day.year) in span.output and str(day.year) not in span.input for span in _calls(turn))


def _asked_a_year_off(span: SpanFacts, turn: Turn, at: dt.datetime) -> str:
    """The call is about the same time of the year before, though the user spoke of now."""
    if span.kind != "tool" or str(at.year - 1) not in span.input:
        return ""
    last = at.year - 1
    own = turn.input.normal
    if year_named(turn, last) or any(YEARS_AGO.search(text.normal) for text in _user_texts(turn)):
        return ""
    if any(str(last) in old.output.normal for old in turn.previous) or _read_before(span, turn, last):
        return ""
    near = [
        day
        for match in ISO.finditer(span.input)
        if (day := _a_year_on(match, last)) and abs(day - at.date()) <= YEAR_OFF
    ]
    if not near or str(at.year) in span.input and not DUE.search(span.input):
        return ""
    due = [match for match in DUE.finditer(span.input) if int(match[1]) == last]
    exact = any(abs(day - at.date()) <= CLOCK for day in near)
    if RELATIVE.search(own) or exact or due:
        shown = (
            due[0][0]
            if due
            else next(match[0] for match in ISO.finditer(span.input) if int(match[1]) == last)
        )
        return f"{span.name} was called with {shown} on {at:%-d %B %Y}."
    return ""


def _read_before(span: SpanFacts, turn: Turn, year: int) -> bool:
    """Another call's result named the year first."""
    return any(
        other is not span and str(year) in other.output[:READ] and str(year) not in other.input
        for other in _calls(turn)
    )


def _a_year_on(match: re.Match[str], year: int) -> dt.date | None:
    try:
        return dt.date(year + 1, int(match[2]), int(match[3])) if int(match[1]) == year else None
    except ValueError:
        return None
