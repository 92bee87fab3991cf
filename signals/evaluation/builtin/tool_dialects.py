"""tool_failure on results of tools in many dialects (probes/tool_results_*.txt): exit codes, tracebacks, stderr, marks and HTTP status in
JSON, sentences; beside results of good calls that speak of errors. No public set here holds runs with any of these: tau-bench's tools
answer "Error: ...", those of sgd never fail. Of the "read" ones what was wrong was mended; the "kept" ones, by a hand that saw nothing of this project, are
only measured.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raindrop.evaluation.measurement import Table
from signals.detectors import DETECTORS
from signals.detectors.batch import SpanFacts
from signals.detectors.tool_failure import failure
from signals.evaluation.builtin import baselines
from signals.evaluation.builtin.judged import quality

FOLDER = Path(__file__).resolve().parent / "probes"
LISTS = ("read", "kept")
GOAL = 0.95


@dataclass(frozen=True)
class Result:
    """What a call of `tool` gave back, and whether the call failed."""

    tool: str
    dialect: str
    text: str
    failed: bool

    @property
    def span(self) -> SpanFacts:
        """Without a status: read from the result alone, as where an app records no errors."""
        return SpanFacts("1", "tool", self.tool, status="", error="", output=self.text)


def read_results(of: str) -> list[Result]:
    """Of one of LISTS, in the file's order. Raises ValueError where a heading is malformed."""
    file = FOLDER / f"tool_results_{of}.txt"
    head, *parts = ("\n" + file.read_text(encoding="utf-8")).split("\n### ")
    if not all(line.startswith("#") for line in head.split("\n") if line):
        raise ValueError(f"{file} does not begin with its note.")
    found = []
    for part in parts:
        heading, _, text = part.partition("\n")
        state, tool, dialect = heading.split(" | ")
        if state not in ("failed", "fine"):
            raise ValueError(f"Neither failed nor fine: {heading}")
        found.append(Result(tool, dialect, text.rstrip("\n"), state == "failed"))
    return found


def measure() -> tuple[Table, dict[str, object], list[str]]:
    """The table, the numbers as JSON, and a line for each result that was read wrongly."""
    threshold = DETECTORS["tool_failure"].threshold
    rows: list[list[object]] = []
    numbers: dict[str, object] = {}
    lines = []
    for of in LISTS:
        results = read_results(of)
        failed = np.array([result.failed for result in results])
        scores = np.array([failure(result.span) for result in results], dtype=np.float32)
        words = baselines.score(baselines.TOOL_FAILURE, [result.text for result in results])
        for name, given, least in (("tool_failure", scores, threshold), ("keywords", words, 1.0)):
            measured = quality(failed, given, least)
            alarms = int(((given >= least) & ~failed).sum())
            size = f"{failed.sum()}/{(~failed).sum()}"
            rows.append([of, size, name, measured.precision, measured.recall, measured.f1, alarms])
            numbers[f"{of}, {name}"] = {**measured.as_dict(), "false_alarms": alarms}
        lines += [
            f"{of}: {'missed' if result.failed else 'false'} {score:.2f}, {result.tool}, {result.dialect}: “{result.text[:100]}”"
            for result, score in zip(results, scores, strict=True)
            if (score >= threshold) != result.failed
        ]
    header = ["list", "failed/fine", "by", "P", "R", "F1", "false alarms"]
    return Table(f"tool results in many dialects (goal: F1 >= {GOAL})", header, rows), numbers, lines
