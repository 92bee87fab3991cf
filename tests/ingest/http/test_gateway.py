"""The fast door: what it answers is what the Django views answer, and requests that arrive together are stored together."""

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError
from django.http import HttpResponse
from google.rpc.status_pb2 import Status

from ingest.health.counts import flush
from ingest.http import committing, gateway, reading, wire
from ingest.http.committing import Write
from ingest.http.gateway import WriteGateway
from ingest.limits.fair import FairThreads
from ingest.limits.holding import KEPT_FREE, REQUEST_BYTES
from ingest.limits.weight import json_weight
from ingest.models import ApiKey, Event, ExplicitSignal, IngestCount, Project, QueuedEvent, Span
from ingest.projects.keys import forget_keys
from tests.ingest.fixtures.otlp.builders import as_protobuf, request, span
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[WriteGateway]:
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": ASGIRequest(scope, None).path.encode()})

    door = WriteGateway(elsewhere)
    yield door
    door.committer.stop()


async def post(
    door: WriteGateway, path: str, body: bytes | list[bytes], key: str, method: str = "POST", **headers: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, JSON and headers of the answer. A list of chunks is sent as a chunked body."""
    chunks = body if isinstance(body, list) else [body]
    sent: list[dict[str, Any]] = []
    queue = [
        {"type": "http.request", "body": c, "more_body": i < len(chunks) - 1} for i, c in enumerate(chunks)
    ]
    pairs = {"authorization": f"Bearer {key}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in pairs.items()]}  # fmt: skip

    async def receive() -> dict[str, Any]:
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await door(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {"text": content.decode(errors="replace")}
    return sent[0]["status"], answer, {k.decode(): v.decode() for k, v in sent[0]["headers"]}


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "event": "chat",
        "user_id": "u",
        "ai_data": {"input": f"hi {number}"},
    } | fields


def test_requests_that_arrive_together_are_stored_with_few_commits(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    real = wire.store

    def store(endpoint: Any, requests: list[Any]) -> Any:
        groups.append(len(requests))
        return real(endpoint, requests)

    monkeypatch.setattr(wire, "store", store)

    async def main() -> list[Any]:
        await post(door, "/v1/events/track", json.dumps(event(0)).encode(), write_key)
        return await asyncio.gather(
            *(
                post(door, "/events/track/", json.dumps([event(i), event(1000 + i)]).encode(), write_key)
                for i in range(1, 60)
            )
        )

    answers = asyncio.run(main())
    for number, (status, body, headers) in enumerate(answers, 1):
        assert status == 200
        assert body == {"events": [{"event_id": f"e{number}"}, {"event_id": f"e{1000 + number}"}]}
        assert headers["access-control-allow-origin"] == "*"
    assert Event.objects.count() == QueuedEvent.objects.count() == 119
    assert sum(groups) == 60
    assert len(groups) < 40


def test_what_one_pass_of_the_loop_reads_is_handed_over_at_once(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A committer that is woken for the first of them would store that one alone."""
    handed: list[int] = []
    put = door.committer.queue.put

    def counted(writes: list[Write]) -> None:
        handed.append(len(writes))
        put(writes)

    monkeypatch.setattr(door.committer.queue, "put", counted)
    bodies = [json.dumps(event(i)).encode() for i in range(9)]

    async def main() -> list[Any]:
        await post(door, "/v1/events/track", bodies[0], write_key)  # key and redactor are cached
        return await asyncio.gather(*(post(door, "/v1/events/track", body, write_key) for body in bodies[1:]))

    assert [status for status, _, _ in asyncio.run(main())] == [200] * 8
    assert handed == [1, 8]


def test_a_group_wakes_each_loop_once_and_one_that_has_ended_keeps_no_answer_from_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = asyncio.new_event_loop()
    lost = ended.create_future()
    ended.close()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        woken: list[Any] = []
        monkeypatch.setattr(
            loop, "call_soon_threadsafe", lambda *call: woken.append(call) or loop.call_soon(*call)
        )
        futures = [lost, *(loop.create_future() for _ in range(3))]
        futures[2].cancel()  # its client has gone
        answers = [HttpResponse(str(n)) for n in range(4)]
        key = ApiKey(project=Project())
        committing._answer_all(
            [Write(wire.EVENTS, key, [], future.get_loop(), future) for future in futures], answers
        )
        assert await asyncio.gather(futures[1], futures[3]) == [answers[1], answers[3]]
        assert len(woken) == 1

    asyncio.run(main())


def test_one_request_that_cannot_be_stored_does_not_spoil_the_others(
    door: WriteGateway, write_key: str
) -> None:
    full = {"properties": {f"a{i}": i for i in range(900)}}
    more = {"properties": {f"b{i}": i for i in range(900)}}

    async def main() -> list[Any]:
        await post(door, "/v1/events/track", json.dumps(event(0, **full)).encode(), write_key)
        return await asyncio.gather(
            *(
                post(door, "/v1/events/track", json.dumps(event(i, **more)).encode(), write_key)
                for i in range(20)
            )
        )

    statuses = [status for status, _, _ in asyncio.run(main())]
    assert statuses == [413] + [200] * 19
    assert Event.objects.count() == 20
    assert "b1" not in Event.objects.get(event_id="e0").properties


def test_every_endpoint_and_compressed_or_chunked_bodies(door: WriteGateway, write_key: str) -> None:
    async def main() -> None:
        zipped = gzip.compress(json.dumps([event(1)]).encode())
        assert (await post(door, "/v1/events/track", zipped, write_key, content_encoding="gzip"))[0] == 200
        part = json.dumps(event(2, is_pending=True)).encode()
        assert (await post(door, "/v1/events/track_partial", [part[:10], part[10:]], write_key))[0] == 200
        signal = b'{"event_id": "e1", "signal_name": "thumbs_down"}'
        status, body, _ = await post(door, "/v1/signals/track", signal, write_key)
        assert (status, body["signals"]) == (200, {"accepted": 1, "new": 1})
        assert (
            await post(door, "/users/identify", b'{"user_id": "u", "traits": {"plan": "pro"}}', write_key)
        )[0] == 200

    asyncio.run(main())
    assert ExplicitSignal.objects.get().event == Event.objects.get(event_id="e1")
    assert Event.objects.get(event_id="e2").is_pending


def test_a_clear_batch_visits_no_thread_and_any_other_few(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoding, limits and redaction are one visit; and what the limits refuse is not redacted."""
    monkeypatch.setattr(gateway, "SLICE_SECONDS", 60.0)  # one slice, however slow the machine is
    visits: list[Any] = []

    def counted(threads: FairThreads) -> Any:
        async def run(owner: Any, function: Any, *arguments: Any, **named: Any) -> Any:
            visits.append(function)
            return await FairThreads.run(threads, owner, function, *arguments, **named)

        return run

    for threads in (door.unpacking, door.work):
        monkeypatch.setattr(threads, "run", counted(threads))

    async def visited(body: bytes, **headers: str) -> list[Any]:
        visits.clear()
        assert (await post(door, "/v1/events/track", body, write_key, **headers))[0] == 200
        return list(visits)

    def batch(text: str, copies: int = 1) -> bytes:
        return json.dumps(
            [event(i, ai_data={"input": f"{text} {'x' * 900}" * copies}) for i in range(100)]
        ).encode()

    card, zipped = "card 4111 1111 1111 1111", {"content_encoding": "gzip"}
    asyncio.run(visited(json.dumps(event(1000)).encode()))  # key and redactor are cached
    assert asyncio.run(visited(batch("hello"))) == []
    assert asyncio.run(visited(batch(card))) == [gateway._prepare]
    assert asyncio.run(visited(gzip.compress(batch(card)), **zipped)) == [gateway._unpack, gateway._begin]
    assert len(batch("hello", 3)) > gateway.SMALL_BODY
    assert asyncio.run(visited(batch("hello", 3))) == [gateway._unpack, gateway._begin]
    assert not Event.objects.filter(input__contains="4111").exists()

    ApiKey.objects.update(rate=1, burst=50)
    forget_keys()
    slices: list[int] = []
    real = gateway._prepare

    def prepare(*arguments: Any) -> Any:
        slices.append(arguments[-1])
        return real(*arguments)

    monkeypatch.setattr(gateway, "_prepare", prepare)
    body = gzip.compress(batch(card))
    answers = [asyncio.run(post(door, "/v1/events/track", body, write_key, **zipped))[0] for _ in range(2)]
    assert answers == [200, 429], "a full bucket lets more pass than it holds, once"
    assert slices == [0]


def test_bad_requests_are_answered_in_the_error_shape(
    door: WriteGateway, write_key: str, query_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BODY", 1000)

    async def main() -> None:
        good = json.dumps(event(1)).encode()
        for status, code, body, key, headers in [
            (401, "UNAUTHORIZED", good, "rd_write_unknown", {}),
            (403, "FORBIDDEN", good, query_key, {}),
            (403, "FORBIDDEN", good, write_key, {"x_raindrop_project_id": "umbrella"}),
            (400, "BAD_REQUEST", good, write_key, {"x_raindrop_project_id": "Not A Slug"}),
            (400, "BAD_REQUEST", b"{", write_key, {}),
            (400, "BAD_REQUEST", b"[]", write_key, {}),
            (400, "BAD_REQUEST", good, write_key, {"content_encoding": "gzip"}),
            (415, "UNSUPPORTED_MEDIA_TYPE", good, write_key, {"content_encoding": "br"}),
            (413, "PAYLOAD_TOO_LARGE", good, write_key, {"content_length": "1001"}),
            (413, "PAYLOAD_TOO_LARGE", [b" " * 600, b" " * 600], write_key, {}),
        ]:  # fmt: skip
            for _ in range(2):  # the second time the key comes from the cache
                got, answer, _headers = await post(door, "/v1/events/track", body, key, **headers)
                assert (got, answer["error"]["code"]) == (status, code), answer
        assert (await post(door, "/v1/events/track", good, write_key))[0] == 200

    asyncio.run(main())
    assert Event.objects.count() == 1


def test_without_a_database_the_client_is_told_to_come_back(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def store(*_: Any, **__: Any) -> Any:
        raise OperationalError("the database is starting up")

    monkeypatch.setattr(wire, "store", store)
    status, answer, headers = asyncio.run(
        post(door, "/v1/events/track", json.dumps(event(1)).encode(), write_key)
    )
    assert (status, answer["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(headers["retry-after"]) > 0


def test_a_key_that_cannot_be_looked_up_makes_the_client_come_back(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter of traces drops what is answered 500."""

    def gone(*_: Any, **__: Any) -> Any:
        raise OperationalError("the database is away")

    forget_keys()
    monkeypatch.setattr(wire, "find_key", gone)
    body = json.dumps(event(1)).encode()
    for path in ("/v1/events/track", "/v1/traces"):
        status, _answer, headers = asyncio.run(post(door, path, body, write_key))
        assert (status, int(headers["retry-after"]) > 0) == (503, True), path


def test_a_failure_of_what_answers_failures_is_answered_and_ends_no_thread(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no sense in it")

    async def main() -> list[int]:
        with monkeypatch.context() as patch:
            patch.setattr(wire, "store", breaks)
            patch.setattr(wire, "failure", breaks)
            sent = (
                post(door, "/v1/events/track", json.dumps(event(i)).encode(), write_key)
                for i in range(2 * committing.COMMITTERS)
            )
            broken = [(await asyncio.wait_for(one, 10))[0] for one in sent]
        after = post(door, "/v1/events/track", json.dumps(event(9)).encode(), write_key)
        return [*broken, (await asyncio.wait_for(after, 10))[0]]

    assert asyncio.run(main()) == [500] * 2 * committing.COMMITTERS + [200]


def test_while_the_database_is_slow_what_waits_is_bounded(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = [REQUEST_BYTES + json_weight(json.dumps(event(i)).encode()) for i in range(1, 5)]
    door.memory.most = sum(weights) + 300 + KEPT_FREE
    slow = threading.Event()
    real = wire.store

    def store(*arguments: Any) -> Any:
        slow.wait(10)
        return real(*arguments)

    async def main() -> None:
        await post(door, "/v1/events/track", json.dumps(event(0)).encode(), write_key)  # the key is cached
        with monkeypatch.context() as patch:
            patch.setattr(wire, "store", store)
            bodies = [json.dumps(event(i)).encode() for i in range(1, 5)]
            waiting = [asyncio.create_task(post(door, "/v1/events/track", one, write_key)) for one in bodies]
            await until(lambda: door.memory.held >= sum(weights), what="the bodies")
            for path in ("/v1/events/track", "/v1/traces"):
                status, _, headers = await post(
                    door, path, b" " * 1300 + b"{}", write_key, content_type="application/json"
                )
                assert (status, headers["retry-after"]) == (503, "5"), path
            zipped = gzip.compress(b" " * 60_000 + json.dumps([event(6)]).encode())
            slow.set()
            assert [(await one)[0] for one in waiting] == [200] * 4
        assert door.memory.held == 0
        status, _, _ = await post(door, "/v1/events/track", zipped, write_key, content_encoding="gzip")
        assert status == 503, "a body counts as large as it is when it is unpacked"
        assert door.memory.held == 0
        assert (await post(door, "/v1/events/track", json.dumps(event(7)).encode(), write_key))[0] == 200

    asyncio.run(main())
    assert Event.objects.count() == 6


def test_what_is_passed_on_is_bounded_too(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BODY", 1000)
    received: list[Any] = []

    async def reader(scope: Any, receive: Any, send: Any) -> None:
        received.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door.application = reader
    announced = {"content_type": "application/json", "content_length": "1001"}
    assert asyncio.run(post(door, "/v1/traces", b"x", write_key, **announced))[0] == 413
    assert asyncio.run(post(door, "/p/acme/x", b"x", "", content_length="1001"))[0] == 413
    assert asyncio.run(post(door, "/p/acme/x", [b" " * 600, b" " * 600], ""))[0] == 413
    assert not received
    assert asyncio.run(post(door, "/p/acme/x", [b"a" * 400, b"b" * 400], ""))[0] == 299
    assert received == [b"a" * 400 + b"b" * 400]


def test_a_crowd_waits_its_turn_and_what_needs_no_connection_does_not(
    door: WriteGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PAGE_SECONDS", 1.0)
    inside, entered, most = 0, 0, 0
    may_leave = asyncio.Semaphore(0)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside, entered, most
        if scope["path"] == "/p/acme/":
            inside, entered = inside + 1, entered + 1
            most = max(most, inside)
            await may_leave.acquire()
            inside -= 1
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> list[tuple[int, dict[str, Any], dict[str, str]]]:
        door.places = asyncio.Semaphore(gateway.PAGES)
        crowd = [asyncio.create_task(post(door, "/p/acme/", b"", "", "GET")) for _ in range(40)]
        await until(lambda: inside == gateway.PAGES, what="the first of the crowd")
        for path in ("/readyz", "/healthz", "/static/x.css"):
            assert (await asyncio.wait_for(post(door, path, b"", "", "GET"), 20))[0] == 299
            assert inside == gateway.PAGES, "it did not wait for one of them to leave"
        for _ in range(gateway.PAGES):  # the next take their places
            may_leave.release()
        await until(lambda: entered == 2 * gateway.PAGES, what="the second part of the crowd")
        await until(lambda: any(one.done() and one.result()[0] == 503 for one in crowd), what="a refusal")
        for _ in crowd:
            may_leave.release()
        return [await one for one in crowd]

    door.application = slow
    answers = asyncio.run(main())
    assert most == gateway.PAGES
    assert {status for status, _, _ in answers} == {299, 503}
    assert all(int(headers["retry-after"]) > 0 for status, _, headers in answers if status == 503)
    assert (door.places._value, door.memory.held) == (gateway.PAGES, 0)


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json; charset=utf-8"])
def test_otlp_that_is_too_large_is_told_in_its_encoding_and_counted(
    door: WriteGateway, write_key: str, monkeypatch: pytest.MonkeyPatch, announced: bool, kind: str
) -> None:
    monkeypatch.setattr(reading, "MAX_BODY", 1000)
    headers = {"content_type": kind} | ({"content_length": "1200"} if announced else {})
    status, answer, told = asyncio.run(
        post(door, "/otel/v1/traces", [b"x" * 600, b"x" * 600], write_key, **headers)
    )
    assert (status, told["access-control-allow-origin"]) == (413, "*")
    if "json" in kind:
        assert answer["code"] == 11 and "20 MiB" in answer["message"]
    else:
        assert told["content-type"] == "application/x-protobuf"
        assert "20 MiB" in Status.FromString(answer["text"].encode()).message
    flush()
    count = IngestCount.objects.get(outcome="rejected")
    assert (count.scope, count.reason[:3], count.count) == ("otlp", "413", 1)
    assert count.key_id is not None
    status, answer, _ = asyncio.run(post(door, "/v1/logs", [b"x" * 1200], "wrong", **headers))
    assert status == 401


def test_everything_else_is_passed_on(door: WriteGateway, write_key: str) -> None:
    for method, path in [
        ("OPTIONS", "/v1/events/track"),
        ("GET", "/v1/events/track"),
        ("GET", "/v1/traces"),
        ("OPTIONS", "/v1/logs"),
        ("POST", "/traces/spans"),
        ("POST", "/"),
    ]:
        assert asyncio.run(post(door, path, b"", write_key, method))[0] == 299


def export(*, spans: int) -> bytes:
    return as_protobuf(
        request(*(span(n, "chat", a={"gen_ai.operation.name": "chat"}) for n in range(1, spans + 1)))
    )


@pytest.mark.parametrize("path", ["/v1/traces", "/traces/", "/otel/v1/traces", "/api/public/otel/v1/traces"])
def test_traces_are_stored_and_answered_as_by_the_view(
    door: WriteGateway, client: Any, write_key: str, path: str
) -> None:
    body = export(spans=30)
    protobuf = {"content_type": "application/x-protobuf"}
    status, answer, headers = asyncio.run(post(door, path, body, write_key, **protobuf))
    view = client.post(path, body, **protobuf, headers={"authorization": f"Bearer {write_key}"})
    assert (status, answer, headers["content-type"]) == (view.status_code, {"text": ""}, view["content-type"])
    assert headers["access-control-allow-origin"] == view["access-control-allow-origin"]
    assert Span.objects.count() == 30


def test_traces_that_are_refused_are_answered_as_by_the_view(
    door: WriteGateway, client: Any, write_key: str, query_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.http.body.MAX_BODY", 50_000)
    monkeypatch.setattr(reading, "MAX_BODY", 50_000)
    body = export(spans=2)
    packed = {"content-encoding": "gzip"}
    for sent, key, kind, more, expected in [
        (body, "nobody", "application/x-protobuf", {}, 401),
        (body, query_key, "application/x-protobuf", {}, 403),
        (body, write_key, "text/plain", {}, 415),
        (b"\xff\xff", write_key, "application/x-protobuf", {}, 400),
        (b"{", write_key, "application/json", {}, 400),
        (b"not gzip", write_key, "application/json", packed, 400),
        (bytes(60_000), write_key, "application/json", {"content-length": "60000"}, 413),
        (body, write_key, "application/json", {"content-encoding": "br"}, 415),
    ]:
        named = {name.replace("-", "_"): value for name, value in more.items()}
        status, answer, headers = asyncio.run(post(door, "/v1/traces", sent, key, content_type=kind, **named))
        view = client.post(
            "/v1/traces", sent, content_type=kind, headers={"authorization": f"Bearer {key}"} | more
        )
        assert (status, headers["content-type"]) == (expected, view["content-type"]), expected
        assert view.status_code == expected
        assert answer == (
            view.json() if "json" in view["content-type"] else {"text": view.content.decode(errors="replace")}
        )
    assert not Span.objects.exists()
    status, _, _ = asyncio.run(
        post(
            door,
            "/v1/logs",
            gzip.compress(b"{}"),
            write_key,
            content_type="application/json",
            content_encoding="gzip",
        )
    )
    assert status == 200
