"""Settings › Redaction, over HTTP."""

from typing import Any

import pytest

from ingest.models import RedactionSettings
from ingest.redaction import DEFAULT_KINDS
from tests.html import html_of

URL, TRY = "/p/acme/settings/redaction/", "/p/acme/settings/redaction/try/"


@pytest.fixture
def admin(client: Any, member: Any) -> Any:
    client.force_login(member)
    return client


@pytest.fixture
def onlooker(client: Any, viewer: Any) -> Any:
    client.force_login(viewer)
    return client


def test_the_page_shows_the_defaults(admin: Any) -> None:
    page = admin.get(URL)
    assert page.status_code == 200
    html = html_of(page)
    for kind in DEFAULT_KINDS:
        assert f'name="kinds" value="{kind}" checked' in html
    assert 'name="kinds" value="email">' in html
    assert "&lt;REDACTED_CREDIT_CARD&gt;" in html
    assert "Not hidden now: E-mail addresses, " in html


def test_who_begins_is_told_what_is_not_hidden(admin: Any, project: Any) -> None:
    for page in ("/p/acme/events/", "/p/acme/settings/"):
        html = html_of(admin.get(page))
        assert "names and postal addresses are not" in html and f'href="{URL}"' in html


def test_an_admin_switches_kinds_and_writes_patterns(admin: Any, project: Any) -> None:
    answer = admin.post(URL, {"kinds": ["email", "card"], "patterns": [r"EMP-\d+", ""], "regions": "us, gb"})
    assert answer.status_code == 302
    settings = RedactionSettings.objects.get(project=project)
    assert settings.patterns == [r"EMP-\d+"]
    assert settings.regions == ["US", "GB"]
    html = html_of(admin.get(URL))
    assert 'value="email" checked' in html and 'value="ssn">' in html and 'value="US GB"' in html


def test_a_bad_pattern_is_shown_beside_its_field_and_nothing_is_saved(admin: Any) -> None:
    answer = admin.post(URL, {"kinds": ["ip"], "patterns": ["fine", '"><script>(']})
    html = html_of(answer)
    assert answer.status_code == 422
    assert "invalid-feedback" in html and "Not a valid pattern" in html and "<script>(" not in html
    assert 'value="ip" checked' in html and 'value="fine"' in html
    assert not RedactionSettings.objects.exists()


def test_an_unknown_region_is_shown(admin: Any) -> None:
    answer = admin.post(URL, {"kinds": [], "regions": "US XX"})
    assert answer.status_code == 422
    assert "There is no region XX." in html_of(answer)


def test_an_unknown_kind_is_refused(admin: Any) -> None:
    assert admin.post(URL, {"kinds": ["nonsense"]}).status_code == 422
    assert not RedactionSettings.objects.exists()


def test_the_playground_follows_the_form_and_keeps_nothing(admin: Any) -> None:
    text = "card 4111111111111111 mail a@b.example <script>alert(1)</script> EMP-7"
    html = html_of(admin.post(TRY, {"text": text, "kinds": ["email"], "patterns": ["EMP-[0-9]", "("]}))
    assert "2 would be hidden" in html
    assert (
        '<mark class="evidence" title="E-mail addresses: &lt;REDACTED_EMAIL&gt;">a@b.example</mark>' in html
    )
    assert "card 4111111111111111 mail &lt;REDACTED_EMAIL&gt;" in html
    assert "&lt;script&gt;" in html and "<script>" not in html
    assert not RedactionSettings.objects.exists()


def test_the_playground_takes_anything(admin: Any) -> None:
    for text in ("", "\x00", "x" * 30_000, "<REDACTED_EMAIL>"):
        assert "Nothing would be hidden" in html_of(admin.post(TRY, {"text": text}))


def test_a_viewer_looks_and_tries_but_does_not_change(onlooker: Any) -> None:
    assert "Only an admin" in html_of(onlooker.get(URL))
    assert onlooker.post(URL, {"kinds": []}).status_code == 403
    assert not RedactionSettings.objects.exists()
    html = html_of(onlooker.post(TRY, {"text": "card 4111111111111111", "kinds": []}))
    assert "1 would be hidden" in html  # by what holds, not by a form that is not the viewer's


@pytest.mark.parametrize("url", [URL, TRY])
def test_a_stranger_finds_nothing(client: Any, project: Any, stranger: Any, url: str) -> None:
    client.force_login(stranger)
    assert client.post(url, {"text": "x"}).status_code == 404
    assert client.get(URL).status_code == 404


def test_who_is_not_logged_in_is_sent_to_log_in(client: Any, project: Any) -> None:
    assert client.get(URL).status_code == 302
