"""What holds for every text: twice is once, tokens stay, triggers miss nothing, time is linear."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.redaction import KINDS, Redactor, token_of
from ingest.redaction.kinds import CUSTOM
from tests.examples import examples
from tests.ingest.redaction.test_kinds import FOUND, STAYS

ALL = Redactor(KINDS, [r"\bEMP-[0-9]{6}\b", "x.*y"])
PIECES = [text for _, text, _ in FOUND] + STAYS + [token_of(kind) for kind in [*KINDS, CUSTOM]]
PIECES += [
    "<REDACTED EMAIL>",
    " ",
    "\n",
    "-",
    ".",
    "@",
    '"',
    ": ",
    "EMP-123456",
    "x y",
    "é",
    "\ud800",
    "1",
    "555-1234",
]
texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))


@settings(max_examples=examples(400), deadline=None)
@given(texts)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = ALL.text(text)
    assert ALL.text(once) == once
    assert ALL.find(once) == []


@settings(max_examples=examples(300), deadline=None)
@given(texts)
def test_findings_are_what_is_replaced(text: str) -> None:
    findings = ALL.find(text)
    assert all(a.end <= b.start for a, b in pairwise(findings))
    stored, position = [], 0
    for finding in findings:
        stored += [text[position : finding.start], token_of(finding.kind)]
        position = finding.end
    assert "".join([*stored, text[position:]]) == ALL.text(text)


@settings(max_examples=examples(300), deadline=None)
@given(texts)
def test_no_trigger_misses_what_its_rule_finds(text: str) -> None:
    triggered = set(ALL._triggers.Match(text.encode("utf-8", "surrogatepass")) or ())
    for index, (kind, rule) in enumerate(ALL._rules):
        if index not in triggered:
            assert list(rule.find(text)) == [], (kind, rule.trigger)


@pytest.mark.parametrize(
    "token", [token_of(kind) for kind in KINDS] + ["<REDACTED EMAIL>", "<REDACTED CREDIT CARD>"]
)
def test_tokens_stay(token: str) -> None:
    for text in (
        token,
        f"password={token}",
        f'{{"api_key": "{token}"}}',
        f"my name is {token}",
        f"call {token} x5",
    ):
        assert ALL.text(text) == text
    assert Redactor({"email"}, ["[A-Z_]+"]).text(f"ABC {token}") == f"<REDACTED_CUSTOM> {token}"


HOSTILE = [
    "1", "1 ", "11-", "4111 ", "4111-1111-", "(1)", "a", "A", "Aa ", "a@", "@", "a.", "a@a.", "://", "a://b:c", "AA11 ",
    "AA11", "eyJ", "eyJa.", "password", "password=", "my password is ", "token: ", "api_key is ", "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n-----END", ":", "a:", "::1", "1.1.1.", "12 Aa Aa ", "12 ", "Via Aa ", "Aa-", "Mr. Aa ",
    "my name is ", "hi Aa ", "ssn ", "123-45-", "536-90-4399 ", "+1 ", "call 5551234 ", "415-555-2671 ", "zip code ",
    '"name": "', "cookie: ", "\n", "é", "<REDACTED_EMAIL>", "bearer ", "PSC 1 Box ", "aaaaaaaa-", "data:a/b;base64,A", "X",
]  # fmt: skip


@pytest.mark.parametrize("size", [200_000, pytest.param(500_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit: str, size: int) -> None:
    """Up to half a megabyte of what makes patterns slow. Ten times the size may cost at most sixty times as much: a crowded text is gone
    through three times (`LONG_ROUNDS`), and what is quadratic takes a hundred times."""
    small, large = (unit * (length // len(unit)) for length in (size // 10, size))

    def seconds(text: str) -> float:
        start = time.thread_time()
        ALL.text(text)
        return time.thread_time() - start

    first = max(min(seconds(small) for _ in range(3)), 0.002 if size < 500_000 else 0.005)
    # The best of up to three: a garbage collection of a worker that holds a gigabyte takes seconds.
    assert any(seconds(large) < 60 * first for _ in range(3))
