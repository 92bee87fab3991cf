"""The write path's fast door: ASGI in front of Django.

Requests are stored in groups (ingest/http/committing.py). OTLP's exporters send batches already: theirs pass Django by, each with a
commit of its own (ingest/http/otlp.py). All work that grows with what is sent is done in threads that projects share fairly,
and no body is read before its key is known.

Everything else (other paths and methods, errors in the request) is what ingest/http/wire.py says: both doors share its
`authorize`, decoders and answers.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.datastructures import CaseInsensitiveMapping

from ingest.http import otlp as otlp_views
from ingest.http import wire
from ingest.http.body import decompress
from ingest.http.committing import Committer
from ingest.http.reading import Receive, read
from ingest.limits.fair import FairThreads
from ingest.limits.holding import Hold, Memory
from ingest.limits.quotas import overloaded
from ingest.limits.weight import check_weight, json_weight, protobuf_weight
from ingest.models import ApiKey
from ingest.redaction import NotClear, OnlyClear
from ingest.redaction.settings import redactor_for, remembered_redactor
from raindrop.errors import ApiError

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]

# Bodies below this that came as they are (a batch of 100 events has 115 KB) are weighed, decoded and searched on the event loop: that
# batch takes 1.5 ms there, and to hand it to a thread and back costs 10 % more. SMALL_WEIGHT bounds how many values there are to decode.
SMALL_BODY = 256 * 1024
SMALL_WEIGHT = 1024 * 1024
# After so long the redaction of one request makes room for another project's.
SLICE_SECONDS = 0.1


# Requests that Django works on at once: fewer than the pool has connections (settings.py), so that none of them waits for one.
PAGES = 6
PAGE_SECONDS = 10.0  # that one waits for its turn
# Of these, so many may check a password at once: that takes half a second of a core.
LOGINS = 2
LOGIN_PATHS = ("/accounts/login", "/admin/login")
UNCROWDED = ("/healthz", "/readyz", "/static/")  # need no connection of the pool


class WriteGateway:
    """ASGI: answers POSTs of the write path itself, and passes all else on."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self.committer = Committer()
        self.memory = Memory()
        self.places = asyncio.Semaphore(PAGES)
        self.logins = asyncio.Semaphore(LOGINS)
        self.asking = ThreadPoolExecutor(max_workers=4, thread_name_prefix="keys")  # short queries
        # Few: what a body unpacks to is not counted before it is there.
        self.unpacking = FairThreads(threads=2, each=1, name="unpacking")
        self.work = FairThreads(threads=4, each=2, name="wire")
        self.exports = FairThreads(threads=5, each=4, name="otlp")  # each waits for its own commit

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
        """To Django, which runs each request in a thread with a connection of its own: so many as have one, and the others wait.
        The body is read before, bounded and counted: a slow one holds no place."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        share = None
        try:
            share = Hold(self.memory, None)
            body = await read(headers, receive, share.add)
            if scope["path"].startswith(UNCROWDED):
                await self.application(scope, _given(body, receive), send)
            else:
                await self._in_turn(scope, _given(body, receive), send)
        except ApiError as error:
            await _send(error.response(), send)
        finally:
            if share:
                share.close()

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ApiError 503 when no place becomes free in time. The place is given back where the answer begins: from then on
        the visitor sets the pace."""
        is_login = scope["method"] == "POST" and scope["path"].rstrip("/").endswith(LOGIN_PATHS)
        held: list[asyncio.Semaphore] = []

        def leave() -> None:
            while held:
                held.pop().release()

        try:
            async with asyncio.timeout(PAGE_SECONDS):
                for places in (self.logins, self.places) if is_login else (self.places,):
                    await places.acquire()
                    held.append(places)
        except TimeoutError:
            leave()
            raise overloaded() from None
        except asyncio.CancelledError:
            leave()
            raise

        async def leaving(message: Any) -> None:
            leave()
            await send(message)

        try:
            await self.application(scope, receive, leaving)
        finally:
            leave()

    async def _export(self, store: otlp_views.Store, scope: Scope, receive: Receive) -> HttpResponse:
        """OTLP, around Django, which costs 2 ms a request. It has a commit of its own: exporters send batches."""
        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        body: bytes | Exception
        owner: uuid.UUID | None = None
        share: Hold | None = None
        try:
            try:
                key = await self._authorize(headers)
                owner = key.project_id
                share = Hold(self.memory, owner)
                body = await read(headers, receive, share.add)
                body, weight = await self.unpacking.run(owner, _unpack, body, headers, is_otlp=True)
                share.becomes(check_weight(weight))
            except Exception as error:  # as in _answer: OTLP says what it is
                body = error
                if isinstance(
                    error, ApiError
                ):  # nobody looks for its cause, and its frames hold what was unpacked
                    error.with_traceback(None)
            return await self.exports.run(owner, _answer_export, store, headers, body)
        finally:
            if share:
                share.close()

    async def _answer(self, endpoint: wire.Endpoint, scope: Scope, receive: Receive) -> HttpResponse:
        headers = CaseInsensitiveMapping(_headers(scope["headers"]))
        body = b""
        owner: uuid.UUID | None = None
        share: Hold | None = None
        try:
            key = await self._authorize(headers)
            owner = key.project_id
            share = Hold(self.memory, owner)
            body = await read(headers, receive, share.add)
            if len(body) < SMALL_BODY and "content-encoding" not in headers:
                unpacked, weight = body, json_weight(body)
            else:
                unpacked, weight = await self.unpacking.run(owner, _unpack, body, headers)
            share.becomes(check_weight(weight))
            if unpacked is body and len(body) < SMALL_BODY and weight < SMALL_WEIGHT:
                prepared = await self._few(endpoint, key, body)
            else:
                prepared = await self._many(endpoint, key, unpacked)
            return await self.committer.store(endpoint=endpoint, key=key, items=prepared)
        except Exception as error:  # in a thread: the sample of what was refused is redacted
            if isinstance(
                error, ApiError
            ):  # nobody looks for its cause, and its frames hold what was unpacked
                error.with_traceback(None)
            return await self.work.run(owner, _failure, error, wire.sender(headers), body)
        finally:
            if share:
                share.close()

    async def _authorize(self, headers: Mapping[str, str]) -> ApiKey:
        try:
            return wire.authorize(headers, only_cached=True)
        except KeyError:
            return await asyncio.get_running_loop().run_in_executor(self.asking, _authorize, headers)

    async def _few(self, endpoint: wire.Endpoint, key: ApiKey, body: bytes) -> list[Any]:
        """The items of a small body, redacted; on the event loop, if one search tells that there is nothing to hide."""
        items = endpoint.decode(body)
        try:
            endpoint.check(key, items, only_cached=True)
        except KeyError:
            await asyncio.get_running_loop().run_in_executor(self.asking, _check, endpoint, key, items)
        if redactor := remembered_redactor(key.project):
            with contextlib.suppress(NotClear):
                return endpoint.prepare(key.project, items, OnlyClear(redactor))
        return await self._rest(endpoint, key, items, [])

    async def _many(self, endpoint: wire.Endpoint, key: ApiKey, body: bytes) -> list[Any]:
        """The items of any body, redacted; in threads."""
        items, prepared = await self.work.run(key.project_id, _begin, endpoint, key, body)
        return await self._rest(endpoint, key, items, prepared)

    async def _rest(
        self, endpoint: wire.Endpoint, key: ApiKey, items: list[Any], prepared: list[Any]
    ) -> list[Any]:
        """All the items, redacted, of which the first ones are. One text may take a second: so it is done in slices."""
        while len(prepared) < len(items):
            prepared += await self.work.run(key.project_id, _prepare, endpoint, key, items, len(prepared))
        return prepared


