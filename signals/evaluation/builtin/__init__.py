"""Measures the built-in signals on public data and trains their weights.

Uses every room of signals up to read_api. Only management commands import it.
"""

from pathlib import Path

from raindrop.evaluation.measurement import Measurement, MissingData, Table
from signals.evaluation.builtin import (
    dissatisfied_turns,
    ordinary,
    own_probes,
    short_replies,
    tool_dialects,
    unsafe,
)
from signals.evaluation.builtin import rows as measured_rows
from signals.evaluation.builtin.rows import Row
from signals.evaluation.builtin.vectors import VectorStore

MEASURED = {
    **measured_rows.MEASURED,
    "dissatisfied": dissatisfied_turns.rows,
    "unsafe_content": unsafe.rows,
    "own_probes": own_probes.rows,
}
PARTS = [*MEASURED, "short_replies", "tool_results", "rates", "cost"]
SHORT = {"f1": "F1", "average_precision": "AP", "auc": "AUC", "false_alarms": "false alarms"}


def measure(data: Path, *, only: str | None = None) -> Measurement:
    """Every row of the table, or those of one part (PARTS). Raises MissingData."""
    if only is not None and only not in PARTS:
        raise MissingData(f"There is no part {only!r}. There are: {', '.join(PARTS)}.")
    store = VectorStore()
    rows = [row for name, part in MEASURED.items() if only in (None, name) for row in part(data, store)]
    tables: list[Table] = []
    results: dict[str, object] = {"rows": [_as_dict(row) for row in rows]}
    notes = []
    if rows:
        tables.append(_table(rows))
        missed = [f"{row.name}: {SHORT[goal]}" for row in rows for goal in row.goals if not row.passes(goal)]
        notes.append("Missed: " + ("; ".join(missed) or "none") + ".")
        if all(row.vader is None for row in rows):
            notes.append(
                "Without VADER: no row here, or vaderSentiment (requirements-dev.txt) is not installed."
            )
    if only in (None, "short_replies"):
        of_replies, results["short_replies"], lines = short_replies.measure(store)
        tables += of_replies
        notes.append("\n".join(["False matches on short replies:", *(lines or ["none"])]))
    if only in (None, "tool_results"):
        table, results["tool_results"], lines = tool_dialects.measure()
        tables.append(table)
        notes.append("\n".join(["Tool results read wrongly:", *(lines or ["none"])]))
    if only in (None, "rates"):
        tables.append(ordinary.rates(data, store))
        results["rates"] = [dict(zip(tables[-1].header, row, strict=True)) for row in tables[-1].rows]
    if only in (None, "cost"):
        table, shares = ordinary.cost(data, store)
        tables.append(table)
        results["cost"] = [{"set": name, "share": share} for name, share in shares.items()]
    return Measurement(tables, results, notes)


def _table(rows: list[Row]) -> Table:
    header = [
        "set",
        "signal",
        "P",
        "R",
        "F1",
        "AP",
        "AUC",
        "keywords F1",
        "AP",
        "AUC",
        "VADER F1",
        "goal",
        "",
        "how",
    ]
    return Table(
        "signals",
        header,
        [
            [
                row.name,
                row.signal,
                *(round(value, 3) for value in (row.ours.precision, row.ours.recall, row.ours.f1)),
                *(round(value, 3) for value in (row.ours.average_precision, row.ours.auc)),
                *(
                    (None, None, None)
                    if row.keywords is None
                    else (
                        round(row.keywords.f1, 3),
                        round(row.keywords.average_precision, 3),
                        round(row.keywords.auc, 3),
                    )
                ),
                None if row.vader is None else round(row.vader.f1, 3),
                ", ".join(
                    f"{SHORT[goal]} {'<' if goal == 'false_alarms' else '>='} {value:g}"
                    for goal, value in row.goals.items()
                )
                or None,
                ", ".join(_verdict(row, goal) for goal in row.goals) or None,
                row.protocol,
            ]
            for row in rows
        ],
    )


def _verdict(row: Row, goal: str) -> str:
    verdict = "met" if row.passes(goal) else "missed"
    return f"{verdict} ({row.value(goal):.5f})" if goal == "false_alarms" else verdict


def _as_dict(row: Row) -> dict[str, object]:
    return {
        "set": row.name,
        "signal": row.signal,
        "protocol": row.protocol,
        "ours": row.ours.as_dict(),
        "keywords": row.keywords.as_dict() if row.keywords else None,
        "vader": row.vader.as_dict() if row.vader else None,
        "goals": {
            goal: {"wanted": wanted, "measured": row.value(goal), "met": row.passes(goal)}
            for goal, wanted in row.goals.items()
        },
    }
