"""`manage.py train_detectors`: trains the built-in detectors' heads from public data, and writes their weights and report."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData
from signals.evaluation import train_turns
from signals.evaluation.builtin.training import train


class Command(BaseCommand):
    requires_system_checks = []
    help = "Trains the heads of the built-in detectors (signals/detectors/weights/). The same data give the same weights."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--data", type=Path, default=BASE_DIR.parent / "shared" / "data", help="where the data sets lie"
        )

        parser.add_argument(
            "--only",
            default=None,
            help="one head, such as unsafe_content, or the turn models (turns); the others stay",
        )

    def handle(self, *, data: Path, only: str | None, **options: Any) -> None:
        try:
            if only != train_turns.NAME:
                report = train(data, say=self.stdout.write, only=only)
                self.stdout.write(f"{len(report['heads'])} heads written.")
            if only in (None, train_turns.NAME):
                report = train_turns.train(data, say=self.stdout.write)
                self.stdout.write(f"{len(report)} turn models written.")
        except MissingData as error:
            raise CommandError(str(error)) from None
