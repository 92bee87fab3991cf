"""Counts are kept in the process and written every FLUSH_SECONDS and at its end, so that no request pays for them.

A process that is killed (-9) loses the counts of its last FLUSH_SECONDS; never an event, whose answer is sent after its
commit. A web process has a thread that writes. A process without one (a command, a
worker) calls `flush_if_due` where it has counted.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from django.db import connection

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
# The tests switch the thread and the flush at the end off, and call `flush` themselves.
automatic = True

_flushers: list[Callable[[], None]] = []
_resets: list[Callable[[], None]] = []
_lock = threading.Lock()
_one_at_a_time = threading.Lock()
_thread: threading.Thread | None = None
_wake = threading.Event()
_flushed_at = 0.0


def register(*, flusher: Callable[[], None], reset: Callable[[], None]) -> None:
    """`flusher` writes what was counted, and keeps it when that fails; `reset` forgets it, in a forked child."""
    _flushers.append(flusher)
    _resets.append(reset)


def flush() -> None:
    """Writes all that this process has counted. A failure is logged, and what was counted stays for the next time."""
    global _flushed_at
    with _one_at_a_time:
        _flushed_at = time.monotonic()
        for flusher in _flushers:
            try:
                flusher()
            except Exception as error:
                logger.warning("Counts could not be written, they wait for the next time: %s", error)


def flush_if_due() -> None:
    """For a process without the thread."""
    if automatic and _thread is None and time.monotonic() - _flushed_at >= FLUSH_SECONDS:
        flush()


def start_thread() -> None:
    """Starts the process's thread, once. Cheap to call again."""
    global _thread
    if not automatic:
        return
    _wake.set()
    if _thread is not None:
        return
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_loop, name="ingest-counts", daemon=True)
            _thread.start()


def _loop() -> None:
    while automatic:
        _wake.wait()  # nothing counted: nothing to do, and no connection
        time.sleep(FLUSH_SECONDS)
        _wake.clear()
        flush()
        connection.close()  # with a pool: gives it back


def _at_exit() -> None:
    if automatic:
        flush()


def _after_fork() -> None:
    """A child has no thread, and what its parent counted is the parent's to write."""
    global _thread, _lock, _one_at_a_time, _wake
    _thread, _lock, _one_at_a_time, _wake = None, threading.Lock(), threading.Lock(), threading.Event()
    for reset in _resets:
        reset()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
