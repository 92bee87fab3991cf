"""A local server that speaks the Messages API and its batches, so that the real `anthropic` SDK is what is tested."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {
    "input_tokens": 1000,
    "output_tokens": 100,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}


def message(text: str, *, stop: str = "end_turn", usage: Any = None, blocks: Any = None) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "stop_reason": stop, "stop_sequence": None,
        "content": blocks if blocks is not None else [{"type": "text", "text": text}], "usage": usage or USAGE,
    }  # fmt: skip


def verdict(match: Any, quote: Any = "", reason: Any = "Because.", **more: Any) -> dict[str, Any]:
    return message(json.dumps({"reason": reason, "quote": quote, "match": match, **more}))


def error(status: int, type_: str, *, headers: dict[str, str] | None = None, text: str = "No.") -> "Failure":
    return Failure(
        status, json.dumps({"type": "error", "error": {"type": type_, "message": text}}), headers or {}
    )


class Failure:
    """An answer that is not a message."""

    def __init__(
        self, status: int, body: str, headers: dict[str, str] | None = None, *, after: float = 0.0
    ) -> None:
        self.status, self.body, self.headers, self.after = status, body, headers or {}, after


Reply = dict[str, Any] | Failure
Responder = Callable[[dict[str, Any], int], Reply]


def exchange_of(request: dict[str, Any]) -> dict[str, Any]:
    """What stands between <exchange> and </exchange>, read as a model would."""
    content = request["messages"][0]["content"]
    assert content.startswith("<exchange>\n") and content.endswith("\n</exchange>")
    inside = content.removeprefix("<exchange>\n").removesuffix("\n</exchange>")
    assert not set("<>&") & set(inside), "the text could close its wrapper"
    found: dict[str, Any] = json.loads(inside)
    return found


class Stub:
    """`answer(request, n)` says what the n-th call (from 0) gets; `requests` and `headers` are what came. A batch that is
    cancelled ends with the results that stood by then (`answered`)."""

    def __init__(self) -> None:
        self.answer: Responder = lambda request, n: verdict(False)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.batch_status = "ended"
        self.batch_failure: Failure | None = None
        self.answered = 0
        self.cancelled: set[str] = set()
        self.results: Callable[[list[dict[str, Any]]], str] = self.all_results
        self.url = ""
        self.lock = threading.Lock()

    def call(self, request: dict[str, Any], headers: dict[str, str]) -> Reply:
        with self.lock:
            n = len(self.requests)
            self.requests.append(request)
            self.headers.append(headers)
        return self.answer(request, n)

    def all_results(self, requests: list[dict[str, Any]]) -> str:
        lines = []
        for n, one in enumerate(requests):
            reply: Reply = {"result": {"type": "canceled"}}
            if n < self.answered or not self.cancelled:
                reply = self.answer(one["params"], n)
            if isinstance(reply, Failure):
                result: dict[str, Any] = {"type": "errored", "error": json.loads(reply.body)}
            elif "result" in reply:
                result = reply["result"]
            else:
                result = {"type": "succeeded", "message": reply}
            lines.append(json.dumps({"custom_id": one["custom_id"], "result": result}))
        return "\n".join(lines) + "\n"

    def batch(self, batch_id: str) -> dict[str, Any]:
        done = self.batch_status == "ended"
        now = "2026-11-23T12:00:00Z"
        return {
            "id": batch_id, "type": "message_batch", "processing_status": self.batch_status, "created_at": now, "expires_at": now,
            "ended_at": now if done else None, "results_url": f"{self.url}/v1/messages/batches/{batch_id}/results" if done else None,
            "request_counts": {"canceled": 0, "errored": 0, "expired": 0, "processing": 0, "succeeded": 0},
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    stub: Stub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or "{}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/v1/messages/batches":
            self.stub.headers.append(headers)
            if self.stub.batch_failure is not None:
                self.send(self.stub.batch_failure)
                return
            batch_id = f"msgbatch_{len(self.stub.batches) + 1}"
            self.stub.batches[batch_id] = body["requests"]
            self.send(self.stub.batch(batch_id))
        elif self.path.endswith("/cancel"):
            self.stub.cancelled.add(self.path.split("/")[4])
            self.stub.batch_status = "canceling"
            self.send(self.stub.batch(self.path.split("/")[4]))
        else:
            assert self.path == "/v1/messages"
            self.send(self.stub.call(body, headers))

    def do_GET(self) -> None:
        parts = self.path.split("/")
        if parts[4] not in self.stub.batches:
            self.send(error(404, "not_found_error"))
        elif len(parts) == 6:
            self.send(
                Failure(
                    200,
                    self.stub.results(self.stub.batches[parts[4]]),
                    {"content-type": "application/x-jsonl"},
                )
            )
        else:
            self.send(self.stub.batch(parts[4]))

    def send(self, reply: Reply) -> None:
        if isinstance(reply, Failure):
            time.sleep(reply.after)
            status, body, headers = reply.status, reply.body.encode(), reply.headers
        else:
            status, body, headers = 200, json.dumps(reply).encode(), {}
        try:
            self.send_response(status)
            for name, value in {
                "content-type": "application/json",
                **headers,
                "content-length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the client had no patience

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def running_stub() -> Iterator[Stub]:
    stub = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("StubHandler", (Handler,), {"stub": stub}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
