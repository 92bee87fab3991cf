"""The published query clients, unchanged but for their server: raindrop-query 0.1.14 (PyPI) and @raindrop-ai/query 0.1.13 (npm). Each calls
every method that it has, and raises what it cannot read."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ingest.fixtures.otlp.builders import request, span
from tests.processes import Server
from tests.sdks.conftest import HERE, PATIENCE, _inside
from tests.sdks.environments import missing, node_environment, python_environment
from tests.sdks.reading import facts

pytestmark = pytest.mark.slow
CLIENTS = ("python", "js")
PROJECTS = {"python": "query-python", "js": "query-js"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as environment:
        for name, seconds in (("GRACE", "1"), ("SILENCE", "2")):
            environment.setenv(f"RAINDROP_TRACE_{name}_SECONDS", seconds)
        server = Server(tmp_path_factory.mktemp("query") / "data", arguments=["--workers", "1"])
        server.start()
    yield server
    server.kill_everything()


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, list[str]]:
    """By project: [write key, query key], of projects in which the same happened."""
    keys: dict[str, list[str]] = _inside(server, "create", tuple(PROJECTS.values()))
    for write_key, _ in keys.values():
        send(server, write_key)
    server.manage("drain", "--timeout", "200")
    return keys


@pytest.fixture(scope="module", params=CLIENTS)
def answered(request: pytest.FixtureRequest, server: Server, keys: dict[str, list[str]]) -> Any:
    """What the client's methods returned, by method."""
    write_key, query_key = keys[PROJECTS[request.param]]
    if request.param == "python":
        python = python_environment("query.txt")
        if isinstance(python, str):
            missing(python)
        command = [str(python), str(HERE / "python" / "query.py")]
    else:
        home = node_environment("packages_query.txt")
        if isinstance(home, str):
            missing(home)
        command = ["node", str(shutil.copy(HERE / "js" / "query.mjs", home / "query.mjs"))]
    done = subprocess.run(
        [*command, server.url, query_key, write_key], capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        env={**os.environ}, cwd=server.data_dir.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:] + server.log.read_text()[-1000:]
    return json.loads(done.stdout.removeprefix("ANSWER"))


def send(server: Server, key: str) -> None:
    """Four events of three conversations and three users, a tool that failed, a thumb, and traits."""

    def event(event_id: str, minute: int, **fields: Any) -> dict[str, Any]:
        ai_data = {
            name: fields.pop(name) for name in ("input", "output", "convo_id", "model") if name in fields
        }
        return {
            "event_id": event_id, "event": "support", "timestamp": f"2026-11-20T12:{minute:02}:00Z", "ai_data": ai_data, **fields,
        }  # fmt: skip

    def post(path: str, body: Any) -> None:
        status, told = server.post(path, body, key=key)
        assert status == 200, told

    ada, bob = {"user_id": "ada"}, {"user_id": "team/bob"}
    run = event(
        "run/1", 30, **ada, convo_id="talk/1", input="Send me inv-42", output="I cannot find it.", model="m-1"
    )
    events = [
        event("ask-1", 0, **ada, convo_id="talk/1", input="Hello there", output="Hello! What can I do?", properties={"tier": "gold", "n": 2}),
        run | {"properties": {"n": 3, "ok": True}, "feature_flags": {"exp": "b"}},
        event("ask-2", 40, **bob, convo_id="talk/2", input="I want a refund", output="You get your money back in two days."),
        event("ask-3", 50, user_id="carol", input="What is the weather?", output="Sunny, and no refund of the rain.") | {"event": "smalltalk"},
    ]  # fmt: skip
    post(
        "/v1/users/identify",
        [
            {"user_id": "ada", "traits": {"plan": "pro", "age": 36}},
            {"user_id": "team/bob", "traits": {"age": 20}},
        ],
    )
    post("/v1/events/track", events)
    post(
        "/v1/signals/track",
        [
            {
                "event_id": "run/1",
                "signal_name": "thumbs_down",
                "signal_type": "feedback",
                "sentiment": "NEGATIVE",
            }
        ],
    )
    about = {
        "traceloop.association.properties.event_id": "run/1", "traceloop.span.kind": "tool", "traceloop.entity.name": "find_invoice",
        "traceloop.entity.input": '{"number": "inv-42"}', "traceloop.entity.output": "x" * 50,
    }  # fmt: skip
    post("/v1/traces", request(span(7, "find_invoice.tool", a=about, error="no such invoice")))


