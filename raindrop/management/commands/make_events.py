"""`manage.py make_events`: makes the events of traces that come in parts, as soon as they are over; beside that, checks and sends alerts.
`up` runs it."""

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from issues.alerts import checking, sending
from raindrop import pipeline

logger = logging.getLogger(__name__)

ALERT_SECONDS = 1.0
# After the database went away, or a round failed.
RETRY_SECONDS = 1.0


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # `up` has made them, and they load every page
    help = "Makes the events of traces that are over, and sends alerts, until SIGTERM or SIGINT. Several may run at once."

    def handle(self, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        # A thread each: a receiver that does not answer holds up no check. Daemons: nor does it hold up a shutdown; what it was about to
        # get is sent after the next start.
        for work, what in ((checking.check_due, "Checking alerts"), (sending.send_due, "Sending alerts")):
            arguments = (stopping, work, ALERT_SECONDS, what)
            threading.Thread(target=_repeat, args=arguments, name=what, daemon=True).start()
        _repeat(stopping, pipeline.finish_traces, pipeline.FINISH_TRACES_SECONDS, "Making events of traces")


def _repeat(stopping: threading.Event, work: Callable[[], object], seconds: float, what: str) -> None:
    """Until `stopping`, whatever a round raises: a thread that ended would be missed by nobody."""
    while not stopping.wait(seconds):
        try:
            work()
            close_old_connections()
            continue
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s has no database, trying again: %s", what, error)
        except Exception:
            logger.exception("%s failed, trying again", what)
        connection.close()
        stopping.wait(RETRY_SECONDS)
