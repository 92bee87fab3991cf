"""JSON that strict parsers refuse is read as far as it goes; what only looks like JSON stays as it was typed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.otlp.json_text import load, unquote

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
DEEP = "[" * 3000 + "]" * 3000


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('[{"role": "user", "content": "he', [{"role": "user", "content": "he"}]),
        ('[{"role": "user", "con', [{"role": "user"}]),
        ('[{"a": "b\\', [{"a": "b"}]),
        ('[{"a": "b\\u00', [{"a": "b"}]),
        ('[{"a": 1}, {"b": "c"}, {"d": "e…(truncated)', [{"a": 1}, {"b": "c"}, {"d": "e…(truncated)"}]),
        ('[{"a": "b"}, ...[truncated]', [{"a": "b"}]),
        ('[{"a": "b"}]...[truncated by raindrop]', [{"a": "b"}]),
        ('{"a": "é\\u00e9", "b": "ü', {"a": "éé", "b": "ü"}),
        ('[{"a": "x\ny\tz"}]', [{"a": "x\ny\tz"}]),
        ('[{"a": "x\ny', [{"a": "x\ny"}]),
        ('[{"a": "x \\ud83d y"}]', [{"a": "x � y"}]),
        ('[{"a": "x \\ud83d y', [{"a": "x � y"}]),
        ('[{"a": "\\ud83d\\ude00 \\ud83d', [{"a": "😀 �"}]),
        ('{"a": "\\\\ud83d"', {"a": "\\ud83d"}),
        ('{"a": "n\\u0000n"}', {"a": "nn"}),
        ('[{"a": NaN, "b": -Infinity}]', [{"a": None, "b": None}]),
        ('﻿{"a": 1}', {"a": 1}),
        (' \n\t[{"a": 1}]', [{"a": 1}]),
        ('"[{\\"a\\": \\"b\\"}]"', [{"a": "b"}]),
        ('"[{\\"a\\": \\"b', [{"a": "b"}]),
        ('"\\"{\\\\\\"a\\\\\\": 1}\\""', {"a": 1}),
        (['{"a": 1}', '{"b": 2}'], [{"a": 1}, {"b": 2}]),
    ],
)
def test_what_can_be_read_is_read(text: Any, read: Any) -> None:
    assert load(text) == read


@pytest.mark.parametrize(
    "broken", [f'{{"a": {DEEP}, "b": "c"}}', '{"b": "c", "a": ' + "[" * 3000, f'{{"b": "c", "a": {DEEP}']
)
def test_nesting_without_end_costs_nothing_beside_it(broken: str) -> None:
    read = load(broken)
    assert read["b"] == "c" and isinstance(read["a"], list)


@pytest.mark.parametrize(
    "typed",
    [
        "[draft] hello", "[1] see below", "{name}, how are you?", '{"a": 1} is what I typed', "{", "[", "[[", '"hi"', '"hi', "", "[...]",
        '{"a": tru', "{'a': 1} and so on", ['{"a": 1}', "x"], [], None, 5,
    ],
)  # fmt: skip
def test_what_is_no_json_stays(typed: Any) -> None:
    assert load(typed) is typed


def test_a_quoted_text_loses_its_quotes() -> None:
    assert unquote('"hi \\ud83d"') == "hi �"
    assert unquote('"a" and "b"') == '"a" and "b"'


@settings(deadline=None)
@given(
    st.recursive(
        TEXT | st.integers(-9, 9) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    ),
    st.data(),
)
def test_a_cut_anywhere_raises_nothing_and_makes_nothing_up(value: Any, data: Any) -> None:
    import json

    text = json.dumps([{"v": value}])
    cut = text[: data.draw(st.integers(0, len(text)))]
    read = load(cut)
    assert read is cut or isinstance(read, list)
    assert load(text) == [{"v": value}]
