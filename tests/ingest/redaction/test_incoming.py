"""Redaction of what the write path takes in."""

import datetime as dt

import msgspec

from ingest.incoming.values import (
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingSpan,
    IncomingUser,
)
from ingest.redaction import KINDS, Redactor, redact_event, redact_signal, redact_user

CARD, GONE = "4111 1111 1111 1111", "<REDACTED_CREDIT_CARD>"
DEFAULTS = Redactor()


def test_it_reaches_every_text_of_an_event() -> None:
    event = IncomingEvent(
        event_id="4111111111111111",
        user_id="4111111111111111",
        convo_id="4111111111111111",
        name="4111111111111111",
        timestamp=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        model="gpt-4o",
        input=f"in {CARD}",
        output=f"out {CARD}",
        properties={"note": CARD, "password": "hunter2", "max_tokens": 4096},
        feature_flags={"variant": CARD},
        attachments=[
            IncomingAttachment(value=CARD, name=CARD),
            IncomingAttachment(type="image", value="https://cdn.example/a.png"),
        ],
        spans=[
            IncomingSpan(
                name="pay",
                span_id="00f067aa0ba902b7",
                input=CARD,
                output=CARD,
                error=CARD,
                attributes={"x": {"y": CARD}},
            )
        ],
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        input_tokens=5,
    )
    before = msgspec.to_builtins(event)
    redacted = redact_event(event, DEFAULTS)
    assert msgspec.to_builtins(event) == before  # a retry sends the same object again
    assert msgspec.to_builtins(redacted) == before | {
        "input": f"in {GONE}",
        "output": f"out {GONE}",
        "properties": {"note": GONE, "password": "<REDACTED_CREDENTIALS>", "max_tokens": 4096},
        "feature_flags": {"variant": GONE},
        "attachments": [before["attachments"][0] | {"value": GONE, "name": GONE}, before["attachments"][1]],
        "spans": [
            before["spans"][0]
            | {"input": GONE, "output": GONE, "error": GONE, "attributes": {"x": {"y": GONE}}}
        ],
    }


def test_an_event_with_nothing_to_hide_is_the_same_object() -> None:
    event = IncomingEvent(input="hello", output=None, properties={"a": 1}, spans=[IncomingSpan(name="s")])
    assert redact_event(event, DEFAULTS) is event
    assert redact_event(IncomingEvent(input=CARD), Redactor(())).input == CARD


def test_signals_and_users() -> None:
    signal = IncomingSignal(event_id="e", name="edit", properties={"comment": CARD, "after": "fine"})
    assert redact_signal(signal, DEFAULTS).properties == {"comment": GONE, "after": "fine"}
    plain = IncomingSignal(event_id="e", name="thumbs_up")
    assert redact_signal(plain, DEFAULTS) is plain
    user = IncomingUser(user_id="ann@example.com", traits={"email": "ann@example.com", "plan": "pro"})
    assert redact_user(user, DEFAULTS) is user
    assert redact_user(user, Redactor(KINDS)) == IncomingUser(
        user_id="ann@example.com", traits={"email": "<REDACTED_EMAIL>", "plan": "pro"}
    )
