"""Figures that are wrong by themselves: what counts, what does not, and the parsers underneath."""

import datetime as dt
import uuid
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, SpanFacts, Turn
from signals.detectors.dates import WEEKDAY_OF, dates_in
from signals.detectors.equations import wrong_equations
from signals.detectors.numbers import amounts_in, currencies, read_number, values
from signals.detectors.text import Text

AT = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)  # a Monday


def found(answer: str, *, question: str = "Go on.", tool: str = "", before: str = "") -> list[Finding]:
    spans = [SpanFacts("a" * 16, "tool", "track", "ok", "", tool)] if tool else []
    previous = [Exchange(Text(before), Text("Yes?"))] if before else []
    turn = Turn(uuid.uuid4(), Text(question), Text(answer), spans=spans, previous=previous, at=AT)
    detector = DETECTORS["wrong_arithmetic"]
    return [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]


@pytest.mark.parametrize(
    "answer",
    [
        "That's 12 boxes. 12 × 35 = 430 minutes.",
        "Area = 7 × 5 × 9 = 325 cm³",
        "So we get 81 − 27 = 64 °C.",
        "First 4 + 18 · 3 = 68, then we go on.",
        "Together 50 + 48 = 108.",
        "120 × £36 = £4,420, plus the staff.",
        "7 plus 6 makes 14",
        "11 x 9 is 98",
        "2^6 = 62",
        "3² + 4² = 26",
        "200 € × 19 % = 48 €",
        "1.234,50 € + 100 € = 1.434,50 €",
        "5 mal 7 ist 36.",
        "6 fois 7 font 43.",
        "8 por 6 son 49.",
        "9 vezes 4 é 38.",
        "15 % of 80 is 14.",
        "15 % von 200 sind 35.",
        "20 % de 150 est 40.",
        "That makes 203, which is 24 % of 1,450.",
        "3 tickets at $45 each come to $145.",
        "- Bus 18 EUR\n- Flight 29 EUR\n- Taxi 12 EUR\n\nTotal: 69 EUR.",
        "- Lisbon 96,200\n- Porto 71,300\n- Faro 80,100\n\nGrand total: 257,600",
        "You pay CHF 34.20 for A, CHF 34.20 for B and CHF 17.10 for C: CHF 95.50 in total.",
        "It's booked: £66.00 including £13.20 VAT (20 % VAT), so £52.80 net.",
        "It arrives on Wednesday, 5 November.",
        "Zustellung am Montag, 17. November 2026.",
        "Le train part samedi 4 décembre.",
        "El martes 25 de noviembre.",
        "Na terça-feira, 25 de novembro.",
        "You started on November 10 and have 14 days, so your last day is November 21.",
    ],
)
def test_wrong_figures_are_seen_with_what_they_should_be(answer: str) -> None:
    matches = found(answer)
    assert len(matches) == 1
    claim, measured = matches[0].evidence[:2]
    assert claim["side"] == "assistant" and answer[claim["start"] : claim["end"]] == claim["text"]
    assert measured["side"] == "signal" and any(character.isdigit() for character in measured["text"])


@pytest.mark.parametrize(
    "answer",
    [
        "12 × 35 = 420 minutes.",
        "2x + 3 = 7, so x = 2.",
        "3/4 = 0.75 and 1/3 + 1/3 = 2/3",
        "10 ÷ 3 = 3.33",
        "10 ÷ 3 = 3 R 1",
        "1 3/4 + 2 = 3 3/4",
        "h = v²/(2g) = 400 / (2 × 9.8) = 20.4 m",
        "5! / 3! = 20 and √16 + 2 = 6",
        "10 + 5 = 15 + 3 = 18",
        "1,234 × 2 = 2,468 and 1.234 × 2 = 2.468",
        "365 × 24 × 60 = 525,600",
        "100 + 20% = 120",
        "9:30 + 45 = 10:15",
        "3 × 40 min = 2 h",
        "(83-58)/58*100 = 43.1%",
        "1 + 1 = 10 in binary",
        "You wrote 7 × 8 = 54, but look again.",
        "Two halves do not make it: 2 + 2 is not 5.",
        "The year 2025/26 is 31 weeks long.",
        "- £2,460.00 × 12 % × 86 / 365 = £69.55",
        "`a = 3 + 4 = 8`",
        "3 + 4 ≈ 7.2 or so",
        "about 15 % of 80 is about 12",
        "- Bus 18 EUR\n- Flight 29 EUR\n\nTotal: 47 EUR.",
        "- Bus 18 EUR\n- Flight 29 EUR\n\nTotal: 180 EUR.",
        "- Tea 3.00\n- Cake 4.50 per piece\n\nTotal: 12.00",
        "- Bus 18 EUR\n- Flight 29 USD\n\nTotal: 57 EUR.",
        "It is £66.00 including £11.00 VAT (20 % VAT), so £55.00 net.",
        "Half now, half later: £540, £216 and £324. The deposit is 40 %.",
        "It arrives on Thursday, 5 November.",
        "On Monday, 3 November 1975 it happened.",
        "Every Friday 13th somebody asks.",
        "You started on November 10 and have 14 days, so your last day is November 24.",
        "",
        "ok",
    ],
)
def test_right_figures_and_what_cannot_be_checked_are_not(answer: str) -> None:
    assert not found(answer)


