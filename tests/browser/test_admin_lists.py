"""The admin's lists fit into a window of 1,280 px: no column that matters lies outside it. In the product's look, light and dark."""

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OUTSIDE = """() => { const table = document.querySelector(".results");
  return Math.max(document.documentElement.scrollWidth - innerWidth, table ? table.scrollWidth - table.clientWidth : 0); }"""
SHADE = "getComputedStyle(document.body).backgroundColor"


def test_no_list_is_wider_than_its_place(root_page: Any, filled: dict[str, list[str]]) -> None:
    assert root_page.viewport_size["width"] == 1280
    lists = [path for path in filled["admin"] if path.count("/") == 4]
    assert len(lists) > 20
    shown, wide = 0, {}
    for path in lists:
        root_page.goto(path)
        shown += root_page.locator("#result_list tbody tr").count() > 0
        if (outside := root_page.evaluate(OUTSIDE)) > 0:
            wide[path] = outside
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
