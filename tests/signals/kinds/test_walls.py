"""What a kind of signal is stands in its module, signals/kinds/<kind>.py: nothing else asks for a kind by its name, or reads its config."""

import ast
import re
from collections.abc import Iterator

import pytest

from signals.kinds.registry import KINDS
from tests.test_imports import APPS, ROOT, python_files, read

NAMES = frozenset(KINDS)
CONFIG_NAMES = frozenset(name for kind in KINDS.values() for name in kind.config_names)
MODULES = {type(kind).__module__ for kind in KINDS.values()}
# What is long of a kind, beside the room of the kinds.
OF_ONE_KIND = {"signals/questions/config.py", "signals/detectors/sentence.py"}


def texts_in(node: ast.AST) -> set[str]:
    """The texts that stand in the node, and the constants that are named like them."""
    parts = list(ast.walk(node))
    texts = {str(part.value) for part in parts if isinstance(part, ast.Constant)}
    named = {part.id for part in parts if isinstance(part, ast.Name)}
    named |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return texts | {name.lower() for name in named if name.isupper()}


def branches(source: str) -> Iterator[str]:
    """The places where the source asks for a kind's name, or for what only one kind's config holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            texts = texts_in(node)
            asks_kind = texts & NAMES and re.search(r"\bkinds?\b", ast.unparse(node))
            asks_config = texts & CONFIG_NAMES and re.search(r"\bconfig\b", ast.unparse(node))
            found = bool(asks_kind or asks_config)
        elif isinstance(node, ast.Match):
            found = "kind" in ast.unparse(node.subject) and bool(texts_in(node) & NAMES)
        elif isinstance(node, ast.Dict):
            found = len({str(key.value) for key in node.keys if isinstance(key, ast.Constant)} & NAMES) > 1
        elif isinstance(node, ast.Subscript):
            found = bool(texts_in(node.slice) & (CONFIG_NAMES | NAMES)) and ast.unparse(node.value).endswith(
                ("config", "KINDS")
            )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_one = node.func.attr == "get" and node.args and texts_in(node.args[0]) & (CONFIG_NAMES | NAMES)
            found = bool(of_one) and ast.unparse(node.func.value).endswith(("config", "KINDS"))
        elif isinstance(node, ast.ImportFrom):
            found = node.module in MODULES and any(
                alias.name == "KIND" or alias.name in {type(kind).__name__ for kind in KINDS.values()}
                for alias in node.names
            )
        else:
            found = False
        if found:
            yield f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:120]}"


def test_nothing_else_branches_on_a_kind() -> None:
    files = [path for app in APPS for path in python_files(app)]
    others = [path for path in files if not path.startswith("signals/kinds/") and path not in OF_ONE_KIND]
    assert not {path: found for path in others if (found := list(branches(read(path))))}


def test_no_template_branches_on_a_kind() -> None:
    asks = re.compile(rf"""\bkind(?:\.name)?\s*(?:==|!=|in)\s*["'](?:{"|".join(NAMES)})["']""")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if asks.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        'if kind == "metric": pass',
        "if custom.kind_of(signal.config) == custom.WORDS: pass",
        "scored = kind_of(config) in {SENTENCE, QUESTION}",
        'last = "all" in entry.fields.get("config", {})',
        'rows = [row for row in rows if "question" in row.config]',
        'regex = signal.config.get("pattern")',
        'text = signal.config["sentence"]',
        'kind = KINDS["words"]',
        'FORMS = {"words": WordsForm, "metric": MetricForm}',
        'match kind:\n    case "combination": pass',
        "from signals.kinds.combination import CombinationKind",
    ],
)
def test_it_sees_a_branch(source: str) -> None:
    assert list(branches(source))


@pytest.mark.parametrize(
    "source",
    ['if kind == "tool": pass', 'limit = config["seconds"]', 'by = form["words"]', "kind = KINDS[name]"],
)
def test_it_sees_none_elsewhere(source: str) -> None:
    assert not list(branches(source))
