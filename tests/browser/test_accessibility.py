"""What axe-core (a tool of the tests: it is MPL, and no part of the product) finds on the main pages, in light and dark."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
PAGES = (
    "", "events/", "events/?signal=refusal", "signals/", "signals/refusal/", "signals/refusal/review/", "signals/patterns/",
    "issues/", "issues/new/", "settings/",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_by_the_systems_preference(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    found = []
    for path in PAGES:
        page.goto(f"/p/shop/{path}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            f"{path}: {one['id']} {[(node['target'], node['any'][:1]) for node in one['nodes']][:3]}"
            for one in result["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    assert not found, "\n".join(found)
