"""The write path's fast door: ASGI in front of Django, and one commit for all the requests that wait.

A single event costs five statements and a commit, whether it comes alone or with a hundred others; a commit waits for the
disk. So the requests that arrive while one commit is under way are stored together by the next one (group commit):
nobody waits on purpose, and the busier the server, the larger the groups. Each answer is sent after its own commit.

OTLP's exporters send batches already: theirs pass Django by, each with a commit of its own (ingest/otlp_views.py).

Everything else (other paths and methods, errors in the request) is what ingest/wire.py says: both doors share its
`authorize`, decoders and answers.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.utils.datastructures import CaseInsensitiveMapping

from ingest import otlp_views, wire
from ingest.body import MAX_BODY, decompress, too_large
from ingest.limits import overloaded
from ingest.models import ApiKey
from raindrop.errors import ApiError

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

# Two, so that one prepares its rows while the other waits for the disk.
COMMITTERS = 2
# A group's size in items: beyond it a longer transaction gains nothing and makes everybody wait.
MAX_GROUP = 1000
# Bodies below this are decoded on the event loop: handing them to a thread would cost more.
SMALL_BODY = 64 * 1024
# Bytes of the bodies that may wait for the database at once: when it is slow, further ones are told to come later. Each
# counts for REQUEST_BYTES more. Above the largest body after decompression (64 MiB).
MAX_IN_FLIGHT = 128 * 1024 * 1024
REQUEST_BYTES = 4096


@dataclass
class Write:
    """One request's items on their way to the database."""

    endpoint: wire.Endpoint
    key: ApiKey
    items: list[Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[HttpResponse]"


@dataclass
class Committer:
    """Threads that take what waits, and store it with one commit per project and endpoint."""

    queue: "SimpleQueue[Write | None]" = field(default_factory=SimpleQueue)
    started: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def store(self, *, endpoint: wire.Endpoint, key: ApiKey, items: list[Any]) -> HttpResponse:
        if not self.started:
            with self.lock:
                if not self.started:
                    for number in range(COMMITTERS):
                        threading.Thread(target=self._run, name=f"committer-{number}", daemon=True).start()
                    self.started = True
        loop = asyncio.get_running_loop()
        write = Write(endpoint, key, items, loop, loop.create_future())
        self.queue.put(write)
        return await write.answer

    def stop(self) -> None:
        """Ends the threads, after what waits is stored."""
        for _ in range(COMMITTERS):
            self.queue.put(None)

    def _run(self) -> None:
        while write := self.queue.get():
            waiting, size, ending = [write], len(write.items), False
            while size < MAX_GROUP and not self.queue.empty():
                try:
                    further = self.queue.get_nowait()
                except Empty:  # the other committer took it
                    break
                if further is None:
                    ending = True
                    break
                waiting.append(further)
                size += len(further.items)
            groups: dict[tuple[object, ...], list[Write]] = {}
            for write in waiting:
                alone = () if write.endpoint.grouped else (id(write),)
                groups.setdefault((id(write.endpoint), write.key.project_id, *alone), []).append(write)
            for group in groups.values():
                try:
                    self._store_group(group)
                except (
                    Exception
                ):  # in the answer to a failure, too: the thread must live, and nobody wait for ever
                    logger.exception("The committer failed")
                    _answer_all(group, [wire.failed().response() for _ in group])
            if ending:
                break
        connection.close()

    def _store_group(self, group: list[Write]) -> None:
        first = group[0]
        try:
            answers = wire.store(first.endpoint, [(write.key, write.items) for write in group])
        except (OperationalError, InterfaceError) as error:
            connection.close()
            answers = [wire.failure(error, key=write.key) for write in group]
        except Exception as error:
            if len(group) > 1:  # one of them spoils it for the others: each by itself
                for write in group:
                    self._store_group([write])
                return
            answers = [wire.failure(error, key=first.key)]
        finally:
            if connection.connection and connection.connection.broken:
                connection.close()
        _answer_all(group, answers)


def _answer_all(group: list[Write], answers: list[HttpResponse]) -> None:
    """Those that have an answer keep it."""
    for write, answer in zip(group, answers, strict=True):
        with contextlib.suppress(RuntimeError):  # its loop has ended
            write.loop.call_soon_threadsafe(_resolve, write.answer, answer)


def _resolve(future: "asyncio.Future[HttpResponse]", answer: HttpResponse) -> None:
    if not future.done():  # the client may have gone
        future.set_result(answer)


class WriteGateway:
    """ASGI: answers POSTs of the write path itself, and passes all else on."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self.committer = Committer()
        self.threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="wire")
        self.exports = ThreadPoolExecutor(
            max_workers=4, thread_name_prefix="otlp"
        )  # each waits for its own commit
        self.in_flight = 0  # bytes; of the event loop alone

    def _hold(self, size: int) -> int:
        """Makes room for as many bytes, which whoever asks gives back. Raises ApiError 503."""
        if self.in_flight + size > MAX_IN_FLIGHT:
            raise overloaded()
        self.in_flight += size
        return size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if is_post and (endpoint := wire.ENDPOINTS.get(scope["path"].removeprefix("/v1").strip("/"))):
            response = await self._answer(endpoint, scope, receive)
            for header, value in wire.CORS.items():
                response[header] = value
            await _send(response, send)
        elif is_post and (store := otlp_views.store_of(scope["path"])):
            await _send(await self._export(store, scope, receive), send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To Django, which would write a body of any size to disk before a view could refuse it: so it is bounded here."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        size, answered = 0, False

        async def bounded() -> Any:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return {"type": "http.disconnect"} if size > MAX_BODY else message

        async def noted(message: Any) -> None:
            nonlocal answered
            answered = True
            await send(message)

        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        announced = headers.get("content-length", "0")
        too_much = not announced.isdigit() or int(announced) > MAX_BODY
        if not too_much:
            await self.application(scope, bounded, noted)
        if too_much or (size > MAX_BODY and not answered):  # a chunked body tells its size last
            await _send(too_large().response(), send)

    async def _export(self, store: otlp_views.Store, scope: Scope, receive: Receive) -> HttpResponse:
        """OTLP, around Django, which costs 2 ms a request. It has a commit of its own: exporters send batches."""
        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        body: bytes | ApiError
        held = 0
        try:
            body = await _read(headers, receive)
            held = self._hold(REQUEST_BYTES + len(body))
        except ApiError as error:
            body = error
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.exports, _answer_export, store, headers, body)
        finally:
            self.in_flight -= held

    async def _answer(self, endpoint: wire.Endpoint, scope: Scope, receive: Receive) -> HttpResponse:
        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        loop = asyncio.get_running_loop()
        body, held = b"", 0
        try:
            try:
                key = wire.authorize(headers, only_cached=True)
            except KeyError:
                key = await loop.run_in_executor(self.threads, _authorize, headers)
            body = await _read(headers, receive)
            held = self._hold(REQUEST_BYTES + len(body))
            if len(body) < SMALL_BODY and "content-encoding" not in headers:
                items = endpoint.decode(body)
            else:
                items, size = await loop.run_in_executor(self.threads, _decode, endpoint, body, headers)
                held += self._hold(size - len(body))
            try:
                endpoint.check(key, items, only_cached=True)
            except KeyError:
                await loop.run_in_executor(self.threads, _check, endpoint, key, items)
            return await self.committer.store(endpoint=endpoint, key=key, items=items)
        except Exception as error:  # in a thread: the sample of what was refused is redacted
            return await loop.run_in_executor(self.threads, _failure, error, wire.sender(headers), body)
        finally:
            self.in_flight -= held


def _authorize(headers: Mapping[str, str]) -> ApiKey:
    try:
        return wire.authorize(headers)
    finally:
        connection.close()  # back to the pool: this thread may idle long


def _check(endpoint: wire.Endpoint, key: ApiKey, items: list[Any]) -> None:
    try:
        endpoint.check(key, items)
    finally:
        connection.close()


def _answer_export(
    store: otlp_views.Store, headers: Mapping[str, str], body: bytes | ApiError
) -> HttpResponse:
    def reader() -> bytes:
        if isinstance(body, ApiError):
            raise body
        return decompress(body, headers)

    try:
        return otlp_views.answer(store, headers=headers, reader=reader)
    finally:
        connection.close()


def _failure(error: Exception, key: ApiKey | None, body: bytes) -> HttpResponse:
    try:
        return wire.failure(error, key=key, body=body)
    finally:
        connection.close()


def _decode(endpoint: wire.Endpoint, body: bytes, headers: Mapping[str, str]) -> tuple[list[Any], int]:
    """The items, and the size of the body when it is unpacked."""
    unpacked = decompress(body, headers)
    return endpoint.decode(unpacked), len(unpacked)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


async def _read(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The body, never more than MAX_BODY of it, whether its length was announced or not."""
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > MAX_BODY:
        raise too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError(400, "The connection broke before the whole body had arrived.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            raise too_large()
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _send(response: HttpResponse, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
