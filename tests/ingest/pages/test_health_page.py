"""Ingest health: what is sent is counted, exactly, and shown with reasons, samples and hints."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ingest.health import counts as health_counts
from ingest.health.counts import OTHER, OTLP, count, count_refused, count_stored, flush, reason_of
from ingest.health.hints import hint_for, no_text_hint
from ingest.health.report import build_report, hourly
from ingest.health.samples import MAX_SAMPLE, sample_of
from ingest.limits import flushing, usage
from ingest.models import ApiKey, Event, IngestCount, MonthlyUsage, RedactionSettings
from ingest.models.health import Outcome
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key, find_key, revoke_key
from ingest.store.events import IncomingEvent, report_stored
from ingest.tracing.trace_events import finish_open_traces
from raindrop.errors import ApiError
from tests.ingest.fixtures.otlp.builders import as_json, log, logs_request, request, span
from tests.waiting import wait_until

PAGE = "/p/acme/settings/ingest/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def key(project: Any, write_key: str) -> ApiKey:
    found = find_key(write_key)
    assert found
    return found


@pytest.fixture
def export(client: Client, write_key: str) -> Any:
    def send(
        made: Any, *, key: str = write_key, path: str = "/v1/traces", kind: str = "application/json"
    ) -> Any:
        body = made if isinstance(made, bytes) else as_json(made)
        return client.post(path, body, content_type=kind, headers={"Authorization": f"Bearer {key}"})

    return send


@pytest.fixture
def page(client: Client, member: Any) -> Any:
    """page(query) -> the page's HTML, as alice sees it."""

    def get(query: str = "") -> str:
        client.force_login(member)
        answer = client.get(PAGE + query)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
SAID = CHAT | {
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}])
}


def counts(**filters: Any) -> dict[tuple[str, str], int]:
    """(outcome, reason) -> count, after a flush."""
    flush()
    return {(row.outcome, row.reason): row.count for row in IngestCount.objects.filter(**filters)}


# -- counting


