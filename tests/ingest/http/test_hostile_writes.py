"""What one key sends costs that key alone: another project's writes go on, and the process stays small (test_bombs.py)."""

import asyncio
import gc
import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ingest.http import gateway, reading, wire
from ingest.http.gateway import WriteGateway
from ingest.limits import weight
from ingest.limits.fair import FairThreads
from ingest.models import Event
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from raindrop.errors import ApiError
from tests.ingest.fixtures.otlp.builders import as_protobuf, request, span
from tests.ingest.http.test_gateway import event, post
from tests.waiting import until

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


class Held:
    """Work that the hostile project waits in, until others were answered; for 20 s at most, so that a failure ends."""

    def __init__(self) -> None:
        self.begun, self.others_done = threading.Event(), threading.Event()

    def wrap(self, function: Callable[..., Any], is_hostile: Callable[..., bool]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if is_hostile(*args, **kwargs):
                self.begun.set()
                self.others_done.wait(20)
            return function(*args, **kwargs)

        return wrapped


# What the hostile requests wait in: the function, and how it knows the hostile project (by its key, its id, or its bodies).
STAGES: dict[str, tuple[Any, str, Callable[[str, Any], Callable[..., bool]]]] = {
    "unpacking": (gateway, "_unpack", lambda key, project: lambda body, headers, **_: key in headers["authorization"]),
    "redaction": (gateway, "_prepare", lambda key, project: lambda endpoint, key, *_: key.project_id == project.id),
    "exports": (gateway, "_answer_export", lambda key, project: lambda store, headers, body: key in headers["authorization"]),
    "storing": (wire, "store", lambda key, project: lambda endpoint, requests: requests[0][0].project_id == project.id),
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_another_projects_writes_are_answered_while_one_is_busy(
    door: WriteGateway,
    project: Any,
    write_key: str,
    other_key: str,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    """Whatever the hostile project's requests wait in, however many they are."""
    held = Held()
    module, name, is_hostile = STAGES[stage]
    monkeypatch.setattr(module, name, held.wrap(getattr(module, name), is_hostile(write_key, project)))
    text = "Cookie: a=" * 100
    hostile = gzip.compress(json.dumps([event(i, ai_data={"input": text}) for i in range(5)]).encode())
    spans = as_protobuf(request(span(1, "chat")))

    def attack(number: int) -> "asyncio.Task[Any]":
        if stage == "exports":
            sent = post(door, "/v1/traces", spans, write_key, content_type="application/x-protobuf")
        else:
            sent = post(door, "/v1/events/track", hostile, write_key, content_encoding="gzip")
        return asyncio.create_task(sent)

    async def main() -> None:
        attackers = [attack(number) for number in range(12)]
        assert await asyncio.to_thread(held.begun.wait, 20)
        one = json.dumps(event(1)).encode()
        many = gzip.compress(json.dumps([event(n, ai_data={"input": "my card"}) for n in range(9)]).encode())
        answers = await asyncio.gather(
            post(door, "/v1/events/track", one, other_key),
            post(door, "/v1/events/track", many, other_key, content_encoding="gzip"),
            post(door, "/v1/traces", spans, other_key, content_type="application/x-protobuf"),
        )
        assert [status for status, _, _ in answers] == [200, 200, 200]
        assert not any(task.done() for task in attackers)
        held.others_done.set()
        assert {status for status, _, _ in await asyncio.gather(*attackers)} <= {200, 503}

    asyncio.run(main())


@pytest.mark.parametrize("unit", ["Cookie: a=", "415-555-2671 ", "11000119900101001X "])
def test_another_project_writes_often_while_hostile_texts_are_read(
    door: WriteGateway, write_key: str, other_key: str, unit: str
) -> None:
    """Two gzip requests of 9 KiB (five texts of a megabyte) were 70 s without ingestion for anybody, once. Here nothing is held up: the
    other project's writes follow one another, and come to an end before the hostile ones do."""
    text = (unit * 20_000)[:150_000]
    hostile = gzip.compress(json.dumps([event(i, ai_data={"input": text}) for i in range(3)]).encode())

    async def main() -> None:
        for key in (write_key, other_key):
            assert (await post(door, "/v1/events/track", json.dumps(event(99)).encode(), key))[0] == 200
        attackers = [
            asyncio.create_task(post(door, "/v1/events/track", hostile, write_key, content_encoding="gzip"))
            for _ in range(6)
        ]
        for number in range(5):
            body = json.dumps(event(number)).encode()
            assert (await post(door, "/v1/events/track", body, other_key))[0] == 200
        unfinished = sum(not task.done() for task in attackers)
        assert {(await task)[0] for task in attackers} <= {200, 503}
        assert unfinished, "the hostile requests came first"

    asyncio.run(main())
    assert Event.objects.filter(project__slug="umbrella").count() == 6


def test_nothing_of_a_refused_body_is_kept(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error holds its frames, a frame its body, and where both stand in a circle with a future they wait for a full collection: 60 MB
    a request, once."""
    monkeypatch.setattr(weight, "MAX_MARKS", 1000)
    bomb = gzip.compress(b"[" + b"1," * (4 * MIB) + b"1]")
    wrong = gzip.compress(b"[" + b" " * (8 * MIB) + b"nonsense]")

    async def refused(path: str, body: bytes) -> int:
        headers = {"content_encoding": "gzip", "content_type": "application/json"}
        status, _, _ = await post(door, path, body, write_key, **headers)
        return status

    async def main() -> None:
        for path in ("/v1/events/track", "/v1/traces"):
            for body, expected in ((bomb, 413), (wrong, 400)):
                assert await refused(path, body) == expected
                gc.collect()
                gc.disable()
                tracemalloc.start()
                try:
                    for _ in range(3):
                        assert await refused(path, body) == expected
                    for _ in range(100):  # a thread may still be leaving its frames
                        kept, _ = tracemalloc.get_traced_memory()
                        if kept < 4 * MIB:
                            break
                        await asyncio.sleep(0.02)
                finally:
                    tracemalloc.stop()
                    gc.enable()
                assert kept < 4 * MIB, (path, expected, kept)

    asyncio.run(main())


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
        threads, free = FairThreads(threads=1, each=1, name="test"), threading.Event()
        slow = asyncio.create_task(threads.run("a", free.wait, 20))
        await asyncio.sleep(0)
        gone = asyncio.create_task(threads.run("a", ran.append, "gone"))
        await asyncio.sleep(0)
        gone.cancel()
        free.set()
        with pytest.raises(ZeroDivisionError):
            await threads.run("b", lambda: 1 / 0)
        await slow
        await threads.run("a", ran.append, "last")

    asyncio.run(main())
    assert ran == ["last"]


# -- bodies that nobody has authorised, that are silent, or that are too many


async def _stalled(
    door: WriteGateway, path: str, key: str, *, chunks: list[bytes], announced: int | None
) -> tuple[int, list[int]]:
    """Sends the chunks and then nothing. Returns the status, and how many chunks were asked for."""
    receives: list[int] = []
    sent: list[Any] = []
    remaining = list(chunks)

    async def receive() -> Any:
        receives.append(1)
        if remaining:
            return {"type": "http.request", "body": remaining.pop(0), "more_body": True}
        return await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    if announced:
        headers.append((b"content-length", str(announced).encode()))
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await asyncio.wait_for(door(scope, receive, send), 20)
    return sent[0]["status"], receives


@pytest.mark.parametrize(
    "path", ["/v1/events/track", "/v1/traces", "/v1/logs", "/v1/metrics", "/v1/users/identify"]
)
def test_nothing_is_read_from_who_has_no_key(door: WriteGateway, query_key: str, path: str) -> None:
    for key, expected in [("nobody", 401), (query_key, 403)]:
        status, receives = asyncio.run(
            _stalled(door, path, key, chunks=[b"x" * MIB] * 15, announced=20 * MIB)
        )
        assert (status, receives) == (expected, [])


@pytest.mark.parametrize("path", ["/v1/events/track", "/v1/traces", "/p/acme/"])
def test_a_silent_body_is_given_up(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.2)
    status, receives = asyncio.run(_stalled(door, path, write_key, chunks=[b"{"], announced=1000))
    assert status == 408
    assert len(receives) >= 2
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
        await until(lambda: door.memory.held > 400 * MIB, what="the half-read bodies")
        assert door.memory.held <= door.memory.most
        status, _, _ = await post(door, "/v1/events/track", json.dumps(event(2)).encode(), other_key)
        assert status == 200
        statuses = {(await task)[0] for task in waiting}
        assert statuses <= {408, 503}
        assert door.memory.held == 0

    asyncio.run(main())


def test_a_slow_but_steady_body_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 1.0)
    chunks = [b"x" * 2000] * 12  # 1.2 s

    async def receive() -> Any:
        await asyncio.sleep(0.1)
        chunk = chunks.pop()
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    assert len(asyncio.run(reading.read({}, receive, lambda size: None))) == 24_000


def test_what_is_awaited_by_hand_is_awaited_like_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receive that has its message at once, that waits several times, that raises, and that is cancelled while it waits."""
    cleaned: list[str] = []
    passes = 0

    async def receive(*, waits: int, raises: Exception | None = None) -> Any:
        nonlocal passes
        try:
            for _ in range(waits):
                passes += 1
                await asyncio.sleep(0.001)
                await asyncio.to_thread(time.sleep, 0.001)
            if raises:
                raise raises
            return {"type": "http.request", "body": b"%d" % waits}
        finally:
            cleaned.append(f"{waits}")

    async def main() -> None:
        for waits in (0, 1, 3):
            assert (
                await reading.read({}, lambda waits=waits: receive(waits=waits), lambda size: None)
                == b"%d" % waits
            )
        for waits in (0, 2):
            with pytest.raises(ZeroDivisionError):
                await reading.read(
                    {},
                    lambda waits=waits: receive(waits=waits, raises=ZeroDivisionError()),
                    lambda size: None,
                )
        task = asyncio.create_task(reading.read({}, lambda: receive(waits=10_000), lambda size: None))
        await until(lambda: passes > 9, what="a few rounds of waiting")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert cleaned == ["0", "1", "3", "0", "2", "10000"]


def test_a_body_below_the_least_rate_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SILENCE_SECONDS", 0.3)

    async def receive() -> Any:
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(ApiError) as failed:
        asyncio.run(reading.read({}, receive, lambda size: None))
    assert failed.value.status == 408
