"""What a run costs: memory, and CPU time by who spends it. Unlike the rate, CPU time says much the same on a busy machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.processes import Server


def memory_mb(server: Server) -> float:
    """Proportional set size of everything the server runs: shared pages count once."""
    total = 0
    for process in server.family():
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


@contextmanager
def cpu_per_item(server: Server, items: int) -> Iterator[None]:
    """Prints the microseconds of CPU time that each of the `items` stored in the block has cost."""
    before = _spent(server)
    yield
    after = _spent(server)
    shares = ", ".join(f"{role} {(after[role] - before[role]) * 1e6 / items:.0f}" for role in after)
    print(f"CPU, µs each: {shares}", flush=True)


def _spent(server: Server) -> dict[str, float]:
    """Seconds, by role. Of processes that have ended nothing is known: the server's live on."""
    times = os.times()
    spent = {"client": times.user + times.system, "web": 0.0, "database": 0.0, "others": 0.0}
    for process in server.family():
        try:
            command, used = " ".join(process.cmdline()), process.cpu_times()
        except psutil.Error:
            continue
        role = "web" if "uvicorn" in command else "database" if "postgres" in process.name() else "others"
        spent[role] += used.user + used.system
    return spent
