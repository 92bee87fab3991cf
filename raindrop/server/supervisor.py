"""Runs web, workers and dispatcher in the foreground: what `manage.py up` does after the database is there.

Each child leads a process group of its own, so that Ctrl-C reaches only us and we end them in order, and so that
nothing of a child that died stays behind (a django-q2 cluster is a dozen processes). The kernel ends the children when we
are killed ourselves (PR_SET_PDEATHSIG); groups that survived even that are ended by the next start.
"""

import contextlib
import ctypes
import functools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from raindrop.server.priority import stand_back

logger = logging.getLogger(__name__)

STOP_SECONDS = 20
# A child that dies at once, again and again, is started ever less often.
RESTART_SECONDS = (0.5, 1, 2, 5, 10, 30)
HEALTHY_SECONDS = 30
# How often the processes of a cluster are looked at.
LOOK_SECONDS = 1
PR_SET_PDEATHSIG = 1
# By how much the time at which a process started may be told differently later: the clock is set meanwhile.
CLOCK_SECONDS = 5


@dataclass
class Child:
    """A process to keep running.

    A `cluster` (django-q2: a leader, its sentinel, and the sentinel's workers, pusher and monitor) lives and dies as a whole.
    Its workers take turns at one lock to read the queue they share; one that is killed while it waits for a task,
    which is what an idle worker does, keeps the lock for ever, and the worker that takes its place waits with the others.

    `nice`: by how much it stands back (nice(2)) where the others have work for all cores.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    cluster: bool = False
    nice: int = 0
    members: set[int] = field(default_factory=set)
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=functools.partial(_prepare, self.nice),  # noqa: PLW1509  (we are single-threaded when children start, or hold no locks)
        )
        self.started = time.monotonic()
        self.members = set()
        self.starts += 1

    def lost_a_member(self) -> bool:
        """Whether one of a cluster's processes has ended since the last look. Processes that its workers start do not count."""
        assert self.process is not None
        alive: set[int] = set()
        with contextlib.suppress(psutil.NoSuchProcess):  # the leader itself has just ended
            leader = psutil.Process(self.process.pid)
            parents = _parents_of_forks(leader)
            alive = {pid for pid, parent in parents.items() if leader.pid in (parent, parents.get(parent))}
        lost = bool(self.members - alive)
        self.members = alive
        return lost

    def end_group(self, number: int) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """Keeps the children running and calls `tick` about ten times a second, until SIGINT, SIGTERM or `stop()`."""

    def __init__(self, *, children: list[Child], tick: Callable[[], None], state_file: Path) -> None:
        self.children = children
        self.tick = tick
        self.state_file = state_file
        self.stopping = threading.Event()
        self.looked = 0.0

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            for child in self.children:
                child.start()
            self._remember()
            while not self.stopping.wait(0.1):
                try:
                    self._end_broken_clusters()
                    self._restart_dead()
                    self.tick()
                except Exception:
                    logger.exception("The dispatcher failed; trying again")
                    self.stopping.wait(1)
        finally:
            self.stop()

    def stop(self) -> None:
        """Asks every child to end, in order; kills what is left of their groups after STOP_SECONDS."""
        for child in self.children:
            if child.process and child.process.poll() is None:
                # Only the leader: uvicorn and qcluster pass it on to their own in their own order.
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if child.process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                child.end_group(signal.SIGKILL)
                child.process.wait()
        self.state_file.unlink(missing_ok=True)

    def restart(self, name: str) -> None:
        """Ends a child that no longer does its work; it is started again."""
        for child in self.children:
            if child.name == name:
                child.end_group(signal.SIGKILL)

    def _end_broken_clusters(self) -> None:
        if time.monotonic() - self.looked < LOOK_SECONDS:
            return
        self.looked = time.monotonic()
        for child in self.children:
            if (
                child.cluster
                and child.process
                and child.process.poll() is None
                and child.lost_a_member()
                and not self.stopping.is_set()
            ):
                logger.error("A process of %s has died: ending the others, to start anew", child.name)
                child.end_group(signal.SIGKILL)
                child.process.wait()

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.restart_at:
                    child.start()
                    self._remember()
            elif child.process.poll() is not None:
                child.end_group(signal.SIGKILL)
                child.failures = 0 if now - child.started > HEALTHY_SECONDS else child.failures + 1
                wait = RESTART_SECONDS[min(child.failures, len(RESTART_SECONDS) - 1)]
                logger.error(
                    "%s ended (%s); starting it again in %s s", child.name, child.process.returncode, wait
                )
                child.process, child.restart_at = None, now + wait

    def _remember(self) -> None:
        leaders = [
            (child.process.pid, _started(child.process.pid)) for child in self.children if child.process
        ]
        self.state_file.write_text(json.dumps(leaders))


def end_leftovers(state_file: Path) -> None:
    """Kills what is left of the process groups that a killed supervisor had started."""
    try:
        # While one of a group lives, no other process gets its leader's number. So one that has it now and did not start when the
        # leader did says that nothing is left of the group; a new start of the machine says so of all.
        groups = {
            pid
            for pid, started in json.loads(state_file.read_text())
            if started
            and started > psutil.boot_time()
            and abs((_started(pid) or started) - started) < CLOCK_SECONDS
        }
    except (FileNotFoundError, ValueError, TypeError):
        return
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if (
                os.getpgid(process.pid) in groups
                and "python" in process.name()
                and process.pid != os.getpid()
            ):
                process.kill()
    state_file.unlink(missing_ok=True)


def _started(pid: int) -> float | None:
    """When the process started, in seconds since the epoch; None when there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _parents_of_forks(leader: psutil.Process) -> dict[int, int]:
    """Process id -> parent's, of the leader's descendants that run its own program: what it forked."""
    command = leader.cmdline()
    parents = {}
    for process in leader.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.cmdline() == command:  # empty for one that has ended and was not yet waited for
                parents[process.pid] = process.ppid()
    return parents


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _prepare(nice: int) -> None:
    """In the new process, whose session is its own already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if nice:
        stand_back(nice)
