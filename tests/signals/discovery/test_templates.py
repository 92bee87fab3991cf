"""Messages that differ in their case alone are one; the message of a tool's result is found in its wrapping."""

import pytest

from signals.discovery.templates import mask, message_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 17 not found", "order 42 not found"),
        ("no invoice INV-2041", "no invoice INV-7"),
        (
            "user 3f0c1b52-58a1-4f0e-9d2f-6a6f0d7d2b11 is locked",
            "user 00000000-0000-4000-8000-000000000000 is locked",
        ),
        ("cannot read /var/data/a.csv", "cannot read /srv/files/b.csv"),
        ('unknown field "colour"', 'unknown field "size"'),
        ("due 2026-11-02T08:18:42Z", "due 2025-01-31T23:00:00Z"),
        ("paid 1,240.00 EUR", "paid $3"),
        ("mail to a@example.com bounced", "mail to bob@example.org bounced"),
        ("the invoice for Chapman is open", "the invoice for Lindqvist is open"),
        ("due on 12 November 2026", "due on 3 March"),
    ],
)
def test_messages_of_two_cases_have_one_template(one: str, other: str) -> None:
    assert mask(one) == mask(other)
    assert "…" in mask(one)


@pytest.mark.parametrize(
    "text", ["connection refused", "VAT is wrong", "I can't see it", "may fail", "Order is late"]
)
def test_words_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ('{"error": {"code": 504, "message": "upstream timed out"}}', "upstream timed out"),
        ('{"error": "connection refused", "bank": "Northgate"}', "connection refused"),
        ('{"status": "processing", "file": "a.jpg"}', "status: processing"),
        ("Error: no such table", "Error: no such table"),
        ("Traceback (most recent call last):\n  File x\nKeyError: 'a'", "KeyError: 'a'"),
        ('[{"type": "text", "text": "not allowed"}]', "not allowed"),
        ('{"rows": []}', '{"rows": []}'),
        ("{broken", "{broken"),
        ("", ""),
    ],
)
def test_the_message_of_a_result(output: str, message: str) -> None:
    assert message_of(output) == message
