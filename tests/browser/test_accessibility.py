"""What axe-core (a tool of the tests: it is MPL, and no part of the product) finds on the main pages and in the admin, light and dark."""

from typing import Any

import pytest

from tests.browser.conftest import Walked
from tests.browser.walk import findings

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_by_the_systems_preference(walked: Walked, scheme: str) -> None:
    """By all rules in the light, and by those of colours in the dark."""
    visits = [visit for visit in walked.pages if visit.scheme == scheme]
    assert len(visits) > 30
    assert {visit.parts["theme"] for visit in visits} == {scheme}
    found = [finding for visit in visits for finding in visit.findings]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nor_in_the_admins_index_and_lists(walked: Walked, scheme: str) -> None:
    """The forms there are Django's own."""
    visits = [visit for visit in walked.lists if visit.scheme == scheme]
    assert len(visits) > 20
    found = [finding for visit in visits for finding in visit.findings]
    assert not found, "\n".join(found)


PALE = """<html lang="en"><title>Pale</title><main><h1>A page</h1><p style="color: #bbb; background: #ccc">A text that is too pale</p>
<input></main></html>"""


def test_what_axe_finds_is_seen(browser: Any) -> None:
    """So the two above can fail: a text that is too pale is found by either set of rules, and a field without a name by all rules."""
    page = browser.new_page()
    page.set_content(PALE)
    by_all, by_colour = (findings(page, "/", colours_only=only) for only in (False, True))
    page.close()
    assert [text.split()[1] for text in by_all] == ["color-contrast", "label"]
    assert [text.split()[1] for text in by_colour] == ["color-contrast"]


def test_every_chart_has_a_name_and_its_numbers(walked: Walked) -> None:
    seen = 0
    for visit in walked.pages:
        for chart in visit.parts["charts"]:
            assert chart["name"] and chart["role"] == "img", visit.path
            assert chart["caption"] == chart["name"], visit.path
            seen += visit.scheme == "light"
        assert not visit.parts["unnamed"], visit.path
    assert seen >= 4


def test_tabs_are_what_their_roles_say(walked: Walked, root_page: Any, filled: dict[str, list[str]]) -> None:
    """A tab shows a panel of this page, and the arrow keys go through them; what leads to another page is a link in a <nav>."""
    seen = 0
    for visit in walked.pages:
        assert set(visit.parts["tab_roles"]) <= {"tab", "presentation"}, visit.path
        for tab in visit.parts["tabs"]:
            assert tab["labels"] == [tab["id"]], (visit.path, tab)
            seen += 1
    assert seen
    settings = next(path for path in filled["pages"] if path.endswith("/settings/"))
    root_page.goto(settings)
    root_page.get_by_role("tab", name="curl").focus()
    root_page.keyboard.press("ArrowRight")
    python = root_page.get_by_role("tab", name="Python")
    assert (
        python.evaluate("tab => tab === document.activeElement")
        and python.get_attribute("aria-selected") == "true"
    )
    root_page.get_by_role("tabpanel", name="Python").wait_for()
    issues = next(path for path in filled["pages"] if path.endswith("/issues/"))
    root_page.goto(issues)
    states = root_page.get_by_role("navigation", name="State").get_by_role("link")
    assert states.count() >= 3
    assert states.filter(has_text="Open").get_attribute("aria-current") == "page"
