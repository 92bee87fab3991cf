"""docs/http-api.md names every path of the OpenAPI schema, and no other."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from raindrop.errors import CODES
from tests.docs.pages import text_of

PAGE = "docs/http-api.md"
# The write path of traces is no part of the schema: its bodies are OpenTelemetry's.
OTLP = {("POST", "/v1/traces"), ("POST", "/v1/logs"), ("POST", "/v1/metrics")}
HEALTH = {("GET", "/healthz"), ("GET", "/readyz")}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    answer = Client().get("/api/schema/?format=json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def named() -> set[tuple[str, str]]:
    return set(re.findall(r"`(GET|POST|PATCH|PUT|DELETE) (/[^`\s]*)`", text_of(PAGE)))


def test_the_page_names_exactly_the_paths_that_there_are(schema: dict[str, Any]) -> None:
    there = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    assert named() - OTLP - HEALTH == there


def test_the_others_exist_too() -> None:
    for _, path in OTLP | HEALTH:
        assert resolve(path)
    assert named() >= OTLP | HEALTH


def test_the_page_has_every_error_code() -> None:
    stated = dict(re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", text_of(PAGE), flags=re.MULTILINE))
    assert {int(status): code for status, code in stated.items()} == CODES
