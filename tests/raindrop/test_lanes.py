"""A backlog keeps no live event waiting: what comes over HTTP or by an import, and the order in which the workers get it."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from ingest.models import Event, Lane, QueuedEvent
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from raindrop import pipeline
from signals.models import SignalMatch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GATHER_SECONDS", 0)
    monkeypatch.setattr(pipeline, "BATCH_SIZE", 2)


def post(client: Client, key: str, path: str, rows: list[dict[str, Any]]) -> None:
    answer = client.post(
        path, json.dumps(rows), content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200, answer.content


def event(name: str, *, age: dt.timedelta = dt.timedelta(0), answer: str = "Sure.") -> dict[str, Any]:
    return {
        "event_id": name,
        "event": "chat",
        "user_id": "u",
        "timestamp": (timezone.now() - age).isoformat(),
        "ai_data": {"input": "Write a letter to my landlord", "output": answer},
    }


def handed() -> list[list[str]]:
    """The app's ids of the events in each task that waits for a worker, in order."""
    names = dict(Event.objects.values_list("id", "event_id"))
    of = {str(row.pk): names[row.event_id] for row in QueuedEvent.objects.all()}
    return [[of[pk] for pk in task.task["args"][0]] for task in OrmQ.objects.order_by("id")]


def work(tasks: int) -> None:
    for task in OrmQ.objects.order_by("id")[:tasks]:
        task.delete()
        pipeline.run_batch(*task.task["args"])


def test_a_live_event_passes_a_backlog(client: Client, write_key: str) -> None:
    old = [event(f"old-{n}", age=dt.timedelta(days=3)) for n in range(12)]
    post(client, write_key, "/v1/events/track", old)
    pipeline.dispatch()
    assert sum(handed(), []) == [f"old-{n}" for n in range(6)], "what keeps two workers busy, and a batch"
    post(client, write_key, "/v1/events/track", [event("now", answer="I cannot help with that.")])
    assert pipeline.dispatch() == 1
    work(2)
    pipeline.dispatch()
    assert handed()[1] == ["now"], "before the rest of the backlog"
    work(2)
    found = SignalMatch.objects.filter(event__event_id="now").values_list("signal__key", flat=True)
    assert "refusal" in found
    assert QueuedEvent.objects.filter(lane=Lane.BACKLOG).count() == 6
    while pipeline.dispatch() or OrmQ.objects.exists():
        work(1)
    assert not QueuedEvent.objects.exists()


def test_feedback_on_an_old_event_is_live(client: Client, write_key: str) -> None:
    post(client, write_key, "/v1/events/track", [event("old", age=dt.timedelta(days=3))])
    assert QueuedEvent.objects.get().lane == Lane.BACKLOG
    post(client, write_key, "/v1/signals/track", [{"event_id": "old", "signal_name": "thumbs_down"}])
    assert sorted(QueuedEvent.objects.values_list("lane", flat=True)) == [Lane.LIVE, Lane.BACKLOG]


def test_an_import_is_a_backlog_however_new_its_events(project: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event(f"e{n}")) + "\n" for n in range(3)))
    call_command("import_events", str(path), "--project", project.slug)
    assert set(QueuedEvent.objects.values_list("lane", flat=True)) == {Lane.BACKLOG}
    assert pipeline.dispatch() == 3, "at once where nothing else waits"


def test_a_burst_of_one_project_keeps_no_other_waiting(
    client: Client, write_key: str, other_project: Any
) -> None:
    _, theirs = create_key(project=other_project, kind=KeyKind.WRITE)
    post(client, write_key, "/v1/events/track", [event(f"burst-{n}") for n in range(20)])
    post(client, theirs, "/v1/events/track", [event("alone")])
    pipeline.dispatch()
    assert handed()[0] == ["burst-0", "alone"]
