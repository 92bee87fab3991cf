"""Causes of the planted problems (signals/dimensions/finding.py): each problem's conversations told by an explicit signal, every property, model
and tool a dimension."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from raindrop.evaluation.measurement import Measurement, MissingData, Table
from signals.detectors.batch import SpanFacts
from signals.detectors.tool_failure import failure
from signals.dimensions.finding import Unit, find_causes, fisher_of
from signals.dimensions.names import CALLED, FAILED, Value

PRODUCTS = ("ledgerly", "tutor")
ALPHA = 0.05  # of the baseline

Finder = Callable[[Sequence[Unit]], list[Value]]


def measure(data: Path) -> Measurement:
    rows: list[list[object]] = []
    results: dict[str, Any] = {}
    for product in PRODUCTS:
        folder = data / "planted" / product
        if not folder.exists():
            raise MissingData(f"{folder} is not there: it holds the planted products.")
        talks = [json.loads(line) for line in (folder / "conversations.jsonl").open(encoding="utf-8")]
        problems = json.loads((folder / "problems.json").read_text(encoding="utf-8"))
        for name, find in (("ours", _ours), ("Fisher with Bonferroni", _plain)):
            found = _score(talks, problems, find)
            rows.append([product, name, *found.values()])
            results.setdefault(product, {})[name] = found
    header = [
        "product",
        "method",
        "planted cause first",
        "among three",
        "a cause claimed where none is",
        "no cause",
        "with one",
    ]
    return Measurement([Table("Causes of the planted problems", header, rows)], results)


def _score(talks: list[Any], problems: dict[str, Any], find: Finder) -> dict[str, Any]:
    first, three, claimed = [], [], []
    for name, problem in problems.items():
        found = find(units_of(talks, name))
        if problem["cause"] is None:
            claimed.append(bool(found))
            continue
        wanted = wanted_of(problem["cause"])
        first.append(bool(found) and found[0] in wanted)
        three.append(any(one in wanted for one in found[:3]))
    return {
        "first": round(float(np.mean(first)), 2), "three": round(float(np.mean(three)), 2), "claimed": round(float(np.mean(claimed)), 2),
        "without": len(claimed), "with": len(first),
    }  # fmt: skip


def wanted_of(cause: dict[str, str]) -> set[Value]:
    """The planted cause as dimensions name it: a tool is one that failed or was called."""
    [(kind, value)] = cause.items()
    if kind == "tool":
        return {(CALLED, value), (FAILED, value)}
    return {(kind if kind in ("model", "release") else f"property.{kind}", value)}


def units_of(talks: Sequence[Any], problem: str) -> list[Unit]:
    return [
        Unit(frozenset(_values(talk)), events=int(talk["labels"]["problem"] == problem), users=frozenset([talk["user_id"]]))
        for talk in talks
    ]  # fmt: skip


def _values(talk: Any) -> list[Value]:
    values = [("model", talk["model"])]
    for name, value in talk["properties"].items():
        values.append(("release" if name == "release" else f"property.{name}", str(value)))
    for message in talk["messages"]:
        if message["role"] == "tool":
            span = SpanFacts("", "tool", message["name"], "unset", "", message["content"])
            values.append((CALLED, message["name"]))
            if failure(span):
                values.append((FAILED, message["name"]))
    values += [
        ("hour", str(int(message["timestamp"][11:13])))
        for message in talk["messages"]
        if message["role"] == "user"
    ]
    return values


def _ours(units: Sequence[Unit]) -> list[Value]:
    return [one.values[0] if len(one.values) == 1 else ("pair", "") for one in find_causes(units)]


def _plain(units: Sequence[Unit]) -> list[Value]:
    """Fisher's test of every value, with Bonferroni's correction, smallest p first."""
    held = np.array([unit.events > 0 for unit in units])
    counts = Counter(value for unit in units for value in unit.values)
    tried = []
    for value in counts:
        has = np.array([value in unit.values for unit in units])
        tried.append((fisher_of(~has, has, held), value))
    return [value for p, value in sorted(tried) if p <= ALPHA / len(tried)]
