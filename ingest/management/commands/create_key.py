"""manage.py create_key: prints a new key, and only that, so that a script can take it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from ingest.projects.projects import find_or_create_project


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they load every page: 0.9 s
    help = "Makes a key for a project (made when it is new) and prints it. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--kind", required=True, choices=KeyKind.values)
        parser.add_argument("--name", default="", help="To tell the key apart in the settings.")

    def handle(self, *args: Any, project: str, kind: str, name: str, **options: Any) -> None:
        try:
            found, is_new = find_or_create_project(project)
        except ValidationError as error:
            raise CommandError(f"--project {project!r}: {' '.join(error.messages)}") from None
        if is_new:
            self.stderr.write(f"There was no project {project}: it is made.")
        _, secret = create_key(project=found, kind=KeyKind(kind), name=name[:120])
        self.stdout.write(secret)
