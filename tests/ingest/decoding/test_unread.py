"""Fields that the write API does not read: the item is stored, the answer names them, and they are counted."""

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from ingest.health.counts import flush
from ingest.models import Event, IngestCount
from tests.html import html_of

SAID = {"input": "hi", "output": "ho"}


@pytest.fixture
def post(client: Client, write_key: str) -> Any:
    def send(path: str, body: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"Authorization": f"Bearer {write_key}"}
        return client.post(f"/v1/{path}", data=data, content_type="application/json", headers=headers)

    return send


@pytest.mark.parametrize(
    ("path", "item", "warnings"),
    [
        ("events/track", {"event": "chat", "userId": "ada", "ai_data": SAID}, ["`userId` is not read. Did you mean `user_id`?"]),
        ("events/track", {"event": "chat", "input": "hi"}, ["`input` is not read. Did you mean `ai_data.input`?"]),
        ("events/track", {"event": "chat", "ai_data": SAID, "session_id": "s"},
         ["`session_id` is not read. Did you mean `ai_data.convo_id`?"]),
        ("events/track", {"event": "chat", "ai_data": SAID | {"ouput": "ho"}},
         ["`ai_data.ouput` is not read. Did you mean `ai_data.output`?"]),
        ("events/track", {"event": "chat", "tenant": 1},
         ["`tenant` is not read. What an event should be filtered by belongs into `properties`."]),
        ("events/track_partial", {"event_id": "e", "isPending": True}, ["`isPending` is not read. Did you mean `is_pending`?"]),
        ("signals/track", {"event_id": "e", "signal_name": "thumbs_down", "comment": "no"},
         ["`comment` is not read. Did you mean `properties`?"]),
        ("users/identify", {"user_id": "u", "plan": "pro"}, ["`plan` is not read. Did you mean `traits`?"]),
    ],
)  # fmt: skip
def test_the_answer_names_them(post: Any, path: str, item: dict[str, Any], warnings: list[str]) -> None:
    answer = post(path, item)
    assert answer.status_code == 200
    assert answer.json()["warnings"] == warnings
    flush()
    [count] = IngestCount.objects.filter(outcome="unknown_attribute", scope="wire")
    assert f"`{count.reason}`" in warnings[0] and count.count == 1


def test_an_event_beside_it_is_what_it_was(post: Any, client: Client, member: Any) -> None:
    answer = post(
        "events/track",
        [{"event_id": "a", "event": "chat", "ai_data": SAID}, {"event_id": "b", "event": "x", "<b>": 1}],
    )
    assert [one["event_id"] for one in answer.json()["events"]] == ["a", "b"]
    assert len(answer.json()["warnings"]) == 1
    assert Event.objects.get(event_id="a").output == "ho"
    assert "warnings" not in post("events/track", {"event": "chat", "ai_data": SAID}).json()
    flush()
    client.force_login(member)
    html = html_of(client.get("/p/acme/settings/ingest/"))
    assert "Fields that are not read: <code>&lt;b&gt;</code>" in html


def test_a_wrong_type_beside_an_unread_field_is_refused(post: Any) -> None:
    answer = post("events/track", {"event": "chat", "userId": "ada", "properties": []})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "properties"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (gzip.compress(b"[]", mtime=0), "send Content-Encoding: gzip"),
        (b'{"event": "a"}\n{"event": "b"}', "send an array"),
    ],
)
def test_what_would_have_helped_is_said(post: Any, body: bytes, message: str) -> None:
    answer = post("events/track", body)
    assert answer.status_code == 400 and message in answer.json()["error"]["message"]


def test_an_exporter_without_its_path_is_told_the_path() -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/", b"\n\x02\n\x00", content_type="application/x-protobuf"
    )
    assert answer.status_code == 405 and "/v1/traces" in answer.json()["error"]["message"]
