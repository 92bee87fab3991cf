"""The write path over HTTP: the SDKs' own requests, as they were captured."""

import base64
import datetime as dt
import gzip
import json
import zlib
from typing import Any

import pytest
from django.test import Client

from ingest.models import Attachment, EndUser, Event, ExplicitSignal, QueuedEvent
from ingest.projects.projects import create_project


@pytest.fixture
def post(client: Client, write_key: str) -> Any:
    """post(path, body, **headers) -> response; a body that is not bytes or text is sent as JSON."""

    def send(path: str, body: Any, *, key: str | None = write_key, **headers: str) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        if key:
            headers.setdefault("Authorization", f"Bearer {key}")
        return client.post(path, data=data, content_type="application/json", headers=headers)

    return send


PYTHON_IDENTIFY = '[{"user_id": "user_1", "traits": {"name": "Ada", "plan": "pro", "age": 36, "beta": true}}]'
PYTHON_PLAIN = '[{"event_id": "evt_plain", "user_id": "user_1", "event": "signup", "properties": {"src": "web", "n": 3, "nested": {"a": [1, null]}, "$context": {"library": {"name": "python-sdk", "version": "0.0.75"}, "metadata": {"pyVersion": "v3.11.7"}}}, "timestamp": "2026-11-23T09:56:38Z", "attachments": null}]'
PYTHON_AI = '[{"event_id": "evt_ai", "user_id": "user_1", "event": "chat_message", "ai_data": {"model": "gpt-4o", "input": "hi", "output": "hello", "convo_id": "c1"}, "properties": {"k": "v", "feature_flags": {"exp": "b"}, "$context": {"library": {"name": "python-sdk", "version": "0.0.75"}, "metadata": {"pyVersion": "v3.11.7"}}}, "timestamp": "2026-11-23T09:56:38Z", "attachments": [{"type": "code", "value": "print(1)", "name": "snip", "role": "output", "language": "python"}, {"type": "image", "value": "https://e.x/i.png", "name": null, "role": "input", "language": null}]}]'
PYTHON_SIGNALS = '[{"event_id": "evt_ai", "signal_name": "thumbs_down", "timestamp": "2026-11-23T09:56:38Z", "properties": {}, "attachment_id": null, "sentiment": "NEGATIVE", "signal_type": "default"}, {"event_id": "evt_ai", "signal_name": "user_feedback", "timestamp": "2026-11-23T09:56:38Z", "properties": {"comment": "wrong answer"}, "attachment_id": null, "sentiment": null, "signal_type": "feedback"}, {"event_id": "evt_ai", "signal_name": "edit", "timestamp": "2026-11-23T09:56:38Z", "properties": {"after": "hello there"}, "attachment_id": "att1", "sentiment": null, "signal_type": "edit"}]'
PYTHON_BEGIN = '{"event_id": "evt_part", "user_id": "user_1", "event": "agent_run", "ai_data": {"model": "claude", "input": "do it", "convo_id": "c1"}, "properties": {"p": 1}, "is_pending": true}'
PYTHON_FINISH = '{"event_id": "evt_part", "ai_data": {"output": "done"}, "properties": {"stage": "x"}, "attachments": [{"type": "text", "value": "ctx", "role": "context"}], "is_pending": false}'
PYTHON_TRACED = '{"event_id": "evt_tr", "user_id": "user_1", "event": "agent_run", "ai_data": {"input": "do it", "output": "done", "convo_id": "c1"}, "properties": {"trace_id": "c649b98bb863fb6538466c37dab749ae"}, "is_pending": false}'
JS_AI = '[{"event_id": "js_ai", "event": "chat_message", "properties": {"k": "v", "$context": {"library": {"name": "raindrop-ai", "version": "0.1.7"}, "metadata": {"jsRuntime": "node", "nodeVersion": "v20.20.2"}}}, "timestamp": "2026-11-23T09:57:55.102Z", "user_id": "user_1", "attachments": [{"name": "s", "value": "x=1", "role": "output", "type": "code", "language": "python"}], "ai_data": {"model": "gpt-4o", "input": "hi", "output": "hello", "convo_id": "c1"}}]'
JS_SIGNALS = '[{"event_id": "js_ai", "signal_name": "thumbs_down", "properties": {}, "sentiment": "NEGATIVE", "signal_type": "default"}, {"event_id": "js_ai", "signal_name": "fb", "properties": {"comment": "bad"}, "signal_type": "feedback"}, {"event_id": "js_ai", "signal_name": "edit", "properties": {"after": "better"}, "attachment_id": "a1", "signal_type": "edit"}, {"event_id": "js_ai", "signal_name": "self diagnostics - missing_context", "properties": {"source": "selfDiagnose", "category": "missing_context", "detail": "no creds", "signal_description": "no creds"}, "sentiment": "NEGATIVE", "signal_type": "agent"}]'
JS_BEGIN = '{"event_id": "js_part", "event": "agent_run", "properties": {"$context": {"library": {"name": "raindrop-ai", "version": "0.1.7"}, "metadata": {"jsRuntime": "node", "nodeVersion": "v20.20.2"}}}, "timestamp": "2026-11-23T09:57:57.118Z", "user_id": "user_1", "ai_data": {"input": "do it", "model": "claude", "convo_id": "c1"}, "is_pending": true}'
JS_FINISH = '{"event_id": "js_part", "properties": {"stage": "x", "trace_id": "04f842c86d707d9c40ee905299de1168", "$context": {"library": {"name": "raindrop-ai", "version": "0.1.7"}, "metadata": {"jsRuntime": "node", "nodeVersion": "v20.20.2"}}}, "timestamp": "2026-11-23T09:57:57.730Z", "ai_data": {"output": "done"}, "is_pending": false}'
JS_BASE64 = '{"event_id": "js_dir", "event": "agent_run", "properties": {"trace_id": "+vDrdk3yHVny9Kr7ncawgg=="}, "timestamp": "2026-11-23T09:57:59.377Z", "user_id": "user_1", "ai_data": {"input": "do it", "output": "done", "convo_id": "c1"}, "is_pending": false}'
AI_SDK = '{"event_id": "as_1", "user_id": "u", "event": "chat", "timestamp": "2026-11-23T09:58:03.384Z", "ai_data": {"input": "hi", "output": "yo2", "model": "m", "convo_id": "c"}, "properties": {"p": 1, "$context": {"library": {"name": "@raindrop-ai/ai-sdk", "version": "0.3.0"}, "metadata": {"jsRuntime": "node", "nodeVersion": "v20.20.2"}}}, "feature_flags": {"exp": "b", "beta": true}, "is_pending": false}'
BROWSER_AI = '[{"event_id": "br_ai", "event": "chat", "user_id": "u", "ai_data": {"model": "m", "input": "hi", "output": "yo", "convo_id": "c"}}]'
BROWSER_PARTIAL = (
    '{"event_id": "br_p", "event": "chat", "user_id": "u", "ai_data": {"input": "hi"}, "is_pending": true}'
)
BROWSER_SIGNAL = (
    '{"event_id": "br_ai", "signal_name": "thumbs_up", "sentiment": "POSITIVE", "signal_type": "default"}'
)
BROWSER_IDENTIFY = '{"user_id": "u", "traits": {"plan": "pro"}}'


