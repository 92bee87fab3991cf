"""`manage.py drain`: waits until every accepted event has been through the pipeline."""

import argparse
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ingest.models import OpenTrace, ProcessingFailure, QueuedEvent
from raindrop.server.health import what_is_missing


class Command(BaseCommand):
    help = "Returns when every accepted event has been through the pipeline; exit code 1 on time-out."
    requires_system_checks: list[str] = []  # it reads two tables: the pages need not be loaded for that

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--timeout", type=float, default=600, help="seconds")

    def handle(self, *, timeout: float, **options: Any) -> None:
        deadline = time.monotonic() + timeout
        unfinished = _unfinished()
        with tqdm(total=unfinished, unit=" events", desc="pipeline", disable=None) as bar:
            while unfinished:
                if time.monotonic() > deadline:
                    missing = "; ".join(what_is_missing()) or "the workers are still at it"
                    raise CommandError(f"Time-out with {unfinished} events left: {missing}.")
                time.sleep(0.5)
                now = _unfinished()
                bar.total = max(bar.total or 0, bar.n + now)
                bar.update(max(0, unfinished - now))
                unfinished = now
        failed = ProcessingFailure.objects.count()
        if failed:
            self.stderr.write(f"{failed} events failed; the admin shows why (Ingest › Processing failures).")


def _unfinished() -> int:
    """Events in the queue, and traces that will become events. (One whose root has not ended waits for it.)"""
    return QueuedEvent.objects.count() + OpenTrace.objects.filter(root_ended=True, attempts=0).count()
