"""What answers tell browsers and proxies, and what the pages need of the content security policy."""

import math
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.conf import settings
from django.test import Client

from raindrop import llm

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "/accounts/login/",
    "/p/acme/",
    "/p/acme/events/",
    "/p/acme/nowhere",
    "/api/docs/",
    "/admin/",
    "/healthz",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_private_and_run_no_script_but_ours(client: Client, member: Any, path: str) -> None:
    client.force_login(member)
    answer = client.get(path)
    assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    for directive in ("default-src", "script-src", "style-src", "form-action"):
        assert policy[directive] == "'self'", directive
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    if "html" in answer["Content-Type"]:
        assert not re.findall(
            rb"<script(?![^>]*\bsrc=)[^>]*>|<style|\s(?:on[a-z]+|style)=|javascript:", answer.content
        )


@pytest.mark.django_db
def test_answers_of_the_read_path_are_private(client: Client, query_key: str) -> None:
    answer = client.get("/v1/events", headers={"Authorization": f"Bearer {query_key}"})
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_https_is_kept_where_it_is_spoken(client: Client, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 365 * 86400
    assert client.get("/healthz", secure=True)["Strict-Transport-Security"] == "max-age=31536000"


def test_no_template_asks_for_what_the_policy_forbids() -> None:
    forbidden = re.compile(
        r"<style|\sstyle=|<script(?![^>]*\bsrc=)|\son(?:click|change|submit|load|input)=|hx-on|hx-vals=.js|hx-trigger=\"[^\"]*\["
    )
    found = {
        str(path.relative_to(ROOT)): forbidden.findall(path.read_text())
        for path in (ROOT / "templates").rglob("*.html")
        if forbidden.search(path.read_text())
    }
    assert not found


@pytest.mark.django_db
def test_options_of_the_documentation_is_answered(client: Client) -> None:
    answer = client.options("/api/docs/")
    assert (answer.status_code, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert client.get("/api/docs/?script=").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_safe_methods_change_nothing(client: Client, member: Any, project: Any, method: str) -> None:
    """Every page that a POST changes something with refuses, or only shows, when it is asked for with a safe method."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.urls import URLPattern, get_resolver

    def patterns(resolver: Any, before: str = "") -> Any:
        for one in resolver.url_patterns:
            route = before + str(one.pattern)
            if isinstance(one, URLPattern):
                yield route
            elif not route.startswith("admin/"):
                yield from patterns(one, route)

    client.force_login(member)
    for path in (
        "/p/acme/",
        "/p/acme/signals/",
        "/p/acme/issues/",
    ):  # the session, and the signals that ship, are there
        client.get(path)
    values = {"slug": "acme", "number": "1", "key": "tool-failure", "pk": "1", "event_id": "e1", "id": "1"}
    wrote = []
    for route in sorted(set(patterns(get_resolver()))):
        url = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values.get(match[1], "1"), route)
        if re.search(r"[()^$\\]", url):
            continue
        with CaptureQueriesContext(
            connection,
        ) as queries:
            getattr(client, method)(url)
        changes = [q["sql"] for q in queries if re.match(r"(INSERT|UPDATE|DELETE)", q["sql"])]
        wrote += [
            (url, sql[:80]) for sql in changes if "django_session" not in sql and "last_used_at" not in sql
        ]
    assert not wrote


# -- the LLM's key and figures

KEY = "sk-ant-api03-very-secret"


def test_the_key_is_in_no_text_of_an_error(settings: Any) -> None:
    import traceback

    import anthropic

    settings.ANTHROPIC_API_KEY = KEY
    request = httpx2.Request("POST", "http://gateway/v1/messages")
    body = {"error": {"message": "x" * 290 + f" invalid key {KEY}"}}
    response = httpx2.Response(401, request=request, json=body)
    error = anthropic.AuthenticationError(f"Error code: 401 - {body}", response=response, body=body)
    try:
        try:
            raise error
        except anthropic.AnthropicError as caught:
            raise llm._unavailable(caught, 0, timeout=None) from llm._tellable(caught)
    except llm.Unavailable as unavailable:
        text = "".join(traceback.format_exception(unavailable))
        assert KEY not in str(unavailable) and KEY not in text and "very-sec" not in str(unavailable)
    assert KEY not in str(llm.Unavailable(f"It said {KEY}."))
    plain = ValueError("no JSON")
    assert llm._tellable(plain) is plain


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        (0, 0),
        (7, 7),
        (-5, 0),
        (10**30, llm.MAX_TOKENS),
        (math.inf, llm.MAX_TOKENS),
        (math.nan, 0),
        (None, 0),
        ("9", 0),
        (True, 0),
        (3.7, 3),
    ],
)
def test_usage_figures_are_clamped(told: object, taken: int) -> None:
    assert llm.tokens(told) == taken


def test_a_policy_is_set() -> None:
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["script-src"] == ["'self'"]
