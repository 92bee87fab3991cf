"""One text costs a bounded time whoever wrote it: what is looked for in it is bounded, and the rest is hidden."""

import functools
import re
import sys
import time

import pytest

from ingest.redaction import KINDS, Redactor
from ingest.redaction import redactor as module
from ingest.redaction.rules import MAX_CANDIDATES
from tests.ingest.redaction.test_properties import HOSTILE

ALL = Redactor(KINDS)
DEFAULTS = Redactor()
MEGABYTE = 1_000_000
CROWDED = [
    "Cookie: a=", "password: a1b2 ", "415-555-2671 ", "4111-1111-", "4111 1111 1111 1111 ", "536-90-4399 ", "11000119900101001X ",
    "call 5551234 ", "sk-a1b2c3d4e5f6g7h8 ", "a@b.co ", "1.2.3.4 ", "DE89370400440532013000 ", "-----BEGIN PRIVATE KEY-----", "Mr. Smith ",
]  # fmt: skip


CALLS = 45  # of Python's functions and C's, for each character of a text
YARDSTICK = "a " * 100_000
LONGEST = 150  # times as long as the yardstick: 2.5 CPU seconds where that takes 0.017, as on an idle core that takes 1.2 s for the slowest


def _megabyte(unit: str) -> str:
    return (unit * (MEGABYTE // len(unit) + 1))[:MEGABYTE]


@functools.cache
def _redacted(unit: str) -> tuple[str, float]:
    """(A megabyte of it with everything redacted, how many times as long as the yardstick it took.)"""
    text = _megabyte(unit)
    before = _yardstick()
    start = time.thread_time()
    redacted = ALL.text(text)
    took = time.thread_time() - start
    return redacted, took / min(before, _yardstick())


def _yardstick() -> float:
    """CPU seconds of plain finding and sorting: what this machine, as busy as it is, makes of work of that kind."""
    start = time.thread_time()
    sorted((match.span() for match in re.finditer("a", YARDSTICK)), key=lambda span: -span[0])
    return time.thread_time() - start


@pytest.mark.parametrize(
    "unit", [*CROWDED, *(pytest.param(unit, marks=pytest.mark.soak) for unit in HOSTILE)]
)
def test_a_megabyte_of_anything_takes_seconds_at_most(unit: str) -> None:
    """7 s before (415-555-2671); below 1.2 s on an idle core now. The best of three counts: a busy machine is no failure. In every run
    those that hold most of what is sought; that no other costs more with its length is said by the calls below and by test_properties.py."""
    assert _redacted(unit)[1] < LONGEST or min(_redacted.__wrapped__(unit)[1] for _ in range(2)) < LONGEST


def _calls(text: str) -> int:
    """The calls that redacting it takes. They are the same on every machine, which no measured time is."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        ALL.text(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("unit", [*HOSTILE, *CROWDED])
def test_a_text_of_anything_takes_a_few_calls_a_character(unit: str) -> None:
    """At most 34 ("4111-1111-"). What runs within a call is RE2, which is linear."""
    text = _megabyte(unit)[:10_000]
    assert _calls(text) < CALLS * len(text)


@pytest.mark.parametrize("unit", CROWDED)  # test_properties.py has the same of HOSTILE
def test_ten_times_the_text_takes_ten_times_as_long(unit: str) -> None:
    """100 kB beside a tenth of them, in the same process: 7 s were spent on a megabyte of phone numbers, where 1.2 s are now. What is crowded
    is gone through more than once ("Cookie: a=": 22 times as long on an idle core); what is quadratic takes a hundred times."""
    text = _megabyte(unit)[:100_000]
    assert any(_seconds(text) < 60 * max(_seconds(text[:10_000]), 0.005) for _ in range(3))


def _seconds(text: str) -> float:
    start = time.thread_time()
    ALL.text(text)
    return time.thread_time() - start


@pytest.mark.parametrize("unit", [unit for unit in CROWDED if unit != "4111-1111-"])  # which is no card
def test_nothing_of_what_is_sought_stays_in_a_crowded_text(unit: str) -> None:
    redacted, _ = _redacted(unit)
    secret = unit.split(": ")[-1].strip(" -")
    assert secret not in redacted or secret in {"a="}
    assert len(redacted) < MEGABYTE


def test_the_rest_of_a_crowded_text_is_hidden_with_the_kinds_token() -> None:
    unit = "536-90-4399 and more; "
    text = unit * (MAX_CANDIDATES + 500) + "my last words"
    redacted = DEFAULTS.text(text)
    assert redacted.endswith("<REDACTED_SSN>")
    assert "my last words" not in redacted
    assert redacted.count("<REDACTED_SSN>") == MAX_CANDIDATES + 1


def test_what_comes_before_the_bound_stays_as_it_was() -> None:
    unit = "line 17 took 1716500000000 ms, all is well\n"
    assert DEFAULTS.text(unit * 19_000) == unit * 19_000  # 800 KB of a log


def test_rounds_are_bounded_and_hide_what_they_have_not_looked_at() -> None:
    text = "Cookie: a=" * 100_000
    redacted = DEFAULTS.text(text)
    assert "a=Cookie" not in redacted


def test_a_text_is_searched_up_to_a_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SEARCHED", 1000)
    hidden = DEFAULTS.text("x" * 990 + " 536-90-4399 " + "y" * 1000)
    assert hidden == "x" * 990 + " 536-90-43"[:10] + "<REDACTED_SSN>"
    plain = "nothing to hide " * 500
    assert DEFAULTS.text(plain) is plain  # no trigger: nothing is hidden, however long


@pytest.mark.parametrize("size", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("unit", CROWDED)
def test_what_is_found_is_what_is_replaced(unit: str, size: int) -> None:
    text = _megabyte(unit)[:size]
    parts, position = [], 0
    for finding in ALL.find(text):
        parts += [text[position : finding.start], module.token_of(finding.kind)]
        position = finding.end
    assert "".join([*parts, text[position:]]) == ALL.text(text)
