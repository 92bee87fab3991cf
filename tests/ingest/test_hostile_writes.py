"""What one key sends costs that key alone: another project's write stays fast, and the process small."""

import asyncio
import gzip
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from ingest import reading
from ingest.fair import FairThreads
from ingest.gateway import WriteGateway
from ingest.keys import create_key
from ingest.models import Event
from ingest.models.projects import KeyKind
from raindrop.errors import ApiError
from tests.ingest.test_gateway import event, post

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024


@pytest.fixture
def door() -> Iterator[WriteGateway]:
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = WriteGateway(elsewhere)
    yield door
    door.committer.stop()


@pytest.fixture
def other_key(other_project: Any) -> str:
    return create_key(project=other_project, kind=KeyKind.WRITE)[1]


@pytest.mark.skipif(
    not os.environ.get("RAINDROP_BOMBS"),
    reason="RAINDROP_BOMBS=1 runs it, on an idle machine: it measures time",
)
@pytest.mark.parametrize("unit", ["Cookie: a=", "415-555-2671 ", "11000119900101001X "])
def test_another_projects_write_stays_under_a_second(
    door: WriteGateway, write_key: str, other_key: str, unit: str
) -> None:
    """Five texts of a megabyte in 9 KiB of gzip, three times: 70 s without ingestion for anybody, once."""
    text = (unit * MIB)[: MIB - 300]
    events = [event(i, ai_data={"input": text}) for i in range(5)]
    hostile = gzip.compress(json.dumps(events).encode())
    assert len(hostile) < 20_000

    async def main() -> list[float]:
        for key in (write_key, other_key):
            assert (await post(door, "/v1/events/track", json.dumps(event(99)).encode(), key))[0] == 200
        attack = [
            asyncio.create_task(post(door, "/v1/events/track", hostile, write_key, content_encoding="gzip"))
            for _ in range(3)
        ]
        waited = []
        for number in range(40):
            start = time.monotonic()
            assert (await post(door, "/v1/events/track", json.dumps(event(number)).encode(), other_key))[
                0
            ] == 200
            waited.append(time.monotonic() - start)
            await asyncio.sleep(0.05)
        for task in attack:
            assert (await task)[0] in {200, 503}
        return waited

    waited = asyncio.run(main())
    assert max(waited) < 1, sorted(waited)[-5:]
    assert Event.objects.filter(project__slug="umbrella").count() == 41


def test_projects_take_turns_in_the_threads() -> None:
    order: list[str] = []
    free, begun = threading.Event(), threading.Event()

    async def main() -> None:
        threads = FairThreads(threads=2, each=1, name="test")

        def work(name: str) -> None:
            order.append(name)
            if name == "b0":
                begun.set()
            free.wait(5)

        jobs = [asyncio.create_task(threads.run("a", work, f"a{n}")) for n in range(5)]
        await asyncio.sleep(0)
        jobs.append(asyncio.create_task(threads.run("b", work, "b0")))
        assert await asyncio.to_thread(begun.wait, 5)  # while the other project's first job still runs
        free.set()
        await asyncio.gather(*jobs)

    asyncio.run(main())
    assert order.index("b0") <= 1, order
    assert [name for name in order if name != "b0"] == [f"a{n}" for n in range(5)]


def test_a_job_whose_caller_has_gone_does_not_run_and_an_error_is_its_callers() -> None:
    ran: list[str] = []

    async def main() -> None:
        threads = FairThreads(threads=1, each=1, name="test")
        slow = asyncio.create_task(threads.run("a", time.sleep, 0.1))
        await asyncio.sleep(0)
        gone = asyncio.create_task(threads.run("a", ran.append, "gone"))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(ZeroDivisionError):
            await threads.run("b", lambda: 1 / 0)
        await slow
        await threads.run("a", ran.append, "last")

    asyncio.run(main())
    assert ran == ["last"]


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
    "a text of 60 MB": ("/v1/traces", PROTOBUF, lambda: _trace(_field(0x4A, _field(0x0A, b"k") + _field(0x12, _field(0x0A, b"Cookie: a=" * 6_000_000))))),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("RAINDROP_BOMBS"),
    reason="RAINDROP_BOMBS=1 runs them: the bound does not hold for all yet",
)
@pytest.mark.parametrize("name", BOMBS)
def test_a_process_stays_small_whatever_one_key_sends(
    tmp_path_factory: Any, name: str, bomb_server: Any
) -> None:
    path, kind, build = BOMBS[name]
    body = build()
    server, key = bomb_server
    assert len(body) < 64 * MIB
    packed = gzip.compress(body, 6)
    headers = {"Authorization": f"Bearer {key}", "Content-Encoding": "gzip", "Content-Type": kind}
    statuses: list[int] = []
    attackers = [
        threading.Thread(target=lambda: statuses.append(server.request("POST", path, packed, headers)[0]))
        for _ in range(6)
    ]
    for thread in attackers:
        thread.start()
    largest = 0
    while any(thread.is_alive() for thread in attackers):
        largest = max(largest, _web_rss(server))
        time.sleep(0.02)
    assert largest < 1000 * MIB, f"{largest // MIB} MiB, {statuses}"
    assert set(statuses) <= {200, 400, 413, 503}, statuses
    assert server.get("/healthz")[0] == 200


