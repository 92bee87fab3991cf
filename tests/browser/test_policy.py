"""The strict content security policy (raindrop/settings.py) on every main page and in the admin: nothing of ours is forbidden by it.
The walk (walk.py) notes whatever the browser refuses; the fixtures of the other tests fail on it (conftest.py)."""

from typing import Any

import pytest

from tests.browser.conftest import Walked

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_no_page_does_what_its_policy_forbids(walked: Walked) -> None:
    admins = {visit.path for visit in walked.everything() if visit.path.startswith("/admin/")}
    visits = [visit for visit in walked.everything() if visit.path not in admins]
    assert {"/api/docs/", "/accounts/login/"} < {visit.path for visit in visits}
    for visit in visits:
        assert visit.status == 200, visit.path
        assert not visit.problems, (visit.path, visit.scheme, visit.problems)
        policy = visit.policy
        assert "unsafe" not in policy and "script-src 'self'" in policy and "style-src 'self'" in policy


def test_nor_does_the_admin(walked: Walked, filled: dict[str, list[str]]) -> None:
    visits = [visit for visit in walked.everything() if visit.path.startswith("/admin/")]
    assert {visit.path for visit in visits} >= set(filled["admin"])
    for visit in visits:
        assert visit.status == 200, visit.path
        assert not visit.problems, (visit.path, visit.scheme, visit.problems)


def test_what_the_policy_forbids_is_seen(page: Any) -> None:
    """So the walks above can fail: a style in an attribute, and one in an element, are refused and reported."""
    page.goto("/accounts/password/")
    page.evaluate(
        """() => { window.seen = [];
        document.addEventListener("securitypolicyviolation", (event) => window.seen.push(event.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", '<b style="color: red">x</b><style>b { color: red }</style>'); }"""
    )
    page.wait_for_function("() => window.seen.length >= 2")
    assert set(page.evaluate("window.seen")) == {"style-src-attr", "style-src-elem"}
    assert [text for text in page.problems if "the policy forbids style-src-attr" in text]
    page.problems.clear()
