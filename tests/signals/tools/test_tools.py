"""Tools: which calls failed, by one definition, and what is counted of them."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

import raindrop.pipeline
from ingest.incoming.values import IncomingEvent, IncomingSpan
from ingest.models import Event
from ingest.store.events import store_events
from signals.tools.calls import Call, group_errors, health, longest_streak, tools_of
from tests.issues.people import Api

START = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def call(
    i: int, *, name: str = "search", failed: bool = False, ms: float = 100.0, talk: int | None = None
) -> Call:
    at = START + dt.timedelta(minutes=i)
    return Call(
        uuid.uuid4(), name, uuid.UUID(int=i), uuid.UUID(int=i if talk is None else talk), at, ms, failed
    )


def test_a_tools_figures() -> None:
    calls = [call(i, failed=i in (2, 3, 7), ms=float(i), talk=i // 4) for i in range(10)]
    tool = health("search", calls)
    assert (tool.calls, tool.errors, tool.error_rate, tool.longest_streak) == (10, 3, 0.3, 2)
    assert (tool.conversations, tool.failing_conversations) == (3, 2)
    assert tool.calls_per_conversation == pytest.approx(10 / 3)
    assert (tool.p50_ms, tool.p95_ms) == (4.5, pytest.approx(8.55))
    assert (tool.first_call, tool.last_call) == (START, START + dt.timedelta(minutes=9))


def test_those_that_fail_most_come_first() -> None:
    calls = [call(i, name="b") for i in range(5)] + [call(9, name="a", failed=True)] + [call(7, name="c")]
    assert [tool.name for tool in tools_of(calls)] == ["a", "b", "c"]
    assert tools_of([]) == []


@pytest.mark.parametrize(
    ("failed", "longest"), [("", 0), ("...", 0), ("x", 1), ("xx.xxx.x", 3), (".xxxx", 4)]
)
def test_streaks(failed: str, longest: int) -> None:
    assert longest_streak([one == "x" for one in failed]) == longest


def test_messages_that_differ_by_a_case_are_one() -> None:
    said = ["order 17 not found", "order 42 not found", "connection refused", "order 17 not found", ""]
    found = group_errors([(call(i, failed=True, talk=i % 2), message) for i, message in enumerate(said)])
    assert [(one.template, one.count) for one in found] == [
        ("order … not found", 3), ("", 1), ("connection refused", 1),
    ]  # fmt: skip
    assert found[0].example == "order 17 not found"
    assert found[0].conversations == 2
    assert found[0].events == [uuid.UUID(int=3), uuid.UUID(int=1), uuid.UUID(int=0)]


# -- over real rows


@pytest.fixture
def api(client: Client, query_key: str) -> Api:
    return Api(client, query_key)


def send(project: Any, *results: dict[str, Any], talk: str = "c") -> None:
    """One event a tool call."""
    before = Event.objects.filter(project=project).count()
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id=f"e{before + i}", name="chat", user_id="u", convo_id=talk, input="Please.", output="Well.",
                timestamp=START + dt.timedelta(minutes=before + i),
                spans=[
                    IncomingSpan(
                        kind="tool",
                        started_at=START + dt.timedelta(minutes=before + i),
                        ended_at=START + dt.timedelta(minutes=before + i, milliseconds=200),
                        **{"name": "bank_sync", **result},
                    )
                ],
            )
            for i, result in enumerate(results)
        ],
    )  # fmt: skip
    raindrop.pipeline.process(list(Event.objects.filter(project=project).values_list("id", flat=True)))


FAILURES = [
    {"status": "error", "error": "connection refused by bank 17"},
    {"output": '{"isError": true, "content": [{"type": "text", "text": "connection refused by bank 42"}]}'},
    {"output": "Traceback (most recent call last):\n  File x\nValueError: bad account 9"},
    {"output": '{"exit_code": 2, "stderr": "no such file"}'},
    {"output": '{"status": 503, "message": "service unavailable"}'},
]


@pytest.mark.django_db
def test_every_way_to_fail_is_one_definition(api: Api, project: Any) -> None:
    send(
        project,
        *FAILURES,
        {"output": '{"ok": true}'},
        {"output": "12 bookings"},
        {"name": "export", "output": "done"},
    )
    [bank, export] = api.get("/api/tools/").json()["results"]
    wanted = {
        "name": "bank_sync", "calls": 7, "errors": 5, "error_rate": pytest.approx(5 / 7), "p50_ms": 200.0, "p95_ms": 200.0,
        "calls_per_conversation": 7.0, "longest_streak": 5,
    }  # fmt: skip
    assert {name: bank[name] for name in wanted} == wanted
    assert (export["name"], export["errors"], export["longest_streak"]) == ("export", 0, 0)


@pytest.mark.django_db
def test_errors_by_template(api: Api, project: Any) -> None:
    send(project, *FAILURES)
    found = api.get("/api/tools/bank_sync/errors/").json()["results"]
    assert sum(one["count"] for one in found) == 5
    assert (found[0]["template"], found[0]["count"]) == ("connection refused by bank …", 2)
    assert found[0]["event_ids"] == ["e1", "e0"]
    assert any("bad account" in one["template"] for one in found)
    send(project, {"name": "export", "output": "done"})
    assert api.get("/api/tools/export/errors/").json() == {"results": []}


@pytest.mark.django_db
def test_a_period(api: Api, project: Any) -> None:
    send(project, *FAILURES)
    later = START + dt.timedelta(minutes=3)
    [tool] = api.get("/api/tools/", start=later.isoformat()).json()["results"]
    assert tool["calls"] == 2
    [tool] = api.get("/api/tools/", end=later.isoformat()).json()["results"]
    assert tool["calls"] == 3
    assert api.get("/api/tools/", start="2027-01-01").json() == {"results": []}


@pytest.mark.django_db
def test_bad_questions(api: Api, project: Any, other_project: Any) -> None:
    send(other_project, *FAILURES)
    assert api.get("/api/tools/").json() == {"results": []}
    assert api.get("/api/tools/bank_sync/errors/").status_code == 404
    for query in ({"start": "x"}, {"colour": "red"}, {"start": "2026-11-03", "end": "2026-11-02"}):
        answer = api.get("/api/tools/", **query)
        assert answer.status_code == 400, query
        assert answer.json()["error"]["code"] == "BAD_REQUEST"


@pytest.mark.django_db
def test_names_of_any_kind(api: Api, project: Any) -> None:
    for name in ("mcp/files.read", "a tool", "支払い"):
        send(project, {"name": name, "status": "error", "error": "no"})
        [one] = api.get(f"/api/tools/{name}/errors/").json()["results"]
        assert (one["template"], one["count"]) == ("no", 1)
