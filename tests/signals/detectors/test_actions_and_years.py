"""Acts claimed without a call, and dates that cannot be meant: what counts, and what does not."""

import datetime as dt
import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import PREVIOUS_TURNS, Batch, Exchange, Finding, SpanFacts, Turn
from signals.detectors.text import Text

AT = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)  # a Friday


def call(name: str, arguments: str = "{}", result: str = '{"ok": true}') -> SpanFacts:
    return SpanFacts("a" * 16, "tool", name, "ok", "", result, arguments)


def found(
    key: str,
    answer: str,
    *calls: SpanFacts,
    question: str = "Please do it.",
    earlier: tuple[SpanFacts, ...] = (),
    turns_before: int = 0,
    agent_tools: frozenset[str] = frozenset(),
) -> list[Finding]:
    previous = [Exchange(Text("Hello"), Text("How can I help?"), earlier)] * (1 if earlier else turns_before)
    turn = Turn(
        uuid.uuid4(), Text(question), Text(answer), spans=list(calls), previous=previous, at=AT, agent_tools=agent_tools,
    )  # fmt: skip
    detector = DETECTORS[key]
    return [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]


READ = call("track_parcel")
GIT = call("git", '{"args": "tag -a v1"}', "")


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("I've filed the damage claim for you.", [READ]),
        ("Your refund request for the lamp has been submitted.", [READ]),
        ("I have booked you a call-back for 11:00.", [call("lookup_shop")]),
        ("I've looked it up and emailed the invoice to Ana.", [call("get_invoice")]),
        ("Ich habe für Sie einen Rückruf eingetragen.", [READ]),
        ("Der Schaden ist damit gemeldet.", [READ]),
        ("J'ai annulé votre billet.", [call("search_trips")]),
        ("He enviado el recibo a tu correo.", [call("get_receipt")]),
        ("Reservei a mesa para as oito.", [call("list_tables")]),
        ("The leave of 23 November has been cancelled.", [call("request_leave", "{}", '{"id": "LR-1"}')]),
        ("Tagged, and I've pushed the tag to origin.", [GIT]),
        (
            "All three suites were run, 57 tests passed.",
            [call("bash", '{"cmd": "go build ./..."}', "exit code 0")],
        ),
        ("I've exported the list to subscribers.csv.", [call("run_sql")]),
        ("I've restarted your router from here.", [call("get_line", "{}", '{"snr": 12}')]),
        ("I've opened a ticket for it.", [READ]),
        ("I'm sending it to your address right now.", [READ]),
        ("I've moved your visit to Tuesday.", [call("find_slot")]),
        ("I've alerted the electrician.", [READ]),
        ("That's been registered. Nothing else for you to do.", [READ]),
        ("Done, both parcels are now registered with customs.", [READ]),
        ("Filed: six claims for 2026.", [READ]),
        ("Done! Exported. list.csv is under Files.", [call("run_sql")]),
        ("I ran `docker builder prune -af`.", [call("read_file", '{"path": "Dockerfile"}')]),
    ],
)
def test_an_act_without_its_call(answer: str, calls: list[SpanFacts]) -> None:
    (match,) = found("action_without_call", answer, *calls)
    claim, measured = match.evidence[0], match.evidence[-1]
    assert answer[claim["start"] : claim["end"]] == claim["text"]
    assert measured["side"] == "signal" and calls[0].name in measured["text"]


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("I've filed the damage claim for you.", [call("claim", '{"action": "file"}')]),
        ("I've booked it.", [call("do_it")]),
        ("I've booked the ride.", [call("GetRide")]),
        ("Your order has already been cancelled.", [call("get_order", "{}", '{"status": "cancelled"}')]),
        ("Once I've booked it, you get a mail.", [READ]),
        ("Shall I say that I've sent it?", [READ]),
        ("I haven't sent anything.", [READ]),
        ("If the claim has been submitted, wait.", [READ]),
        ("I've listed the steps and written a draft.", [READ]),
        ("I've checked your parcel.", [READ]),
        ("I've moved the paragraph on parcels up.", [READ]),
        ("Has it been registered? Your account knows.", [READ]),
        ("Both are now cancelled.", [call("get_order", "{}", '{"status": "cancelled"}')]),
        ("Registered parcels take two days.", [READ]),
        ("Once it's been submitted, wait.", [READ]),
        ("I ran `nginx -t`, it is fine.", [call("bash", '{"cmd": "sudo nginx -t && date"}', "ok")]),
        ("I've pushed the tag.", [call("bash", '{"cmd": "./release.sh"}', "")]),
        ("I've pushed the tag.", [call("git", '{"args": "push --tags"}', "")]),
        ("All 57 tests passed.", [call("run_tests", "{}", "ok")]),
        ("Add 'I've sent it' to the note.", [READ]),
        ("You booked it yesterday.", [READ]),
        ("I've sent the PDF to your address.", [call("get_bill", "{}", '{"total": 4, "pdf": "sent"}')]),
        ("Your last bill has already been paid.", [READ]),
        ("It fills your limit although nothing has been booked.", [READ]),
        ("Die Überweisung ist gebucht.", [call("list_transactions", "{}", '[{"status": "booked"}]')]),
        ("I see your boots. However, once a return has been submitted it stays.", [READ]),
        ("I'm sending you the list as soon as you confirm.", [READ]),
        ("", [READ]),
    ],
)
def test_acts_that_were_done_or_not_claimed(answer: str, calls: list[SpanFacts]) -> None:
    assert not found("action_without_call", answer, *calls)


