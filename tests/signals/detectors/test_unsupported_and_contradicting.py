"""Values that nothing supports, contradictions that can be read, and questions for what was given: what counts, and what does not."""

import datetime as dt
import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, SpanFacts, Turn
from signals.detectors.text import Text

AT = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
Said = tuple[str, str]


def call(name: str, result: str, arguments: str = "{}") -> SpanFacts:
    return SpanFacts("a" * 16, "tool", name, "ok", "", result, arguments)


def found(
    key: str,
    question: str,
    answer: str,
    *calls: SpanFacts,
    before: tuple[Said, ...] = (),
    earlier: tuple[SpanFacts, ...] = (),
) -> list[Finding]:
    previous = [Exchange(Text(user), Text(agent), earlier) for user, agent in before]
    turn = Turn(uuid.uuid4(), Text(question), Text(answer), spans=list(calls), previous=previous, at=AT)
    detector = DETECTORS[key]
    matches = [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]
    for match in matches:
        for piece in match.evidence:
            text = {"user": question, "assistant": answer}.get(piece["side"])
            assert text is None or text[piece["start"] : piece["end"]] == piece["text"]
    return matches


TRACK = call("track", '{"status": "delivered", "cover_gbp": 131.60, "eta": "2026-12-09"}')
NOTHING = call("search_trips", '{"trips": [], "radius": 10}')


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("Your claim number is CL-20418.", [TRACK]),
        ("The confirmation code is XK42PQ.", [TRACK]),
        ("Ihre Buchungsnummer lautet 88201734.", [TRACK]),
        ("La referencia es RS-5521.", [TRACK]),
        ("You receive 161.30 GBP.", [TRACK]),
        ("There is one at 10:27, arriving at 15:14.", [NOTHING]),
        ("The cheapest is £41.50.", [call("search", "[]")]),
        ("You are booked at 10:15 for Monday.", [call("book", '{"error": "invalid_code"}')]),
        ("It should arrive on 9 December 2025.", [TRACK]),
    ],
)
def test_values_out_of_nowhere(answer: str, calls: list[SpanFacts]) -> None:
    assert found("unsupported_value", "And?", answer, *calls)


@pytest.mark.parametrize(
    ("question", "answer", "calls"),
    [
        ("My claim is CL-20418", "Your claim number is CL-20418.", [TRACK]),
        ("And?", "Your claim number is CL-20418.", [call("claim", '{"claim": "CL20418"}')]),
        (
            "And?",
            "A claim number is usually like this: reference is CL-12345 for example.",
            [call("x", "CL12345")],
        ),
        ("And?", "You receive 131.60 GBP.", [TRACK]),
        ("And?", "You receive £263.20 for two.", [TRACK]),
        ("And?", "The fee is £25 and cover is £131.60.", [TRACK]),
        ("And?", "There is none at 10:27.", [NOTHING]),
        ("Is there one at 10:27?", "Nothing leaves at 10:27.", [NOTHING]),
        ("Around 10:27 please", "I looked around 10:27 and later.", [NOTHING]),
        ("And?", "It should arrive on 9 December 2026.", [TRACK]),
        ("And?", "It arrives at 10:15.", [TRACK]),
    ],
)
def test_values_that_are_known_or_may_be(question: str, answer: str, calls: list[SpanFacts]) -> None:
    assert not found("unsupported_value", question, answer, *calls)


def test_an_agent_without_tools_is_not_asked_for_sources() -> None:
    assert not found("unsupported_value", "And?", "Your claim number is CL-20418.")


def test_another_currency_for_the_same_figure() -> None:
    before = (("Invoice Pine for 32 hours at 150 USD", "That is $4,800. Send it?"),)
    assert found("contradiction", "yes send it", "Sent: €4,800.00 in all.", before=before)
    assert not found("contradiction", "yes send it", "Sent: $4,800.00 in all.", before=before)
    assert not found("contradiction", "what is that in euros?", "About €4,800.", before=before)
    assert not found("contradiction", "yes send it", "The postage is €12.", before=before), "another figure"
    rate = call("rate", '{"currency": "EUR", "total": 4800}')
    assert not found("contradiction", "yes", "It is €4,800.", rate, before=before), "the tool says so"


def test_another_number_of_people() -> None:
    before = (("A train for 3 people on Saturday", "For 3 people there is the 9:33."),)
    assert found("contradiction", "book it", "It's booked for one person.", before=before)
    assert not found("contradiction", "book it", "It's booked for 3 people.", before=before)
    assert not found("contradiction", "actually only for one", "It's booked for one person.", before=before)
    assert not found("contradiction", "book it", "One person may bring a bike.", before=before)


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ("It was refused. I told you otherwise; that was wrong.", True),
        ("I have no tool for that; the earlier promises were wrong.", True),
        ("I told you about the fee, and it still applies.", False),
        ("If what you read earlier was wrong, tell me.", False),
    ],
)
def test_its_own_word(answer: str, holds: bool) -> None:
    assert bool(found("contradiction", "So?", answer, before=(("Book it", "Done."),))) == holds


@pytest.mark.parametrize(
    ("question", "day", "holds"),
    [
        ("Move it to Tuesday the 24th", "2026-11-25", True),
        ("Depart on 2 December, return on 9 December", "2026-12-12", True),
        ("Depart on 2 December, return on 9 December", "2026-12-09", False),
        ("Depart on 2 December for three nights", "2026-12-05", False),
        ("From 11 to 13 December", "2026-12-11", False),
        ("Not on 2 December but any other day", "2026-12-04", False),
        ("2 December, or the Friday after", "2026-12-04", False),
    ],
)
def test_a_call_for_another_day_than_was_named(question: str, day: str, holds: bool) -> None:
    booking = call("book", '{"ok": true}', f'{{"date": "{day}"}}')
    assert bool(found("wrong_date", question, "It is booked.", booking)) == holds


@pytest.mark.parametrize(
    ("question", "answer", "holds"),
    [
        (
            "Send it to 17b Cobbler's Row, Ludlow",
            "Please give me the new delivery address, with postcode.",
            True,
        ),
        ("Bitte an die Mühlenstraße 12, Kassel", "Wie lautet die neue Adresse?", True),
        ("14 dec to 18 dec off", "Happy to help. What dates would you like?", True),
        ("Send it somewhere else", "Please give me the new delivery address.", False),
        ("Send it to 17b Cobbler's Row", "Would you like to update the address?", False),
        ("I need some days off", "What dates would you like?", False),
    ],
)
def test_asking_for_an_address_or_dates_that_were_given(question: str, answer: str, holds: bool) -> None:
    assert bool(found("forgetting", question, answer)) == holds
