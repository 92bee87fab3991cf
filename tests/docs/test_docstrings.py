"""What docstrings, comments and help texts name is there: files and folders of ours, and modules with their names."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from tests.processes import ROOT

CODE = ("raindrop", "ingest", "signals", "issues", "labeling", "tests")
ROOMS = (*CODE, "docs", "fixtures", "static", "templates")
# Of a folder in ROOMS, or a Python file under a part of its path: "otlp/logs.py" in ingest is ingest/otlp/logs.py.
PATH = re.compile(rf"(?<![\w./<{{-])(?:(?:[\w-]+/)*[\w-]+\.py\b|(?:{'|'.join(ROOMS)})/[\w./-]*\w)")
MODULE = re.compile(rf"(?<![\w./-])(?:{'|'.join(CODE)})(?:\.\w+)+(?!\.?\w)")
# (file, what it names): properties of events, and examples.
NO_MODULES = {
    ("ingest/decoding/clocks.py", "raindrop.sent_at"),
    ("ingest/tracing/earlier_turns.py", "raindrop.backfilled"),
    ("signals/vectors/text_search.py", "foo_bar.py"),
    ("tests/ingest/jobs/test_older_rows.py", "signals/migrations/0020"),
    ("tests/raindrop/test_stored_paths.py", "ingest.0013"),
    ("tests/test_imports.py", "ingest/signals/x.py"),
    ("tests/test_imports.py", "ingest.signals.x"),
}


def prose_in(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each comment, docstring and help text."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if text := ast.get_docstring(node, clean=False):
                yield node.body[0].lineno, text
        elif isinstance(node, ast.keyword) and node.arg == "help_text":
            yield node.value.lineno, ast.unparse(node.value)


def missing_from(source: str) -> set[tuple[int, str]]:
    """(line, name) of what is named and is not there."""
    return {
        (line, name)
        for line, text in prose_in(source)
        for name in (*PATH.findall(text), *MODULE.findall(text))
        if not (is_path(name) or is_module(name))
    }


@cache
def ends_of_paths() -> frozenset[str]:
    """Each file and folder of ours, by its whole path and by each end of it."""
    found = set()
    for path in (*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*"))):
        parts = path.relative_to(ROOT).parts
        if "__pycache__" not in parts:
            found.update("/".join(parts[start:]) for start in range(len(parts)))
    return frozenset(found)


def is_path(name: str) -> bool:
    return name in ends_of_paths()


def is_module(name: str) -> bool:
    """A module, or a module and a name in it; what stands behind that name is not looked at."""
    parts = name.split(".")
    for number in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:number])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.is_file():
            return number == len(parts) or parts[number] in names_in(file)
    return False


@cache
def names_in(file: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[-1])
    return frozenset(found)


def test_what_is_found() -> None:
    source = '''"""As ingest/models/gone.py; ingest/models/events.py. See otlp/dialects/raindrop_sdk.py."""
x = Field(help_text="As signals.llm.budget.reserve, not signals.llm.budget.gone.")  # signals/gone, labeling.gone.
'''
    assert missing_from(source) == {
        (1, "ingest/models/gone.py"), (2, "signals.llm.budget.gone"), (2, "signals/gone"), (2, "labeling.gone"),
    }  # fmt: skip


def test_what_code_names_is_there() -> None:
    files = [
        path for folder in CODE for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts
    ]
    assert len(files) > 900
    found = {
        (PurePosixPath(path.relative_to(ROOT)).as_posix(), line, name)
        for path in files
        for line, name in missing_from(path.read_text())
    }
    gone = {f"{path}:{line}: {name}" for path, line, name in found if (path, name) not in NO_MODULES}
    assert not gone, "Name what is there: " + ", ".join(sorted(gone))
    assert {(path, name) for path, _, name in found} == NO_MODULES, "an exception that is none any more"
