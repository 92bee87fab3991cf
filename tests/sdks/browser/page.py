"""Runs js/browser_sdk.mjs, unchanged, in a page in headless Chromium: the browser enforces what CORS allows.

Usage: page.py ENDPOINT WRITE_KEY QUERY_KEY SDK_FILE CHROMIUM. The page comes from another origin (localhost, a port of its own). Prints what
the script printed, then what was seen of the page as one line of JSON under "page".
"""

import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

SURFACE = Path(__file__).resolve().parent.parent / "js" / "browser_sdk.mjs"
HTML = """<!doctype html><title>A shop</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": {"@raindrop-ai/browser-sdk": "/sdk.js"}}</script>
<script>globalThis.process = {argv: ["", "", %s, %s]};</script>
<script type="module">await import("/surface.mjs"); document.title = "done";</script>"""
# The SDK itself sends nothing when the page ends; its `fetchFn` lets a page do so.
FAREWELL = """async ([endpoint, key]) => {
  const { Raindrop } = await import("/sdk.js");
  const raindrop = new Raindrop({ baseUrl: endpoint, apiKey: key, fetchFn: (url, init) => fetch(url, { ...init, keepalive: true }) });
  addEventListener("pagehide", () => { raindrop.trackSignal({ eventId: "ai", name: "left", type: "standard" }); });
}"""
# CORS is enforced here, so that what did arrive was allowed: a header that the server does not name is stopped by the browser.
FORBIDDEN = """([endpoint, key]) => fetch(endpoint + "events/track", { method: "POST", body: '[{"event": "forbidden"}]',
  headers: { Authorization: "Bearer " + key, "X-Not-Allowed": "1" } }).then((answer) => answer.status, (error) => error.name)"""


def main(endpoint: str, key: str, query_key: str, sdk: str, chromium: str) -> None:
    files = {
        "/": ("text/html", (HTML % (json.dumps(endpoint), json.dumps(key))).encode()),
        "/sdk.js": ("text/javascript", Path(sdk).read_bytes()),
        "/surface.mjs": ("text/javascript", SURFACE.read_bytes()),
        "/next": ("text/html", b'<!doctype html><title>Another page</title><link rel="icon" href="data:,">'),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_port}"
    preflights: list[str] = []
    answered: list[list[Any]] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        page.set_default_timeout(60_000)
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", lambda seen: _note_preflight(seen, preflights))
        page.on(
            "console",
            lambda message: print(message.text) if message.type == "log" else problems.append(message.text),
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "response",
            lambda answer: answered.append([answer.url, answer.status]) if endpoint in answer.url else None,
        )
        page.goto(origin)
        page.wait_for_function("document.title === 'done'")
        page.evaluate(FAREWELL, [endpoint, key])
        page.goto(f"{origin}/next")
        before = list(problems)  # the browser tells of the request that it stops
        forbidden = page.evaluate(FORBIDDEN, [endpoint, key])
        _wait_for("left", endpoint, query_key)  # the browser may still be sending it, with nobody to tell
        browser.close()
    server.shutdown()
    print(
        json.dumps(
            {
                "page": {
                    "origin": origin,
                    "preflights": preflights,
                    "answered": answered,
                    "problems": before,
                    "forbidden": forbidden,
                }
            }
        )
    )


def _wait_for(name: str, endpoint: str, query_key: str) -> None:
    request = urllib.request.Request(f"{endpoint}events/ai", headers={"Authorization": f"Bearer {query_key}"})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request, timeout=30) as answer:
            if name in {signal["name"] for signal in json.load(answer)["data"]["signals"]}:
                return
        time.sleep(0.2)


def _note_preflight(seen: dict[str, Any], preflights: list[str]) -> None:
    if seen["request"]["method"] == "OPTIONS":
        preflights.append(seen["request"]["url"])


def _handler(files: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


if __name__ == "__main__":
    main(*sys.argv[1:])