@pytest.fixture(scope="module")
def bomb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    from tests.processes import Server

    server = Server(tmp_path_factory.mktemp("bombs") / "data", arguments=["--workers", "0"])
    server.start(ready=False)
    try:
        server.wait(lambda: server.get("/healthz")[0] == 200, what="/healthz")
        yield server, server.manage("create_key", "--project", "bombs", "--kind", "write")
    finally:
        server.stop()


def _web_rss(server: Any) -> int:
    for process in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if "uvicorn" in " ".join(process.cmdline()):
                return int(process.memory_info().rss)
        except psutil.Error:
            continue
    return 0


# -- bodies that nobody has authorised, that are silent, or that are too many


async def _stalled(
    door: WriteGateway, path: str, key: str, *, chunks: list[bytes], announced: int | None
) -> tuple[int, list[int]]:
    """Sends the chunks and then nothing. Returns the status, and how many chunks were asked for."""
    asked: list[int] = []
    sent: list[Any] = []
    left = list(chunks)

    async def receive() -> Any:
        asked.append(1)
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": True}
        return await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    if announced:
        headers.append((b"content-length", str(announced).encode()))
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await asyncio.wait_for(door(scope, receive, send), 20)
    return sent[0]["status"], asked


@pytest.mark.parametrize(
    "path", ["/v1/events/track", "/v1/traces", "/v1/logs", "/v1/metrics", "/v1/users/identify"]
)
def test_nothing_is_read_from_who_has_no_key(door: WriteGateway, query_key: str, path: str) -> None:
    for key, expected in [("nobody", 401), (query_key, 403)]:
        status, asked = asyncio.run(_stalled(door, path, key, chunks=[b"x" * MIB] * 15, announced=20 * MIB))
        assert (status, asked) == (expected, [])


@pytest.mark.parametrize("path", ["/v1/events/track", "/v1/traces", "/p/acme/"])
def test_a_silent_body_is_given_up(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.2)
    start = time.monotonic()
    status, asked = asyncio.run(_stalled(door, path, write_key, chunks=[b"{"], announced=1000))
    assert status == 408
    assert time.monotonic() - start < 5
    assert len(asked) >= 2
    assert door.memory.held == 0


def test_what_is_half_read_counts_for_its_project_and_leaves_room_for_others(
    door: WriteGateway, write_key: str, other_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 3)

    async def main() -> None:
        await post(door, "/v1/events/track", json.dumps(event(1)).encode(), write_key)
        waiting = [
            asyncio.create_task(
                _stalled(door, "/v1/traces", write_key, chunks=[b"x" * MIB] * 19, announced=20 * MIB)
            )
            for _ in range(50)
        ]
        await asyncio.sleep(0.5)
        assert 400 * MIB < door.memory.held <= door.memory.most
        status, _, _ = await post(door, "/v1/events/track", json.dumps(event(2)).encode(), other_key)
        assert status == 200
        statuses = {(await task)[0] for task in waiting}
        assert statuses <= {408, 503}
        assert door.memory.held == 0

    asyncio.run(main())


def test_a_slow_but_steady_body_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.3)
    chunks = [b"x" * 2000] * 10

    async def receive() -> Any:
        await asyncio.sleep(0.1)
        chunk = chunks.pop()
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    assert len(asyncio.run(reading.read({}, receive, lambda size: None))) == 20_000


def test_a_body_below_the_least_rate_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.3)

    async def receive() -> Any:
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(ApiError) as failed:
        asyncio.run(reading.read({}, receive, lambda size: None))
    assert failed.value.status == 408
