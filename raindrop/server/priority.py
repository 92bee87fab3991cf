"""Standing back where other processes have work for all cores (nice(2))."""

import contextlib
import functools
import os
from pathlib import Path

# Of a process that is to stand back once it begins its work, and not while it starts: `up` waits for it then.
VARIABLE = "RAINDROP_NICE"


def stand_back(nice: int) -> None:
    """To be called once in a process whose session is its own: where Linux groups processes by session (sched(7), autogroup), a nice
    value counts within the session alone, and the session has its own."""
    os.nice(nice)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


@functools.cache
def stand_back_as_told() -> None:
    """By what VARIABLE says, once; cheap to call again."""
    if told := os.environ.get(VARIABLE, ""):
        stand_back(int(told))