def _given(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body at once, then what the connection gives."""
    given = False

    async def next_message() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


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


def _begin(endpoint: wire.Endpoint, key: ApiKey, body: bytes) -> tuple[list[Any], list[Any]]:
    """The body's items, and the first of them redacted, as far as one slice goes."""
    try:
        items = endpoint.decode(body)
        endpoint.check(key, items)
        return items, _prepare(endpoint, key, items, 0)
    finally:
        connection.close()


def _prepare(endpoint: wire.Endpoint, key: ApiKey, items: list[Any], start: int) -> list[Any]:
    """Items from `start` on, redacted; as many as SLICE_SECONDS allow, one at least."""
    prepared: list[Any] = []
    until = time.monotonic() + SLICE_SECONDS
    try:
        redactor = redactor_for(key.project)
        for at in range(start, len(items)):
            prepared += endpoint.prepare(key.project, items[at : at + 1], redactor)
            if time.monotonic() > until:
                break
    finally:
        connection.close()
    return prepared


def _answer_export(
    store: otlp_views.Store, headers: Mapping[str, str], body: bytes | Exception
) -> HttpResponse:
    def reader() -> bytes:
        if isinstance(body, Exception):
            raise body
        return body

    try:
        return otlp_views.answer(store, headers=headers, reader=reader)
    finally:
        connection.close()


def _failure(error: Exception, key: ApiKey | None, body: bytes) -> HttpResponse:
    try:
        return wire.failure(error, key=key, body=body)
    finally:
        connection.close()


def _unpack(body: bytes, headers: Mapping[str, str], *, is_otlp: bool = False) -> tuple[bytes, int]:
    """The body, decompressed, and the memory that it will take."""
    unpacked = decompress(body, headers)
    if is_otlp and "json" not in headers.get("Content-Type", "").lower():
        return unpacked, protobuf_weight(unpacked)
    return unpacked, json_weight(unpacked)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


async def _send(response: HttpResponse, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
