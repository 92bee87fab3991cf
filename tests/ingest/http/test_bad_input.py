"""Bad input: a clear answer in the error shape, nothing stored by half, and the next request works."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

import ingest.http.wire
from ingest.models import Conversation, EndUser, Event, EventKey, ExplicitSignal, QueuedEvent

GOOD = {"event_id": "good", "event": "chat", "user_id": "u", "ai_data": {"input": "hi", "convo_id": "c"}}


@pytest.fixture
def post(client: Client, write_key: str) -> Any:
    def send(path: str, body: Any) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return client.post(
            path, data=data, content_type="application/json", headers={"Authorization": f"Bearer {write_key}"}
        )

    return send


def refused(answer: Any, status: int) -> dict[str, Any]:
    """Checks the answer's shape, that nothing is stored, and returns the error."""
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = json.loads(answer.content)["error"]
    assert set(error) <= {"code", "message", "details"} and error["code"] and error["message"]
    for model in (Event, EventKey, EndUser, Conversation, QueuedEvent, ExplicitSignal):
        assert not model._default_manager.exists(), model
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"[",
        b"[{]",
        b"nope",
        b"null",
        b'"text"',
        b"5",
        b"true",
        b"[]",
        b"[1]",
        b"[null]",
        b"[[]]",
        b"{}",
        b"{} {}",
        b"\xff\xfe{}",
        b'{"event": "\xff"}',
        b'{"event": "a", "properties": {"x": NaN}}',
        b'{"event": "a", "properties": {"x": Infinity}}',
        b'{"event": "a", "properties": {"x": -Infinity}}',
        b'{"event": "a", "properties": {"x": 1e999}}',
        b'{"event": "\\ud800", "properties": {"x": 1e999}}',
        b'{"event": "a\nb"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"event": "a", "unknown": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_not_json_or_not_an_event(post: Any, body: bytes) -> None:
    assert refused(post("/v1/events/track", body), 400)["code"] == "BAD_REQUEST"
    assert post("/v1/events/track", GOOD).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_id": {"a": 1}}, "event_id"),
        ({"event_id": "x" * 513}, "event_id"),
        ({"user_id": []}, "user_id"),
        ({"user_id": True}, "user_id"),
        ({"event": {}}, "event"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": {}}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": 1e300}, "timestamp"),
        ({"properties": [1]}, "properties"),
        ({"properties": "x"}, "properties"),
        ({"properties": {str(i): i for i in range(1001)}}, "properties"),
        ({"ai_data": "hi"}, "ai_data"),
        ({"ai_data": {"input": {"role": "user"}}}, "ai_data.input"),
        ({"ai_data": {"convo_id": "c" * 600}}, "ai_data.convo_id"),
        ({"attachments": {}}, "attachments"),
        ({"attachments": [{"type": "text"}]}, "attachments[0].value"),
        ({"attachments": [{"type": 5, "value": "x"}]}, "attachments[0].type"),
        ({"feature_flags": 5}, "feature_flags"),
        ({"is_pending": "yes"}, "is_pending"),
    ],
)
def test_wrong_types_name_the_item_and_the_field(post: Any, fields: dict[str, Any], field: str) -> None:
    error = refused(post("/v1/events/track", [GOOD, GOOD | {"event_id": "bad"} | fields]), 400)
    [detail] = error["details"]
    assert (detail["index"], detail["field"]) == (1, field), detail
    assert detail["message"] and field in error["message"]


def test_nesting_is_bounded(post: Any) -> None:
    def nested(depth: int) -> dict[str, Any]:
        value: Any = 1
        for _ in range(depth):
            value = {"a": value}
        return {"event": "x", "properties": value}

    assert refused(post("/v1/events/track", nested(33)), 400)["details"][0]["field"] == "properties"
    assert post("/v1/events/track", nested(32)).status_code == 200


def test_every_problem_is_listed_up_to_a_bound(post: Any) -> None:
    error = refused(post("/v1/events/track", [{"event": []}] * 50), 400)
    assert [detail["index"] for detail in error["details"]] == list(range(20))


def test_a_part_needs_an_event_id(post: Any) -> None:
    for event_id in (None, "", "  "):
        body = {"event_id": event_id, "ai_data": {"output": "x"}}
        assert refused(post("/v1/events/track_partial", body), 400)["details"][0]["field"] == "event_id"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/signals/track", {"signal_name": "x"}, "event_id"),
        ("/v1/signals/track", {"event_id": "x"}, "signal_name"),
        ("/v1/signals/track", {"event_id": "x", "signal_name": "x", "sentiment": "MEH"}, "sentiment"),
        ("/v1/signals/track", {"event_id": "x", "signal_name": "x", "properties": []}, "properties"),
        ("/v1/users/identify", {"traits": {}}, "user_id"),
        ("/v1/users/identify", {"user_id": "u", "traits": 5}, "traits"),
    ],
)
def test_bad_signals_and_users(post: Any, path: str, body: Any, field: str) -> None:
    assert refused(post(path, [body]), 400)["details"][0]["field"] == field


def test_a_large_event_is_too_large(post: Any) -> None:
    large = {"event": "x", "event_id": "large", "ai_data": {"input": "x" * (2 * 1024 * 1024)}}
    error = refused(post("/v1/events/track", [GOOD, large]), 413)
    assert error["code"] == "PAYLOAD_TOO_LARGE" and error["details"][0]["index"] == 1
    refused(post("/v1/events/track_partial", large), 413)
    assert post("/v1/events/track", GOOD).status_code == 200


