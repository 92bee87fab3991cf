"""The rooms' walls: labeling -> issues -> signals -> ingest -> raindrop, and never back. Read from the source with `ast`."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["raindrop", "ingest", "signals", "issues", "labeling"]  # each may import those before it, and itself
# Where the rooms are put together.
COMPOSITION_ROOTS = {
    "raindrop/urls.py",
    "raindrop/api/urls.py",
    "raindrop/asgi.py",
    "raindrop/pipeline.py",
}
# What only management commands call: they may import all, and so may it.
OF_COMMANDS = "raindrop/evaluation/"
MEASURING = (OF_COMMANDS, "signals/evaluation/")
MAX_LINES = 420


def python_files(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]


def imported_rooms(source: str) -> set[str]:
    """The rooms that the source imports, in functions and under TYPE_CHECKING too, and by import_module("room...")."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
            "import_string",
        ):
            names |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return {name.partition(".")[0] for name in names} & set(ROOMS)


def backward_imports(path: str, source: str) -> set[str]:
    room = path.partition("/")[0]
    if path in COMPOSITION_ROOTS or "/management/commands/" in path or path.startswith(OF_COMMANDS):
        return set()
    return imported_rooms(source) - set(ROOMS[: ROOMS.index(room) + 1])


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_runs_back(room: str) -> None:
    files = python_files(room)
    assert files
    found = {
        str(path.relative_to(ROOT)): back
        for path in files
        if (back := backward_imports(str(path.relative_to(ROOT)), path.read_text()))
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import issues.models",
        "from issues.models import Issue",
        "def late():\n    from issues.models import Issue",
        "if TYPE_CHECKING:\n    from issues import models",
        'importlib.import_module("issues.models")',
    ],
)
def test_it_sees_an_arrow_that_runs_back(source: str) -> None:
    assert backward_imports("signals/x.py", source) == {"issues"}
    assert not backward_imports("labeling/x.py", source)
    assert not backward_imports("raindrop/urls.py", source)


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_short(room: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files(room)}
    assert not {path: lines for path, lines in lengths.items() if lines > MAX_LINES}


def test_composition_roots_exist() -> None:
    assert not [path for path in COMPOSITION_ROOTS if not (ROOT / path).is_file()]


def test_only_commands_import_what_is_theirs() -> None:
    packages = [room.rstrip("/").replace("/", ".") for room in MEASURING]
    users = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in python_files(room)
        if any(package in path.read_text() for package in packages)
    }
    assert not {p for p in users if "/management/commands/" not in p and not p.startswith(MEASURING)}


def test_starting_does_not_import_what_few_processes_need() -> None:
    """A second and 60 MB for each process: the LLM's SDK is imported when something is asked."""
    script = "import django; django.setup(); import sys, raindrop.pipeline, raindrop.urls; print('anthropic' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "raindrop.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
