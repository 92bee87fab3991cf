"""Every `type: ignore` says which error it hides and why, and there are few of them: a new one takes the place of an old one."""

import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["raindrop", "ingest", "signals", "issues", "labeling", "tests"]
MOST = 39
IGNORE = re.compile(r"#\s*type:\s*ignore")
WITH_REASON = re.compile(r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \w.{8,}")


def ignores() -> dict[str, str]:
    """The comments that hide an error of the type checker, by file and line."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            with path.open("rb") as file:
                for token in tokenize.tokenize(file.readline):
                    if token.type == tokenize.COMMENT and IGNORE.match(token.string):
                        found[f"{path.relative_to(ROOT)}:{token.start[0]}"] = token.string
    return found


def test_each_has_its_code_and_its_reason() -> None:
    assert not {place: text for place, text in ignores().items() if not WITH_REASON.fullmatch(text)}


def test_there_are_few() -> None:
    assert 0 < len(ignores()) <= MOST


def test_the_pattern_wants_a_code_and_a_reason() -> None:
    assert WITH_REASON.fullmatch("# type: ignore[misc]  # channels has no types")
    for text in (
        "# type: ignore",
        "# type: ignore[misc]",
        "# type: ignore  # because",
        "# type: ignore[misc]  # no",
    ):
        assert IGNORE.match(text) and not WITH_REASON.fullmatch(text)
