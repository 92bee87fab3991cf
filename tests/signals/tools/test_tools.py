"""Tools: which calls failed, by one definition, and what is counted of them."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

import raindrop.pipeline
from ingest.incoming.values import IncomingEvent, IncomingSpan
from ingest.models import Event
from ingest.store.events import store_events
from signals.tools.calls import Call, group_errors, health, longest_streak, streaks, tools_of
from signals.tools.confusion import confused_names, same_words, wrong_arguments
from signals.tools.releases import by_release, change_since, last_release
from tests.issues.people import Api

START = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def call(
    i: int, *, name: str = "search", failed: bool = False, ms: float | None = 100.0, talk: int | None = None
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


def test_calls_that_tell_no_time_are_not_taken_for_fast_ones() -> None:
    """As an import without times brings them."""
    tool = health("search", [call(0, ms=None), call(1, ms=20.0), call(2, ms=None), call(3, ms=40.0)])
    assert (tool.calls, tool.p50_ms, tool.p95_ms) == (4, 30.0, 39.0)
    tool = health("search", [call(0, ms=None)])
    assert (tool.p50_ms, tool.p95_ms) == (None, None)


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
    errors = ["order 17 not found", "order 42 not found", "connection refused", "order 17 not found", ""]
    found = group_errors([(call(i, failed=True, talk=i % 2), message) for i, message in enumerate(errors)])
    assert [(one.template, one.count) for one in found] == [
        ("order … not found", 3), ("", 1), ("connection refused", 1),
    ]  # fmt: skip
    assert found[0].example == "order 17 not found"
    assert found[0].conversations == 2
    assert found[0].events == [uuid.UUID(int=3), uuid.UUID(int=1), uuid.UUID(int=0)]
    [gateway] = group_errors([(call(0, failed=True), "504 Gateway Timeout: no answer for basket 4711")])
    assert gateway.template == "504 Gateway Timeout: no answer for basket …"


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


# -- names and arguments


def failing(i: int, name: str, talk: int = 0) -> Call:
    return call(i, name=name, failed=True, talk=talk)


@pytest.mark.parametrize(
    "message",
    [
        "TypeError: find() got an unexpected keyword argument 'zip'",
        "find() missing 1 required positional argument: 'zip'",
        "2 validation errors for findArguments",
        "'zip' is a required property",
        "MCP error -32602: Invalid params",
        "Error executing tool find: Expecting value: line 1 column 1 (char 0)",
        "Unknown parameter 'zip_code'",
    ],
)
def test_what_refuses_arguments(message: str) -> None:
    one = failing(1, "find")
    [found] = wrong_arguments([one], {one.span: message})
    assert (found.name, found.calls, found.example, found.events) == ("find", 1, message, (one.event,))


@pytest.mark.parametrize(
    "message",
    [
        "Error: user not found",
        "connection refused",
        "Error executing tool find: Expecting ',' delimiter: line 14618 column 11 (char 362446)",
        "payment method should be either the original payment method or a gift card",
        "tool find: user not found",
    ],
)
def test_other_failures_are_no_matter_of_names_or_arguments(message: str) -> None:
    one, after = failing(1, "find"), call(2, name="find_all", talk=0)
    assert wrong_arguments([one], {one.span: message}) == []
    assert confused_names([one, after], {one.span: message}) == []


def test_a_name_that_does_not_exist_leads_to_the_one_that_is_like_it() -> None:
    calls = [failing(1, "search_flights_direct"), failing(2, "fly"), call(3, name="search_direct_flight")]
    messages = {
        calls[0].span: "Unknown tool: search_flights_direct",
        calls[1].span: "function fly is not defined",
    }
    assert [(one.name, one.other, one.why, one.times) for one in confused_names(calls, messages)] == [
        ("fly", "", "no such tool", 1),
        ("search_flights_direct", "search_direct_flight", "no such tool", 1),
    ]


def test_a_name_that_worked_once_exists() -> None:
    calls = [call(1, name="find"), failing(2, "find")]
    assert confused_names(calls, {calls[1].span: "unknown method 'find'"}) == []


def test_a_refused_call_before_one_of_a_like_name_is_a_confusion() -> None:
    calls, messages = [], {}
    for talk in range(3):
        refused = failing(10 * talk, "get_order_item", talk)
        calls += [refused, call(10 * talk + 1, name="get_order_details", talk=talk)]
        messages[refused.span] = "missing required parameter: item_id"
    unlike = failing(90, "get_order_item", 9)
    calls += [unlike, call(91, name="transfer_to_human", talk=9)]
    messages[unlike.span] = "missing required parameter: item_id"
    [found] = confused_names(calls, messages)
    assert (found.name, found.other, found.why) == ("get_order_item", "get_order_details", "called next")
    assert (found.times, found.conversations) == (3, 3)
    assert found.events == tuple(uuid.UUID(int=i) for i in (20, 10, 0))
    assert confused_names(calls[:2], messages) == []  # once may be chance


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("get_order", "get_orders", True),
        ("getOrder", "order-get", True),
        ("find_user_v1", "find_user_v2", False),
        ("get_order", "get_order_total", False),
        ("access", "acces", False),
    ],
)
def test_names_that_differ_in_nothing_that_counts(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
    found = confused_names([call(1, name=one), call(2, name=other)], {})
    assert [(pair.why, pair.times) for pair in found] == ([("nearly the same name", 0)] if same else [])


# -- streaks and releases


def test_each_streak_with_its_time_and_whether_it_goes_on() -> None:
    calls = [call(i, failed=one == "x") for i, one in enumerate("xx.xxx.x.xx")]
    assert [(one.calls, one.first, one.last, one.is_open, one.event.int) for one in streaks(calls)] == [
        (3, calls[3].at, calls[5].at, False, 3),
        (2, calls[9].at, calls[10].at, True, 9),
        (2, calls[0].at, calls[1].at, False, 0),
    ]
    assert streaks([]) == [] and streaks([call(1, failed=True)]) == []


def test_what_the_last_release_changed() -> None:
    plain = [call(i, failed=i >= 40 and i % 2 == 0) for i in range(80)]
    calls = [replace(one, release="r1" if i < 40 else "r2") for i, one in enumerate(plain)]
    assert last_release(calls) == "r2"
    [before, since] = by_release(calls)
    assert (before.rate, since.rate, since.since) == (0.0, 0.5, calls[40].at)
    change = change_since("r2", [before, since])
    assert change is not None and (change.difference, change.tone) == (0.5, "worse")
    # Newcombe's interval, from Wilson's: .376 to .624, and 0 to .063 (worked out by hand).
    assert (change.low, change.high) == (pytest.approx(0.361, abs=0.002), pytest.approx(0.624, abs=0.002))
    back = change_since("r1", [before, since])
    assert back is not None and back.tone == "better"
    among_many = change_since("r2", [before, since], tools=50)
    assert among_many is not None and 0 < among_many.low < change.low and among_many.tone == "worse"
    few = change_since("r2", by_release(calls[38:42]))
    assert few is not None and few.tone == ""
    assert change_since("r3", [before, since]) is None and change_since("r2", [since]) is None
    assert last_release(calls[:40]) == "" and last_release(plain) == "" and by_release(plain) == []
