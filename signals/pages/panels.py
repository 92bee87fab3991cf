"""Panels that rooms above add to the pages of signals. The page names each one's address, and the browser reads it after the page."""

from enum import StrEnum


class Page(StrEnum):
    SIGNAL = "signal"
    CLUSTER = "cluster"
    TOOL = "tool"


_panels: dict[Page, list[str]] = {page: [] for page in Page}


def register_panel(page: Page, url_name: str) -> None:
    """From `AppConfig.ready()`. `url_name`: of a view that takes the project's slug and what the page itself takes (a signal's key, a
    cluster's id, a tool's name), and the page's `?period=`; it answers a card."""
    if url_name not in _panels[page]:
        _panels[page].append(url_name)


def panels_of(page: Page) -> list[str]:
    """In the order in which they were registered."""
    return list(_panels[page])
