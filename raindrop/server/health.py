"""/healthz: the process is up. /readyz: database, migrations and at least one worker are."""

import datetime as dt
import functools
import logging
import shutil
import threading
import time
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

logger = logging.getLogger(__name__)

WORKER_SILENCE = dt.timedelta(seconds=90)
LEAST_FREE = 64 * 2**20  # bytes; PostgreSQL writes its log ahead in files of 16 MiB
DISK_SECONDS = 60.0  # that one refusal is remembered
_refused_at = -DISK_SECONDS
_asking = threading.Lock()


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    missing = what_is_missing()
    if missing:
        return JsonResponse({"status": "unavailable", "missing": missing}, status=503)
    return JsonResponse({"status": "ok"})


def what_is_missing() -> list[str]:
    """In words for an operator; empty when the server is ready. Asked of the database over a connection of its own where the web
    process has a pool: a crowd that waits for the pool does not make the server unready. One asks at a time."""
    if full := disk_is_full():
        return [f"disk: {full}"]
    try:
        with _asking:
            applied, heartbeat = _facts()
    except (DatabaseError, psycopg.Error) as error:
        logger.warning("Not ready: %s", error)  # the text names hosts and users: it is for the log
        return ["database: it cannot be reached; the log says why"]
    if not _migrations() <= applied:
        return ["migrations: run manage.py migrate"]
    if heartbeat is None or timezone.now() - heartbeat > WORKER_SILENCE:
        return ["workers: none has reported; run manage.py up, or manage.py qcluster"]
    return []


def disk_is_full() -> str:
    """What is wrong, for a person to read; empty when there is room."""
    if time.monotonic() - _refused_at < DISK_SECONDS:
        return "the database's is full: it refused to store"
    if settings.DATA_DIR.is_dir():
        free = shutil.disk_usage(settings.DATA_DIR).free
        if free < LEAST_FREE:
            return f"the one of the data directory is full ({free // 2**20} MiB are free)"
    return ""


def note_full_disk() -> None:
    """The database refused to store for want of room."""
    global _refused_at
    _refused_at = time.monotonic()


def _facts() -> tuple[set[tuple[str, str]], dt.datetime | None]:
    """The migrations that the database has, and the workers' last heartbeat."""
    migrations = "SELECT app, name FROM django_migrations"
    heartbeat = "SELECT at FROM raindrop_heartbeat WHERE cluster = 'default'"
    if "pool" not in connection.settings_dict.get("OPTIONS", {}):
        with connection.cursor() as cursor:
            return _read(cursor, migrations, heartbeat)
    parameters = {**connection.get_connection_params(), "connect_timeout": 5}
    for django_only in ("cursor_factory", "context", "pool"):
        parameters.pop(django_only, None)
    with psycopg.connect(**parameters, autocommit=True) as own:
        return _read(own.cursor(), migrations, heartbeat)


def _read(cursor: Any, migrations: str, heartbeat: str) -> tuple[set[tuple[str, str]], dt.datetime | None]:
    cursor.execute(
        "SELECT to_regclass('django_migrations') IS NOT NULL AND to_regclass('raindrop_heartbeat') IS NOT NULL"
    )
    if not cursor.fetchone()[0]:
        return set(), None
    cursor.execute(migrations)
    applied = set(cursor.fetchall())
    cursor.execute(heartbeat)
    row = cursor.fetchone()
    return applied, row[0] if row else None


@functools.cache
def _migrations() -> set[tuple[str, str]]:
    """All that there are (app, name)."""
    return set(MigrationLoader(None).graph.nodes)
