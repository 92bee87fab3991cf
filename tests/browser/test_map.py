"""From a rectangle drawn on the map to the events in it."""

import re
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


ROWS = 50  # of a page of the events list


def test_a_lasso_of_the_map_is_a_search(root_page: Any, filled: dict[str, list[str]]) -> None:
    path = next(path for path in filled["pages"] if path.endswith("/discover/map/"))
    root_page.goto(path)
    root_page.wait_for_selector("[data-map] canvas")
    root_page.wait_for_function(
        "() => /\\d events/.test(document.querySelector('[data-map-note]').textContent)"
    )
    note = root_page.locator("[data-map-note]")
    [drawn] = map(int, re.findall(r"(\d+) events", note.text_content()))
    root_page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector("[data-map]"))
          .dispatchAction({type: "takeGlobalCursor", key: "brush", brushOption: {brushType: "rect", brushMode: "single"}})"""
    )
    box = root_page.locator("[data-map]").bounding_box()

    def draw(*corners: tuple[float, float]) -> None:
        (x, y), (right, below) = (
            (box["x"] + box["width"] * a, box["y"] + box["height"] * b) for a, b in corners
        )
        root_page.mouse.move(x, y)
        root_page.mouse.down()
        root_page.mouse.move(right, below, steps=5)
        root_page.mouse.up()

    draw((0.005, 0.11), (0.99, 0.99))
    link = note.locator("a")
    link.wait_for()
    # A search holds so many ids; of more events, the first ones are searched.
    words = re.fullmatch(r"Search the (?:first (\d+) of )?([\d,]+) events in it", link.text_content())
    inside = int(words[2].replace(",", ""))
    chosen = int(words[1] or inside)
    assert drawn / 2 <= inside <= drawn and 0 < chosen <= inside
    link.click()
    root_page.wait_for_url(re.compile(r"/events/\?q="))
    assert root_page.locator("tr[data-row]").count() == min(chosen, ROWS)
