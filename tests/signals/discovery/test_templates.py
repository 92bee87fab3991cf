"""Messages that differ in their case alone are one; the message of a tool's result is found in its wrapping."""

import pytest

from signals.discovery.templates import mask, message_of, templates_of


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


def test_words_that_no_rule_knows_show_beside_their_likes() -> None:
    texts = [
        "column alpha does not exist",
        "column users does not exist",
        "queue is full",
        "column x is locked by y",
    ]
    assert templates_of(texts) == ["column … does not exist"] * 2 + [
        "queue is full",
        "column x is locked by y",
    ]
    assert templates_of(texts[::-1]) == templates_of(texts)[::-1]
    assert templates_of([]) == []


def test_messages_of_other_beginnings_or_lengths_stay_apart() -> None:
    texts = ["user not found", "order not found", "user was not found"]
    assert templates_of(texts) == texts


def test_a_status_says_what_went_wrong_and_stays() -> None:
    assert mask("HTTP 503 Service Unavailable: cart-7", names=False) == "HTTP 503 Service Unavailable: …"
    assert mask("exit code 127") == "exit code 127"
    assert mask("502 Bad Gateway for order 17", names=False) == "502 Bad Gateway for order …"
    assert mask("request 4711 failed with status 500") == "request … failed with status 500"


def test_a_thousand_different_messages_are_quick() -> None:
    texts = [f"row a{i} b{i} c{i} d{i} e{i}" for i in range(3000)]
    assert len(templates_of(texts)) == 3000
