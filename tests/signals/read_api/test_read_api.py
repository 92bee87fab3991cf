"""`/v1/events` and `/v1/events/{id}`: what an event looks like, pages, filters, refusals."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.models import EndUser, Event
from ingest.store.events import IncomingAttachment, IncomingSpan
from signals.models import SignalGroup
from tests.signals.read_api.world import NOON, Reader, make_signal, match

MakeEvent = Callable[..., Event]


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


@pytest.fixture
def five(make_event: MakeEvent) -> list[Event]:
    """e1 (oldest) to e5 (newest), a minute apart, of two users and two conversations."""
    return [
        make_event(
            event_id=f"e{i}",
            name="chat" if i < 4 else "chatter",
            user_id="ann" if i % 2 else "ben",
            convo_id="c-left" if i < 3 else "c-right",
            timestamp=NOON + dt.timedelta(minutes=i),
            input=f"question {i}",
            output=f"answer {i}",
            properties={"n": i, "plan": "pro" if i < 3 else "free", "beta": i == 1, "deep": {"a": 1}},
        )
        for i in range(1, 6)
    ]


def test_an_event_in_full(read: Reader, make_event: MakeEvent) -> None:
    event = make_event(
        event_id="order/1 x",
        user_id="ann",
        convo_id="c1",
        name="chat",
        model="gpt-4o",
        input="where is it?",
        output="On its way.",
        timestamp=NOON,
        properties={"plan": "pro", "nested": {"a": [1, None]}},
        feature_flags={"new_prompt": True, "arm": "b"},
        attachments=[
            IncomingAttachment(type="text", value="in", role="input", name="a.txt"),
            IncomingAttachment(type="code", value="out", role="output", language="sql"),
            IncomingAttachment(type="text", value="ctx", role="context"),
        ],
        spans=[
            IncomingSpan(name="lookup", kind="tool", status="error", error="timed out", started_at=NOON,
                         ended_at=NOON + dt.timedelta(milliseconds=1500)),
            IncomingSpan(name="gpt", kind="llm", status="ok", started_at=NOON, ended_at=NOON),
        ],
    )  # fmt: skip
    match(event, make_signal(event.project, "refusal"), 0.75)
    [item] = read.data("/v1/events")
    assert item == read.data("/v1/events/order%2F1%20x")
    assert item["id"] == "order/1 x"
    assert (item["event_name"], item["user_id"], item["convo_id"], item["model"]) == (
        "chat",
        "ann",
        "c1",
        "gpt-4o",
    )
    assert (item["user_input"], item["assistant_output"]) == ("where is it?", "On its way.")
    assert item["timestamp"] == "2026-11-20T12:00:00Z"
    assert item["properties"] == {"plan": "pro", "nested": {"a": [1, None]}}
    assert item["feature_flags"] == {"new_prompt": "true", "arm": "b"}
    assert {a["value"] for a in item["input_attachments"]} == {"in", "ctx"}
    assert [(a["value"], a["attachment_type"], a["language"]) for a in item["output_attachments"]] == [
        ("out", "code", "sql")
    ]
    assert item["topics"] == []
    [signal] = item["signals"]
    assert (signal["key"], signal["name"], signal["score"]) == ("refusal", "Refusal", 0.75)
    [call] = item["tool_calls"]
    assert (call["tool_name"], call["status"], call["duration_ms"]) == ("lookup", "ERROR", 1500)
    [failed] = item["error_spans"]
    assert (failed["span_id"], failed["span_type"], failed["span_name"], failed["output_payload"]) == (
        call["span_id"], "TOOL_CALL", "lookup", "timed out",
    )  # fmt: skip


def test_an_event_with_little(read: Reader, make_event: MakeEvent) -> None:
    make_event(event_id="bare", user_id=None, convo_id=None)
    item = read.data("/v1/events/bare")
    assert item["user_id"] is item["convo_id"] is item["user_input"] is item["assistant_output"] is None
    assert "model" not in item  # the client takes a string or nothing
    assert "feature_flags" not in item
    assert item["signals"] == item["tool_calls"] == item["error_spans"] == item["input_attachments"] == []


def test_queries_do_not_grow_with_events(
    read: Reader, make_event: MakeEvent, five: list[Event], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(
        16
    ):  # key, savepoint, timeout, workers, page, 2 weights, texts, 4 parts, timeout, savepoint
        assert len(read.data("/v1/events")) == 5


@pytest.mark.parametrize("order", ["-timestamp", "timestamp"])
def test_pages(read: Reader, five: list[Event], order: str) -> None:
    # Two at the very same time: the id decides.
    Event.objects.filter(event_id__in=["e2", "e3"]).update(timestamp=NOON + dt.timedelta(minutes=2))
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        parameters = {"limit": 2, "order_by": order} | ({"cursor": cursor} if cursor else {})
        body = read.body("/v1/events", parameters)
        seen += [item["id"] for item in body["data"]]
        cursor = body["meta"]["cursor"]
        assert body["meta"]["has_more"] is (cursor is not None)
    assert cursor is None
    times = {event.event_id: event.timestamp for event in Event.objects.all()}
    assert sorted(seen) == ["e1", "e2", "e3", "e4", "e5"]
    assert [times[i] for i in seen] == sorted(times.values(), reverse=order == "-timestamp")


def test_a_page_stands_while_events_come_in(read: Reader, five: list[Event], make_event: MakeEvent) -> None:
    first = read.body("/v1/events", {"limit": 3})
    make_event(event_id="new", timestamp=NOON + dt.timedelta(hours=1))
    assert read.ids("/v1/events", {"limit": 3, "cursor": first["meta"]["cursor"]}) == ["e2", "e1"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"timestamp[gte]": "2026-11-20T12:04:00Z"}, "e5 e4"),
        ({"timestamp[gt]": "2026-11-20T12:04:00.000Z"}, "e5"),
        ({"timestamp[lte]": "2026-11-20T12:02:00Z"}, "e2 e1"),
        ({"timestamp[lt]": "2026-11-20T13:02:00+01:00"}, "e1"),
        ({"timestamp.gte": "2026-11-20T12:02:00Z", "timestamp.lt": "2026-11-20T12:04:00Z"}, "e3 e2"),
        ({"timestamp[gte]": "2026-11-21"}, ""),
        ({"user_id": "ben"}, "e4 e2"),
        ({"user_id[eq]": "ben"}, "e4 e2"),
        ({"user_id[neq]": "ben"}, "e5 e3 e1"),
        ({"user_id[startsWith]": "a"}, "e5 e3 e1"),
        ({"user_id[endsWith]": "en"}, "e4 e2"),
        ({"user_id[contains]": "n"}, "e5 e4 e3 e2 e1"),
        ({"user_id[contains]": "%"}, ""),
        ({"user_id": "nobody"}, ""),
        ({"convo_id": "c-left"}, "e2 e1"),
        ({"convo_id[neq]": "c-left"}, "e5 e4 e3"),
        ({"convo_id[endsWith]": "right"}, "e5 e4 e3"),
        ({"event_name": "chat"}, "e3 e2 e1"),
        ({"event_name[startsWith]": "chat"}, "e5 e4 e3 e2 e1"),
        ({"event_name[contains]": "tter", "user_id": "ann"}, "e5"),
        ({"properties[plan]": "pro"}, "e2 e1"),
        ({"properties[plan][neq]": "pro"}, "e5 e4 e3"),
        ({"properties[n]": "3"}, "e3"),
        ({"properties[n]": "3.0"}, "e3"),
        ({"properties[n][gt]": "3"}, "e5 e4"),
        ({"properties[n][gte]": "3", "properties[n][lt]": "5"}, "e4 e3"),
        ({"properties[n][lte]": "1.5"}, "e1"),
        ({"properties[beta]": "true"}, "e1"),
        ({"properties[plan][gt]": "h"}, "e2 e1"),
        ({"properties[plan][gt]": "1"}, ""),  # text is not a number
        ({"properties[beta][gt]": "0"}, ""),  # nor is true
        ({"properties[none]": "x"}, ""),
        ({"properties[none][gt]": "1"}, ""),
        ({"properties[none][neq]": "x"}, "e5 e4 e3 e2 e1"),
        ({"properties[n]": "1e999"}, ""),
        ({"properties[n][lt]": "NaN"}, ""),
    ],
)
def test_filters(read: Reader, five: list[Event], parameters: dict[str, str], expected: str) -> None:
    assert read.ids("/v1/events", parameters) == expected.split()


def test_odd_property_keys(read: Reader, make_event: MakeEvent) -> None:
    keys = ["raindrop.app.commit_sha", "0", "a]b", "a__gt", "it's", "gte", "$context"]
    make_event(event_id="odd", properties=dict.fromkeys(keys, "x"))
    for key in keys:
        assert read.ids("/v1/events", {f"properties[{key}]": "x"}) == ["odd"], key
        assert read.ids("/v1/events", {f"properties[{key}][gt]": "a"}) == ["odd"], key
        assert read.ids("/v1/events", {f"properties[{key}]": "y"}) == [], key


def test_traits(read: Reader, five: list[Event]) -> None:
    EndUser.objects.filter(user_id="ann").update(traits={"t": True, "age": 30, "plan": "pro"})
    assert read.ids("/v1/events", {"traits[t]": "true"}) == ["e5", "e3", "e1"]
    assert read.ids("/v1/events", {"traits[plan][neq]": "pro"}) == ["e4", "e2"]
    assert read.ids("/v1/events", {"traits[age][gte]": "30", "limit": 1}) == ["e5"]


def test_signals(read: Reader, five: list[Event]) -> None:
    project = five[0].project
    group = SignalGroup.objects.create(project=project, name="Agent faults")
    refusal, win = make_signal(project, "refusal", group=group), make_signal(project, "win")
    match(five[0], refusal)
    match(five[3], refusal)
    match(five[3], win)
    for name in ("refusal", str(refusal.id), str(refusal.id).upper()):
        assert read.ids("/v1/events", {"signal": name}) == ["e4", "e1"]
    assert read.ids("/v1/events", {"signal[eq]": "win"}) == ["e4"]
    assert read.ids("/v1/events", {"signal[neq]": "refusal"}) == ["e5", "e3", "e2"]
    assert read.ids("/v1/events", {"signal": "nothing"}) == []
    for name in ("Agent faults", str(group.id)):
        assert read.ids("/v1/events", {"signal_group": name}) == ["e4", "e1"]
    assert read.ids("/v1/events", {"signal_group": "nothing"}) == []


def test_the_clients_misplaced_signal_filter(read: Reader, five: list[Event]) -> None:
    """`signal: {eq: "win"}` leaves the JS client as `?eq=win`."""
    match(five[1], make_signal(five[0].project, "win"))
    assert read.ids("/v1/events", {"eq": "win"}) == ["e2"]
    assert read.ids("/v1/events", {"neq": "win"}) == ["e5", "e4", "e3", "e1"]
    assert len(read.ids("/v1/events", {"eq": "s1"})) == 5


def test_pending_events_are_not_listed(read: Reader, make_event: MakeEvent) -> None:
    make_event(event_id="half", is_pending=True, input="hm")
    assert read.ids("/v1/events") == []
    assert read.data("/v1/events/half")["user_input"] == "hm"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"cursor": "xx"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"order_by": "cost"}, "order_by"),
        ({"timestamp": "2026-01-01"}, "timestamp"),
        ({"timestamp[eq]": "2026-01-01"}, "timestamp[eq]"),
        ({"timestamp[gte]": "yesterday"}, "timestamp[gte]"),
        ({"timestamp[gte]": "0001-01-01T00:00:00+14:00"}, "timestamp[gte]"),
        ({"user_id[like]": "x"}, "user_id[like]"),
        ({"user_id[eq]": "a\x00b"}, "user_id[eq]"),
        ({"properties[plan][like]": "x"}, "properties[plan][like]"),
        ({"properties": "x"}, "properties"),
        ({"properties[a\x00]": "x"}, "properties[a]"),
        ({"event_id": "x"}, "event_id"),
    ],
)
def test_wrong_parameters(read: Reader, five: list[Event], parameters: dict[str, str], field: str) -> None:
    error = read.error("/v1/events", parameters)
    assert error["code"] == "BAD_REQUEST"
    assert error["details"]["field"] == field
    assert len(read.data("/v1/events")) == 5  # and the next request works


def test_an_unknown_parameter_is_told_what_is_known(read: Reader) -> None:
    allowed = read.error("/v1/events", {"userId": "x"})["details"]["allowed_fields"]
    assert {"user_id", "user_id[startsWith]", "timestamp[gte]", "cursor", "properties[KEY]"} <= set(allowed)


def test_who_may_read(
    client: Client,
    five: list[Event],
    query_key: str,
    admin_key: str,
    write_key: str,
    member: Any,
    stranger: Any,
) -> None:
    assert Reader(client, query_key).get("/v1/events").status_code == 200
    assert Reader(client, admin_key).get("/v1/events").status_code == 200
    assert Reader(client, write_key).error("/v1/events", status=403)["code"] == "FORBIDDEN"
    assert Reader(client, "rd_query_nonsense").error("/v1/events", status=401)["code"] == "UNAUTHORIZED"
    assert client.get("/v1/events").status_code == 401
    client.force_login(member)
    assert len(client.get("/v1/events?project=acme").json()["data"]) == 5
    client.force_login(stranger)
    assert client.get("/v1/events?project=acme").status_code == 404


def test_another_projects_event_is_not_there(read: Reader, make_event: MakeEvent, other_project: Any) -> None:
    theirs = make_event(of=other_project, event_id="theirs", user_id="zoe", convo_id="zc")
    match(theirs, make_signal(other_project, "secret"))
    assert read.ids("/v1/events") == read.ids("/v1/users") == read.ids("/v1/conversations") == []
    for path in ("/v1/events/theirs", "/v1/users/zoe", "/v1/conversations/zc", "/v1/signals/secret",
                 "/v1/traces?event_id=theirs"):  # fmt: skip
        assert read.error(path, status=404)["code"] == "NOT_FOUND"
