"""docs/configuration.md names every environment variable that the code reads, with its default; CONTRIBUTING.md those of the tests."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import rows_of, text_of
from tests.processes import ROOT

PRODUCT = ("raindrop", "ingest", "signals", "issues", "labeling")
OURS = re.compile(r"RAINDROP_[A-Z_]+")
# Read by libraries, from what `up` gives their processes.
OF_LIBRARIES = {"Q_CLUSTER_NAME"}
# What no reader of a default can see in the code's literal: the table says it in words.
IN_WORDS = {"SECRET_KEY", "RAINDROP_DATA_DIR", "DATABASE_URL", "REDIS_URL", "RAINDROP_LLM_PRICES"}


def files_of(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def variables_in(source: str) -> dict[str, set[object]]:
    """The environment variables that the source reads or gives to a process, each with the defaults that it states."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, set[object]] = defaultdict(set)

    def value(node: ast.expr) -> object:
        if isinstance(node, ast.Name):
            return constants.get(node.id)
        return node.value if isinstance(node, ast.Constant) else None

    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            found[node.value]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            found[str(value(node.slice))]
        elif isinstance(node, ast.Call) and node.args and _reads_the_environment(node.func):
            found[str(value(node.args[0]))] |= {value(default) for default in node.args[1:2]}
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            # os.environ.get("NAME", "").strip() or "default"
            for call in ast.walk(node.values[0]):
                if isinstance(call, ast.Call) and call.args and _reads_the_environment(call.func):
                    found[str(value(call.args[0]))].add(value(node.values[1]))
    found.pop("None", None)  # a name that only the caller knows: env_bool(name, default) itself
    return found


def _reads_the_environment(function: ast.expr) -> bool:
    name = ast.unparse(function)
    return (
        name in {"os.environ.get", "os.environ.setdefault", "os.getenv"}
        or re.fullmatch(r"env_\w+", name) is not None
    )


def of_the_product() -> dict[str, set[object]]:
    found: dict[str, set[object]] = defaultdict(set)
    for path in [ROOT / "manage.py", *files_of(*PRODUCT)]:
        for name, defaults in variables_in(path.read_text(encoding="utf-8")).items():
            found[name] |= defaults
    return found


def test_the_page_names_exactly_the_variables_that_the_code_reads() -> None:
    named = set(rows_of(text_of("docs/configuration.md")))
    assert named - OF_LIBRARIES == set(of_the_product())
    for name in OF_LIBRARIES:
        assert any(f'"{name}"' in path.read_text() for path in files_of(*PRODUCT)), name


def test_the_page_states_the_defaults_of_the_code() -> None:
    found = of_the_product()
    wrong = {}
    for name, row in rows_of(text_of("docs/configuration.md")).items():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        if len(cells) < 3 or name in IN_WORDS:
            continue  # of those that the program sets itself there is none
        stated = "" if cells[1] == "(none)" else cells[1].strip("`")
        defaults = {str(value).lower() if isinstance(value, bool) else str(value) for value in found[name]}
        if stated not in defaults:
            wrong[name] = (stated, defaults)
    assert not wrong


def test_it_sees_every_way_of_reading_a_variable() -> None:
    found = variables_in(
        'VARIABLE = "A"\nos.environ.get(VARIABLE, "x")\nenv_bool("B", False)\nos.environ["C"]\nos.getenv("D")\n'
        'os.environ.get("E", "").strip() or "there"\nChild({"RAINDROP_F": "1"})\n'
    )
    assert found == {
        "A": {"x"},
        "B": {False},
        "C": set(),
        "D": set(),
        "E": {"", "there"},
        "RAINDROP_F": set(),
    }


def test_contributing_names_exactly_the_variables_of_the_tests() -> None:
    read = {
        name
        for path in files_of("tests")
        if not path.is_relative_to(ROOT / "tests" / "docs")
        for name in re.findall(r"environ(?:\.get\(|\[)\"(RAINDROP_[A-Z_]+)\"", path.read_text())
    }
    named = {name for name in rows_of(text_of("CONTRIBUTING.md")) if OURS.fullmatch(name)}
    assert named == read - set(of_the_product())
