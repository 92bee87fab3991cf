"""manage.py import_events: files of events or conversations into a project (ingest/files/importing.py)."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.files.formats import FORMATS
from ingest.files.importing import UNREADABLE, ImportReport, Redating, import_file
from ingest.files.redating import parse_span
from ingest.projects.projects import find_or_create_project
from raindrop.web.plurals import counted

AUTO = "auto"


def _span(text: str) -> dt.timedelta:
    try:
        return parse_span(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    help = (
        "Imports JSONL files (or .jsonl.gz) of events, conversations, OpenAI messages, OTLP or a Langfuse export; each line "
        "tells its own format (ingest/files/formats). An import that was broken off goes on where it stopped; importing a file "
        "twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--project", required=True, metavar="SLUG", help="Made when it is new.")
        parser.add_argument(
            "--format",
            choices=[AUTO, *FORMATS],
            default=AUTO,
            help="Read every line in this format; other lines are rejected.",
        )
        parser.add_argument(
            "--redate",
            type=_span,
            metavar="14d",
            help="Move what has times by whole days, all as one, so that its last moment lies before now; spread conversations without "
            "times over the last days (d), hours (h) or weeks (w), those of one release together. Files that belong together (traces, "
            "observations) must be given together.",
        )
        parser.add_argument(
            "--keep-labels",
            action="store_true",
            help="Keep `labels` and `meta` as the properties label.* and meta.*.",
        )

    def handle(
        self,
        *args: Any,
        files: list[Path],
        project: str,
        format: str,
        redate: dt.timedelta | None,
        keep_labels: bool,
        **options: Any,
    ) -> None:
        try:
            target, is_new = find_or_create_project(project)
        except ValidationError as error:
            raise CommandError(f"--project {project!r}: {' '.join(error.messages)}") from None
        if is_new:
            self.stdout.write(
                f"The project {project} is new. Add its members under Settings; superusers see it at once."
            )
        forced = None if format == AUTO else format
        redating = (
            Redating(files, project=target, span=redate, format=forced, show_progress=True)
            if redate
            else None
        )
        imported = 0
        unreadable = 0
        for path in files:
            try:
                report = import_file(
                    path,
                    project=target,
                    format=forced,
                    redate=redating,
                    keep_labels=keep_labels,
                    progress=True,
                )
            except UNREADABLE as error:
                self.stderr.write(f"{path}: {error}")
                unreadable += 1
                continue
            self._print(path, report)
            imported += report.events + report.spans + report.signals + report.skipped
        if redating and not unreadable:  # else a later run goes on by the same clock
            redating.finish()
        if unreadable:
            raise CommandError(f"{unreadable} of {len(files)} files could not be read to their end.")
        if not imported:
            raise CommandError("Nothing was imported.")

    def _print(self, path: Path, report: ImportReport) -> None:
        parts = []
        for count, known, name in (
            (report.events, report.known_events, "event"),
            (report.spans, report.known_spans, "span"),
            (report.signals, report.known_signals, "signal"),
        ):
            there = f" ({known:,} already there)" if known else ""
            parts += [f"{counted(count, name)}{there}"] if count or name == "event" else []
        ignored = (
            f", not about GenAI: {counted(report.ignored, 'span or log', 'spans or logs')}"
            if report.ignored
            else ""
        )
        resumed = f", done before: {counted(report.skipped, 'line')}" if report.skipped else ""
        self.stdout.write(
            f"{path.name}: {', '.join(parts)} from {counted(report.lines, 'line')}{ignored}{resumed}."
        )
        if report.rejected:
            for reason in report.reasons:
                self.stderr.write(f"  {reason}")
            more = report.rejected - len(report.reasons)
            self.stderr.write(
                f"  {counted(report.rejected, 'line was', 'lines were')} rejected"
                + (f" ({more:,} more than shown)" if more else "")
                + f"; kept in {report.rejects}."
            )
