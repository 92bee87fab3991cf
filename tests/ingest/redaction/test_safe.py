"""What must never be eaten."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.redaction import KINDS, Redactor
from tests.conftest import FIXTURES

ALL = Redactor(KINDS)
DEFAULTS = Redactor()

SAFE: list[tuple[str, Any]] = [
    ("token_count", 4096), ("token_count", "4096"), ("max_tokens", 4111111111111111), ("max_tokens", "4096"),
    ("input_tokens", 123456789), ("output_tokens", 536904399), ("prompt_tokens", 12), ("completionTokens", 12),
    ("total_tokens", "123456789"), ("gen_ai.usage.input_tokens", 4111111111111111), ("gen_ai.usage.output_tokens", 7),
    ("gen_ai.usage.cost", 0.0123), ("gen_ai.request.model", "gpt-4o-2024-08-06"), ("gen_ai.response.id", "chatcmpl-9xYz1234567890AbCdEf"),
    ("gen_ai.request.max_tokens", 4096), ("gen_ai.conversation.id", "conv-4111111111111111"), ("llm.token_count.prompt", 4096),
    ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), ("span_id", "00f067aa0ba902b7"), ("parentSpanId", "00f067aa0ba902b7"),
    ("trace_id", "12345678901234567890123456789012"), ("event_id", "evt_4111111111111111"), ("user_id", "mia_li_3668"),
    ("user_id", "536-90-4399"), ("userId", "alice@example.com"), ("convo_id", "4111111111111111"), ("session_id", "5555555555554444"),
    ("conversation_id", 4111111111111111), ("request_id", "req_011CRPzGTQdFQ7VbxGrTr3zN"), ("toolCallId", "call_oIHazX6yQrB8hUwl4cRilFKj"),
    ("timestamp", 1716500000000), ("timestamp", "2024-05-15T15:00:00.000Z"), ("created_at", "2024-05-15 15:00:00"),
    ("startTimeUnixNano", "1716500000000000000"), ("start_time", 1716500000.123), ("date", "2024-05-15"), ("expires_at", 1716500000),
    ("duration_ms", 536904399), ("latency", 0.4111111111111111), ("model", "claude-3-5-sonnet-20241022"), ("model", "meta-llama/Llama-3.1-70B"),
    ("price", 342.81), ("amount", "11.579999999999927"), ("cost_usd", 0.000123456789), ("total", "1234567890.12"),
    ("order", "W2378156"), ("order_id", "#W2378156"), ("item_id", "4202497723"), ("product_id", "6992792935"),
    ("payment_id", "credit_card_4421486"), ("payment_id", "gift_card_7711863"), ("flight", "HAT136"), ("flight_number", "UA 1234"),
    ("reservation_id", "4WQ150"), ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
    ("commit", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("etag", '"33a64df551425fcc55e4d42a148795d9f25f89d4"'),
    ("ref", "550e8400-e29b-41d4-a716-446655440000"), ("ref", "11111111-2222-4333-8444-555555555555"), ("note", "see 41111111-1111-4111-8111-111111111111"),
    ("version", "1.2.3"), ("version", "2024.05.15.1"), ("app_version", "10.0.19041.1"), ("temperature", 0.7), ("seed", 4111111111111111),
    ("index", 536904399), ("sku", "4006381333931"), ("isbn", "9780306406157"), ("quantity", 2), ("page_token_count", 3), ("token_type", "Bearer"),
    ("next_page_token", "abc"), ("logprobs", [{"token": "Hello", "logprob": -0.1}, {"token": " world", "logprob": -2.5}]),
    ("tools", [{"name": "login", "parameters": {"type": "object", "properties": {"password": {"type": "string"}, "api_key": {"type": "string"}}}}]),
    ("password_required", True), ("has_password", False), ("password", ""), ("secret", None), ("cookie_consent", "accepted"),
    ("secret_santa", "a gift exchange"), ("keyboard", "mechanical, clicky"), ("monkey", "banana"), ("tokenizer", "cl100k_base"),
    ("authorization_url", "https://auth.example.com/authorize"), ("image", "data:image/png;base64,iVBORw0KGgo4111111111111111AKIAIOSFODNN7EXAMPLE"),
    ("finish_reason", "stop"), ("status", "OK"), ("cabin", "business"), ("gate", "B12"), ("port", 5432), ("dimensions", "1920x1080"),
    ("text", "Your total is $1,234.56 for 3 items, order #W2378156, arriving 2024-05-20 at 10:30."), ("text", "Temperature 21.5, ratio 0.123456789012345"),
    ("text", "max_tokens=4096, token_count: 128000, total_tokens=536904399"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), SAFE)
def test_it_stays(key: str, value: Any) -> None:
    properties = {key: value}
    assert ALL.value(properties) is properties
    assert DEFAULTS.value(properties) is properties


def test_there_are_many_safe_keys() -> None:
    assert len(SAFE) >= 60


def _taubench() -> Iterator[str]:
    for path in sorted(FIXTURES.glob("taubench_*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                for message in json.loads(line)["messages"]:
                    yield message.get("content") or ""
                    for call in message.get("tool_calls") or []:
                        yield json.dumps(call)


def test_real_conversations_lose_nothing_by_default() -> None:
    """12 million characters of retail and airline talk, tool calls and their JSON: no card, key, password or national id
    stands in them (read and judged by hand), so every finding would be a false one."""
    eaten = [
        (finding.kind, text[finding.start : finding.end])
        for text in _taubench()
        for finding in DEFAULTS.find(text)
    ]
    assert eaten == []


def test_what_everything_eats_of_real_conversations() -> None:
    """With every kind on. Judged by hand: all e-mail addresses are some; there is no phone number and no IP address, and none is
    found; names and addresses are listed by the values that recur, and every frequent one is a name or an address."""
    found: dict[str, Counter[str]] = {}
    for number, text in enumerate(_taubench()):
        if number % 4 == 0:
            for finding in ALL.find(text):
                found.setdefault(finding.kind, Counter())[text[finding.start : finding.end]] += 1
    assert set(found) == {"email", "name", "address"}
    assert all("@" in value for value in found["email"])
    no_names = {
        "Order",
        "Customer",
        "Suite",
        "Desk",
        "Philadelphia",
        "Miami",
        "Hiking",
        "American",
        "Express",
        "Visa",
        "Bluetooth",
    }
    assert not no_names & set(found["name"])
    assert all(any(char.isdigit() for char in value) for value in found["address"])