def test_the_python_sdk(post: Any) -> None:
    for path, body in [
        ("/v1/users/identify", PYTHON_IDENTIFY),
        ("/v1/events/track", PYTHON_PLAIN),
        ("/v1/events/track", PYTHON_AI),
        ("/v1/signals/track", PYTHON_SIGNALS),
        ("/v1/events/track_partial", PYTHON_BEGIN),
        ("/v1/events/track_partial", PYTHON_FINISH),
        ("/v1/events/track_partial", PYTHON_TRACED),
    ]:
        assert post(path, body).status_code == 200, path
    assert EndUser.objects.get().traits == {"name": "Ada", "plan": "pro", "age": 36, "beta": True}
    plain = Event.objects.get(event_id="evt_plain")
    assert (plain.name, plain.input, plain.conversation) == ("signup", "", None)
    assert plain.properties["nested"] == {"a": [1, None]}
    ai = Event.objects.get(event_id="evt_ai")
    assert (ai.model, ai.input, ai.output) == ("gpt-4o", "hi", "hello")
    assert ai.timestamp == dt.datetime(2026, 11, 23, 9, 56, 38, tzinfo=dt.UTC)
    assert ai.feature_flags == {"exp": "b"} == ai.properties["feature_flags"]
    assert sorted(ai.attachments.values_list("type", "value", "name", "role", "language")) == [
        ("code", "print(1)", "snip", "output", "python"),
        ("image", "https://e.x/i.png", "", "input", ""),
    ]
    signals = {signal.name: signal for signal in ai.explicit_signals.all()}
    assert set(signals) == {"thumbs_down", "user_feedback", "edit"}
    assert signals["user_feedback"].properties == {"comment": "wrong answer"}
    assert (signals["edit"].signal_type, signals["edit"].attachment_id) == ("edit", "att1")
    part = Event.objects.get(event_id="evt_part")
    assert (part.input, part.output, part.model, part.name) == ("do it", "done", "claude", "agent_run")
    assert part.properties == {"p": 1, "stage": "x"}
    assert not part.is_pending and Attachment.objects.get(event=part).role == "context"
    assert Event.objects.get(event_id="evt_tr").trace_id == "c649b98bb863fb6538466c37dab749ae"


