"""/healthz: the process is up. /readyz: database, migrations and at least one worker are."""

import datetime as dt
import logging

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from raindrop.workers import last_heartbeat

logger = logging.getLogger(__name__)

WORKER_SILENCE = dt.timedelta(seconds=90)


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    missing = what_is_missing()
    if missing:
        return JsonResponse({"status": "unavailable", "missing": missing}, status=503)
    return JsonResponse({"status": "ok"})


def what_is_missing() -> list[str]:
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["migrations: run manage.py migrate"]
        heartbeat = last_heartbeat()
    except DatabaseError as error:
        logger.warning("Not ready: %s", error)  # the text names hosts and users: it is for the log
        return ["database: it cannot be reached; the log says why"]
    if heartbeat is None or timezone.now() - heartbeat > WORKER_SILENCE:
        return ["workers: none has reported; run manage.py up, or manage.py qcluster"]
    return []
