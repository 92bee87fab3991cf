"""The audit as data (fixtures/audit): which turns were drawn and what the readers said of them. No text: a row is known by a hash.

`sample.jsonl`: a SampledTurn each. `strata.jsonl`: a Stratum each, so that it is known of how many turns a sample speaks. `judgements.jsonl`:
an Answer each; an answer stays when its row is no longer in the sample, and counts again when a later draw takes it up.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData
from signals.evaluation.drawing import SampledTurn, Stratum
from signals.evaluation.reading import Answer

FOLDER = BASE_DIR / "fixtures" / "audit"
READERS = 2  # of each row


class AuditStore:
    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def sample(self) -> list[SampledTurn]:
        """Raises MissingData when nothing was drawn yet."""
        return [SampledTurn(**row) for row in self._read("sample", needed=True)]

    def strata(self) -> list[Stratum]:
        return [Stratum(**row) for row in self._read("strata", needed=True)]

    def answers(self) -> list[Answer]:
        return [Answer(**row) for row in self._read("judgements")]

    def answers_by_row(self) -> dict[str, list[Answer]]:
        """The first READERS readers of each row, by name."""
        found: dict[str, list[Answer]] = {}
        for answer in sorted(self.answers(), key=lambda answer: (answer.id, answer.reader)):
            if len(mine := found.setdefault(answer.id, [])) < READERS:
                mine.append(answer)
        return found

    def replace_sample(self, rows: Iterable[SampledTurn], strata: Iterable[Stratum]) -> None:
        """A new draw: it takes the place of what was drawn from the same sources before."""
        strata, rows = list(strata), list(rows)
        anew = {stratum.source for stratum in strata}
        if (self.folder / "sample.jsonl").exists():
            rows += [row for row in self.sample() if row.source not in anew]
            strata += [stratum for stratum in self.strata() if stratum.source not in anew]
        self._write(
            "sample",
            (row.as_dict() for row in rows),
            key=lambda row: (row["source"], row["signal"], row["id"]),
        )
        self._write(
            "strata", map(asdict, strata), key=lambda row: (row["source"], row["signal"], row["kind"])
        )

    def add_answers(self, answers: Iterable[Answer]) -> int:
        """Returns how many are new; a reader's newer answer on a row replaces the older one."""
        stored = {(answer.id, answer.reader): answer for answer in self.answers()}
        before = len(stored)
        stored |= {(answer.id, answer.reader): answer for answer in answers}
        self._write(
            "judgements", (a.as_dict() for a in stored.values()), key=lambda row: (row["id"], row["reader"])
        )
        return len(stored) - before

    def _read(self, name: str, *, needed: bool = False) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        if not path.exists():
            if needed:
                raise MissingData(f"There is no {path}: `manage.py audit draw` makes it.")
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]

    def _write(
        self, name: str, rows: Iterable[Mapping[str, Any]], *, key: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(row) + "\n" for row in sorted(rows, key=key)]
        partial = self.folder / f"{name}.partial"
        partial.write_text("".join(lines), encoding="utf-8")
        partial.replace(self.folder / f"{name}.jsonl")
