"""OTLP over HTTP: encodings, compression, answers, keys."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ingest.http import otlp as otlp_views
from ingest.models import Event, Span
from tests.ingest.fixtures.otlp import traces
from tests.ingest.fixtures.otlp.builders import as_json, as_protobuf, log, logs_request, request, span

PROTOBUF = "application/x-protobuf"
pytestmark = pytest.mark.django_db


def test_protobuf_with_gzip(post: Any) -> None:
    answer = post(
        gzip.compress(as_protobuf(traces.generation_c())), kind=PROTOBUF, **{"Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"", PROTOBUF)
    assert Span.objects.count() == 4


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json(post: Any, kind: str) -> None:
    answer = post(as_json(traces.generation_c()), kind=kind)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"{}", "application/json")
    assert Span.objects.count() == 4


def test_deflate(post: Any) -> None:
    answer = post(zlib.compress(as_json(traces.generation_c())), **{"Content-Encoding": "deflate"})
    assert answer.status_code == 200
    assert Span.objects.count() == 4


def test_a_gzip_bomb_is_refused(post: Any) -> None:
    bomb = gzip.compress(b"\0" * (65 * 1024 * 1024))
    answer = post(bomb, kind=PROTOBUF, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert "64 MiB" in Status.FromString(answer.content).message


@pytest.mark.parametrize(("kind", "body"), [(PROTOBUF, b""), ("application/json", b"{}")])
def test_an_empty_body_is_a_success(post: Any, kind: str, body: bytes) -> None:
    for view in (otlp_views.traces, otlp_views.logs, otlp_views.metrics):
        answer = post(b"", view, kind=kind)
        assert (answer.status_code, answer.content) == (200, body)


def test_a_half_bad_batch_is_a_partial_success(post: Any) -> None:
    made = request(
        span(1, a={"gen_ai.operation.name": "chat"}), span(2) | {"traceId": ""}, span(3) | {"spanId": "xyz"}
    )
    answer = json.loads(post(as_json(made)).content)["partialSuccess"]
    assert answer["rejectedSpans"] == "2"
    assert "trace_id is missing" in answer["errorMessage"]
    assert Span.objects.count() == 1
    made = request(span(1, a={"gen_ai.operation.name": "chat"}), span(2) | {"traceId": ""})
    part = ExportTraceServiceResponse.FromString(
        post(as_protobuf(made), kind=PROTOBUF).content
    ).partial_success
    assert part.rejected_spans == 1
    assert part.error_message


def test_a_warning_rejects_nothing(post: Any) -> None:
    made = request(span(1) | {"attributes": {"gen_ai.operation.name": "chat"}})
    answer = json.loads(post(as_json(made)).content)["partialSuccess"]
    assert set(answer) == {"errorMessage"}
    assert Span.objects.count() == 1


def test_logs_posted_to_the_traces_path(post: Any) -> None:
    answer = post(as_protobuf(logs_request(log("x", body="text"))), kind=PROTOBUF)
    assert answer.status_code == 400
    assert "/v1/logs" in Status.FromString(answer.content).message
    assert answer["Content-Type"] == PROTOBUF


@pytest.mark.parametrize(
    ("kind", "body"), [(PROTOBUF, b"\xff\xff"), ("application/json", b"{nope"), ("application/json", b"[]")]
)
def test_what_cannot_be_read_is_400(post: Any, kind: str, body: bytes) -> None:
    answer = post(body, kind=kind)
    assert answer.status_code == 400
    assert answer["Content-Type"] == kind


def test_keys(post: Any, write_key: str, query_key: str) -> None:
    body = as_json(request())
    basic = base64.b64encode(f"public:{write_key}".encode()).decode()
    assert post(body, Authorization=f"Basic {basic}").status_code == 200
    assert post(body, Authorization="", **{"X-API-Key": write_key}).status_code == 200
    answer = post(body, key="wrong")
    assert answer.status_code == 401
    assert json.loads(answer.content)["code"] == 16
    assert post(body, key=query_key).status_code == 403
    assert post(body, **{"X-Raindrop-Project-Id": "umbrella"}).status_code == 403
    assert post(body, Authorization=f"Bearer%20{write_key}").status_code == 200
    assert post(body, Authorization=f"Basic%20{basic.replace('=', '%3D')}").status_code == 200
    assert post(body, Authorization="Bearer%20wrong").status_code == 401
    assert post(body, kind="text/plain").status_code == 415
    assert (
        RequestFactory().get("/v1/traces")
        and otlp_views.traces(RequestFactory().get("/v1/traces")).status_code == 405
    )
    assert otlp_views.traces(RequestFactory().options("/v1/traces")).status_code == 204


def test_who_sends_zstd_or_grpc_is_told_what_to_do(post: Any, client: Client) -> None:
    body = as_protobuf(traces.generation_c())
    answer = post(body, kind=PROTOBUF, **{"Content-Encoding": "zstd"})
    assert answer.status_code == 415
    assert "zstd" in (message := Status.FromString(answer.content).message)
    assert "OTEL_EXPORTER_OTLP_COMPRESSION=gzip" in message
    answer = post(body, kind="application/grpc+proto")
    assert answer.status_code == 415
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in Status.FromString(answer.content).message
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    answer = client.post(path, body, content_type="application/grpc")
    assert (answer.status_code, answer["grpc-status"]) == (415, "12")
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in answer["grpc-message"]
    assert "http/protobuf" in answer.json()["error"]["message"]


def test_our_own_faults_may_be_retried(post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(otlp_views, "store_traces", gone)
    answer = post(as_json(traces.generation_c()))
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0


def test_spans_of_another_project_are_refused(post: Any) -> None:
    chat = {"gen_ai.operation.name": "chat"}
    made = request(
        span(1, a=chat | {"raindrop.project_id": "umbrella"}),
        span(2, a=chat | {"raindrop.project_id": "acme"}),
    )
    assert json.loads(post(as_json(made)).content)["partialSuccess"]["rejectedSpans"] == "1"
    assert [row.span_id for row in Span.objects.all()] == [f"{2:016x}"]


def test_plain_requests_and_the_sdk_own_posts_are_not_stored(post: Any) -> None:
    made = request(span(1, "GET", a={"http.method": "GET"}), scope="opentelemetry.instrumentation.requests")
    own = request(span(2, "POST", kind=3, a={"http.url": "http://127.0.0.1:8000/v1/events/track_partial",
                  "traceloop.association.properties.event_id": "e"}))  # fmt: skip
    for body in (made, own):
        assert post(as_json(body)).content == b"{}"
    assert not Span.objects.exists()
    assert not Event.objects.exists()
