"""The documentation as tests read it: pages, their code blocks, links, headings and tables."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.processes import ROOT

NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$")
FENCE = re.compile(r"^```(\S*)$")
# Measurements, and tables that programs write, name what was there on the day.
RECORDS = ("docs/benchmarks.md",)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `line`: of its first line in the page, from 1; `not_run`: why the page says that it is not run, or ""."""

    page: str
    line: int
    language: str
    text: str
    not_run: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def pages() -> tuple[str, ...]:
    """Every page for people, by its path from the root; the README first."""
    found = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    return ("README.md", "CONTRIBUTING.md", *(page for page in found if page not in RECORDS))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def blocks() -> tuple[Block, ...]:
    return tuple(block for page in pages() for block in blocks_of(page, text_of(page)))


def blocks_of(page: str, text: str) -> list[Block]:
    """Raises ValueError for a fence that is not closed."""
    found, lines, at = [], text.splitlines(), 0
    while at < len(lines):
        if opened := FENCE.match(lines[at]):
            end = next((i for i in range(at + 1, len(lines)) if lines[i] == "```"), None)
            if end is None:
                raise ValueError(f"{page}:{at + 1}: the block has no end")
            marked = NOT_RUN.match(lines[at - 1]) if at else None
            inside = "\n".join(lines[at + 1 : end]) + "\n"
            found.append(Block(page, at + 2, opened[1], inside, marked[1] if marked else ""))
            at = end
        at += 1
    return found


def prose_of(page: str) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def anchors_of(path: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows_of(text: str) -> dict[str, str]:
    """The table rows that begin with `a name`, by that name."""
    rows = re.findall(r"^\| `[^`]+` \|.*$", text, flags=re.MULTILINE)
    return {row.split("`")[1]: row for row in rows}


def path_of(page: Path, target: str) -> Path:
    """What a relative link on the page leads to."""
    return (page.parent / target.partition("#")[0]).resolve() if target.partition("#")[0] else page