def test_only_agents_with_tools_and_earlier_calls_count() -> None:
    answer = "I've filed the damage claim for you."
    assert not found("action_without_call", answer), (
        "no tool was ever called: nobody knows whether it has any"
    )
    assert found("action_without_call", answer, earlier=(READ,))
    assert not found("action_without_call", answer, earlier=(call("file_claim"),)), "it may speak of that one"


def test_an_agent_that_acts_by_tools_elsewhere_could_have_called_one() -> None:
    answer = "Your colony has been registered."
    tools = frozenset({"track_parcel", "register_colony"})
    (match,) = found("action_without_call", answer, agent_tools=tools)
    assert match.evidence[-1]["text"] == "No tool was called in this turn."
    assert not found("action_without_call", answer, agent_tools=frozenset({"track_parcel"})), "it only reads"
    assert found("action_without_call", answer, agent_tools=tools, turns_before=PREVIOUS_TURNS - 1)
    assert not found("action_without_call", answer, agent_tools=tools, turns_before=PREVIOUS_TURNS), (
        "a call may lie before what is known"
    )


BOOKS = frozenset({"search_trains", "book_trip"})


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Book me the 9:52 to Warsaw.", "Your ticket to Warsaw on 18 November is booked."),
        ("Reserve a window seat please", "Your seat on the 16:30 is reserved. Reference GL-9."),
        ("can you book the hotel for me?", "The single room at Hotel Astoria is booked for you."),
        ("I want to cancel GL-48120", "It's cancelled. The money is on its way."),
        ("Can you add a bike to my booking?", "I've added a bicycle space to booking GL-48102."),
        ("Please move my booking to Friday", "Done! See you on Friday."),
        ("Bitte buchen Sie zwei Plätze", "Ihre Buchung ist bestätigt: ICE 599, zwei Plätze."),
        ("Reservieren Sie uns zwei Fahrradplätze", "Zwei Plätze sind zu Ihrer Buchung hinzugefügt."),
        ("Reservieren Sie uns zwei Fahrradplätze", "Erledigt! Gute Fahrt."),
        ("Pouvez-vous annuler ? Annulez ma place.", "C'est fait, votre réservation WF-6 est annulée."),
        ("Quiero reservar una mesa", "Su mesa está reservada para las ocho."),
        ("Pode cancelar a consulta?", "A sua consulta foi cancelada."),
    ],
)
def test_a_state_that_the_user_wanted_is_a_claim(question: str, answer: str) -> None:
    (match,) = found("action_without_call", answer, question=question, agent_tools=BOOKS)
    claim = match.evidence[0]
    assert answer[claim["start"] : claim["end"]] == claim["text"]
    assert not found("action_without_call", answer, question=question), "the agent has no tools"
    assert not found("action_without_call", answer, call("book_trip"), question=question, agent_tools=BOOKS)


