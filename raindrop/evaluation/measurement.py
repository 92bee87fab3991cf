"""What a measurement gives back: tables for people, and the same numbers as JSON."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class MissingData(Exception):
    """A data set is not where it was looked for; the message says where."""


@dataclass
class Table:
    title: str
    header: list[str]
    rows: list[list[object]]

    def text(self) -> str:
        cells = [self.header] + [[_cell(value) for value in row] for row in self.rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.header))]
        lines = [
            "  ".join(
                value.ljust(width) if column == 0 else value.rjust(width)
                for column, (value, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, *lines])


@dataclass
class Measurement:
    tables: list[Table]
    results: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        return "\n\n".join([table.text() for table in self.tables] + self.notes) + "\n"


def read_rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The objects of `<data>/<name>.jsonl.gz`. Raises MissingData."""
    path = data / f"{name}.jsonl.gz"
    if not path.exists():
        raise MissingData(f"There is no {path}. --data says where the data sets lie.")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
