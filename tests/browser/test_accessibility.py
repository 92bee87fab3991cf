"""What axe-core (a tool of the tests: it is MPL, and no part of the product) finds on the main pages and in the admin, light and dark."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))


def serious(page: Any, path: str) -> list[str]:
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{path}: {one['id']} {[(node['target'], node['any'][:1]) for node in one['nodes']][:3]}"
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_by_the_systems_preference(
    root_page: Any, filled: dict[str, list[str]], scheme: str
) -> None:
    root_page.emulate_media(color_scheme=scheme)
    found = []
    for path in filled["pages"]:
        found += serious(root_page, path)
        assert root_page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    root_page.context.clear_cookies()
    found += serious(root_page, "/accounts/login/")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nor_in_the_admins_index_and_lists(root_page: Any, filled: dict[str, list[str]], scheme: str) -> None:
    """The forms there are Django's own."""
    root_page.emulate_media(color_scheme=scheme)
    found = []
    for path in filled["admin"]:
        if path.count("/") <= 4:
            found += serious(root_page, path)
    root_page.context.clear_cookies()
    found += serious(root_page, "/admin/login/")
    assert not found, "\n".join(found)


def test_every_chart_has_a_name_and_its_numbers(root_page: Any, filled: dict[str, list[str]]) -> None:
    seen = 0
    for path in filled["pages"]:
        root_page.goto(path)
        for chart in root_page.locator("[data-chart]").all():
            name = chart.get_attribute("aria-label")
            assert name and chart.get_attribute("role") == "img", path
            assert chart.locator("xpath=following-sibling::div[1]/table/caption").text_content() == name
            seen += 1
        for sparkline in root_page.locator("svg.sparkline, progress").all():
            assert sparkline.get_attribute("aria-label"), path
    assert seen >= 4


def test_tabs_are_what_their_roles_say(root_page: Any, filled: dict[str, list[str]]) -> None:
    """A tab shows a panel of this page, and the arrow keys go through them; what leads to another page is a link in a <nav>."""
    for path in filled["pages"]:
        root_page.goto(path)
        for tab in root_page.locator("[role=tablist] > *, [role=tab]").all():
            assert tab.get_attribute("role") in ("tab", "presentation"), path
        for tab in root_page.locator("[role=tab]").all():
            panel = root_page.locator(f"#{tab.get_attribute('aria-controls')}[role=tabpanel]")
            assert panel.get_attribute("aria-labelledby") == tab.get_attribute("id"), path
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