def test_every_page_though_events_arrive(answered: Any) -> None:
    assert answered["pages"] == ["ask-3", "ask-2", "run/1", "ask-1"]


@pytest.mark.parametrize(
    ("method", "expected"),
    {
        "signals.list": {"type": "instrumented", "sentiment": "NEGATIVE"},
        "signals.get": "thumbs_down",
        "signal_groups.get": "Tools",
        "signal_groups.list_signals": True,
        "users.list": ["ada", "team/bob", "carol"],
        "users.list traits": ["ada"],
        "users.list user_id": ["team/bob"],
        "users.list seen": ["ada", "team/bob", "carol"],
        "conversations.list": ["talk/1"],
        "events.list": ["ask-3", "ask-2", "run/1", "ask-1"],
        "events.list order": ["ask-1", "run/1", "ask-2", "ask-3"],
        "events.list timestamp": ["ask-3", "ask-2", "run/1"],
        "events.list user_id": ["run/1", "ask-1"],
        "events.list contains": ["ask-2"],
        "events.list convo_id": ["run/1", "ask-1"],
        "events.list signal": ["run/1"],
        "events.list signal eq": ["run/1"],
        "events.list signal neq": ["ask-3", "ask-2", "ask-1"],
        "events.list signal_group": ["run/1"],
        "events.list properties": ["ask-1"],
        "events.list properties number": ["run/1"],
        "events.list properties neq": ["ask-3", "ask-2", "ask-1"],
        "events.list traits": ["run/1", "ask-1"],
        "events.count": [4, 3, 2],
        "events.timeseries": [4, 4, 4, 4, 4],
        "events.facets event_name": [["support", 3], ["smalltalk", 1]],
        "events.facets user_id": [["ada", 1], ["team/bob", 1]],
        "events.facets signal": True,
        "events.search text": ["ask-3", "ask-2"],
        "events.search input": ["ask-2"],
        "events.search regex": ["run/1"],
        "events.search semantic": ["ask-2"],
        "events.search user": ["ask-2"],
        "traces.list": [["TOOL_CALL", "ERROR", "find_invoice", '{"number": "inv-42"}', "x" * 20]],
        "async": ["ask-2", "run/1", "ask-1"],
    }.items(),
)
def test_a_method_answers(answered: Any, method: str, expected: Any) -> None:
    assert answered[method] == expected


def test_one_thing_of_each_kind(answered: Any) -> None:
    bob, talk, event = answered["users.get"], answered["conversations.get"], answered["events.get"]
    assert facts(bob, "id", "traits", "event_count") == ("team/bob", {"age": 20}, 1)
    assert bob["first_seen"] == bob["last_seen"] and bob["first_seen"].startswith("2026-11-20T12:40:00")
    assert facts(talk, "id", "user_id", "message_count") == ("talk/1", "ada", 2)
    assert {"thumbs_down", "Tool failure"} <= {row["name"] for row in talk["signals"] if row["count"] == 1}
    assert facts(event, "id", "event_name", "user_id", "convo_id", "model") == (
        "run/1",
        "support",
        "ada",
        "talk/1",
        "m-1",
    )
    assert facts(event, "user_input", "assistant_output", "feature_flags") == (
        "Send me inv-42",
        "I cannot find it.",
        {"exp": "b"},
    )
    assert facts(event["properties"], "n", "ok") == (3, True)
    assert {"thumbs_down", "Tool failure"} <= {row["name"] for row in event["signals"]}
    [failed], [called] = event["error_spans"], event["tool_calls"]
    assert facts(failed, "span_name", "status", "output_payload") == (
        "find_invoice",
        "ERROR",
        "no such invoice",
    )
    assert facts(called, "tool_name", "status") == ("find_invoice", "ERROR")


def test_errors_are_the_clients_own(answered: Any) -> None:
    """Status, class, whether there is a text, and the field that is wrong."""
    assert answered["errors"] == [
        [400, "EventsListBadRequestError", True, "cursor"],
        [400, "EventsListBadRequestError", True, "order_by"],
        [404, "EventsGetNotFoundError", True, None],
        [400, "EventsSearchBadRequestError", True, "query"],
        [401, "SignalsListUnauthorizedError", True, None],
        [403, "UsersListForbiddenError", True, None],
    ]
