"""The measured precision of the built-in signals. Readers judged matches blind, on traffic that no detector was fitted to.

Written by `manage.py audit publish` from the readers' answers (fixtures/audit, signals/evaluation/audit.py); read at run time by the pages
and the API. Nothing is known of a signal that is not in the file: it matched nothing there, or too few
matches were read.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from signals.detectors import SIGNALS

PUBLISHED = Path(__file__).resolve().parents[1] / "detectors" / "weights" / "audit.json"
HEADLINE = 0.8  # a signal of this precision or more counts in headline totals
MEASURED = frozenset(signal.key for signal in SIGNALS if signal.measured)
FEWEST = 10  # matches that were read, for a precision to be more than tentative


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Precision with its 90 % interval, the sources it was measured on, and how many matches were read."""

    precision: float
    low: float
    high: float
    measured_on: tuple[str, ...]
    matches: int
    tentative: bool


@cache
def audit_results(path: Path = PUBLISHED) -> dict[str, AuditResult]:
    """By signal key. Raises FileNotFoundError: without the file the installation is broken."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        key: AuditResult(
            precision=row["precision"],
            low=row["low"],
            high=row["high"],
            measured_on=tuple(row["measured_on"]),
            matches=row["matches"],
            tentative=row["tentative"],
        )
        for key, row in found.items()
    }
