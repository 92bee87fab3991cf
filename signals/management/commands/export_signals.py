"""manage.py export_signals: a project's taxonomy as YAML, on stdout or into a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.models import Project
from signals.taxonomy.exchange import export_signals


class Command(BaseCommand):
    help = (
        "Writes a project's signals, with their groups, as YAML that import_signals reads into any project."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--output", metavar="FILE", help="By default standard output.")

    def handle(self, *args: Any, project: str, output: str | None, **options: Any) -> None:
        found = Project.objects.filter(slug=project).first()
        if found is None:
            raise CommandError(f"There is no project {project!r}.")
        text = export_signals(found)
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from None
