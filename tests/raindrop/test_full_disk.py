"""The database's disk is full while the pipeline works: its batches wait for room, and are not lost or idle."""

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from ingest.models import Event, ProcessingFailure, QueuedEvent, Total
from raindrop import pipeline
from raindrop.models import Heartbeat
from raindrop.server import health
from signals.models import EventEmbedding

pytestmark = pytest.mark.django_db(transaction=True)
WRITES = ("INSERT", "UPDATE", "DELETE", "COPY", "WITH")


class Disk:
    """Stands between Django and the database's cursor: while `full` is above 0, each statement that writes is refused, and counts it
    down."""

    def __init__(self, full: int) -> None:
        self.full, self.refused = full, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.full and str(sql).lstrip().upper().startswith(WRITES):
            self.full -= 1
            self.refused += 1
            with connection.wrap_database_errors:  # as of the cursor itself
                raise psycopg.errors.DiskFull('could not extend file "base/5/1": No space left on device')
        return execute(sql, params, many, context)


def work(disk: Any = None) -> None:
    """Plays the worker, which meets this disk."""
    batches = [task.task["args"] for task in OrmQ.objects.all()]
    OrmQ.objects.all().delete()
    with connection.execute_wrapper(disk) if disk else nullcontext():
        for batch in batches:
            pipeline.run_batch(*batch)


@pytest.mark.parametrize("refusals", [1, 2, 5])
def test_a_batch_is_handed_back_within_seconds_and_goes_through_when_there_is_room(
    make_event: Callable[..., Event], project: Any, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    """One refusal: what the stages store. More: handing the batch back is refused, too, and tried again each second."""
    slept: list[float] = []
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 0)
    monkeypatch.setattr(pipeline.time, "sleep", slept.append)
    event = make_event(input="hello")
    assert pipeline.dispatch() == 1
    disk = Disk(refusals)
    work(disk)
    assert disk.refused == refusals and sum(slept) == refusals - 1
    row = QueuedEvent.objects.get()
    assert (row.waiting, row.attempts, row.claims) == (True, 0, 0)
    assert row.available_at <= timezone.now() + dt.timedelta(seconds=2)
    QueuedEvent.objects.update(available_at=timezone.now())
    assert pipeline.dispatch() == 1
    work()
    assert EventEmbedding.objects.filter(event=event).exists()
    assert not QueuedEvent.objects.exists() and not ProcessingFailure.objects.exists()
    assert Total.objects.get(subject=project.id).events == 1


@pytest.mark.parametrize("number", range(1, 12))
def test_wherever_the_disk_is_full_nothing_is_counted_twice(
    make_event: Callable[..., Event], project: Any, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The number-th statement that writes is refused, be it of the first stage or of the last."""
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 0)
    monkeypatch.setattr(pipeline.time, "sleep", lambda seconds: None)
    make_event(input="I am so angry, this is the third time it fails!")
    assert pipeline.dispatch() == 1
    written = 0
    disk = Disk(0)

    def late(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal written
        written += str(sql).lstrip().upper().startswith(WRITES)
        disk.full = int(written == number)
        return disk(execute, sql, params, many, context)

    work(late)
    QueuedEvent.objects.update(available_at=timezone.now())
    pipeline.dispatch()
    work()
    assert not QueuedEvent.objects.exists() and not ProcessingFailure.objects.exists()
    assert Total.objects.get(subject=project.id).events == 1


def test_readyz_names_the_disk_that_refused_a_write(
    client: Client, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_refused_at", -health.DISK_SECONDS)
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    headers = {"Authorization": f"Bearer {write_key}"}
    body = {"event": "chat", "ai_data": {"input": "hello"}}

    def post() -> Any:
        return client.post("/v1/events/track", body, content_type="application/json", headers=headers)

    assert client.get("/readyz").status_code == 200
    with connection.execute_wrapper(Disk(1000)):
        refused = post()
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert "disk" in refused.json()["error"]["message"]
    ready = client.get("/readyz")
    assert ready.status_code == 503 and ready.json()["missing"] == [
        "disk: the database's is full: it refused to store"
    ]
    assert post().status_code == 200  # there is room again
