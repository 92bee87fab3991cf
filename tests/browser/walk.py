"""One walk over all pages: each is shown once in each scheme, and everything is collected there that the tests of this folder judge.

Axe would take two thirds of the walk's time. So its rules whose findings are never serious stay out, and what looks at colours looks at
three texts of each look (colours, font and backgrounds, as computed): texts of one look have one contrast.
"""

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
# Of the texts that look alike to the colour rules, the first, the middle and the last. They pass over what is disabled, what is clipped and
# what has no two letters, and they compare a link with the text around it: such texts are kept apart.
OF_EACH_LOOK = """() => {
  const plain = "rgba(0, 0, 0, 0) none 1 static visible none auto", behind = new Map(), looks = new Map();
  const backgrounds = (element) => {
    if (!element) return "";
    if (!behind.has(element)) {
      const style = getComputedStyle(element), above = backgrounds(element.parentElement);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.position, style.visibility, style.filter, style.clip].join(" ");
      behind.set(element, own === plain ? above : `${above}/${own}`);
    }
    return behind.get(element);
  };
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].map((node) => node.nodeType === Node.TEXT_NODE ? node.data : "").join("").trim();
    if (!(text || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const look = [
      element.tagName, element.type, style.color, style.fontSize, style.fontWeight, style.textShadow, style.textDecorationLine,
      getComputedStyle(element.parentElement).color, backgrounds(element), /[\\p{L}\\p{N}].*[\\p{L}\\p{N}]/su.test(text),
      Boolean(element.closest(":disabled, [aria-disabled=true]") || element.closest("label")?.control?.disabled),
    ].join("|");
    looks.set(look, [...looks.get(look) || [], element]);
  }
  return [...looks.values()].flatMap((alike) => [...new Set([alike[0], alike[alike.length >> 1], alike.at(-1)])]);
}"""
# Only what is found is handed over: with all that was looked at it takes as long again.
FINDINGS = """async ({ colourRules, all }) => {
  const off = (ids) => Object.fromEntries(ids.map((id) => [id, { enabled: false }]));
  const slight = axe._audit.rules.filter((rule) => ["minor", "moderate"].includes(rule.impact)).map((rule) => rule.id);
  const texts = (OF_EACH_LOOK)();
  const results = [
    texts.length && await axe.run({ include: texts }, { resultTypes: ["violations"], runOnly: { type: "rule", values: colourRules } }),
    all && await axe.run(document, { resultTypes: ["violations"], rules: off([...slight, ...colourRules]) }),
  ];
  return results.flatMap((result) => result ? result.violations : []).filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, one.nodes.slice(0, 3).map((node) => [node.target, node.any[0]?.message])]);
}""".replace("OF_EACH_LOOK", OF_EACH_LOOK)
TRANSITIONS = """() => Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""


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
    seen = Visit(path, scheme, answer.status, answer.headers.get("content-security-policy", ""))
    return _look(page, seen, widths=widths, axe=axe)


def darkened(page: Any, light: Visit) -> Visit:
    """The page of the visit just made, as it follows the system into the dark: the admin does so without being loaded again."""
    page.emulate_media(color_scheme="dark")
    page.evaluate(TRANSITIONS)
    return _look(page, Visit(light.path, "dark", light.status, light.policy), widths=WIDTHS[::-1], axe=True)


def _look(page: Any, seen: Visit, *, widths: tuple[int, ...], axe: bool) -> Visit:
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        seen.overflow[width] = overflow(page)
        if width == WIDTHS[0]:
            seen.parts = page.evaluate(PARTS)
            if axe:
                seen.findings = findings(page, seen.path, colours_only=seen.scheme == "dark")
    seen.problems = list(page.problems)
    page.problems.clear()
    return seen


def overflow(page: Any) -> int:
    """By how many pixels the page is wider than its window: at most 0 when it fits. Charts follow the window with its next frame."""
    with suppress(TimeoutError):
        page.wait_for_function(f"() => {OVERFLOW} <= 0", timeout=PATIENCE)
    return int(page.evaluate(OVERFLOW))


def findings(page: Any, path: str, *, colours_only: bool) -> list[str]:
    """Axe's serious and critical findings, by all rules or by those of colours."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(FINDINGS, {"colourRules": COLOUR_RULES, "all": not colours_only})
    return [f"{path}: {rule} {nodes}" for rule, nodes in found]
