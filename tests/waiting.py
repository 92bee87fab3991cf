"""Waiting for a condition, in place of a sleep that is long enough on an idle machine only."""

import asyncio
import time
from collections.abc import Callable

SECONDS = 120.0  # far more than any of them needs on a machine that does much else


def wait_until(condition: Callable[[], object], *, what: str, seconds: float = SECONDS) -> None:
    """Returns when the condition holds. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:g} s"
        time.sleep(0.01)


async def until(condition: Callable[[], object], *, what: str, seconds: float = SECONDS) -> None:
    """The same within an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:g} s"
        await asyncio.sleep(0.01)
