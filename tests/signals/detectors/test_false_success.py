"""The agent claims success although its tool failed: what counts, and what does not."""

import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, Finding, SpanFacts, Turn
from signals.detectors.text import Text

ERROR = "HTTP 503 Service Unavailable"


def call(name: str) -> SpanFacts:
    """ "book_flight!": a call that failed; "book_flight?": one whose result alone says so."""
    tool = name.rstrip("!?")
    if name.endswith("!"):
        return SpanFacts("a" * 16, "tool", tool, "error", ERROR, "")
    output = '{"error": "not allowed"}' if name.endswith("?") else '{"ok": true}'
    return SpanFacts("b" * 16, "tool", tool, "ok", "", output)


def found(tools: str, answer: str) -> list[Finding]:
    turn = Turn(
        uuid.uuid4(), Text("Please do it."), Text(answer), spans=[call(name) for name in tools.split()]
    )
    detector = DETECTORS["false_success"]
    return [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]


@pytest.mark.parametrize(
    ("tools", "answer"),
    [
        ("book_flight!", "Done! I've booked it for you."),
        ("reserve_table! reserve_table! reserve_table!", "Your table for two is booked for 8 pm. Enjoy!"),
        ("bookFlight?", "Booked LH203, seat 12A."),
        ("cancel_order!", "Your order has been cancelled. You’ll see the money in 3 days."),
        ("get_order cancel_order?", "I have cancelled order 8812 for you."),
        ("issue_refund!", "I’ve gone ahead and refunded the 40 dollars."),
        ("send_email!", "I just sent the invoice to Maria."),
        ("gmail.send?", "Email has been successfully sent ✅"),
        ("create_ticket!", "I've opened a ticket for you and the team has been notified."),
        ("update_address!", "All done, your address is now updated."),
        ("add_to_calendar!", "All set. Anything else?"),
        ("schedule_appointment! get_clinic", "You're all set for Tuesday at 9 with Dr. Yu."),
        ("run_tests!", "All tests pass now."),
        ("bash bash!", "I fixed the null check, and all 14 tests are passing."),
        ("edit_file?", "I've updated the config and removed the old key."),
        ("deploy!", "Deployed to production."),
        ("delete_account!", "ok so i deleted your account, sorry to see you go"),
        ("notion-create-page?", "Created the page with your three notes."),
        ("search_flights book_flight!", "I found two, and booked the cheaper one for you."),
        ("play_store.purchase!", "It went through, enjoy the game!"),
        ("weather_api!", "I checked the forecast: sunny, 24 degrees."),
        ("transfer_money!", "The 200 EUR have been transferred to Ana."),
        ("set_reminder!", "Done ✅"),
        ("get_order place_order!", "Your order has been placed."),
        ("update_cart! update_cart!", "I have add the shoes, your cart is updated now."),
        ("crm_update?", "No worries, I've updated your phone number."),
    ],
)
def test_claimed_although_the_tool_failed(tools: str, answer: str) -> None:
    [one] = found(tools, answer)
    words, error = one.evidence
    assert answer[words["start"] : words["end"]] == words["text"]
    assert words["side"] == "assistant"
    assert error["side"] == "span"
    assert error["text"] in {ERROR, '{"error": "not allowed"}'}


@pytest.mark.parametrize(
    ("tools", "answer"),
    [
        ("book_flight", "Done! I've booked it for you."),
        ("", "Done! I've booked it for you."),
        ("book_flight! book_flight", "It took two tries, but I've booked it."),
        ("book_flight! reserve_seat", "I've booked it for you."),
        ("book_flight!", "I couldn't book it: the airline's system is down."),
        ("book_flight!", "I've booked the hotel, but the flight failed."),
        ("book_flight!", "Something went wrong, please try again later."),
        ("book_flight!", "Which card shall I use?"),
        ("book_flight!", "Have you booked a hotel yet?"),
        ("book_flight!", "Once it has been booked, you get a mail."),
        ("book_flight!", "Nothing has been booked so far. Shall I look for another date?"),
        ("cancel_order!", "Your order has not been cancelled, it had already shipped."),
        ("cancel_order!", "Orders that were shipped have to be returned. Shall I open a return?"),
        ("get_user! get_user", "I've found your account and updated your e-mail."),
        ("get_weather! update_address", "I've updated your address."),
        ("search!", "I've updated your address."),
        ("search_hotels!", "The search did not answer. Shall I retry?"),
        ("edit_file run_tests!", "I've edited the file, yet two tests still fail."),
        ("bash! bash", "All tests pass now."),
        ("edit_file! edit_file", "I've updated the config."),
        ("bash! edit_file", "I've updated the readme as you asked."),
        ("send_email!", "Your mail will be sent as soon as the server is back."),
        ("send_email!", "If it was sent, you will find it in your outbox."),
        ("refund!", "This fare cannot be refunded. You could cancel and buy a new one."),
        ("create_event!", "The calendar refused the event: it is in the past."),
        ("pay!", "Your card was declined."),
        ("pay!", ""),
        ("get_order!", "I've ordered it."),
        ("book_flight!", "Your flight was booked on May 3, and it leaves at 9."),
    ],
)
def test_no_claim_or_no_failure_behind_it(tools: str, answer: str) -> None:
    assert found(tools, answer) == []


