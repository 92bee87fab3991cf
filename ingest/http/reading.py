"""Reading a body from ASGI: no more of it than is allowed, counted while it arrives, and not for ever."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from ingest.http.body import MAX_BODY, too_large
from raindrop.errors import ApiError

Receive = Callable[[], Awaitable[Any]]

# A sender may be silent so long at a time, and after that has to have sent at this rate on average. The slowest mobile networks
# do more.
SILENCE_SECONDS = 20.0
LEAST_RATE = 4096  # bytes a second


async def read(headers: Mapping[str, str], receive: Receive, hold: Callable[[int], None]) -> bytes:
    """The body, never more than MAX_BODY of it, whether its length was announced or not. `hold` is told of each chunk before the next is
    asked for, and may raise. Raises ApiError 413 for a body that is too large, 408 for one that comes too slowly, 400 for one
    that ends too early."""
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > MAX_BODY:
        raise too_large()
    chunks: list[bytes] = []
    size, pace = 0, Pace()
    while True:
        message = await pace.next(receive, size)
        if message["type"] == "http.disconnect":
            raise ApiError(400, "The connection broke before the whole body had arrived.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            raise too_large()
        hold(len(chunk))
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class Pace:
    """How long a body may still take."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def next(self, receive: Receive, size: int) -> Any:
        """The next message, when `size` bytes are here. Raises ApiError 408."""
        waiting = receive().__await__()
        try:
            awaited = next(waiting)
        except (
            StopIteration
        ) as here:  # most bodies are here already, and a timeout costs a tenth of a small request
            return here.value
        allowed = self._began + SILENCE_SECONDS + size / LEAST_RATE - time.monotonic()
        try:
            async with asyncio.timeout(min(allowed, SILENCE_SECONDS)):
                return await _Continuation(waiting, awaited)
        except TimeoutError:
            raise ApiError(408, "The body came too slowly: nothing was stored. Send it again.") from None


class _Continuation:
    """What was awaited by hand until it had to wait, to be awaited further. `awaited`: what it waits for."""

    def __init__(self, waiting: Generator[Any, Any, Any], awaited: Any) -> None:
        self._waiting, self._awaited = waiting, awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        while True:
            try:
                sent = yield awaited
            except BaseException as error:
                step = functools.partial(self._waiting.throw, error)
            else:
                step = functools.partial(self._waiting.send, sent)
            try:
                awaited = step()
            except StopIteration as done:
                return done.value
