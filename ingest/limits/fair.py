"""Threads that projects share fairly: whoever sends much waits for itself, not the others for it."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class FairThreads:
    """Runs functions in `threads` threads. Of one owner (a project) at most `each` run at once, in order; owners take turns. To
    be used from one event loop."""

    def __init__(self, *, threads: int, each: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._free, self._each = threads, each
        self._running: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[tuple[asyncio.Future[Any], Callable[[], Any]]]] = {}

    async def run(self, owner: Hashable, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises. One whose caller has gone before its turn does not run."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append((answer, lambda: function(*args, **kwargs)))
        self._start()
        try:
            return await answer
        finally:
            del answer  # an exception holds this frame, and the future holds the exception: the circle would keep what its frames hold

    def _start(self) -> None:
        """Starts what may run now. An owner that had its turn goes to the end of the queue."""
        for owner in list(self._waiting):
            if not self._free:
                return
            if self._running[owner] >= self._each:
                continue
            waiting = self._waiting.pop(owner)
            answer, function = waiting.popleft()
            if waiting:
                self._waiting[owner] = waiting
            if not answer.cancelled():
                self._run(owner, answer, function)
        if self._free and any(self._running[owner] < self._each for owner in self._waiting):
            self._start()

    def _run(self, owner: Hashable, answer: "asyncio.Future[Any]", function: Callable[[], Any]) -> None:
        self._free -= 1
        self._running[owner] += 1
        job = asyncio.get_running_loop().run_in_executor(self._pool, function)

        def finished(job: "asyncio.Future[Any]") -> None:
            self._free += 1
            self._running[owner] -= 1
            if not self._running[owner]:
                del self._running[owner]
            if not answer.done():
                if job.cancelled():
                    answer.cancel()
                elif error := job.exception():
                    answer.set_exception(error)
                else:
                    answer.set_result(job.result())
            error = None
            self._start()

        job.add_done_callback(finished)
