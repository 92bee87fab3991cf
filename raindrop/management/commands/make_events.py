"""`manage.py make_events`: makes the events of traces that come in parts, as soon as they are over. `up` runs it."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from raindrop import pipeline

logger = logging.getLogger(__name__)

# After the database went away.
RETRY_SECONDS = 1.0


class Command(BaseCommand):
    help = "Makes the events of traces that are over, until SIGTERM or SIGINT. Several may run at once."

    def handle(self, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.wait(pipeline.FINISH_TRACES_SECONDS):
            try:
                pipeline.finish_traces()
                close_old_connections()
            except (OperationalError, InterfaceError) as error:
                logger.warning("Making events of traces has no database, trying again: %s", error)
                connection.close()
                stopping.wait(RETRY_SECONDS)
