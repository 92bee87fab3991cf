"""`manage.py drain`: waits until every accepted event has been through the pipeline; with --reader until its conversation is read, too."""

import argparse
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ingest.models import OpenTrace, ProcessingFailure, QueuedEvent
from raindrop.server.health import what_is_missing
from signals.reader.working import to_wait_for


class Command(BaseCommand):
    help = "Returns when every accepted event has been through the pipeline; exit code 1 on time-out."
    requires_system_checks: list[str] = []  # it reads two tables: the pages need not be loaded for that

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--reader", action="store_true", help="wait for the conversations to be read, too"
        )
        parser.add_argument("--timeout", type=float, default=600, help="seconds")

    def handle(self, *, timeout: float, reader: bool, **options: Any) -> None:
        deadline = time.monotonic() + timeout
        _wait(_unfinished, deadline=deadline, unit="events", what="pipeline")
        if reader:
            _wait(to_wait_for, deadline=deadline, unit="conversations", what="reader")
        failed = ProcessingFailure.objects.count()
        if failed:
            self.stderr.write(f"{failed} events failed; the admin shows why (Ingest › Processing failures).")


def _wait(count: Callable[[], int], *, deadline: float, unit: str, what: str) -> None:
    """Until `count` is 0. Raises CommandError when it is not by then (time.monotonic())."""
    unfinished = count()
    with tqdm(total=unfinished, unit=f" {unit}", desc=what, disable=None) as bar:
        while unfinished:
            if time.monotonic() > deadline:
                missing = "; ".join(what_is_missing()) or "the workers are still at it"
                raise CommandError(f"Time-out with {unfinished} {unit} left: {missing}.")
            time.sleep(0.5)
            now = count()
            bar.total = max(bar.total or 0, bar.n + now)
            bar.update(max(0, unfinished - now))
            unfinished = now


def _unfinished() -> int:
    """Events in the queue, and traces that will become events. (One whose root has not ended waits for it.)"""
    return QueuedEvent.objects.count() + OpenTrace.objects.filter(root_ended=True, attempts=0).count()
