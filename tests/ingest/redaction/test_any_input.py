"""No text costs an event: every redactor takes random input of every length, and a library's check that raises hides what it
was asked about."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.redaction import DEFAULT_KINDS, KINDS, Redactor, national_ids, payment
from ingest.redaction.national_ids import Number
from ingest.redaction.rules import Kind, Rule, hiding
from tests.examples import examples

RAISES = "11000119900101001X"  # python-stdnum looks for the county of a province: KeyError
EACH = {name: Redactor({name}) for name in KINDS}
ALL = Redactor(KINDS, regions=("US", "DE", "GB", "FR", "IN"))
NUMBERS = [*national_ids._SSN, *national_ids._DISTINCT, *national_ids._BESIDE_A_WORD]
WORDS = [
    "ssn", "nhs", "dni", "nie", "nir", "cpf", "uid", "pan", "sin", "tfn", "idnr", "bsn", "personnummer", "cpr", "pesel", "kimlik",
    "card", "cvv", "call", "tel", "passport", "password is", "api_key=", "token: ", "Bearer ", "cookie: ", "eyJ", "://a:b@", "zip",
    "Mr. ", "my name is ", "Hi Mia", "12 Main St", "@", "-----BEGIN PRIVATE KEY-----", "<REDACTED_ID>", '"card_number": "', "é", "\ud800", "\n",
]  # fmt: skip
LETTERS = string.digits * 3 + "XABCDEFGHK abcx-.,:+()/=\"'\\\n\u00a0"

# Every length from nothing to 300 characters; pieces that rules look for among characters of every sort.
anything = st.one_of(
    st.integers(0, 300).flatmap(lambda length: st.text(min_size=length, max_size=length)),
    st.integers(0, 300).flatmap(lambda length: st.text(LETTERS, min_size=length, max_size=length)),
    st.integers(1, 60).flatmap(lambda length: st.text(string.digits + "X", min_size=length, max_size=length)),
    st.lists(st.sampled_from(WORDS) | st.text(LETTERS, max_size=20), max_size=12).map("".join),
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(100), deadline=None)
@given(text=anything)
def test_every_redactor_takes_any_text(kind: str, text: str) -> None:
    redacted = EACH[kind].text(text)
    assert EACH[kind].text(redacted) == redacted
    EACH[kind].value({"note": [text], "card_number": text, text: 1})


@settings(max_examples=examples(300), deadline=None)
@given(text=anything)
def test_all_redactors_together_take_any_text(text: str) -> None:
    ALL.text(text)
    ALL.find(text)


@pytest.mark.hypothesis  # the property within it: with the long forms
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.shape[:40])
def test_every_check_answers_for_whatever_has_its_shape(number: Number) -> None:
    @settings(max_examples=examples(200), deadline=None)
    @given(st.from_regex(number.shape, fullmatch=True))
    def check(text: str) -> None:
        assert number.is_valid(text) in {True, False}

    check()


@settings(max_examples=examples(300), deadline=None)
@given(st.from_regex(payment._IBAN, fullmatch=True))
def test_the_check_of_ibans_answers_for_whatever_looks_like_one(text: str) -> None:
    assert payment._is_iban(text) in {True, False}
    list(payment._ibans(text))


@pytest.mark.parametrize("text", [RAISES, f"id {RAISES}, and so on", f'{{"id": "{RAISES}"}}'])
def test_a_number_that_its_check_raises_on_is_hidden(text: str) -> None:
    assert RAISES not in Redactor().text(text)
    assert "<REDACTED_ID>" in Redactor().text(text)


def _raises(text: str) -> bool:
    raise KeyError(text)


def test_a_check_that_raises_says_yes_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    check = hiding(_raises)
    assert check("secret 123") is True
    assert check("secret 124") is True
    assert caplog.text.count("_raises raised KeyError") <= 1
    assert "secret" not in caplog.text


def test_a_rule_that_raises_hides_the_whole_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def find(text: str):
        yield 0, 2
        raise RuntimeError(text)

    kind = KINDS["ssn"]
    broken = Kind(kind.name, kind.label, kind.description, kind.token, True, (Rule(rb"z", find),))
    monkeypatch.setitem(KINDS, "ssn", broken)
    redactor = Redactor({"ssn"})
    assert redactor.text("a fuzzy secret") == kind.token
    [finding] = redactor.find("a fuzzy secret")
    assert (finding.start, finding.end) == (0, 14)
    assert "secret" not in caplog.text


def test_the_defaults_are_among_what_is_tried() -> None:
    assert set(EACH) >= DEFAULT_KINDS