def test_the_javascript_sdks(post: Any) -> None:
    for path, body in [
        ("/v1/signals/track", JS_SIGNALS),  # it flushes them in parallel: a signal may come first
        ("/v1/events/track", JS_AI),
        ("/v1/events/track_partial", JS_BEGIN),
        ("/v1/events/track_partial", JS_FINISH),
        ("/v1/events/track_partial", JS_BASE64),
        ("/v1/events/track_partial", AI_SDK),
    ]:
        assert post(path, body).status_code == 200, path
    assert Event.objects.get(event_id="js_ai").explicit_signals.count() == 4
    part = Event.objects.get(event_id="js_part")
    assert (part.input, part.output, part.trace_id) == ("do it", "done", "04f842c86d707d9c40ee905299de1168")
    assert part.timestamp == dt.datetime(2026, 11, 23, 9, 57, 57, 118000, tzinfo=dt.UTC), "when it began"
    assert Event.objects.get(event_id="js_dir").trace_id == base64.b64decode("+vDrdk3yHVny9Kr7ncawgg==").hex()
    assert Event.objects.get(event_id="as_1").feature_flags == {"exp": "b", "beta": True}


def test_the_browser_sdk(post: Any) -> None:
    answer = post("/v1/events/track", BROWSER_AI)
    assert (
        answer.json() == {"events": [{"event_id": "br_ai"}]} and answer["Content-Type"] == "application/json"
    )
    assert post("/v1/events/track_partial", BROWSER_PARTIAL).json() == {"events": [{"event_id": "br_p"}]}
    assert post("/v1/signals/track", BROWSER_SIGNAL).json()["events"] == []
    assert post("/v1/users/identify", BROWSER_IDENTIFY).json()["events"] == []
    assert Event.objects.get(event_id="br_p").is_pending
    assert QueuedEvent.objects.exclude(event__event_id="br_ai").count() == 0
    assert EndUser.objects.get().traits == {"plan": "pro"}


@pytest.mark.parametrize("prefix", ["/v1", ""])
@pytest.mark.parametrize("slash", ["", "/"])
def test_aliases_arrays_and_bare_objects(post: Any, prefix: str, slash: str) -> None:
    event = {"event": "chat", "event_id": "e", "ai_data": {"input": "hi"}}
    for body in (event, [event]):
        assert post(f"{prefix}/events/track{slash}", body).json() == {"events": [{"event_id": "e"}]}
        assert post(f"{prefix}/events/track_partial{slash}", body).status_code == 200
        signal = {"event_id": "e", "signal_name": "copy", "timestamp": "2026-11-23T09:56:38Z"}
        assert (
            post(f"{prefix}/signals/track{slash}", signal if body is event else [signal]).status_code == 200
        )
        assert post(f"{prefix}/users/identify{slash}", {"user_id": "u"}).status_code == 200
    assert Event.objects.count() == ExplicitSignal.objects.count() == EndUser.objects.count() == 1


