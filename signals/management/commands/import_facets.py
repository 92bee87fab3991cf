"""manage.py import_facets: takes in what a reader said of a project's conversations."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.models import Project
from signals.reader.shipped import import_facets

SHOWN = 20  # bad lines


class Command(BaseCommand):
    help = "Takes in a facets.jsonl, as facets of the conversations that exist; what the LLM has read itself stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--project", required=True, metavar="SLUG")

    def handle(self, *args: Any, file: str, project: str, **options: Any) -> None:
        found = Project.objects.filter(slug=project).first()
        if found is None:
            raise CommandError(f"There is no project {project!r}.")
        try:
            with Path(file).open(encoding="utf-8-sig") as lines:
                done = import_facets(project=found, lines=lines)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{file}: not text in UTF-8.") from None
        self.stdout.write(f"{done.taken} facets taken in.")
        if done.unquoted:
            self.stdout.write(f"{done.unquoted} of them without their quote: it is not in the conversation.")
        if done.read:
            self.stdout.write(f"{done.read} left out: the LLM has read the conversation itself.")
        if done.missing:
            self.stdout.write(f"{done.missing} left out: the project has no such conversation.")
        for line, problem in done.bad[:SHOWN]:
            self.stderr.write(f"{file}, line {line}: {problem}")
        if done.bad:
            raise CommandError(f"{len(done.bad)} lines could not be read; the others were taken in.")