def test_a_large_body_is_too_large(post: Any, client: Client, write_key: str) -> None:
    body = b"[" + b" " * (20 * 1024 * 1024) + b"]"
    refused(post("/v1/events/track", body), 413)
    headers = {"Authorization": f"Bearer {write_key}", "Content-Length": str(10**12)}
    refused(client.post("/v1/events/track", data=b"x", content_type="application/json", headers=headers), 413)
    refused(post("/v1/events/track", b"[" + b"1," * 10_001 + b"1]"), 413)


def test_a_body_that_announces_no_length_is_bounded(write_key: str, rf: Any, project: Any) -> None:
    class Endless:
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b" " * size

    request = rf.post("/v1/events/track", headers={"Authorization": f"Bearer {write_key}"})
    request._stream = stream = Endless()
    request.META.pop("CONTENT_LENGTH", None)
    refused(ingest.http.wire.track(request), 413)
    assert stream.given <= 21 * 1024 * 1024


def test_long_text_is_cut_and_says_so(post: Any) -> None:
    body = {"event": "x", "event_id": "long", "ai_data": {"input": "x" * 1_000_100}}
    assert post("/v1/events/track", body).status_code == 200
    stored = Event.objects.get().input
    assert len(stored) == 1_000_000 + len("...[truncated by raindrop]") and stored.endswith(
        "[truncated by raindrop]"
    )


def test_nul_and_lone_surrogates_are_taken_out(post: Any) -> None:
    body = (
        rb'[{"event_id": "e\u0000\ud83d\ude00", "event": "a\ud800", "user_id": "u\u0000", "properties": {"k\u0000\udfff": "\ud800"},'
        rb' "ai_data": {"input": "x\u0000y \ud800 z \\u0000", "convo_id": "c\udc00"}, "attachments": [{"value": "\ud800\u0000"}]}]'
    )
    assert post("/v1/events/track", body).status_code == 200
    event = Event.objects.get(event_id="e\U0001f600")
    assert (event.name, event.input) == ("a\ufffd", "xy \ufffd z \\u0000")
    assert event.properties == {"k\ufffd": "\ufffd"}
    assert event.end_user and event.end_user.user_id == "u"
    assert event.conversation and event.conversation.convo_id == "c\ufffd"
    assert event.attachments.get().value == "\ufffd"
    signal = rb'{"event_id": "e\u0000\ud83d\ude00", "signal_name": "s\u0000\ud800", "properties": {"\u0000": "\ud800"}}'
    assert post("/v1/signals/track", signal).status_code == 200
    assert event.explicit_signals.get().name == "s\ufffd"
    assert (
        post("/v1/users/identify", rb'{"user_id": "u\u0000", "traits": {"a": "\u0000\ud800"}}').status_code
        == 200
    )
    assert EndUser.objects.get().traits == {"a": "\ufffd"}


def test_only_nul_as_an_id_is_missing(post: Any) -> None:
    assert (
        refused(post("/v1/users/identify", rb'{"user_id": "\u0000"}'), 400)["details"][0]["field"]
        == "user_id"
    )


def test_large_whole_numbers_are_kept_or_refused(post: Any) -> None:
    body = b'{"event": "x", "event_id": "n", "properties": {"n": 123456789012345678901234567890, "ai.usage.prompt_tokens": 1e18}}'
    assert post("/v1/events/track", body).status_code == 200
    event = Event.objects.get()
    assert event.properties["n"] == 123456789012345678901234567890 and event.input_tokens is None
    enormous = b'{"event": "x", "properties": {"n": ' + b"9" * 200_000 + b"}}"
    assert post("/v1/events/track", enormous).status_code == 400
    assert Event.objects.count() == 1


def test_without_a_database_the_sdk_is_told_to_try_again(post: Any, monkeypatch: Any) -> None:
    def gone(**arguments: Any) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(ingest.http.wire, "report_stored", gone)
        answer = post("/v1/events/track", GOOD)
    assert answer["Retry-After"] and answer["Access-Control-Allow-Origin"] == "*"
    assert refused(answer, 503)["code"] == "UNAVAILABLE"
    assert post("/v1/events/track", GOOD).status_code == 200


def test_a_fault_of_ours_is_answered_in_the_same_shape(post: Any, monkeypatch: Any) -> None:
    def broken(**arguments: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(ingest.http.wire, "report_stored", broken)
    error = refused(post("/v1/events/track", GOOD), 500)
    assert "secret" not in json.dumps(error)


def test_parts_that_grow_too_large_are_refused(post: Any) -> None:
    def part(letter: str) -> dict[str, Any]:
        return {"event_id": "p", "properties": {f"{letter}{i}": 1 for i in range(900)}, "is_pending": True}

    assert post("/v1/events/track_partial", part("a")).status_code == 200
    answer = post("/v1/events/track_partial", part("b"))
    assert answer.status_code == 413 and "1000 keys" in answer.json()["error"]["message"]


def test_traits_that_grow_too_many_are_refused(post: Any, project: Any) -> None:
    def user(letter: str) -> dict[str, Any]:
        return {"user_id": "u", "traits": {letter: {str(i): i for i in range(900)}}}

    assert post("/v1/users/identify", user("a")).status_code == 200
    answer = post("/v1/users/identify", [{"user_id": "other"}, user("b")])
    assert answer.status_code == 413
    assert "1000 keys in traits. Nothing was stored." in answer.json()["error"]["message"]
    assert [set(user.traits) for user in EndUser.objects.filter(project=project)] == [{"a"}]
    assert post("/v1/users/identify", user("a")).status_code == 200
    assert post("/v1/users/identify", [user("a"), user("b")]).status_code == 413
