"""A cluster of processes lives and dies as a whole."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from raindrop.server.supervisor import Child, Supervisor, end_leftovers
from tests.waiting import wait_until

# A leader, its sentinel, and two workers, of which one runs a program of its own: as django-q2 does it, by forking.
FORKS = """
import os, subprocess, time
from tests.waiting import wait_until
if not os.fork():
    if not os.fork():
        time.sleep(60)
    if not os.fork():
        subprocess.run(["sleep", "60"])
        time.sleep(60)
    while True:
        time.sleep(0.02)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
time.sleep(60)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    child = Child("workers", [sys.executable, "-c", FORKS], cluster=True)
    supervisor = Supervisor(children=[child], tick=lambda: None, state_file=tmp_path / "up.json")
    child.start()
    assert child.process
    wait_for(lambda: len(family(child)) == 4)
    yield supervisor
    supervisor.stop()


def wait_for(condition: Callable[[], object]) -> None:
    wait_until(condition, what="the processes")


def family(child: Child) -> list[psutil.Process]:
    """The sentinel, its workers, and the program that one of them runs."""
    assert child.process
    return psutil.Process(child.process.pid).children(recursive=True)


def look(supervisor: Supervisor) -> None:
    supervisor.looked = 0.0
    supervisor._end_broken_clusters()


def test_a_killed_worker_ends_the_whole_cluster_and_it_is_started_anew(supervisor: Supervisor) -> None:
    [child] = supervisor.children
    assert child.process
    look(supervisor)
    before = family(child)
    sentinel = psutil.Process(child.process.pid).children()[0]
    sentinel.children()[0].kill()
    wait_for(lambda: len(family(child)) < 4)
    look(supervisor)
    assert child.process.poll() is not None
    wait_for(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in before))
    supervisor._restart_dead()
    assert child.process is None
    child.restart_at = 0
    supervisor._restart_dead()
    assert child.starts == 2
    wait_for(lambda: len(family(child)) == 4)


def test_a_program_that_a_worker_ran_may_end(supervisor: Supervisor) -> None:
    [child] = supervisor.children
    assert child.process
    look(supervisor)
    [program] = [process for process in family(child) if process.name() == "sleep"]
    program.kill()
    wait_for(lambda: len(family(child)) == 3)
    look(supervisor)
    look(supervisor)
    assert child.process.poll() is None


def test_what_a_killed_supervisor_left_is_ended(supervisor: Supervisor) -> None:
    supervisor._remember()
    survivors = family(supervisor.children[0])
    end_leftovers(supervisor.state_file)
    programs = [process for process in survivors if "python" in process.name()]
    wait_for(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in programs))
    assert not supervisor.state_file.exists()


def test_a_process_that_got_the_number_of_a_dead_one_is_left_alone(tmp_path: Path) -> None:
    state_file = tmp_path / "up.json"
    bystander = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_for(lambda: os.getpgid(bystander.pid) == bystander.pid)
        started = psutil.Process(bystander.pid).create_time()
        for remembered in (started - 60, psutil.boot_time() - 1, None):
            state_file.write_text(json.dumps([(bystander.pid, remembered)]))
            end_leftovers(state_file)
            assert not state_file.exists()
        state_file.write_text(json.dumps({"web": bystander.pid}))  # as an earlier version wrote it
        end_leftovers(state_file)
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")
