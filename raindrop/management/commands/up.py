"""`manage.py up`: database if embedded, migrations, web and workers, in the foreground."""

import argparse
import contextlib
import fcntl
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections, connection
from django.urls import reverse
from django.utils import timezone

from raindrop import pipeline
from raindrop.data_dir import BASE_DIR
from raindrop.server import embedded_postgres, priority, static_files
from raindrop.server.health import WORKER_SILENCE
from raindrop.server.instances import ANNOUNCE_SECONDS, announce, leave
from raindrop.server.setup_token import setup_token
from raindrop.server.supervisor import Child, Supervisor, end_leftovers, python
from raindrop.workers import install_schedules, last_heartbeat

WATCH_SECONDS = 30
# What is sent is taken in and shown first; embedding, which takes whole cores, may lag behind. At 5 a process has a third of the
# weight of another one.
WORKERS_NICE = 5
# glibc keeps what each of its arenas once held, eight a core by default: after a large request that is memory for nothing.
WEB_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "67108864"}
# OpenBLAS keeps its second thread spinning for some 30 ms after each product. The pipeline's products take microseconds: the spinning took
# more of a core than all that `assign_clusters` does (docs/benchmarks.md). One who sets it otherwise is obeyed.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")}

# `up` has made Django's checks when it starts a cluster. They load all pages, 0.9 s and 30 MB; the workers, who are forked, share what the
# pipeline needs of that, and load it so.
UNCHECKED = "--skip-checks"