@pytest.mark.parametrize(
    ("question", "answer", "calls"),
    [
        ("Is everything fine with my order?", "Your order is confirmed.", []),
        ("I booked a seat, and want to cancel it.", "Your seat is booked; shall I cancel it?", []),
        ("I want to cancel my trip", "Your trip is confirmed for Friday. Shall I cancel it?", []),
        ("Book me a seat in coach 1", "Coach 1 is reserved for members.", []),
        ("Book me a seat", "Your seat is not reserved.", []),
        ("Book me a seat", "Your seat is reserved once you pay.", []),
        ("Book me a seat", "The train is fully booked for your day.", []),
        ("Book me a seat", "Is your seat reserved?", []),
        ("Buchen Sie bitte", "Ihre Buchung ist noch nicht bestätigt.", []),
        ("Cancel it", "Your flight was cancelled by the airline.", []),
        (
            "Book it",
            "Your trip is confirmed.",
            [call("get_booking", "{}", '{"booking": "A1", "status": "confirmed"}')],
        ),
        ("Add a check to the function and send it", "I've added an account check to the function.", []),
        ("Write me a poem", "Done! Roses are red.", []),
    ],
)
def test_states_that_are_reports(question: str, answer: str, calls: list[SpanFacts]) -> None:
    assert not found("action_without_call", answer, *calls, question=question, agent_tools=BOOKS)


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("It should arrive on 9 December 2025.", [call("track", "{}", '{"eta": "2026-12-09"}')]),
        ("The invoice is to be paid by 27 November 2025.", []),
        ("You can file it online by 31 January 2026.", []),
        ("Die Rechnung ist fällig am 5. Dezember 2025.", []),
        ("À payer jusqu'au 5 décembre 2025.", []),
        ("Vence el 5 de diciembre de 2025.", []),
        ("The courier comes tomorrow, 24 November.", []),
        ("Er kommt morgen, 24. November.", []),
        ("It is on 24 November (tomorrow).", []),
        ("Your visit is on Monday, 24 November.", []),
        ("Sent.", [call("create_invoice", '{"due": "2025-12-04"}')]),
    ],
)
def test_dates_that_cannot_be_meant(answer: str, calls: list[SpanFacts]) -> None:
    (match,) = found("wrong_date", answer, *calls)
    assert match.evidence[-1]["side"] == "signal"


def test_a_question_about_last_week_that_asks_a_year_ago() -> None:
    query = call("run_sql", "{\"query\": \"WHERE day BETWEEN '2025-11-10' AND '2025-11-16'\"}", '{"n": 83}')
    (match,) = found("wrong_date", "83 last week.", query, question="how many did we get last week?")
    assert match.evidence[0]["span_id"] == query.span_id
    assert not found("wrong_date", "83.", query, question="and in the same week of last year?")
    assert not found("wrong_date", "83.", query, question="how many from 10 to 16 November 2025?")
    right = call("run_sql", "{\"query\": \"WHERE day BETWEEN '2026-11-09' AND '2026-11-15'\"}", '{"n": 83}')
    assert not found("wrong_date", "83 last week.", right, question="how many did we get last week?")


@pytest.mark.parametrize(
    ("answer", "calls", "question"),
    [
        ("It should arrive on 9 December 2026.", [call("track", "{}", '{"eta": "2026-12-09"}')], "When?"),
        ("It was due by 27 November 2025, so it is late.", [], "Is it late?"),
        ("The offer was valid until 5 December 2025.", [], "And?"),
        ("It expires on 5 December 2025.", [], "Does it expire in December 2025?"),
        ("It expires on 5 December 2025.", [call("card", "{}", '{"expires": "2025-12-05"}')], "When?"),
        ("The courier comes tomorrow, 21 November.", [], "When?"),
        ("If it comes tomorrow, 24 November is the first day.", [], "When?"),
        ("Your visit is on Tuesday, 24 November.", [], "When?"),
        ("The treaty was signed on 11 November 1918.", [], "When?"),
        ("Sent.", [call("create_invoice", '{"due": "2026-12-04"}')], "Send it."),
    ],
)
def test_dates_that_are_right_or_of_the_past(answer: str, calls: list[SpanFacts], question: str) -> None:
    assert not found("wrong_date", answer, *calls, question=question)
