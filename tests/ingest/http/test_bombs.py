"""The memory of a web process while six senders send it what costs most: it stays under 1 GB, whatever one key sends."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from tests.ingest.http.test_gateway import event
from tests.processes import Server

pytestmark = pytest.mark.slow
MIB = 1024 * 1024

EMPTY_EVENTS = b"\x5a\x00"


def _field(tag: int, content: bytes) -> bytes:
    size, length = len(content), bytearray([tag])
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + content


def _trace(span: bytes) -> bytes:
    ids = _field(0x0A, b"1" * 16) + _field(0x12, b"2" * 8)
    return _field(0x0A, _field(0x12, _field(0x12, ids + span)))


JSON, PROTOBUF = "application/json", "application/x-protobuf"
# Path, content type, and the body before it is packed: all pack into less than 300 KiB.
BOMBS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "ones": ("/v1/events/track", JSON, lambda: b"[" + b"1," * (30 * MIB) + b"1]"),
    "ones in OTLP": ("/v1/traces", JSON, lambda: b"[" + b"1," * (30 * MIB) + b"1]"),
    "ones in an event": ("/v1/events/track", JSON, lambda: b'[{"event":"a","properties":{"a":[' + b"1," * (500_000) + b"1]}}]"),
    "empty objects": ("/v1/traces", JSON, lambda: b'{"resourceSpans":[' + b"{}," * (20 * MIB) + b"{}]}"),
    "nested": ("/v1/traces", JSON, lambda: b'{"resourceSpans":' + b"[" * (60 * MIB)),
    "attributes": ("/v1/traces", JSON, lambda: b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[' + b'{"key":"a"},' * (5 * MIB) + b"{}]}]}]}]}"),
    "span events": ("/v1/traces", PROTOBUF, lambda: _trace(EMPTY_EVENTS * (22 * MIB))),
    "span events of four bytes": ("/v1/traces", PROTOBUF, lambda: _trace(b"\x5a\x02\x1a\x00" * (15 * MIB))),
    "span events of 64 bytes": ("/v1/traces", PROTOBUF, lambda: _trace(_field(0x5A, _field(0x12, b"x" * 62)) * (950_000))),
    "spans": ("/v1/traces", PROTOBUF, lambda: _field(0x0A, _field(0x12, b"\x12\x00" * (30 * MIB)))),
    "resources": ("/v1/traces", PROTOBUF, lambda: b"\x0a\x00" * (30 * MIB)),
    "records": ("/v1/logs", PROTOBUF, lambda: _field(0x0A, _field(0x12, b"\x12\x00" * (30 * MIB)))),
    "emoji": ("/v1/events/track", JSON, lambda: json.dumps([event(n, ai_data={"input": "a" * 1_000_000 + "\U0001f600"}) for n in range(60)], ensure_ascii=False).encode()),
    # These stay just below the limits.
    "fewer empty objects": ("/v1/traces", JSON, lambda: b'{"resourceSpans":[' + b"{}," * 1_900_000 + b"{}]}"),
    "fewer attributes": ("/v1/traces", JSON, lambda: b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[' + b'{"key":"a"},' * 1_300_000 + b"{}]}]}]}]}"),
    "fewer spans": ("/v1/traces", JSON, lambda: b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b",".join(b'{"traceId":"%032x","spanId":"%016x","attributes":[{"key":"%x","value":{"intValue":1}}]}' % (n + 1, n + 1, n) for n in range(200_000)) + b"]}]}]}"),
    "fewer span events": ("/v1/traces", PROTOBUF, lambda: _trace(EMPTY_EVENTS * 990_000)),
    "fewer span events of 64 bytes": ("/v1/traces", PROTOBUF, lambda: _trace(_field(0x5A, _field(0x12, b"x" * 62)) * 700_000)),
    "fewer attributes in protobuf": ("/v1/traces", PROTOBUF, lambda: _trace(b"".join(_field(0x4A, _field(0x0A, b"%x" % n) + b"\x12\x02\x18\x01") for n in range(480_000)))),
    "a text of 60 MB": ("/v1/traces", PROTOBUF, lambda: _trace(_field(0x4A, _field(0x0A, b"k") + _field(0x12, _field(0x0A, b"Cookie: a=" * 6_000_000))))),
}  # fmt: skip


# In every run: JSON and protobuf that are refused, of each one that is stored, and texts that take more room unpacked.
ALWAYS = {"ones", "span events", "fewer attributes", "fewer span events", "emoji"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in ALWAYS else pytest.mark.soak) for name in BOMBS],
)
def test_a_process_stays_small_whatever_one_key_sends(name: str, bomb_server: Any) -> None:
    path, kind, build = BOMBS[name]
    body = build()
    server, key = bomb_server
    assert len(body) < 64 * MIB
    packed = gzip.compress(body, 6)
    headers = {"Authorization": f"Bearer {key}", "Content-Encoding": "gzip", "Content-Type": kind}
    statuses: list[int] = []
    attackers = [
        threading.Thread(
            target=lambda: statuses.append(server.request("POST", path, packed, headers, seconds=240)[0])
        )
        for _ in range(6)
    ]
    for thread in attackers:
        thread.start()
    web, largest = _web_process(server), 0
    while any(thread.is_alive() for thread in attackers):
        largest = max(largest, web.memory_info().rss)
        time.sleep(0.02)
    assert web.is_running(), "it was ended, by the kernel perhaps"
    assert largest < 1000 * MIB, f"{largest // MIB} MiB, {statuses}"
    assert len(statuses) == 6 and set(statuses) <= {200, 400, 413, 503}, statuses
    assert server.get("/healthz")[0] == 200


@pytest.fixture(scope="module")
def bomb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    server = Server(tmp_path_factory.mktemp("bombs") / "data", arguments=["--workers", "0"])
    server.start(ready=False)
    try:
        server.wait(lambda: server.get("/healthz")[0] == 200, what="/healthz")
        yield server, server.manage("create_key", "--project", "bombs", "--kind", "write")
    finally:
        server.kill_everything()


def _web_process(server: Any) -> psutil.Process:
    [web] = [
        process
        for process in psutil.Process(server.process.pid).children(recursive=True)
        if "uvicorn" in " ".join(process.cmdline())
    ]
    return web