def test_what_the_user_reckoned_is_not_the_agents() -> None:
    assert not found("12 × 35 = 430 is what you have.", question="I get 12 × 35 = 430")
    assert not found("See you Wednesday, 5 November.", question="Can we meet on Wednesday, 5 November?")


def test_a_conversation_of_another_time_has_its_own_weekdays() -> None:
    """The tool's year, and the user's own pairs, tell which clock holds."""
    assert not found("It arrives on Wednesday, 5 November.", tool='{"eta": "2025-11-05"}')
    assert not found("So Friday, 8 November.", before="I leave on Thursday, 7 November")


def test_a_sum_that_the_user_asked_for() -> None:
    question = "what is the total of catering 3,250, tent 1,875 and band 1,400?"
    assert found("Total of the three: 6,425.", question=question)
    assert not found("Total of the three: 6,525.", question=question)
    assert not found("Total of the three: 6,425.", question=question, tool="6425"), "a tool may know better"


def test_a_day_is_no_figure_of_the_users() -> None:
    question = "I sold 32 on 12 May, 40 on 13 May and 25 on 14 May. What is the total?"
    assert not found("Total: 97.", question=question)
    assert found("Total: 107.", question=question)


# -- the parsers

GERMAN = ["januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "dezember"]  # fmt: skip
FRENCH = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"]  # fmt: skip
SPANISH = ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"]  # fmt: skip
WHOLE = st.integers(min_value=0, max_value=10**9)


@given(WHOLE, st.integers(min_value=0, max_value=99))
def test_a_number_is_read_as_it_was_written(whole: int, cents: int) -> None:
    value = Decimal(whole) + Decimal(cents) / 100
    english = f"{whole:,}.{cents:02}"
    assert read_number(english, ".") == value
    assert read_number(english.translate(str.maketrans(",.", ".,")), ",") == value
    assert read_number(english.replace(",", " "), ".") == value
    assert value in values(english)


@given(st.text(alphabet="0123456789., '", max_size=12))
def test_no_text_breaks_the_reading_of_numbers(text: str) -> None:
    assert all(value >= 0 for value in values(text))


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2090, 1, 1)))
def test_a_date_is_read_in_every_language(day: dt.date) -> None:
    german = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
    french = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    spanish = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
    month = day.month - 1
    for text in (
        f"{day:%A, %-d %B %Y}".lower(),
        f"{day:%B %-d, %Y} (a {day:%A})".lower(),
        f"{day:%A} {day.isoformat()}".lower(),
        f"{german[day.weekday()]}, den {day.day}. {GERMAN[month]} {day.year}",
        f"{french[day.weekday()]} {day.day} {FRENCH[month]} {day.year}",
        f"{spanish[day.weekday()]} {day.day} de {SPANISH[month]} de {day.year}",
    ):
        (date,) = dates_in(text)
        assert (date.full, date.weekday) == (day, day.weekday()), text


@given(st.text(alphabet="0123456789-/. mayjune,thst5of", max_size=30))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    for date in dates_in(text):
        assert 1 <= date.day <= 31 and text[date.start : date.end].strip()


NUMBERS = st.integers(min_value=2, max_value=99)


@given(st.lists(NUMBERS, min_size=2, max_size=5), st.lists(st.sampled_from("+-×"), min_size=4, max_size=4))
def test_an_equation_is_wrong_exactly_when_its_result_is(numbers: list[int], operators: list[str]) -> None:
    expression = str(numbers[0])
    for operator, number in zip(operators, numbers[1:], strict=False):
        expression += f" {operator} {number}"
    true = eval(expression.replace("×", "*"))  # our own digits and signs
    assert not list(wrong_equations(Text(f"So {expression} = {true}.")))
    # "= 140 000" may be rounded to what is shown.
    assume((true + 7) % 100 != 0)
    (wrong,) = wrong_equations(Text(f"So {expression} = {true + 7}."))
    assert wrong.result == true


