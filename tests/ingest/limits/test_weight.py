"""What a body takes is told from its bytes: never less than it holds, and what stands inside strings does not count."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.limits import weight
from ingest.limits.weight import MESSAGE_BYTES, check_weight, json_weight, protobuf_weight
from raindrop.errors import ApiError
from tests.examples import examples
from tests.ingest.fixtures.otlp.builders import as_protobuf, request, span

values = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('ab",:[{}]\\é\U0001f600\n')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('a"\\:,')), inner),
    max_leaves=40,
)


def marks(value: Any) -> int:
    """`, : [ {` of the JSON text, outside its strings."""
    if isinstance(value, list):
        return 1 + max(0, len(value) - 1) + sum(map(marks, value))
    if isinstance(value, dict):
        return 1 + max(0, len(value) - 1) + len(value) + sum(map(marks, value.values()))
    return 0


@settings(max_examples=examples(300), deadline=None)
@given(values, st.integers(1, 40), st.booleans())
def test_marks_are_counted_outside_strings_wherever_a_block_ends(value: Any, block: int, ascii: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weight, "BLOCK", block)
        assert weight._marks_outside_strings(body) == marks(value)


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_have_a_weight(body: bytes) -> None:
    for weigh in (json_weight, protobuf_weight, weight._marks_outside_strings):
        assert weigh(body) >= 0
    for schema in (weight.TRACE_REQUEST, weight.LOG_REQUEST):
        assert weight._messages(body, schema) <= len(body)


def test_messages_are_counted_as_they_are() -> None:
    body = as_protobuf(request(*(span(n, "chat", a={"k": "v", "l": "w"}) for n in range(1, 11))))
    exact = weight._messages(body, weight.TRACE_REQUEST)
    assert exact >= 10 * 5  # a span, two attributes, their values
    assert exact <= weight._messages_at_most(body)
    assert protobuf_weight(body) >= len(body) + exact * MESSAGE_BYTES


def test_a_wide_character_makes_a_text_wider() -> None:
    plain, accent, emoji = (
        json_weight(b'"' + b"a" * 10_000 + sign.encode() + b'"') for sign in ("", "é", "\U0001f600")
    )
    assert plain < accent < emoji


@pytest.mark.parametrize(
    ("text", "like"),
    [
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\uDBFF\uDFFF", "\U0001f600"),
        (r"\u00e9", "\u00e9"),
        (r"\ud7ff", "\u00e9"),  # the last before the surrogates
        (r"\uE000", "\u00e9"),  # the first after them
        ("\u4e16", "\u00e9"),
        (r"\n\t\\ \"", "a"),
    ],
)
def test_an_escaped_character_is_as_wide_as_the_character(
    text: str, like: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stands, between two blocks as well."""
    monkeypatch.setattr(weight, "BLOCK", 4096)
    for before in (0, *range(4080, 4100), 20_000):
        after = 20_000 - before
        escaped, plain = (
            json_weight(f'"{"a" * before}{sign}{"a" * after}"'.encode())
            / len(f'"{sign}"'.encode() + b"a" * 20_000)
            for sign in (text, like)
        )
        assert escaped == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("body", [b"[" + b"1," * 5_000_000, b'{"a":{},' * 1_500_000])
def test_too_many_values_are_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        json_weight(body)
    assert refused.value.status == 413


def test_json_in_json_is_text() -> None:
    inner = json.dumps([{"a": [1, 2, 3]}] * 200_000)
    assert json_weight(json.dumps({"input": inner}).encode()) < 6 * len(inner)


def test_what_weighs_more_than_a_process_may_hold_is_refused() -> None:
    assert check_weight(weight.MAX_WEIGHT) == weight.MAX_WEIGHT
    with pytest.raises(ApiError):
        check_weight(weight.MAX_WEIGHT + 1)
