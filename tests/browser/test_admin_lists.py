"""The admin's lists fit into a window of 1,280 px: no column that matters lies outside it. In the product's look, light and dark."""

from typing import Any

import pytest

from tests.browser.conftest import Walked

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHADE = "getComputedStyle(document.body).backgroundColor"


def test_no_list_is_wider_than_its_place(walked: Walked) -> None:
    lists = [visit for visit in walked.lists if visit.path.count("/") == 4 and visit.scheme == "light"]
    assert len(lists) > 20
    shown = sum(visit.parts["rows"] > 0 for visit in lists)
    wide = {
        visit.path: outside
        for visit in lists
        if (outside := max(visit.overflow[1280], visit.parts["list_overflow"])) > 0
    }
    assert not wide
    assert shown > 15, "too few of them have rows"


def test_it_looks_like_the_product_and_leads_back(root_page: Any) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        root_page.emulate_media(color_scheme=scheme)
        root_page.goto("/admin/")
        shades[scheme] = root_page.evaluate(SHADE)
    assert shades == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 24, 39)"}
    assert root_page.locator("#site-name img").evaluate("image => image.naturalWidth") > 0
    root_page.get_by_role("link", name="Back to the app").click()
    root_page.wait_for_url("**/p/shop/")
    # The admin keeps "auto" where the app keeps its theme: the app still goes by the system.
    assert root_page.evaluate("localStorage.getItem('theme')") == "auto"
    assert root_page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
