"""How the time of a work grows with its size, on whatever machine: measured against itself, never against a clock."""

import time
from collections.abc import Callable

TEN_TIMES = 40  # as long at most, for ten times the size: what is linear takes 10, what is quadratic 100
LEAST_SECONDS = 0.01  # below this a measured time is noise
TRIES = 3  # the best counts: a collection of garbage in a worker that holds a gigabyte takes seconds


def ten_times_takes_tens_at_most(work: Callable[[int], object], *, size: int) -> bool:
    """Whether `work(10 * size)` takes at most TEN_TIMES the CPU time of this thread that `work(size)` takes."""

    def seconds(of: int) -> float:
        start = time.thread_time()
        work(of)
        return time.thread_time() - start

    few = max(min(seconds(size) for _ in range(TRIES)), LEAST_SECONDS)
    return any(seconds(10 * size) < TEN_TIMES * few for _ in range(TRIES))
