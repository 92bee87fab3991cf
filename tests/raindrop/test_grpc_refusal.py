"""A gRPC client at the HTTP port learns what to set; HTTP/1.1 beside it is served as ever."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import uvicorn

from raindrop.server.grpc_refusal import MAX_BYTES, PREFACE, SECONDS, RefusesGrpc
from tests.waiting import wait_until


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(application, port=0, http=RefusesGrpc, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, what="the server")
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def ask(
    port: int, kind: str, *, ends: bool = False, pieces: int = 1_000_000
) -> tuple[dict[str, str], bytes, bool]:
    """The answer's headers, its body, and whether the stream is over."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    client.send_headers(
        1,
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "here"),
            ("content-type", kind),
        ],
        end_stream=ends,
    )
    if not ends:
        client.send_data(1, b"\0\0\0\0\2hi")
    headers: dict[str, str] = {}
    body, over = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        sent = client.data_to_send()
        for start in range(0, len(sent), pieces):
            connection.sendall(sent[start : start + pieces])
            if pieces < len(sent):
                time.sleep(0.005)
        while not over and (data := connection.recv(65536)):
            for event in client.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    headers = {str(name): str(value) for name, value in event.headers}
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                over = over or isinstance(event, h2.events.StreamEnded | h2.events.StreamReset)
    return headers, body, over


@pytest.mark.parametrize(("ends", "pieces"), [(True, 1_000_000), (False, 1_000_000), (False, 10)])
def test_grpc_is_told_what_to_set(port: int, ends: bool, pieces: int) -> None:
    headers, _, over = ask(port, "application/grpc", ends=ends, pieces=pieces)
    assert (headers[":status"], headers["content-type"], headers["grpc-status"]) == (
        "200",
        "application/grpc",
        "12",
    )
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in headers["grpc-message"]
    assert over


def test_http_2_without_grpc(port: int) -> None:
    headers, body, over = ask(port, "application/x-protobuf")
    assert headers[":status"] == "415" and b"HTTP/1.1" in body and over


def test_http_1_is_served(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for method in ("POST", "PUT", "PRI"):  # they begin as the preface does
        connection.request(method, "/", body=b"x") if method != "PRI" else connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok"


@pytest.mark.parametrize(
    "rest", [b"\0\0\0\1\4\0\0\0\0", b"\0\0\0\4\0\0\0\0\0" + b"\0\0\10\6\0\0\0\0\0pingpong" * 70_000]
)
def test_what_is_broken_or_endless_is_closed(port: int, rest: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS / 2) as connection:
        size = 0
        try:
            connection.sendall(PREFACE + rest)
            while data := connection.recv(65536):
                size += len(data)
        except ConnectionError:  # closed while more was on its way
            pass
        assert size < 2 * MAX_BYTES


def test_the_server_runs_with_it() -> None:
    from raindrop.management.commands.up import children

    [web, *_] = children(host="127.0.0.1", port=1, workers=0)
    module, _, name = web.command[web.command.index("--http") + 1].partition(":")
    protocol = getattr(__import__(module, fromlist=[name]), name)
    assert issubclass(protocol, RefusesGrpc)
