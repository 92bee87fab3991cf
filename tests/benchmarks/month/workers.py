"""Work that a process dies in: a worker that is killed (SIGKILL) before one of its SQL statements, drawn at random.

The workers are forked by a server of their own (multiprocessing's "forkserver"), which has loaded the app and no model: a process with threads and
a model in it cannot be forked safely.
"""

import multiprocessing
import os
import random
import signal
import traceback
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import django
from django.apps import apps

if not apps.ready:  # in the server that forks
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
    django.setup()

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

import raindrop.pipeline  # noqa: F401  (loaded once, before the fork)
from tests.benchmarks.month.clock import Clock, running


class Workers:
    """One worker at a time, and the next one when it was killed. `share`: of the pieces of work, how many kill it."""

    def __init__(self, *, clock: Clock, seed: int, share: float) -> None:
        self.clock, self.places, self.share = clock, random.Random(seed), share  # noqa: S311
        self.killed: Counter[str] = Counter()
        self._statements: dict[str, int] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, name: str, function: str, *arguments: Any, times: float = 1.0) -> bool:
        """`function`: its dotted path. `name`: what kind of work it is. `times`: so many times as likely to kill. False where the worker died
        before it was done; raises RuntimeError where the work raised."""
        pipe = self._pipe or self._start()
        usual = self._statements.get(name, 0)
        dies_at = None
        if usual and self.places.random() < self.share * times:
            dies_at = self.places.randint(1, usual)
        pipe.send((function, arguments, self.clock.at, dies_at))
        try:
            seen, error = pipe.recv()
        except EOFError:
            self.killed[name] += 1
            self.stop()
            return False
        if error:
            raise RuntimeError(f"{name} failed in a worker:\n{error}")
        if seen > 5:  # it had something to do
            self._statements[name] = seen
        return True

    def stop(self) -> None:
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            self._process.join()
            self._pipe = self._process = None

    def _start(self) -> Connection:
        self._pipe, other = self._context.Pipe()
        self._process = self._context.Process(
            target=serve, args=(other, connection.settings_dict["NAME"], settings.ALERT_PRIVATE_ADDRESSES), daemon=True
        )  # fmt: skip
        self._process.start()
        other.close()
        return self._pipe


def serve(pipe: Connection, database: str, private_addresses: bool) -> None:
    """A worker's life: until its pipe is closed, or it is killed."""
    connection.settings_dict["NAME"] = database
    settings.ALERT_PRIVATE_ADDRESSES = private_addresses
    with running(None) as clock:
        while True:
            try:
                function, arguments, at, dies_at = pipe.recv()
            except EOFError:
                break
            clock.move_to(at)
            statements, error = _Statements(dies_at), ""
            try:
                with connection.execute_wrapper(statements):
                    import_string(function)(*arguments)
            except Exception:
                error = traceback.format_exc()
            pipe.send((statements.seen, error))
    connection.close()


class _Statements:
    """Counts a connection's statements, and kills this process before the one of that number."""

    def __init__(self, dies_at: int | None) -> None:
        self.seen, self.dies_at = 0, dies_at

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.seen += 1
        if self.seen == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)
