"""`manage.py evaluate NAME`: measures on public data; prints a table and writes JSON.

To add a measurement, write `measure(data: Path) -> Measurement` in raindrop/evaluation/ and register its module here.
"""

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData

# NAME -> the module with `measure`; imported only when asked for, since some load models.
EVALUATIONS: dict[str, str] = {
    "redaction": "raindrop.evaluation.redaction",
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
            "--out", type=Path, default=None, help="the JSON file (default: <data dir>/evaluate/NAME.json)"
        )

    def handle(self, *, name: str, data: Path, out: Path | None, **options: Any) -> None:
        try:
            measurement = importlib.import_module(EVALUATIONS[name]).measure(data)
        except MissingData as error:
            raise CommandError(str(error)) from None
        self.stdout.write(measurement.text())
        path = out or Path(settings.DATA_DIR) / "evaluate" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measurement.results, indent=2, sort_keys=True) + "\n")
        self.stdout.write(f"Written to {path}.")
