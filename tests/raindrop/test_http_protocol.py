"""Half-sent requests and endless headers, over real sockets."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from raindrop.server import http_protocol
from raindrop.server.grpc_refusal import RefusesGrpc
from raindrop.server.http_protocol import MAX_HEADERS
from tests.waiting import wait_until


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Answers /early before it reads anything, other paths with the size of the body."""
    if scope["type"] != "http":
        return
    size = 0
    if scope["path"] != "/early":
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(http_protocol, "DRAIN_SECONDS", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(_application, http=RefusesGrpc, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        wait_until(lambda: server.started, what="the server")
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def _talk(port: int, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """Sends the pieces, then reads until the server closes. Returns what came, and the seconds it took. Raises TimeoutError when the
    server leaves the connection open for 60 s."""
    start = time.monotonic()
    came = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as connection,
        contextlib.suppress(ConnectionError),
    ):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        while chunk := connection.recv(65536):
            came += chunk
    return came, time.monotonic() - start


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_half_sent_header_ends_the_connection(port: int, sent: bytes) -> None:
    came, seconds = _talk(port, sent)
    assert came == b""
    assert seconds > 0.4  # not before HEADER_SECONDS


def test_a_header_that_comes_byte_by_byte_does_too(port: int) -> None:
    came, _ = _talk(port, b"GET / HTTP/1.1\r\n", *[b"X"] * 30, pause=0.05)
    assert came == b""


def test_the_second_request_of_a_connection_is_bounded_as_the_first(port: int) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    came, _ = _talk(port, whole, b"GET / HTTP/1.1\r\nHos", pause=0.2)
    assert came.count(b"200 OK") == 1


@pytest.mark.parametrize(
    "header", [b"X: " + b"a" * 3 * MAX_HEADERS, b"\r\n".join(b"X-%d: a" % n for n in range(25_000))]
)
def test_headers_are_bounded(port: int, header: bytes) -> None:
    came, _ = _talk(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
    assert b" 431 " in came or came == b""  # the answer may be lost where the client still sends
    ended, _ = _talk(port, b"GET /" + b"a" * 3 * MAX_HEADERS)
    assert b"200" not in ended


def test_what_headers_there_may_be_pass_with_a_large_body_behind_them(port: int) -> None:
    head = (
        b"POST / HTTP/1.1\r\nConnection: close\r\nX: "
        + b"a" * 60_000
        + b"\r\nContent-Length: 1000000\r\n\r\n"
    )
    came, _ = _talk(port, head + b"b" * 1_000_000)
    assert came.endswith(b"1000000")


def test_requests_that_arrive_whole_with_large_bodies_pass_one_after_another(port: int) -> None:
    body = b"x" * 200_000
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    came, _ = _talk(port, *[request] * 5, last, pause=0.1)
    assert came.count(b"200 OK") == 6
    came, _ = _talk(port, request * 5 + last)  # pipelined
    assert came.count(b"200 OK") == 6


def test_many_requests_on_one_connection_and_slow_bodies_pass(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
    pieces = [head, b"12345", b"67890"] * 3 + [
        head.replace(b"Host", b"Connection: close\r\nHost"),
        b"1234567890",
    ]
    came, seconds = _talk(port, *pieces, pause=0.2)
    assert came.count(b"200 OK") == 4
    assert seconds > 1.5  # longer than a header may take


def test_a_body_that_nobody_reads_does_not_keep_the_connection(port: int) -> None:
    came, _ = _talk(port, b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n123")
    assert b"200 OK" in came


def test_after_an_early_answer_the_rest_of_the_body_is_thrown_away(port: int) -> None:
    body = b"x" * 5_000_000
    early = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    came, _ = _talk(port, early + body, last)
    assert came.count(b"200 OK") == 2