def test_what_is_sent_again_is_stored_once(post: Any) -> None:
    for _ in range(3):
        assert post("/v1/events/track", PYTHON_AI).status_code == 200
        assert post("/v1/signals/track", JS_SIGNALS).status_code == 200
    assert Event.objects.count() == 1
    assert ExplicitSignal.objects.count() == 4
    assert Attachment.objects.count() == 2


def test_lenient_where_it_does_no_harm(post: Any) -> None:
    body = {
        "event": "chat",
        "user_id": 42,
        "surprise": {"a": 1},
        "timestamp": None,
        "properties": None,
        "attachments": None,
        "feature_flags": ["a"],
        "ai_data": {"input": 5, "output": None, "convo_id": 7.0, "new_key": []},
    }
    [stored] = post("/v1/events/track", [body]).json()["events"]
    event = Event.objects.get(event_id=stored["event_id"])
    assert event.end_user and event.end_user.user_id == "42"
    assert event.conversation and event.conversation.convo_id == "7"
    assert (event.input, event.feature_flags) == ("5", {"a": "true"})
    assert dt.datetime.now(dt.UTC) - event.timestamp < dt.timedelta(minutes=1)


# -- keys and projects


def test_other_ways_to_send_the_key(post: Any, write_key: str) -> None:
    basic = base64.b64encode(f"any:{write_key}".encode()).decode()
    for headers in (
        {"Authorization": f"Basic {basic}"},
        {"X-API-Key": write_key},
        {"Authorization": f"bearer  {write_key}"},
    ):
        assert post("/v1/events/track", BROWSER_AI, key=None, **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nope"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !!"},
        {"X-API-Key": "x"},
    ],
)
def test_a_wrong_key_is_refused(post: Any, headers: dict[str, str]) -> None:
    answer = post("/v1/events/track", BROWSER_AI, key=None, **headers)
    assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert not Event.objects.exists()


def test_only_a_write_key_writes(post: Any, query_key: str, admin_key: str) -> None:
    for key, word in ((query_key, "query"), (admin_key, "admin")):
        answer = post("/v1/events/track", BROWSER_AI, key=key)
        assert answer.status_code == 403 and word in answer.json()["error"]["message"].lower()
    assert not Event.objects.exists()


def test_a_revoked_key_is_refused(post: Any) -> None:
    from ingest.models import ApiKey
    from ingest.projects.keys import revoke_key

    revoke_key(ApiKey.objects.get())
    assert post("/v1/events/track", BROWSER_AI).status_code == 401


@pytest.mark.parametrize(
    ("slug", "status"),
    [("acme", 200), ("default", 200), ("umbrella", 403), ("nowhere", 403), ("Not a slug", 400)],
)
def test_the_project_header(post: Any, other_project: Any, slug: str, status: int) -> None:
    answer = post("/v1/events/track", BROWSER_AI, **{"X-Raindrop-Project-Id": slug})
    assert answer.status_code == status
    assert Event.objects.count() == (1 if status == 200 else 0)


@pytest.mark.django_db
def test_the_captured_project_header(client: Client) -> None:
    from ingest.models.projects import KeyKind
    from ingest.projects.keys import create_key

    project = create_project(slug="support-prod")
    _, secret = create_key(project=project, kind=KeyKind.WRITE)
    headers = {"Authorization": f"Bearer {secret}", "X-Raindrop-Project-Id": "support-prod"}
    answer = client.post("/v1/events/track", data=PYTHON_AI, content_type="application/json", headers=headers)
    assert answer.status_code == 200 and Event.objects.get().project == project


# -- CORS


