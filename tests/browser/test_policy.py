"""The strict content security policy (raindrop/settings.py) on every main page and in the admin: nothing of ours is forbidden by it.
The fixtures fail on whatever the browser refuses (conftest.py)."""

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_no_page_does_what_its_policy_forbids(root_page: Any, filled: dict[str, list[str]]) -> None:
    for path in [*filled["pages"], "/api/docs/", "/accounts/login/"]:
        answer = root_page.goto(path)
        assert answer.status == 200, path
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
        root_page.wait_for_load_state("networkidle")
        for box in root_page.locator("[data-chart]").all():
            box.locator("svg").wait_for()


def test_nor_does_the_admin(root_page: Any, filled: dict[str, list[str]]) -> None:
    for path in filled["admin"]:
        answer = root_page.goto(path)
        assert answer.status == 200, path
        root_page.wait_for_load_state("networkidle")


def test_what_the_policy_forbids_is_seen(page: Any) -> None:
    """So the walks above can fail: a style in an attribute, and one in an element, are refused and reported."""
    page.evaluate(
        """() => { window.seen = [];
        document.addEventListener("securitypolicyviolation", (event) => window.seen.push(event.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", '<b style="color: red">x</b><style>b { color: red }</style>'); }"""
    )
    page.wait_for_function("window.seen.length >= 2")
    assert set(page.evaluate("window.seen")) == {"style-src-attr", "style-src-elem"}
    assert [text for text in page.problems if "the policy forbids style-src-attr" in text]
    page.problems.clear()
