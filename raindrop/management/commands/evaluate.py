"""`manage.py evaluate NAME`: measures on public data; prints a table and writes JSON.

To add a measurement, write `measure(data: Path) -> Measurement` in the room `evaluation` of the app that it measures, and register its module here.
"""

import argparse
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData

# NAME -> the module with `measure`; imported only when asked for, since some load models.
EVALUATIONS: dict[str, str] = {
    "audit": "signals.evaluation.audit",
    "causes": "issues.evaluation.causes",
    "classifiers": "issues.evaluation.classifiers",
    "clusters": "signals.evaluation.grouping.intents_report",
    "corpus": "signals.evaluation.corpus_report",
    "discovery": "signals.evaluation.grouping.problems_report",
    "drift": "labeling.evaluation.drift",
    "emerging": "signals.evaluation.grouping.emerging_report",
    "escalation": "issues.evaluation.escalation",
    "fewshot": "labeling.evaluation.fewshot",
    "few_shot": "signals.evaluation.few_shot",
    "languages": "signals.evaluation.languages_report",
    "meaning": "signals.evaluation.meaning",
    "quality": "labeling.evaluation.quality",
    "redaction": "ingest.evaluation.redaction",
    "signals": "signals.evaluation.builtin",
    "translate": "signals.evaluation.translate",
}


class Command(BaseCommand):
    requires_system_checks = []
    help = f"Measures quality on public data: {', '.join(EVALUATIONS)}. Prints a table and writes JSON."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", choices=sorted(EVALUATIONS))
        parser.add_argument(
            "--data", type=Path, default=BASE_DIR.parent / "shared" / "data", help="where the data sets lie"
        )
        parser.add_argument(
            "--only",
            default=None,
            help="one part of the measurement, where it has parts (signals: see docs/benchmarks.md)",
        )
        parser.add_argument(
            "--out", type=Path, default=None, help="the JSON file (default: <data dir>/evaluate/NAME.json)"
        )

    def handle(self, *, name: str, data: Path, out: Path | None, only: str | None, **options: Any) -> None:
        measure = importlib.import_module(EVALUATIONS[name]).measure
        if only is not None and "only" not in inspect.signature(measure).parameters:
            raise CommandError(f"{name} is measured as a whole: leave --only out.")
        try:
            measurement = measure(data) if only is None else measure(data, only=only)
        except MissingData as error:
            raise CommandError(str(error)) from None
        self.stdout.write(measurement.text())
        path = out or Path(settings.DATA_DIR) / "evaluate" / (
            f"{name}.json" if only is None else f"{name}-{only}.json"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measurement.results, indent=2, sort_keys=True) + "\n")
        self.stdout.write(f"Written to {path}.")
