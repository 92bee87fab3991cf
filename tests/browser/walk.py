"""One walk over all pages: each is opened once in each scheme, and everything is collected there that the tests of this folder judge."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import TimeoutError

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
# Axe's rules that look at colours (tag cat.color): all that can differ between the schemes.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
WIDTHS = (1280, 400)
HEIGHT = 900
PATIENCE = 5000  # ms

# The page stands: what it fetches by itself is there, and its charts are drawn.
STANDS = """() => document.readyState === "complete"
  && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")
  && [...document.querySelectorAll("[data-chart]")].every((chart) => chart.querySelector("svg"))"""
PARTS = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const named = (element) => element.getAttribute("aria-label");
  const table = (chart) => { let next = chart.nextElementSibling; while (next && next.tagName !== "DIV") next = next.nextElementSibling; return next; };
  return {
    theme: document.documentElement.dataset.bsTheme,
    charts: all("[data-chart]").map((chart) => ({
      name: named(chart), role: chart.getAttribute("role"), caption: table(chart)?.querySelector(":scope > table > caption")?.textContent })),
    unnamed: all("svg.sparkline, progress").filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 200)),
    tab_roles: all("[role=tablist] > *, [role=tab]").map((element) => element.getAttribute("role")),
    tabs: all("[role=tab]").map((tab) => ({
      id: tab.id, labels: all(`#${tab.getAttribute("aria-controls")}[role=tabpanel]`).map((panel) => panel.getAttribute("aria-labelledby")) })),
    rows: all("#result_list tbody tr").length,
    list_overflow: Math.max(0, ...all(".results").map((list) => list.scrollWidth - list.clientWidth)),
  };
}"""
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@dataclass
class Visit:
    """What one page showed in one scheme.

    `parts`: of PARTS. `overflow`: by width of the window, by how many pixels the page is wider. `findings`: axe's serious and critical
    ones. `problems`: script errors, violations of the policy, failed requests, and requests to elsewhere.
    """

    path: str
    scheme: str
    status: int
    policy: str
    parts: dict[str, Any] = field(default_factory=dict)
    overflow: dict[int, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def visit(page: Any, path: str, *, scheme: str, axe: bool = True) -> Visit:
    """Opens `path` in `scheme` ("light" or "dark"). In the light the window is narrowed after the page was opened, in the dark it is opened
    narrow and widened: both ways a page must fit."""
    widths = WIDTHS if scheme == "light" else WIDTHS[::-1]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    answer = page.goto(path)
    page.wait_for_function(STANDS)
    found = Visit(path, scheme, answer.status, answer.headers.get("content-security-policy", ""))
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found.overflow[width] = overflow(page)
        if width == WIDTHS[0]:
            found.parts = page.evaluate(PARTS)
            if axe:
                found.findings = findings(page, path, rules=None if scheme == "light" else COLOUR_RULES)
    found.problems = list(page.problems)
    page.problems.clear()
    return found


def overflow(page: Any) -> int:
    """By how many pixels the page is wider than its window: at most 0 when it fits. Charts follow the window with its next frame."""
    with suppress(TimeoutError):
        page.wait_for_function(f"() => {OVERFLOW} <= 0", timeout=PATIENCE)
    return int(page.evaluate(OVERFLOW))


def findings(page: Any, path: str, *, rules: list[str] | None) -> list[str]:
    """Axe's serious and critical findings, by all rules or by those named."""
    page.evaluate(AXE)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    result = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{path}: {one['id']} {[(node['target'], node['any'][:1]) for node in one['nodes']][:3]}"
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]
