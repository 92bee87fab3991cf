"""A variable is named after what it holds. Of those whose names said only what somebody had done, none is to come back."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("raindrop", "ingest", "signals", "issues", "labeling", "tests")
VAGUE = {"said", "asked", "counted", "left"}
# The column that tells whether an event is in the roll-ups: rows and the API's users know it by this name.
KNOWN = {("ingest/models/events.py", "counted")}


def vague_names(source: str) -> set[tuple[int, str]]:
    """(line, name) of each variable, field and argument that has such a name. `left` may stand where `right` does."""
    names: set[tuple[int, str]] = set()
    with_right: list[tuple[int, int]] = []  # the functions that know a right: first line, last line
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add((node.lineno, node.id))
        elif isinstance(node, ast.arg):
            names.add((node.lineno, node.arg))
        elif isinstance(node, ast.FunctionDef) and any(_is_right(inner) for inner in ast.walk(node)):
            with_right.append((node.lineno, node.end_lineno or node.lineno))
    return {
        (line, name)
        for line, name in names
        if name in VAGUE and not (name == "left" and any(first <= line <= last for first, last in with_right))
    }


def _is_right(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id == "right") or (
        isinstance(node, ast.arg) and node.arg == "right"
    )


def test_what_is_found() -> None:
    assert vague_names("said = 1\ndef f(asked): ...\nfor left in (): pass\n") == {
        (1, "said"), (2, "asked"), (3, "left"),
    }  # fmt: skip
    assert not vague_names("def f():\n    left, right = 1, 2\n    text = said(3)\n")


def test_no_variable_is_named_after_what_somebody_did() -> None:
    files = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts
    ]
    assert len(files) > 900
    found = {
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files
        for line, name in vague_names(path.read_text())
        if (str(path.relative_to(ROOT)), name) not in KNOWN
    }
    assert not found, "Name it after what it holds: " + ", ".join(sorted(found))
