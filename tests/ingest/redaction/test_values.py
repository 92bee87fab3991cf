"""Redaction of JSON: keys, nesting, numbers."""

from typing import Any

import pytest

from ingest.redaction import KINDS, Redactor
from ingest.redaction.keys import KeyClass, key_class

ALL = Redactor(KINDS)
DEFAULTS = Redactor()


@pytest.mark.parametrize(
    "key",
    [
        "secret", "clientSecret", "client_secret", "api_key", "apiKey", "x-api-key", "APIKEY", "access_token", "accessToken",
        "refresh_token", "authorization", "Authorization", "cookie", "Set-Cookie", "privateKey", "secret_key", "aws_secret_access_key",
        "http.request.header.authorization", "id_token", "OPENAI_API_KEY",
    ],
)  # fmt: skip
def test_secret_keys(key: str) -> None:
    assert key_class(key) is KeyClass.SECRET
    assert DEFAULTS.value({key: "plain"}) == {key: "<REDACTED_SECRET>"}


@pytest.mark.parametrize(
    "key", ["password", "passwd", "userPassword", "db.password", "new_password", "PASSPHRASE", "credentials"]
)
def test_password_keys(key: str) -> None:
    assert DEFAULTS.value({key: "plain"}) == {key: "<REDACTED_CREDENTIALS>"}


def test_secrets_go_whole() -> None:
    value: Any = {
        "authorization": {"type": "bearer", "value": "abc", "scopes": ["read", 7]},
        "cookies": ["a=b", "c=d"],
        "password": 12345,
    }
    assert DEFAULTS.value(value) == {
        "authorization": {
            "type": "<REDACTED_SECRET>",
            "value": "<REDACTED_SECRET>",
            "scopes": ["<REDACTED_SECRET>", "<REDACTED_SECRET>"],
        },
        "cookies": ["<REDACTED_SECRET>", "<REDACTED_SECRET>"],
        "password": "<REDACTED_CREDENTIALS>",
    }


def test_a_token_goes_when_it_looks_random() -> None:
    assert DEFAULTS.value({"token": "q7W2e9R4t6Y1u3I8"}) == {"token": "<REDACTED_SECRET>"}
    assert DEFAULTS.value({"token": "Hello"}) == {"token": "Hello"}


def test_it_walks_everything() -> None:
    value = {
        "a": [{"b": ("card 4111 1111 1111 1111",)}],
        "n": 4111111111111111,
        "4111111111111111": 1,
        "ok": [1, 2.5, None, True, "x"],
    }
    assert DEFAULTS.value(value) == {
        "a": [{"b": ["card <REDACTED_CREDIT_CARD>"]}],
        "n": "<REDACTED_CREDIT_CARD>",
        "<REDACTED_CREDIT_CARD>": 1,
        "ok": [1, 2.5, None, True, "x"],
    }


def test_keys_that_become_the_same_are_kept_apart() -> None:
    redacted = ALL.value({"a@example.com": 1, "b@example.com": 2})
    assert sorted(redacted.values()) == [1, 2]


def test_personal_keys_by_choice() -> None:
    value = {
        "ssn": "536904399",
        "phone": "5551234",
        "first_name": "Qwelia",
        "address": {"street": "Nowhere", "city": "X"},
        "name": "get_order",
    }
    assert DEFAULTS.value(value) == value | {"ssn": "<REDACTED_SSN>"}
    assert ALL.value(value) == {
        "ssn": "<REDACTED_SSN>",
        "phone": "<REDACTED_PHONE>",
        "first_name": "<REDACTED_NAME>",
        "address": {"street": "<REDACTED_ADDRESS>", "city": "<REDACTED_ADDRESS>"},
        "name": "get_order",
    }


def test_credentials_are_found_under_ids_too() -> None:
    assert DEFAULTS.value({"user_id": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}) == {
        "user_id": "<REDACTED_SECRET>"
    }
    assert Redactor({"card"}).value({"user_id": "4111111111111111"}) == {"user_id": "4111111111111111"}


def test_values_twice_is_once() -> None:
    value = {"password": "x1", "text": "card 4111 1111 1111 1111", "list": ["a@b.example", {"api_key": "k"}]}
    once = ALL.value(value)
    assert ALL.value(once) is once


def test_switched_off_means_untouched() -> None:
    nothing = Redactor(())
    value = {"password": "hunter2", "card": "4111111111111111"}
    assert nothing.is_idle
    assert nothing.value(value) is value
    assert Redactor({"card"}).value({"password": "hunter2"}) == {"password": "hunter2"}
