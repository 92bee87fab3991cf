"""Live hints in Chromium (static/live.js): however many come, a page makes one request in each window, and only for what is in view."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.processes import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WINDOW = 2000  # LIVE_WINDOW of static/live.js
REST = 1200  # ms; the server passes hints of a project on once a second
HINTS = """import time
from ingest.models import Project
from raindrop.live import changed
shop = Project.objects.get(slug="shop").id
for _ in range(50):
    changed([shop])
    time.sleep(0.06)
"""
IN_VIEW = """() => [...document.querySelectorAll("[data-live]")].filter((one) => {
  const box = one.getBoundingClientRect(); return box.bottom >= 0 && box.top <= innerHeight; }).map((one) => one.id)"""
ALL = '() => [...document.querySelectorAll("[data-live]")].map((one) => one.id)'
REQUESTS = """() => performance.getEntriesByType("resource").filter((one) => one.initiatorType === "fetch" || one.initiatorType === "xmlhttprequest")
  .map((one) => [one.startTime, one.name])"""
# The ids of the regions, of their addresses.
ID_OF = """(address) => [...document.querySelectorAll("[data-live]")]
  .find((one) => (one.dataset.live || `${location.pathname}${location.search}#${one.id}`) === address)?.id"""


def requests_of(page: Any) -> list[tuple[float, list[str]]]:
    """(milliseconds after the page, the ids of the regions) of each request since the timings were cleared."""
    found = []
    for start, url in page.evaluate(REQUESTS):
        assert urlsplit(url).path == "/live/", url
        addresses = parse_qs(urlsplit(url).query)["region"]
        found.append((start, [page.evaluate(ID_OF, address) for address in addresses]))
    return found


def wait_for_rest(page: Any, *, after: int = -1) -> None:
    """Until more than `after` hints have come, none has come for longer than the server holds one back, and all are answered. Fails after
    a minute."""
    page.evaluate(
        """async ({ after, rest }) => {
        let count = -1, since = 0;
        const began = performance.now();
        while (hints <= after || hints !== count || timer || reading || performance.now() - since < rest) {
          if (performance.now() - began > 60000) throw new Error(`no rest after ${hints} hints`);
          if (hints !== count) { count = hints; since = performance.now(); }
          await new Promise((resolve) => setTimeout(resolve, 50));
        } }""",
        {"after": after, "rest": REST},
    )


def open_page(page: Any, path: str) -> None:
    """Opens it and waits until nothing is loaded any more, and until no hint is left of what the tests before did."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    wait_for_rest(page)
    page.evaluate("performance.clearResourceTimings()")


def test_a_burst_of_fifty_hints(root_page: Any, server: Server, filled: dict[str, list[str]]) -> None:
    root_page.set_viewport_size({"width": 1280, "height": 450})  # so that not all regions are in view
    issue = next(path for path in filled["pages"] if re.search(r"/issues/\d+/$", path))
    open_page(root_page, issue)
    in_view, everything = root_page.evaluate(IN_VIEW), root_page.evaluate(ALL)
    assert "numbers" in in_view and set(in_view) < set(everything), "else the test says nothing"

    before = root_page.evaluate("hints")
    server.manage("shell", "--no-imports", "-c", HINTS)
    wait_for_rest(root_page, after=before)

    requests = requests_of(root_page)
    assert 1 <= len(requests) <= 4, requests  # the burst takes 3 s, the last hint waits 1 s in the server
    starts = [start for start, _ in requests]
    assert all(later - start >= WINDOW - 50 for start, later in zip(starts, starts[1:], strict=False)), starts
    assert all(set(regions) <= set(in_view) for _, regions in requests), requests

    # What was out of view is read when it comes into view, with no further hint. Where one comes (a worker's), it is read once more.
    heard = root_page.evaluate("hints")
    root_page.evaluate("performance.clearResourceTimings()")
    root_page.evaluate("scrollTo(0, document.body.scrollHeight)")
    root_page.wait_for_function(f"() => ({REQUESTS})().length")
    wait_for_rest(root_page)
    regions = [name for _, names in requests_of(root_page) for name in names]
    most = 1 + root_page.evaluate("hints") - heard
    assert regions and not set(regions) & set(in_view), regions
    assert all(regions.count(name) <= most for name in regions), (regions, most)


@pytest.mark.parametrize("place", ["/", "/signals/refusal/"])
def test_hints_in_the_browser_alone(root_page: Any, filled: dict[str, list[str]], place: str) -> None:
    open_page(root_page, f"/p/shop{place}")
    in_view = root_page.evaluate(IN_VIEW)
    before = root_page.evaluate("hints")
    root_page.evaluate(
        "for (let n = 0; n < 50; n++) setTimeout(() => document.body.dispatchEvent(new Event('changed')), 50 * n)"
    )
    wait_for_rest(root_page, after=before + 49)
    others = root_page.evaluate("hints") - before - 50  # a worker's, which come meanwhile
    requests = requests_of(root_page)
    assert 2 <= len(requests) <= 3 + others, requests
    assert all(set(regions) <= set(in_view) for _, regions in requests), requests
    for box in root_page.locator("[data-chart]").all():
        box.locator("svg").wait_for()  # a chart that was read again is drawn again


def test_no_request_for_a_hidden_page(root_page: Any, filled: dict[str, list[str]]) -> None:
    open_page(root_page, "/p/shop/")
    root_page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    root_page.evaluate("document.body.dispatchEvent(new Event('changed'))")
    root_page.wait_for_timeout(WINDOW)
    assert not requests_of(root_page)
    before = root_page.evaluate("hints")
    root_page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    root_page.wait_for_function(f"() => ({REQUESTS})().length")
    wait_for_rest(root_page)
    others = root_page.evaluate("hints") - before  # a worker's, which come meanwhile
    assert 1 <= len(requests_of(root_page)) <= 1 + others


def test_nothing_is_replaced_under_a_pressed_button(root_page: Any, filled: dict[str, list[str]]) -> None:
    open_page(root_page, "/p/shop/")
    root_page.locator("[data-live] a[href*='/issues/']").first.hover()
    root_page.mouse.down()
    pressed = root_page.evaluate_handle("document.querySelector('[data-live] a:active')")
    root_page.evaluate("document.body.dispatchEvent(new Event('changed'))")
    root_page.wait_for_function(f"() => ({REQUESTS})().length")
    root_page.wait_for_timeout(1000)  # longer than the answer takes
    assert pressed.evaluate("(link) => link.isConnected")
    root_page.mouse.up()
    root_page.wait_for_url("**/issues/**")


def test_regions_are_shown_after_a_release(root_page: Any, filled: dict[str, list[str]]) -> None:
    open_page(root_page, "/p/shop/")
    region = root_page.locator("[data-live]").first
    region.evaluate("(region) => { region.dataset.old = 'yes' }")
    root_page.mouse.move(1, 1)
    root_page.mouse.down()
    root_page.evaluate("document.body.dispatchEvent(new Event('changed'))")
    root_page.wait_for_function(f"() => ({REQUESTS})().length")
    root_page.mouse.up()
    root_page.locator("[data-old]").wait_for(state="detached")
