"""`manage.py evaluate languages`: six signals in five languages, on turns of hands from which nothing was learned."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from raindrop.evaluation.measurement import Measurement, MissingData, Table
from signals.detectors import DETECTORS
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.sources import LANGUAGES, OF_LANGUAGES, written_turn

KEPT, UNSEEN = LANGUAGES / "kept.jsonl", LANGUAGES / "unseen.jsonl"
Row = dict[str, Any]
Case = tuple[str, bool]  # a signal that is asked for on a row, and whether it holds


def measure(data: Path) -> Measurement:
    """`data` is not used: the turns are the project's own. Raises MissingData."""
    kept, unseen = _rows(KEPT), _rows(UNSEEN)
    store = VectorStore()
    tables = {
        "kept": _table(
            "other languages: found where they hold, and false alarms on turns that look like it",
            [(row, [(row["signal"], row["holds"])]) for row in kept],
            store,
        ),
        "unseen": _table(
            "five languages, another hand's mix: found where they hold, and false alarms on all other turns",
            [
                (row, [(signal, signal in row["signals"]) for signal in sorted(OF_LANGUAGES)])
                for row in unseen
            ],
            store,
        ),
    }
    names = ("found", "of", "false_alarms", "negatives", "F1")
    results = {
        name: {line[0]: dict(zip(names, line[-5:], strict=True)) for line in table.rows}
        for name, table in tables.items()
    }
    return Measurement([*tables.values()], results)


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        raise MissingData(f"There is no {path}.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _table(title: str, cases: Iterable[tuple[Row, list[Case]]], store: VectorStore) -> Table:
    cases = list(cases)
    batch = batch_of_turns([written_turn(row) for row, _ in cases], store)
    signals = sorted({signal for _, questions in cases for signal, _ in questions})
    languages = sorted({row["language"] for row, _ in cases})
    matched = {
        signal: {
            found.index
            for found in DETECTORS[signal].detect(batch)
            if found.score >= DETECTORS[signal].threshold
        }
        for signal in signals
    }
    counts = Counter(
        (signal, row["language"], holds, index in matched[signal])
        for index, (row, questions) in enumerate(cases)
        for signal, holds in questions
    )
    header = ["signal", *languages, "found", "of", "false alarms", "of", "F1"]
    return Table(f"six signals in {title}", header, [_line(signal, languages, counts) for signal in signals])


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