def test_counts_are_exact_after_a_flush(key: ApiKey) -> None:
    def work() -> None:
        for _ in range(500):
            count_stored(key=key, accepted=2, duplicates=1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {("accepted", ""): 4000, ("duplicate", ""): 2000}
    assert counts(scope="wire", key=key, project=key.project) == expected
    assert counts() == expected  # a flush with nothing to write
    count_stored(key=key, accepted=1)
    assert counts()["accepted", ""] == 4001


def test_a_request_executes_nothing_for_it(key: ApiKey, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        count_stored(key=key, accepted=100)
        count_refused(key=None, error=ApiError(401, "This key is not known here, or it was revoked."))


def test_a_flush_that_fails_loses_nothing(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(taken: Any) -> None:
        raise OperationalError("gone")

    count_stored(key=key, accepted=1)
    with monkeypatch.context() as patch:
        patch.setattr(health_counts, "_write", gone)
        flush()
        count_stored(key=key, accepted=2)
        flush()
    assert counts() == {("accepted", ""): 3}


def test_each_hour_has_its_own_row(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now().replace(minute=59)
    for moment in (now - dt.timedelta(hours=1), now, now):
        monkeypatch.setattr(health_counts.timezone, "now", lambda moment=moment: moment)
        count_stored(key=key, accepted=1)
    flush()
    rows = IngestCount.objects.order_by("hour").values_list("hour", "count")
    hour = now.replace(minute=0, second=0, microsecond=0)
    assert list(rows) == [(hour - dt.timedelta(hours=1), 1), (hour, 2)]
    since = hour - dt.timedelta(hours=2)
    series = hourly(project_id=key.project_id, since=since, now=now)
    assert series == {"accepted": [0, 1, 2], "rejected": [0, 0, 0]}


def test_what_a_sender_names_is_bounded(key: ApiKey) -> None:
    common: dict[str, Any] = {"project_id": key.project_id, "key_id": key.id}
    for number in range(300):
        count(**common, scope=f"scope {number}", outcome="accepted")
        count(
            **common, scope="scope 0", outcome="unknown_attribute", reason=f"attribute {number} " + "x" * 5000
        )
    count(**common, scope="nul\x00 \ud800", outcome="accepted")
    flush()
    rows = IngestCount.objects.all()
    assert rows.filter(outcome="accepted").count() == health_counts.MAX_SCOPES + 1
    assert rows.get(outcome="accepted", scope=OTHER).count == 300 - health_counts.MAX_SCOPES + 1
    named = rows.filter(outcome="unknown_attribute")
    assert named.count() == health_counts.MAX_REASONS + 1
    assert named.get(reason=OTHER).count == 300 - health_counts.MAX_REASONS
    assert max(len(row.reason) for row in named) <= health_counts.MAX_NAME + 1


def test_old_counts_are_forgotten(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    old = timezone.now() - dt.timedelta(days=9)
    IngestCount.objects.create(
        project=key.project, scope="wire", hour=old, outcome="accepted", count=1, last_at=old
    )
    monkeypatch.setattr(health_counts, "_purged_at", None)
    count_stored(key=key, accepted=1)
    assert counts() == {("accepted", ""): 1}


def test_a_forked_child_does_not_write_its_parents_counts(key: ApiKey) -> None:
    count_stored(key=key, accepted=1)
    usage.count_events(key.project_id, 1)
    lock = flushing._lock, flushing._one_at_a_time, flushing._wake
    flushing._after_fork()
    flushing._lock, flushing._one_at_a_time, flushing._wake = lock
    assert counts() == {}
    assert usage.used(key.project_id, usage.this_month()) == 0


@pytest.mark.django_db(transaction=True)
def test_the_thread_writes_by_itself(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "automatic", True)
    monkeypatch.setattr(flushing, "FLUSH_SECONDS", 0.05)
    count_stored(key=key, accepted=3)
    usage.count_events(key.project_id, 3)
    thread = flushing._thread
    assert thread and thread.daemon
    try:
        wait_until(
            lambda: IngestCount.objects.exists() and MonthlyUsage.objects.exists(),
            what="what the thread writes",
        )
        assert IngestCount.objects.get().count == 3
        assert MonthlyUsage.objects.get().events == 3
    finally:  # it must not look into other tests
        flushing.automatic = False
        flushing._wake.set()
        thread.join(10)
        flushing._thread = None
    assert not thread.is_alive()


# -- what the store tells


def test_the_store_tells_what_was_there_already(project: Any) -> None:
    first = [IncomingEvent(event_id="a", input="x"), IncomingEvent(event_id="b")]
    assert report_stored(project=project, events=first).repeated == [False, False]
    again = [
        IncomingEvent(event_id="a", input="x"),
        IncomingEvent(event_id="b", output="more"),
        IncomingEvent(event_id="c"),
        IncomingEvent(event_id="c"),
    ]
    report = report_stored(project=project, events=again)
    assert (report.event_ids, report.repeated) == (["a", "b", "c", "c"], [True, False, False, True])


# -- OTLP, over HTTP


def test_otlp_by_scope(key: ApiKey, export: Any) -> None:
    body = request(
        span(1, a=SAID | {"my.vendor.key": 1, "my.list.0.name": "a", "my.list.1.name": "b"}), scope="mylib"
    )
    assert export(body).status_code == 200
    assert counts(scope="mylib", key=key) == {
        ("accepted", ""): 1,
        ("unknown_attribute", "my.vendor.key"): 1,
        ("unknown_attribute", "my.list.*.name"): 2,
    }
    export(body)  # the exporter's retry
    assert counts(scope="mylib")["duplicate", ""] == 1
    assert counts(scope="mylib")["accepted", ""] == 1


def finish() -> None:
    flush()
    finish_open_traces(timezone.now() + dt.timedelta(minutes=10))


def test_an_event_without_text_is_counted_with_the_names_of_what_it_had(
    key: ApiKey, export: Any, page: Any
) -> None:
    scope = "opentelemetry.instrumentation.openai_v2"
    export(request(span(1, "chat gpt-4o", a=CHAT | {"vendor.prompt": "secret words"}), scope=scope))
    finish()
    assert counts(scope=scope, key=key)["no_text", ""] == 1
    sample = IngestCount.objects.get(outcome="no_text").sample
    assert "chat gpt-4o" in sample and "vendor.prompt" in sample
    assert "secret words" not in sample and "gen_ai.operation.name" not in sample
    html = page()
    assert "they look empty" in html
    assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT" in html
    assert 'href="#why-empty"' in html
    assert "<code>vendor.prompt</code>" in html
    late = span(2, "execute_tool x", 1, a={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "x"})
    export(request(late, scope=scope))
    finish()
    assert counts(outcome="no_text") == {("no_text", ""): 1}  # the same event, made once more


def test_a_root_whose_child_has_the_text_is_no_alarm(key: ApiKey, export: Any) -> None:
    root = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "travel"}
    export(request(span(2, "chat gpt-4o", 1, a=SAID), scope="mylib"))
    export(request(span(1, "invoke_agent travel", a=root), scope="mylib"))
    finish()
    assert counts(scope="mylib") == {("accepted", ""): 2}


def test_text_that_comes_as_logs_or_over_http_is_no_alarm(
    key: ApiKey, export: Any, client: Client, write_key: str
) -> None:
    export(request(span(1, "chat gpt-4o", a=CHAT), scope="mylib"))
    record = log("gen_ai.user.message", 1, body={"content": "hi"})
    assert export(logs_request(record), path="/v1/logs").status_code == 200
    finish()
    named = CHAT | {"traceloop.association.properties.event_id": "evt-9"}
    export(request(span(3, "chat gpt-4o", trace="ab" * 16, a=named), scope="mylib"))
    body = json.dumps([{"event_id": "evt-9", "event": "chat", "user_id": "u", "ai_data": {"input": "hi"}}])
    headers = {"Authorization": f"Bearer {write_key}"}
    assert (
        client.post("/v1/events/track", body, content_type="application/json", headers=headers).status_code
        == 200
    )
    finish()
    assert Event.objects.exclude(trace_id="").count() == 2
    assert counts(outcome="no_text") == {}


def test_ignored_spans_tell_what_they_are_called(key: ApiKey, export: Any) -> None:
    export(request(span(1, a={"odd.prompt": "hi"}), scope="oddlib"))
    assert counts(scope="oddlib") == {("ignored", ""): 1, ("unknown_attribute", "odd.prompt"): 1}


def test_otlp_rejections(key: ApiKey, export: Any, client: Client, page: Any, other_project: Any) -> None:
    export(request(span(1, a=SAID), span(2, a=SAID) | {"traceId": ""}))
    export(request(span(3, a=SAID | {"raindrop.project_id": "umbrella"}), scope="mylib"))
    export(b"{nope")
    export(b"x", kind="text/plain")
    _, query_key = create_key(project=key.project, kind=KeyKind.QUERY, name="reader")
    assert export(request(), key=query_key).status_code == 403
    found = counts(key=key, outcome="rejected")
    assert found.pop(("rejected", "trace_id is missing or is not 16 bytes")) == 1
    assert found.pop(("rejected", "raindrop.project_id names another project than the key's")) == 1
    assert found.pop(("rejected", "415 Send Content-Type application/x-protobuf or application/json")) == 1
    [((_, reason), n)] = found.items()
    assert reason.startswith("400 ") and n == 1
    assert IngestCount.objects.get(scope="mylib", outcome="rejected").reason.startswith("raindrop.project_id")
    assert "{nope" in IngestCount.objects.get(reason=reason).sample
    assert counts(key__name="reader")["rejected", "403 A query key may only read"] == 1
    html = page()
    assert "reader" in html and "Make one of the kind" in html
    assert "{nope" in html


def test_a_fault_of_the_database_is_counted(
    key: ApiKey, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.http import otlp as otlp_views

    def gone(**_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(otlp_views, "store_traces", gone)
    assert export(request(span(1, a=SAID))).status_code == 503
    assert counts(key=key, scope=OTLP) == {("rejected", "503 The database cannot be reached"): 1}


def test_a_rate_limit_is_counted_and_explained(key: ApiKey, export: Any, page: Any) -> None:
    ApiKey.objects.filter(pk=key.pk).update(rate=1, burst=1)
    from ingest.projects.keys import forget_keys

    forget_keys()
    export(request(span(1, a=SAID)))
    assert export(request(span(2, a=SAID))).status_code == 429
    assert counts(outcome="rejected") == {("rejected", "429 More than the key's rate"): 1}
    html = page()
    assert "More came at once than this key may send" in html


# -- the wire, over HTTP


def test_the_wire(key: ApiKey, client: Client, write_key: str, page: Any) -> None:
    headers = {"Authorization": f"Bearer {write_key}"}

    def send(body: str, path: str = "/v1/events/track") -> int:
        return client.post(path, body, content_type="application/json", headers=headers).status_code

    full = {"event_id": "a", "event": "chat", "user_id": "u", "ai_data": {"input": "hi", "output": "ho"}}
    bare = {"event_id": "b", "event": "signup", "user_id": "u"}
    assert send(json.dumps([full, bare])) == 200
    assert send(json.dumps([full])) == 200
    assert send(json.dumps([{"event_id": "a", "signal_name": "thumbs_up"}]), "/v1/signals/track") == 200
    assert send(json.dumps([full | {"timestamp": "soon"}])) == 400
    assert send("[nope") == 400
    found = counts(key=key, scope="wire")
    assert (found["accepted", ""], found["duplicate", ""], found["no_text", ""]) == (3, 1, 1)
    rejected = {reason: n for (outcome, reason), n in found.items() if outcome == "rejected"}
    assert rejected == {
        "400 timestamp: Expected a time in ISO 8601, such as 2026-11-23T09:56:38Z, or in Unix seconds": 1,
        "400 The body is not valid JSON": 1,
    }
    assert "Send times in ISO 8601" in page()


# -- keys that nobody knows


def test_unknown_keys_are_shown_to_superusers_only(
    project: Any, write_key: str, client: Client, export: Any, page: Any, django_user_model: Any
) -> None:
    for number in range(50):
        assert export(request(), key=f"rd_write_{number:032}").status_code == 401
    revoke_key(ApiKey.objects.get(kind="write"))
    assert export(request()).status_code == 401
    flush()
    row = IngestCount.objects.get()
    assert (row.project_id, row.key_id, row.count, row.sample) == (None, None, 51, "")
    assert "rd_write" not in row.reason
    assert "no known key" not in page()
    client.force_login(django_user_model.objects.create_superuser("root", "", "correct horse battery"))
    html = client.get(PAGE).content.decode()
    assert "no known key" in html and "51" in html and "The key is mistyped" in html


# -- samples


@pytest.mark.parametrize(
    ("body", "hidden"),
    [
        (b'[{"ai_data": {"input": "my card is 4111 1111 1111 1111"}}]', "4111"),
        (b'[{"properties": {"password": "hunter2-hunter2"}}]', "hunter2"),
        (b'{"properties": {"api_key": "sk-ant-api03-Zm9vYmFyMTIzNDU2Nzg5"}}', "Zm9v"),
        (b'[{"properties": {"note": "rd_write_' + b"a" * 32 + b'"}}]', "aaaaaa"),
        (b'[{"event": "x", "password": "hunter2-hunter2", not json', "hunter2"),
        (b"rd_write_" + b"a" * 32 + b" not json", "aaaaaa"),
        (b'{"own": "EMP-12345"}', "12345"),
    ],
)
def test_samples_are_redacted(project: Any, body: bytes, hidden: str) -> None:
    # Whatever the project has switched off, and with its own patterns.
    from ingest.redaction.settings import forget

    RedactionSettings.objects.create(
        project=project, switches={"card": False, "api_key": False, "secret": False}, patterns=["EMP-[0-9]+"]
    )
    forget(project)
    sample = sample_of(error=ApiError(400, "It is wrong."), body=body, project=project)
    forget(project)
    assert sample.startswith("It is wrong.\n")
    assert hidden not in sample


def test_a_sample_shows_the_item_that_was_wrong(project: Any) -> None:
    error = ApiError(
        400, "Nothing was stored: event 1, timestamp: no", details=[{"index": 1, "field": "timestamp"}]
    )
    body = json.dumps([{"event": "first"}, {"event": "second", "timestamp": "soon"}]).encode()
    sample = sample_of(error=error, body=body, project=project)
    assert '"soon"' in sample and "first" not in sample


def test_samples_are_small(project: Any) -> None:
    error = ApiError(400, "It is wrong: " + "é" * 5000)
    assert (
        len(sample_of(error=error, body=b'["' + b"x " * 3000 + b'"]', project=project).encode()) <= MAX_SAMPLE
    )
    error = ApiError(400, "It is wrong.")
    large = sample_of(error=error, body=b'{"a": "' + b"x" * 1_000_000 + b'"}', project=project)
    assert large == "It is wrong.\n(a body of 1,000,009 bytes)"
    assert "5 bytes that are not text" in sample_of(
        error=error, body=b"\xff\xfe\x00\x01\x02", project=project
    )
    deep = b"[" * 50_000 + b"]" * 50_000
    assert len(sample_of(error=error, body=deep, project=project).encode()) <= MAX_SAMPLE


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ApiError(400, "The body is not valid JSON: Expecting value: line 1"), "400 The body is not valid JSON"),
        (ApiError(403, "This key belongs to another project than 'x'."), "403 This key belongs to another project than"),
        (
            ApiError(400, "x", details=[{"index": 3, "field": "attachments[17].value", "message": "Missing."}]),
            "400 attachments[].value: Missing",
        ),
        (ApiError(400, "x", details=[{"index": 3, "field": "", "message": "'a' is bad"}]), "400 an item: not valid"),
        (ApiError(429, "x", details={"limit": "monthly_quota"}), "429 More than the project's monthly quota"),
        (ApiError(413, "More than 10,000 events in one request: send them in several."),
         "413 More than 10,000 events in one request"),
    ],
)  # fmt: skip
def test_reasons_do_not_quote_the_sender(error: ApiError, reason: str) -> None:
    assert reason_of(error) == reason
    assert hint_for(reason)


@pytest.mark.parametrize(
    ("scope", "word"),
    [
        ("opentelemetry.instrumentation.openai_v2", "OTEL_INSTRUMENTATION"),
        ("opentelemetry.instrumentation.anthropic", "TRACELOOP_TRACE_CONTENT"),
        ("openinference.instrumentation.openai", "OPENINFERENCE_HIDE_INPUTS"),
        ("ai", "recordInputs"),
        ("pydantic-ai", "include_content"),
        ("mylib", "captures content"),
        ("wire", "ai_data.input"),
    ],
)
def test_hints_by_scope(scope: str, word: str) -> None:
    assert word in no_text_hint(scope)


# -- the page


def test_the_empty_state_says_what_to_do(project: Any, page: Any) -> None:
    html = page()
    assert "Nothing was sent in the last 24 hours" in html
    assert "#send" in html and "period=7d" in html
    assert "the last seven days" in page("?period=7d")


def test_the_period(key: ApiKey, page: Any) -> None:
    ago = timezone.now() - dt.timedelta(days=3)
    hour = ago.replace(minute=0, second=0, microsecond=0)
    IngestCount.objects.create(
        project=key.project, key=key, scope="wire", hour=hour, outcome="accepted", count=4321, last_at=ago
    )
    assert "4,321" not in page()
    assert "4,321" in page("?period=7d")
    assert "4,321" not in page("?period=" + EVIL)


def test_hostile_names_and_samples_are_escaped(key: ApiKey, export: Any, page: Any) -> None:
    export(request(span(1, EVIL, a=CHAT | {EVIL: "x"}), scope=EVIL))
    export(b'{"' + EVIL.encode() + b'": nope')
    flush()
    html = page()
    assert EVIL not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


def test_a_stranger_finds_nothing(client: Client, key: ApiKey, stranger: Any) -> None:
    client.force_login(stranger)
    assert client.get(PAGE).status_code == 404
    client.logout()
    assert client.get(PAGE).status_code == 302


def test_another_projects_counts_are_not_here(key: ApiKey, other_project: Any, page: Any) -> None:
    other, _ = create_key(project=other_project, kind=KeyKind.WRITE, name="theirs")
    count(project_id=other_project.id, key_id=other.id, scope="their scope", outcome="accepted")
    count_stored(key=key, accepted=1)
    flush()
    html = page()
    assert "their scope" not in html and "theirs" not in html
    assert (
        build_report(project_id=key.project_id, since=timezone.now() - dt.timedelta(days=1)).totals[
            "accepted"
        ]
        == 1
    )


def test_a_viewer_may_look_and_the_settings_lead_here(client: Client, key: ApiKey, viewer: Any) -> None:
    client.force_login(viewer)
    assert client.get(PAGE).status_code == 200
    assert reverse("ingest-health", args=["acme"]) in client.get("/p/acme/settings/").content.decode()


def test_the_page_is_three_queries_of_its_own(
    key: ApiKey, client: Client, member: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        count(
            project_id=key.project_id,
            key_id=key.id,
            scope=f"s{number}",
            outcome=Outcome.REJECTED,
            reason="400 x",
        )
    flush()
    client.force_login(member)
    client.get(PAGE)
    with django_assert_max_num_queries(
        10
    ):  # session, user, project, membership, 3 of the report, usage, navigation
        assert client.get(PAGE).status_code == 200


def test_the_quota_is_shown(key: ApiKey, project: Any, page: Any) -> None:
    project.monthly_quota = 10
    project.save()
    usage.count_events(project.id, 8)
    html = page()
    assert "of 10" in html and 'value="0.8000" max="1"' in html
    usage.count_events(project.id, 2)
    assert "The monthly quota is used up" in page()
