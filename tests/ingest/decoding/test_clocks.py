"""Clocks that are ahead: over HTTP a time far in the future becomes the time of receipt, and what was sent is kept."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import Event, Project
from ingest.tracing.trace_events import finish_open_traces
from ingest.tracing.traces import ROOT_GRACE
from tests.ingest.fixtures.otlp.builders import as_json, as_protobuf, request, span
from tests.ingest.otlp.test_assembly import chat

pytestmark = pytest.mark.django_db
YEAR_2099 = 4_070_908_800 * 10**9


@pytest.fixture
def post(write_key: str, client: Client) -> Callable[..., Any]:
    def send(path: str, body: bytes, kind: str = "application/json") -> Any:
        return client.post(
            path, data=body, content_type=kind, headers={"Authorization": f"Bearer {write_key}"}
        )

    return send


def moved(made: dict[str, Any], start_ns: int) -> dict[str, Any]:
    for one in made["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        start, end = int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"])
        one["startTimeUnixNano"], one["endTimeUnixNano"] = str(start_ns), str(start_ns + end - start)
    return made


@pytest.mark.parametrize(
    "ahead", [dt.timedelta(minutes=30), dt.timedelta(days=1), dt.timedelta(days=70 * 365)]
)
@pytest.mark.parametrize("protobuf", [False, True])
def test_a_trace_from_the_future(project: Project, post: Any, ahead: dt.timedelta, protobuf: bool) -> None:
    start = timezone.now() + ahead
    made = moved(request(span(1, end=2, a=chat("What time is it?", "Noon."))), int(start.timestamp()) * 10**9)
    answer = post(
        "/v1/traces",
        as_protobuf(made) if protobuf else as_json(made),
        "application/x-protobuf" if protobuf else "application/json",
    )
    assert answer.status_code == 200
    finish_open_traces(timezone.now() + ROOT_GRACE + dt.timedelta(seconds=1))
    event = Event.objects.get()
    assert abs(event.timestamp - timezone.now()) < dt.timedelta(minutes=1)
    assert event.latency_ms == 2000.0
    assert event.properties["raindrop.sent_at"] == start.replace(microsecond=0).isoformat()


def test_a_clock_that_is_minutes_ahead_is_believed(project: Project, post: Any) -> None:
    start = timezone.now() + dt.timedelta(minutes=5)
    post("/v1/traces", as_json(moved(request(span(1, a=chat("hi", "yo"))), int(start.timestamp() * 1e9))))
    finish_open_traces(timezone.now() + dt.timedelta(minutes=6))
    event = Event.objects.get()
    assert abs(event.timestamp - start) < dt.timedelta(seconds=1)
    assert "raindrop.sent_at" not in event.properties


def test_an_event_from_the_future(project: Project, post: Any) -> None:
    post(
        "/v1/events/track",
        json.dumps(
            [
                {
                    "event": "chat",
                    "event_id": "e",
                    "timestamp": "2099-01-01T00:00:00Z",
                    "properties": {"plan": "pro"},
                }
            ]
        ).encode(),
    )
    event = Event.objects.get()
    assert abs(event.timestamp - timezone.now()) < dt.timedelta(minutes=1)
    assert event.properties == {"plan": "pro", "raindrop.sent_at": "2099-01-01T00:00:00+00:00"}


def test_events_of_one_second_keep_the_order_in_which_they_came(project: Project, post: Any) -> None:
    def track(*numbers: int) -> None:
        events = [
            {
                "event": "chat",
                "event_id": f"{(n * 37) % 100:02}",
                "timestamp": "2026-11-20T10:00:00Z",
                "ai_data": {"input": str(n), "convo_id": "c"},
            }
            for n in numbers
        ]
        assert post("/v1/events/track", json.dumps(events).encode()).status_code == 200

    track(*range(20))
    track(*range(20, 30))
    for n in range(30, 40):
        track(n)
    listed = Event.objects.order_by("timestamp", "id").values_list("input", flat=True)
    assert list(listed) == [str(n) for n in range(40)]