class Command(BaseCommand):
    help = "Runs everything in the foreground: database (if embedded), migrations, web and workers. Ctrl-C stops it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--workers", type=int, default=settings.Q_CLUSTER["workers"], help="background workers"
        )

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        self.stdout.write("Preparing the database. The first start takes about a minute.")
        self.serve(host=host, port=port, workers=workers)

    def serve(self, *, host: str, port: int, workers: int, on_tick: Callable[[], None] | None = None) -> None:
        with self._only_one():
            state_file = settings.DATA_DIR / "up.json"
            end_leftovers(state_file)  # before the port is tried and claims are released: they hold both
            check_port(host, port)
            static_files.collect(settings.STATIC_ROOT)
            call_command("migrate", interactive=False, verbosity=0)
            announce()
            pipeline.release_claims()
            pipeline.release_tasks()
            install_schedules()
            settings.Q_CLUSTER["workers"] = workers
            supervisor = Supervisor(
                children=children(host=host, port=port, workers=workers),
                tick=lambda: None,
                state_file=state_file,
            )
            supervisor.tick = Ticker(supervisor, on_tick)
            self.stdout.write(
                f"raindrop is starting on http://{host}:{port} with {workers} workers. Ctrl-C stops it."
            )
            if not get_user_model().objects.exists():
                self.stdout.write(_first_user(host, port))
            supervisor.run()
            with contextlib.suppress(OperationalError):  # the database may be gone, too
                leave()
            self.stdout.write("Stopped.")

    @contextlib.contextmanager
    def _only_one(self) -> Any:
        """Two servers on one data directory would end each other's processes."""
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        with (settings.DATA_DIR / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CommandError(
                    f"A server runs already with the data directory {settings.DATA_DIR}. Stop it first, or give this "
                    "one a directory of its own with RAINDROP_DATA_DIR."
                ) from error
            yield


class Ticker:
    """Called ten times a second: dispatches queued events, and watches over the workers."""

    def __init__(self, supervisor: Supervisor, on_tick: Callable[[], None] | None) -> None:
        self.supervisor, self.on_tick = supervisor, on_tick
        self.starts = {child.name: 1 for child in supervisor.children}
        self.unwell = False  # the database failed at the last tick
        self.watched = self.announced = self.started = time.monotonic()

    def __call__(self) -> None:
        try:
            self._release()
            pipeline.dispatch()
            if (
                self.unwell
            ):  # what the workers could not hand back meanwhile need not wait until its claim runs out
                pipeline.release_claims()
                self.unwell = False
            if time.monotonic() - self.announced > ANNOUNCE_SECONDS:
                self.announced = time.monotonic()
                announce()
            if self.on_tick:
                self.on_tick()
            if time.monotonic() - self.watched > WATCH_SECONDS:
                self.watched = time.monotonic()
                self._watch()
        except OperationalError:
            self.unwell = True
            connection.close()  # the database went away: the next tick connects anew
            if os.environ.get("RAINDROP_EMBEDDED"):
                embedded_postgres.start()
            raise
        close_old_connections()

    def _release(self) -> None:
        """What a cluster that was ended had in hand need not wait until its claim runs out."""
        for child in self.supervisor.children:
            if child.cluster and child.starts > self.starts[child.name]:
                if child.name == "workers":
                    pipeline.release_claims()
                pipeline.release_tasks(child.environment.get("Q_CLUSTER_NAME", settings.Q_CLUSTER["name"]))
                self.starts[child.name] = child.starts

    def _watch(self) -> None:
        """A cluster can stall silently (django-q2 #23: a worker dies holding the queue's lock). Then: a new one. With other servers
        on the database their workers report, too, and hide it: the queue is shared, so that no task can ask one of them."""
        if time.monotonic() - self.started < 2 * WORKER_SILENCE.total_seconds():
            return
        beat = last_heartbeat()
        if beat is None or timezone.now() - beat > 2 * WORKER_SILENCE:
            self.supervisor.restart("workers")
            self.started = time.monotonic()


def _first_user(host: str, port: int) -> str:
    """How to make the first user. No password is made here: one that was printed would stay."""
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
    address = f"http://{reached}:{port}{reverse('first-user', args=[setup_token()])}"
    return (
        f"There is no user yet. Make the first here (the address holds until then):\n\n  {address}\n\n"
        f"or in another terminal:\n\n  {_command()} createsuperuser\n"
    )


def _command() -> str:
    """manage.py as this server was started, for a shell."""
    directory = os.environ.get("RAINDROP_DATA_DIR")
    words = [sys.executable, str(BASE_DIR / "manage.py")]
    return (f"RAINDROP_DATA_DIR={shlex.quote(directory)} " if directory else "") + shlex.join(words)


def children(*, host: str, port: int, workers: int) -> list[Child]:
    manage = str(BASE_DIR / "manage.py")
    web = [
        "-m",
        "uvicorn",
        "raindrop.asgi:application",
        "--host",
        host,
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    web += [
        "--app-dir",
        str(BASE_DIR),
        "--timeout-graceful-shutdown",
        "5",
        "--no-access-log",
        "--http",
        "raindrop.server.grpc_refusal:RefusesGrpc",
        "--ws-max-size",
        "65536",  # browsers send nothing
        "--lifespan",
        "on",  # its end writes what was counted (raindrop/asgi.py)
    ]
    serving = [Child("web", python(*web), {"RAINDROP_DB_POOL": "1", **static_files.HASHED, **WEB_MEMORY})]
    if not workers:
        return serving  # events are stored and wait
    asking = [
        Child("LLM workers", python(manage, "qcluster", UNCHECKED), {"Q_CLUSTER_NAME": "llm"}, cluster=True)
    ]
    return [
        *serving,
        *(asking if settings.ANTHROPIC_API_KEY else []),
        Child("traces", python(manage, "make_events")),
        Child(
            "workers",
            python(manage, "qcluster"),
            {"RAINDROP_WORKERS": str(workers), priority.VARIABLE: str(WORKERS_NICE), **ONE_THREAD},
            cluster=True,
        ),
        Child(
            "slow workers",
            python(manage, "qcluster", UNCHECKED),
            {"Q_CLUSTER_NAME": "slow"},
            cluster=True,
            nice=WORKERS_NICE,
        ),
    ]


def check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}. Stop what listens there, or choose another with --port (make: PORT=8001)."
            ) from error
