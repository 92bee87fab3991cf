"""`/v1/signals`, `/v1/signal-groups`, `/v1/users`, `/v1/conversations`, `/v1/traces`."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from ingest.counts.rollups import count_events
from ingest.models import Conversation, EndUser, Event, Project, Span
from ingest.otlp.decoding.decode import decode_traces
from ingest.store.events import IncomingSpan
from ingest.tracing.trace_events import finish_open_traces
from ingest.tracing.traces import store_traces
from signals.models import SignalDefinition, SignalGroup
from tests.ingest.fixtures.otlp.builders import as_json, request, span
from tests.signals.read_api.world import NOON, Reader, make_signal, match


@pytest.fixture
def read(client: Client, query_key: str) -> Reader:
    return Reader(client, query_key)


# -- signals


def test_a_new_project_has_the_built_in_signals(read: Reader, project: Any) -> None:
    items = read.data("/v1/signals", {"limit": 200})
    assert {"user_frustration", "refusal"} <= {item["key"] for item in items}
    assert SignalDefinition.objects.filter(project=project).count() == len(items)


def test_a_signal_in_full(read: Reader, project: Any) -> None:
    group = SignalGroup.objects.create(project=project, name="Faults", description="What went wrong")
    signal = make_signal(
        project, "refusal", group=group, description="It says no.", sentiment="negative", detector="sdk"
    )
    [item] = read.data("/v1/signals")
    assert item == read.data(f"/v1/signals/{signal.id}") == read.data("/v1/signals/refusal")
    assert {key: item[key] for key in ("id", "key", "name", "type", "description", "sentiment", "group_id", "group_name")} == {
        "id": str(signal.id), "key": "refusal", "name": "Refusal", "type": "instrumented", "description": "It says no.",
        "sentiment": "NEGATIVE", "group_id": str(group.id), "group_name": "Faults",
    }  # fmt: skip
    assert dt.datetime.fromisoformat(item["created_at"]) == signal.created_at


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({"detector": "rule"}, "code"), ({"detector": "rule", "config": {"pattern": "x"}}, "regex"),
     ({"detector": "model"}, "topic"), ({"detector": "llm"}, "topic"), ({"detector": "sdk"}, "instrumented")],
)  # fmt: skip
def test_types(read: Reader, project: Any, fields: dict[str, Any], kind: str) -> None:
    make_signal(project, "one", **fields)
    assert read.data("/v1/signals/one")["type"] == kind


def test_signals_are_paged(read: Reader, project: Any) -> None:
    for key in ("a", "b", "c"):
        make_signal(project, key)
    first = read.body("/v1/signals", {"limit": 2})
    assert [item["key"] for item in first["data"]] == ["c", "b"]
    second = read.body("/v1/signals", {"limit": 2, "cursor": first["meta"]["cursor"]})
    assert [item["key"] for item in second["data"]] == ["a"]
    assert second["meta"] == {"cursor": None, "has_more": False}
    assert [item["key"] for item in read.data("/v1/signals", {"order_by": "timestamp"})] == ["a", "b", "c"]


def test_groups(read: Reader, project: Any, other_project: Any) -> None:
    group = SignalGroup.objects.create(project=project, name="Faults", description="What went wrong")
    SignalGroup.objects.create(project=other_project, name="Theirs")
    make_signal(project, "refusal", group=group)
    make_signal(project, "alone")
    [item] = read.data("/v1/signal-groups")
    assert item == read.data(f"/v1/signal-groups/{group.id}") == read.data("/v1/signal-groups/Faults")
    assert (item["name"], item["signal_count"], item["org_id"]) == ("Faults", 1, str(project.id))
    assert [s["key"] for s in read.data(f"/v1/signal-groups/{group.id}/signals")] == ["refusal"]
    for path in ("Theirs", "Theirs/signals", str(project.id)):
        assert read.error(f"/v1/signal-groups/{path}", status=404)["code"] == "NOT_FOUND"


# -- users and conversations


@pytest.fixture
def talks(make_event: Callable[..., Event]) -> list[Event]:
    """ann in c1 (twice, then again an hour later), ben in c2 a day later, nobody in c3."""
    made = [
        make_event(event_id=f"t{i}", user_id=user, convo_id=convo, timestamp=NOON + dt.timedelta(hours=hours))
        for i, (user, convo, hours) in enumerate(
            [("ann", "c1", 0), ("ann", "c1", 1), ("ben", "c2", 24), (None, "c3", 48)]
        )
    ]
    count_events(made)
    return made


def test_users(read: Reader, talks: list[Event]) -> None:
    EndUser.objects.filter(user_id="ann").update(traits={"plan": "pro", "seats": 3})
    assert read.ids("/v1/users") == ["ben", "ann"]
    assert read.ids("/v1/users", {"order_by": "timestamp"}) == ["ann", "ben"]
    ann = read.data("/v1/users/ann")
    assert ann == {
        "id": "ann", "traits": {"plan": "pro", "seats": 3}, "first_seen": "2026-11-20T12:00:00Z",
        "last_seen": "2026-11-20T13:00:00Z", "event_count": 2,
    }  # fmt: skip
    assert read.ids("/v1/users", {"traits[plan]": "pro"}) == ["ann"]
    assert read.ids("/v1/users", {"traits[seats][gt]": "3"}) == []
    assert read.ids("/v1/users", {"first_seen[gte]": "2026-11-21T00:00:00Z"}) == ["ben"]
    assert read.ids("/v1/users", {"last_seen[lt]": "2026-11-21T00:00:00Z"}) == ["ann"]
    assert read.ids("/v1/users", {"user_id[startsWith]": "b"}) == ["ben"]
    assert read.ids("/v1/users", {"user_id": "ann"}) == ["ann"]
    page = read.body("/v1/users", {"limit": 1})
    assert read.ids("/v1/users", {"limit": 1, "cursor": page["meta"]["cursor"]}) == ["ann"]
    assert read.error("/v1/users", {"started_at[gte]": "2026-01-01"})["details"]["field"] == "started_at[gte]"
    assert read.error("/v1/users/nobody", status=404)


def test_odd_user_ids(read: Reader, make_event: Callable[..., Event]) -> None:
    for name in ("auth0|12/34", "søren ☃", "a?b&c=d", "50%"):
        make_event(user_id=name, convo_id=name)
        quoted = quote(name, safe="")
        assert read.data(f"/v1/users/{quoted}")["id"] == name
        assert read.data(f"/v1/conversations/{quoted}")["user_id"] == name
        assert len(read.data("/v1/events", {"user_id": name})) == 1


def test_conversations(read: Reader, talks: list[Event]) -> None:
    refusal, win = make_signal(talks[0].project, "refusal"), make_signal(talks[0].project, "win")
    for event, signal in ((talks[0], refusal), (talks[1], refusal), (talks[1], win)):
        match(event, signal)
    assert read.ids("/v1/conversations") == ["c3", "c2", "c1"]
    c1 = read.data("/v1/conversations/c1")
    assert c1 == read.data("/v1/conversations")[2]
    assert [(s["key"], s["count"]) for s in c1.pop("signals")] == [("refusal", 2), ("win", 1)]
    assert c1 == {
        "id": "c1", "user_id": "ann", "started_at": "2026-11-20T12:00:00Z", "last_message_at": "2026-11-20T13:00:00Z",
        "message_count": 2,
    }  # fmt: skip
    assert read.data("/v1/conversations/c3")["user_id"] is None
    assert read.ids("/v1/conversations", {"user_id": "ben"}) == ["c2"]
    assert read.ids("/v1/conversations", {"user_id[contains]": "n"}) == ["c2", "c1"]
    assert read.ids("/v1/conversations", {"started_at[lt]": "2026-11-21"}) == ["c1"]
    assert Conversation.objects.count() == 3


# -- traces


def test_traces(read: Reader, make_event: Callable[..., Event]) -> None:
    make_event(
        event_id="traced",
        timestamp=NOON,
        spans=[
            IncomingSpan(name="gpt", kind="llm", status="ok", trace_id="ab" * 16, span_id="01" * 8, input="hello world",
                         output="hi", model="gpt-4o", provider="openai", input_tokens=7, output_tokens=2,
                         started_at=NOON, ended_at=NOON + dt.timedelta(microseconds=1234567),
                         attributes={"a": "text", "b": 1.5, "c": True, "d": ["x"], "e": None}),
            IncomingSpan(name="lookup", kind="tool", status="error", error="nope", trace_id="ab" * 16, span_id="02" * 8,
                         parent_span_id="01" * 8, started_at=NOON + dt.timedelta(seconds=1),
                         ended_at=NOON + dt.timedelta(seconds=2)),
        ],
    )  # fmt: skip
    make_event(event_id="other", timestamp=NOON)
    llm, tool = read.data("/v1/traces", {"event_id": "traced"})
    assert (llm["trace_id"], llm["span_id"], llm["parent_span_id"]) == ("ab" * 16, "01" * 8, None)
    assert (llm["span_name"], llm["span_type"], llm["status"]) == ("gpt", "LLM_GENERATION", "OK")
    assert llm["start_time_ns"] == int(NOON.timestamp()) * 10**9
    assert llm["duration_ns"] == llm["end_time_ns"] - llm["start_time_ns"] == 1_234_567_000
    assert (llm["input"], llm["output"], llm["model"], llm["provider"]) == (
        "hello world",
        "hi",
        "gpt-4o",
        "openai",
    )
    assert (llm["input_tokens"], llm["output_tokens"]) == (7, 2)
    assert llm["attributes"] == {"a": "text", "b": 1.5, "c": "true", "d": '["x"]', "e": "null"}
    assert (tool["parent_span_id"], tool["span_type"], tool["status"], tool["status_message"]) == (
        "01" * 8, "TOOL_CALL", "ERROR", "nope",
    )  # fmt: skip
    assert tool["input"] is tool["model"] is tool["input_tokens"] is None
    assert read.data("/v1/traces", {"event_id": "traced", "trunc_len": 5})[0]["input"] == "hello"
    page = read.body("/v1/traces", {"event_id": "traced", "limit": 1})
    assert page["meta"]["has_more"] is True
    assert read.data("/v1/traces", {"event_id": "traced", "cursor": page["meta"]["cursor"]}) == [tool]
    assert read.data("/v1/traces", {"event_id": "other"}) == []
    assert read.error("/v1/traces")["details"]["field"] == "event_id"
    assert (
        read.error("/v1/traces", {"event_id": "traced", "trunc_len": "0"})["details"]["field"] == "trunc_len"
    )
    assert read.error("/v1/traces", {"event_id": "none"}, status=404)


def test_a_traces_span_shows_its_attributes_and_none_of_our_bookkeeping(
    read: Reader, project: Project
) -> None:
    told = {"gen_ai.operation.name": "chat", "shop.shelf": "b4"}
    sent = request(span(1, "chat", a={**told, "user.id": "ada"}))
    store_traces(project=project, decoded=decode_traces(as_json(sent), is_json=True))
    finish_open_traces(timezone.now() + dt.timedelta(hours=1))
    assert Span.objects.get().attributes.keys() == {*told, "raindrop.span"}
    [shown] = read.data("/v1/traces", {"event_id": Event.objects.get().event_id})
    assert shown["attributes"] == told