@given(NUMBERS, NUMBERS, st.integers(min_value=0, max_value=4))
def test_a_quotient_may_be_rounded(a: int, b: int, digits: int) -> None:
    quotient = Fraction(a, b)
    for shown in (f"{float(quotient):.{digits}f}",):
        assert not list(wrong_equations(Text(f"So {a} ÷ {b} = {shown}")))


@given(st.text(alphabet="0123456789+-×/=().,%x€ ²", max_size=30))
def test_no_text_breaks_the_reading_of_equations(text: str) -> None:
    for wrong in wrong_equations(Text(text)):
        assert 0 <= wrong.start < wrong.end <= len(text)


def test_money_is_told_by_its_sign_or_word() -> None:
    assert [(one.words, one.currency) for one in amounts_in("€4,185 and 84 quid, chf 12.50")] == [
        ("4,185", "eur"),
        ("84", "gbp"),
        ("12.50", "chf"),
    ]
    assert currencies("six at $650, then £20") == {"usd", "gbp"}


def test_weekdays_have_seven_days_in_each_language() -> None:
    assert set(WEEKDAY_OF.values()) == set(range(7))


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("Two nights are €190.00, and with the ticket of €48.50 your total comes to €248.50.", ""),
        ("12 × £30 = £360. With the £145 from October the total is £550.", ""),
        ("They add up to €65.15. After the fee of €10 you received €57.15.", ""),
        ("Together €1,224.80, less €400 paid, balance €784.80.", ""),
        ("€74.10 on 5 August, €79.65 on 7 September and €91.30 on 5 October. That makes €235.05 in total.", ""),
        ("Zoll 9,62 €, Einfuhr 59,00 €, Pauschale 6,00 €. Insgesamt 84,62 €, zahlbar bis Montag.", ""),
        ("Your refunds of €23.40 and €41.75 add up to €55.15.", ""),
        ("It is €44.90 per adult and a seat is €5.20 each. For three adults that makes €139.70 in total.", ""),
        ("Ein Ticket kostet 40,00 €, mit Karte 30,00 €. Für vier Personen sind das insgesamt 110,00 €.", ""),
        ("Zusammen macht das 139,75 €.", "zwei erwachsene je 59,90 und ein kind 29,95, was macht das zusammen"),
        ("Your total is €248.50.", "Two nights at 95 euro and a ticket 48.50, what's my total?"),
    ],
)  # fmt: skip
def test_a_sum_in_words_that_is_wrong(answer: str, question: str) -> None:
    (match,) = found(answer, question=question or "Go on.")
    assert [piece["side"] for piece in match.evidence] == ["assistant", "signal"]


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("Two nights are €190.00, and with the ticket of €48.50 your total comes to €238.50.", ""),
        ("Two nights are €190.00, and with the ticket of €48.50 your total comes to about €239.", ""),
        ("They add up to €65.15. After the fee of €10 you received €55.15.", ""),
        ("€74.10 in May, €79.65 in June and €91.30 in July. That makes €245.05 in total.", ""),
        ("€74.10 in May, €79.65 in June and €91.30 in July. Your limit is €200 in total.", ""),
        ("Duty €9.60, tax €5.00 and handling €6.00. With VAT that makes €25 in total.", ""),
        ("The price is €65.15 per night. After the stay you get €50 back.", ""),
        ("It is €44.90 per adult and a seat is €5.20 each. For three adults that makes €150.30 in total.", ""),
        ("It is €44.90 per adult and a seat is €5.20 each. For three adults that makes €134.70 in total.", ""),
        ("A ticket is €40, with a card €30. For four people that makes €130 in total.", ""),
        ("It is €40 per adult and €20 per child. For three people that makes €110 in total.", ""),
        ("The total is €149.75.", "zwei erwachsene je 59,90 und ein kind 29,95, was macht das zusammen"),
        ("The total is €139.75.", "two adults at 59.90 and a child 29.95 with a discount, what is the total"),
        ("The total is $139.75.", "two adults at 59.90 and a child 29.95 on 12 May, what does that make"),
        ("$50.00 plus €20.00 comes to a total of €65.00.", ""),
    ],
)  # fmt: skip
def test_a_sum_in_words_that_is_right_or_can_be_explained(answer: str, question: str) -> None:
    assert not found(answer, question=question or "Go on.")