def result(name: str, output: str) -> SpanFacts:
    return SpanFacts("c" * 16, "tool", name, "ok", "", output)


def of(answer: str, *spans: SpanFacts, earlier: tuple[SpanFacts, ...] = ()) -> list[Finding]:
    previous = [Exchange(Text("Book it."), Text("One moment."), earlier)] if earlier else []
    turn = Turn(uuid.uuid4(), Text("And?"), Text(answer), spans=list(spans), previous=previous)
    detector = DETECTORS["false_success"]
    return [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]


@pytest.mark.parametrize(
    ("answer", "name", "output"),
    [
        ("Done, it comes on Saturday.", "reschedule", '{"ok": false, "reason": "no delivery on Saturdays"}'),
        ("All booked for Monday.", "pickup_booking", '{"state": "queued", "ref": "q-1"}'),
        ("Twelve minutes for the pie, counting down!", "timer", '{"error": "quota_exceeded"}'),
        ("Ernest is down for Monday. Done!", "book_appointment", '{"error": "locked", "booked": false}'),
        (
            "Listo, su cita es el martes.",
            "book_appointment",
            '{"status": "error", "reason": "order_missing"}',
        ),
        ("C'est réservé : samedi à 18 h.", "book", '{"error": "timeout"}'),
        ("Erledigt, der Termin ist am Montag.", "book", '{"error": "timeout"}'),
    ],
)
def test_a_no_and_a_queue_are_no_success_either(answer: str, name: str, output: str) -> None:
    assert of(answer, result(name, output))


@pytest.mark.parametrize(
    ("answer", "name", "output"),
    [
        (
            "It could not be moved: there is no delivery on Saturdays.",
            "reschedule",
            '{"ok": false, "reason": "x"}',
        ),
        ("Your order's address has been updated.", "modify_order", '{"order_id": "W1", "status": "pending"}'),
        ("Lo siento, no pude reservarla. Listo para otra fecha.", "book", '{"error": "timeout"}'),
        ("Listo, su cita es el martes.", "book_appointment", '{"status": "confirmed"}'),
    ],
)
def test_owning_up_and_what_only_looks_like_a_queue(answer: str, name: str, output: str) -> None:
    assert not of(answer, result(name, output))


def test_a_call_of_an_earlier_turn_counts_as_long_as_nothing_made_up_for_it() -> None:
    failed, worked = result("book_table", '{"error": "timeout"}'), result("book_table", '{"ref": "T1"}')
    (match,) = of("I've booked the table.", earlier=(failed,))
    assert match.evidence[-1]["side"] == "signal" and "timeout" in match.evidence[-1]["text"]
    assert not of("I've booked the table.", earlier=(failed, worked))
    assert not of("I've updated your name.", earlier=(failed,)), "another act"
    assert not of("Done!", earlier=(failed,)), "a bare word is about this turn"
    assert not of("I've booked the table.", result("get_tables", "[]"), earlier=(failed,))


@pytest.mark.parametrize(
    ("tool", "output", "answer"),
    [
        (
            "block_card",
            '{"status": "failed", "message": "busy, retry later"}',
            "Your card ending 1207 is blocked.",
        ),
        ("lock_door", "error: bolt jammed, state unlocked", "Front door's locked."),
        (
            "cancel_contract",
            '{"status": "rejected", "reason": "minimum term"}',
            "Your contract has been cancelled.",
        ),
        ("update_deal", '{"updated": false, "error": "locked"}', "Marlow & Sons is now at stage four."),
        ("save_game", '{"ok": false}', "Slot 2 holds your hero exactly as you stand here."),
        ("change_product", '{"status": "failed"}', "¡Listo! Ya tiene la tarifa XL desde hoy."),
        ("set_name", "error: unknown device", "Kevin it is."),
    ],
)
def test_success_told_in_any_words(tool: str, output: str, answer: str) -> None:
    turn = Turn(uuid.uuid4(), Text("Please do it."), Text(answer), spans=[result(tool, output)])
    [one] = DETECTORS["false_success"].detect(Batch([turn]))
    assert one.evidence[0]["text"] and one.evidence[0]["text"] in answer


@pytest.mark.parametrize(
    ("tool", "output", "answer"),
    [
        ("block_card", '{"status": "blocked"}', "Your card ending 1207 is blocked."),
        ("lock_door", "error: bolt jammed", "The bolt is stuck, and the door still open."),
        (
            "cancel_contract",
            '{"status": "rejected", "reason": "minimum term"}',
            "The contract runs until June.",
        ),
        ("update_deal", '{"updated": false}', "Shall I try it again?"),
        ("save_game", '{"ok": false}', "I'll try again in a minute."),
        ("get_balance", '{"error": "timeout"}', "Your balance is 40 euros."),
        ("cancel_contract", '{"status": "rejected"}', "It needs the owner's signature."),
    ],
)
def test_an_answer_that_tells_how_it_stands(tool: str, output: str, answer: str) -> None:
    turn = Turn(uuid.uuid4(), Text("Please do it."), Text(answer), spans=[result(tool, output)])
    assert DETECTORS["false_success"].detect(Batch([turn])) == []