def test_a_browser_may_ask_first(client: Client) -> None:
    for path in ("/v1/events/track", "/events/track_partial", "/v1/signals/track", "/users/identify"):
        answer = client.options(
            path, headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        )
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Origin"] == "*"
        allowed = {name.strip().lower() for name in answer["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "content-type", "x-raindrop-project-id"} <= allowed
        assert "POST" in answer["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("path", ["/v1/events/track", "/v1/traces/", "/v1/logs"])
def test_headers_of_tracing_libraries_pass_the_preflight(client: Client, path: str) -> None:
    header_names = "authorization,baggage,sentry-trace,x-langfuse-sdk-name,x-langfuse-public-key,x-b3-traceid,x-langfuse-new-one,x-own, bad header\r\n"
    answer = client.options(path, headers={"Access-Control-Request-Headers": header_names})
    allowed = answer["Access-Control-Allow-Headers"].lower().split(", ")
    assert {
        "authorization",
        "baggage",
        "sentry-trace",
        "x-langfuse-sdk-name",
        "x-langfuse-public-key",
        "x-b3-traceid",
    } <= set(allowed)
    assert "x-langfuse-new-one" in allowed and "x-own" not in allowed
    assert len(allowed) == len(set(allowed)) and not any(" " in name for name in allowed)
    assert answer["Vary"] == "Access-Control-Request-Headers"
    unasked = client.options(path)["Access-Control-Allow-Headers"].lower()
    assert "baggage" in unasked and "sentry-trace" in unasked and "x-langfuse-sdk-version" in unasked


def test_every_answer_can_be_read_by_a_browser(post: Any, client: Client) -> None:
    answers = [
        post("/v1/events/track", BROWSER_AI),
        post("/v1/events/track", "{"),
        post("/v1/events/track", BROWSER_AI, key="wrong"),
        client.get("/v1/events/track"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 401, 405]
    assert all(answer["Access-Control-Allow-Origin"] == "*" for answer in answers)
    assert answers[-1]["Allow"] == "POST, OPTIONS"


# -- compressed bodies


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("gzip", lambda body: gzip.compress(body[:40]) + gzip.compress(body[40:])),
        ("identity", bytes),
        ("x-gzip", gzip.compress),
    ],
)
def test_compressed_bodies(post: Any, encoding: str, pack: Any) -> None:
    answer = post("/v1/events/track", pack(PYTHON_AI.encode()), **{"Content-Encoding": encoding})
    assert answer.status_code == 200, answer.content
    assert Event.objects.get().event_id == "evt_ai"


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"plain", 400),
        ("gzip", gzip.compress(b"[]" * 500, mtime=0)[:-9], 400),
        ("deflate", b"\xff\xff\xff", 400),
        ("br", b"x", 415),
        ("zstd", b"x", 415),
        ("gzip, gzip", b"x", 415),
        ("gzip", gzip.compress(b" " * (65 * 1024 * 1024), mtime=0), 413),
        ("gzip", gzip.compress(b"", mtime=0) * 1001, 413),
        ("gzip", b"", 400),
    ],
)
def test_bad_compressed_bodies(post: Any, encoding: str, body: bytes, status: int) -> None:
    answer = post("/v1/events/track", body, **{"Content-Encoding": encoding})
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["message"]


@pytest.mark.django_db
def test_a_number_that_a_library_raises_on_costs_no_event(client: Client, write_key: str) -> None:
    """python-stdnum raises KeyError on 0.14 % of the numbers that look like Chinese ids."""
    events = [{"event": "chat", "event_id": f"n{n}", "ai_data": {"input": f"{n}"}} for n in range(100)]
    events[50]["ai_data"] = {"input": "It is 11000119900101001X."}
    answer = client.post(
        "/v1/events/track",
        json.dumps(events),
        content_type="application/json",
        headers={"Authorization": f"Bearer {write_key}"},
    )
    assert answer.status_code == 200
    assert Event.objects.count() == 100
    assert Event.objects.get(event_id="n50").input == "It is <REDACTED_ID>."
