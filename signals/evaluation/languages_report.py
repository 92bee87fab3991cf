"""`manage.py evaluate languages`: six signals in German, Spanish, French and Portuguese, on turns that nothing was trained on."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from raindrop.evaluation.measurement import Measurement, MissingData, Table
from signals.detectors import DETECTORS
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.sources import LANGUAGES, written_turn

KEPT = LANGUAGES / "kept.jsonl"


def measure(data: Path) -> Measurement:
    """`data` is not used: the turns are the project's own. Raises MissingData."""
    if not KEPT.exists():
        raise MissingData(f"There is no {KEPT}.")
    rows = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]
    batch = batch_of_turns([written_turn(row) for row in rows], VectorStore())
    signals, languages = sorted({row["signal"] for row in rows}), sorted({row["language"] for row in rows})
    matched = {
        signal: {
            found.index
            for found in DETECTORS[signal].detect(batch)
            if found.score >= DETECTORS[signal].threshold
        }
        for signal in signals
    }
    counts = Counter(
        (row["signal"], row["language"], row["holds"], index in matched[row["signal"]])
        for index, row in enumerate(rows)
    )
    lines = [_line(signal, languages, counts) for signal in signals]
    title = (
        "six signals in other languages: found where they hold, and false alarms on turns that look like it"
    )
    table = Table(title, ["signal", *languages, "found", "of", "false alarms", "of", "F1"], lines)
    results = {
        line[0]: dict(zip(("found", "of", "false_alarms", "negatives", "F1"), line[-5:], strict=True))
        for line in lines
    }
    return Measurement([table], results)


def _line(signal: str, languages: list[str], counts: Counter[tuple[str, str, bool, bool]]) -> list[Any]:
    def total(*, holds: bool, found: bool) -> int:
        return sum(counts[signal, language, holds, found] for language in languages)

    right, missed, wrong = (
        total(holds=True, found=True),
        total(holds=True, found=False),
        total(holds=False, found=True),
    )
    negative = wrong + total(holds=False, found=False)
    f1 = round(2 * right / max(1, 2 * right + wrong + missed), 3)
    return [
        signal,
        *(counts[signal, language, True, True] for language in languages),
        right,
        right + missed,
        wrong,
        negative,
        f1,
    ]
