"""manage.py import_signals: makes a project's taxonomy as a YAML file has it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.models import Project
from signals.taxonomy.exchange import Outcome, import_signals
from signals.taxonomy.exchange_file import MAX_BYTES, FileRefused, read_file

SAID = {"create": "new", "change": "changed", "keep": "as it was"}


class Command(BaseCommand):
    help = "Makes a project's signals as the file has them, all of it or nothing. Signals that it does not name stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--dry-run", action="store_true", help="Shows what would change; changes nothing."
        )

    def handle(self, *args: Any, file: str, project: str, dry_run: bool, **options: Any) -> None:
        found = Project.objects.filter(slug=project).first()
        if found is None:
            raise CommandError(f"There is no project {project!r}.")
        try:
            taxonomy = read_file(_read(Path(file)))
            outcomes = import_signals(project=found, taxonomy=taxonomy, user=None, dry_run=dry_run)
        except FileRefused as refused:
            raise CommandError("\n".join(f"{file}, {problem}" for problem in refused.problems)) from None
        for outcome in outcomes:
            self._say(outcome)
        if dry_run:
            self.stdout.write("Nothing was changed (--dry-run).")

    def _say(self, outcome: Outcome) -> None:
        self.stdout.write(f"{outcome.key}: {SAID[outcome.what]}")
        for change in outcome.fields:
            self.stdout.write(f"  {change.field}: {change.before} -> {change.after}")


def _read(path: Path) -> str:
    """Not more than is taken anyway."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: not text in UTF-8.") from None
