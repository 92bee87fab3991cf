"""A stub of OpenAI's chat completions: the first turn asks for the weather, a turn that has a tool's result answers. It also plays the
model of integrations/story.py."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.sdks.integrations import story

QUESTIONS = (story.FAILING, story.ASKED, story.HOPELESS)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        last = request["messages"][-1]
        question = next(
            (question for question in QUESTIONS if question in json.dumps(request["messages"])), ""
        )
        if last.get("content") == "fail":
            self._answer(400, {"error": {"message": "no such model", "type": "invalid_request_error"}})
            return
        if question == story.HOPELESS:
            self._answer(503, {"error": {"message": story.MODEL_ERROR, "type": "server_error"}})
            return
        if request.get("tools") and last["role"] == "user":
            call = {
                "id": "call_1",
                "type": "function",
                "function": {
                    "name": "weather",
                    "arguments": json.dumps(
                        {"city": story.CITIES.get(question, "Paris")}, separators=(",", ":")
                    ),
                },
            }
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            self._complete(request, message, "tool_calls")
        else:
            self._complete(
                request,
                {"role": "assistant", "content": story.ANSWERS.get(question, "Sunny, 21 degrees.")},
                "stop",
            )

    def _complete(self, request: dict[str, Any], message: dict[str, Any], reason: str) -> None:
        usage = {"prompt_tokens": 30, "completion_tokens": 7, "total_tokens": 37}
        made = {"id": "chatcmpl-1", "created": 1_795_427_800, "model": "gpt-4o-2024-08-06"}
        if not request.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            self._answer(200, {**made, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        words = message["content"].split(" ")
        deltas = [
            {"role": "assistant", "content": words[0]},
            *({"content": f" {word}"} for word in words[1:]),
        ]
        chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        chunks.append({"index": 0, "delta": {}, "finish_reason": reason})
        lines = [{**made, "object": "chat.completion.chunk", "choices": [chunk]} for chunk in chunks]
        lines.append({**made, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        self._send(200, "text/event-stream", body.encode())

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def stub() -> Iterator[str]:
    """Yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
