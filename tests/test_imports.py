"""The walls: labeling -> issues -> signals -> ingest -> raindrop, and never back; and inside each app from room to lower room.

All is read from the source with `ast`.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["raindrop", "ingest", "signals", "issues", "labeling"]  # each may import those before it, and itself
# The rooms of each app (folders, and modules beside them), the lowest floor first. A room may import those of lower floors, and itself.
FLOORS: dict[str, list[str]] = {
    "raindrop": [
        "data_dir embedder errors ids live llm locks models statement_limit statistics",
        "evaluation server settings web",
        "api templatetags",
        "admin apps asgi pipeline urls workers",
    ],
    "ingest": [
        "models",
        "counts incoming jobs projects",
        "limits redaction",
        "otlp store",
        "decoding health retention",
        "tracing",
        "api files http pages",
        "admin apps evaluation",
    ],
    "signals": [
        "models",
        "detectors llm",
        "vectors",
        "catalogue matching",
        "explicit questions search",
        "kinds",
        "detection reader",
        "learning",
        "taxonomy",
        "dimensions discovery translating",
        "clusters tools",
        "read_api",
        "api pages templatetags",
        "admin apps evaluation",
    ],
    "issues": [
        "models",
        "access actions impact matrix_rows query_fields states",
        "classifier",
        "causes following inbox",
        "alerts escalation merging",
        "digest",
        "api pages",
        "admin apps evaluation",
    ],
    "labeling": [
        "models",
        "labels query_fields",
        "drift teaching",
        "queue splitting",
        "refinement teacher",
        "api pages",
        "admin apps evaluation",
    ],
}
# Where the apps are put together.
COMPOSITION_ROOTS = {
    "raindrop/urls.py",
    "raindrop/api/urls.py",
    "raindrop/asgi.py",
    "raindrop/pipeline.py",
}
COMMANDS = "/management/commands/"  # they may import all
MEASURING = "evaluation"  # the room that only commands import
MAX_LINES = 420
MAX_MODULES = 20
OF_ONE_KIND = {"signals/detectors"}  # and migrations: a reader looks for one by its name


def python_files(app: str) -> list[str]:
    """Relative to the root."""
    paths = sorted((ROOT / app).rglob("*.py"))
    return [path.relative_to(ROOT).as_posix() for path in paths if "migrations" not in path.parts]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def imports(source: str) -> set[str]:
    """The modules of the apps, and the names in them, that the source imports: in functions and under TYPE_CHECKING too, and by
    import_module("app...")."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "Relative imports hide which room is meant."
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
            "import_string",
        ):
            names |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return {name for name in names if name.partition(".")[0] in APPS}


def room_of(name: str) -> str:
    """ "signals" of "ingest.signals.x" or "ingest/signals/x.py"."""
    return name.replace("/", ".").removesuffix(".py").split(".")[1]


def is_free(path: str) -> bool:
    return path in COMPOSITION_ROOTS or COMMANDS in path or path.endswith("management/__init__.py")


def backward_imports(path: str, source: str) -> set[str]:
    """The apps that stand above the file's own and that it imports."""
    if is_free(path):
        return set()
    apps = {name.partition(".")[0] for name in imports(source)}
    return apps - set(APPS[: APPS.index(path.partition("/")[0]) + 1])


def upward_imports(path: str, source: str) -> set[str]:
    """The rooms of the file's own app that it imports, and that stand on its own floor or above it."""
    app, room = path.partition("/")[0], room_of(path)
    floors = [set(floor.split()) for floor in FLOORS[app]]
    if is_free(path) or path == f"{app}/__init__.py":
        return set()
    floor = next(number for number, rooms in enumerate(floors) if room in rooms)
    lower = {room}.union(*floors[:floor])
    return {room_of(name) for name in imports(source) if name.startswith(f"{app}.")} - lower


@pytest.mark.parametrize("app", APPS)
def test_no_arrow_runs_back(app: str) -> None:
    files = python_files(app)
    assert files
    assert not {path: back for path in files if (back := backward_imports(path, read(path)))}


@pytest.mark.parametrize("app", APPS)
def test_no_arrow_runs_up(app: str) -> None:
    assert not {path: up for path in python_files(app) if (up := upward_imports(path, read(path)))}


@pytest.mark.parametrize("app", APPS)
def test_every_room_has_one_floor(app: str) -> None:
    rooms = {room_of(path) for path in python_files(app)} - {"__init__", "management"}
    assert sorted(room for floor in FLOORS[app] for room in floor.split()) == sorted(rooms)


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
    assert backward_imports("raindrop/evaluation/x.py", source) == {"issues"}
    assert not backward_imports("labeling/x.py", source)
    assert not backward_imports("raindrop/urls.py", source)


@pytest.mark.parametrize(
    "source",
    [
        "import ingest.store.events",
        "from ingest.store import events",
        "from ingest.store.events import store_events",
        "def late():\n    from ingest import store",
    ],
)
def test_it_sees_an_arrow_that_runs_up(source: str) -> None:
    assert upward_imports("ingest/models/events.py", source) == {"store"}
    assert upward_imports("ingest/otlp/raw.py", source) == {"store"}  # the same floor
    assert not upward_imports("ingest/http/wire.py", source)
    assert not upward_imports("ingest/store/people.py", source)
    assert not upward_imports(
        "signals/models/matches.py", source
    )  # of another app: the other test's business


@pytest.mark.parametrize("app", APPS)
def test_files_are_short(app: str) -> None:
    lengths = {path: len(read(path).splitlines()) for path in python_files(app)}
    assert not {path: lines for path, lines in lengths.items() if lines > MAX_LINES}


@pytest.mark.parametrize("app", APPS)
def test_no_folder_is_a_hall(app: str) -> None:
    modules: dict[str, int] = {}
    for path in python_files(app):
        folder, _, name = path.rpartition("/")
        modules[folder] = modules.get(folder, 0) + (name != "__init__.py")
    assert not {f: n for f, n in modules.items() if n > MAX_MODULES and f not in OF_ONE_KIND}


@pytest.mark.parametrize("app", APPS)
def test_every_room_says_what_it_is(app: str) -> None:
    rooms = [path for path in python_files(app) if path.endswith("/__init__.py") and path.count("/") > 1]
    rooms = [path for path in rooms if "/management/" not in path and "/templatetags/" not in path]
    assert not [path for path in rooms if not ast.get_docstring(ast.parse(read(path)))]


def test_composition_roots_exist() -> None:
    assert not [path for path in COMPOSITION_ROOTS if not (ROOT / path).is_file()]


def test_only_commands_import_what_measures() -> None:
    users = {
        path
        for app in APPS
        for path in python_files(app)
        if any(name.split(".")[1:2] == [MEASURING] for name in imports(read(path)))
    }
    assert users
    assert not {path for path in users if COMMANDS not in path and room_of(path) != MEASURING}


def test_starting_does_not_import_what_few_processes_need() -> None:
    """A second and 60 MB for each process: the LLM's SDK is imported when something is asked."""
    script = "import django; django.setup(); import sys, raindrop.pipeline, raindrop.urls; print('anthropic' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "raindrop.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
