"""uvicorn's HTTP protocol (httptools) with bounds that it lacks: on headers, and on connections that stay half-sent.

uvicorn waits for ever for a request's headers and collects as many as come. Bodies are bounded where they are read
(ingest/http/reading.py).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Request line and headers; what arrives at once may be as much again. Browsers and proxies stop at 8 to 16 KiB each; a trace's `baggage` may hold 8 KiB.
MAX_HEADERS = 64 * 1024
HEADER_SECONDS = 20.0
# A request that was answered before its body was read: so long may the body still come, and be thrown away. (A connection that is
# closed at once costs most clients the answer.)
DRAIN_SECONDS = 60.0

_TOO_LARGE = b'{"error": {"code": "HEADERS_TOO_LARGE", "message": "The request line and the headers are larger than 64 KiB together."}}'


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_headers = True
        self._header_bytes = 0
        self._is_whole = True  # nothing of a request's body is missing

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrows it as well
        super().connection_made(transport)
        self._close_after(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        while self._in_headers and len(data) > MAX_HEADERS:  # they may end within, and a body follow
            self._receive(data[:MAX_HEADERS])
            data = data[MAX_HEADERS:]
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
        self._receive(data)

    def _receive(self, data: bytes) -> None:
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and not self.transport.is_closing():
            if self._header_bytes > MAX_HEADERS:
                self._refuse()
            elif (
                self._deadline is None and not self._is_whole
            ):  # half-sent; most come in one piece, and need no timer
                self._close_after(HEADER_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers, self._is_whole, self._header_bytes = True, False, 0

    def on_headers_complete(self) -> None:
        self._in_headers, self._header_bytes = False, 0
        self.cancel_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._in_headers, self._header_bytes = True, 0  # of the next request
        super().on_message_complete()
        if self.cycle is None or self.cycle.response_complete:
            self.cancel_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_whole and not self.transport.is_closing():
            self._close_after(DRAIN_SECONDS)

    def _close_after(self, seconds: float) -> None:
        self.cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self._close)

    def cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(_TOO_LARGE) + _TOO_LARGE
        )
        self.transport.close()
