"""A project whose tools fail in two ways and whose users want two things."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from ingest.incoming.values import IncomingSpan
from ingest.models import Event, Project, QueuedEvent
from raindrop.pipeline import process

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
WISHES = ("Please book a flight to {} for me", "Please write an invoice for my customer {}")
PLACES = ("Rome", "Oslo", "Lima", "Kyoto", "Cairo", "Turin")
Happen = Callable[..., Event]


@pytest.fixture
def happen(make_event: Callable[..., Event]) -> Happen:
    """happen(tool="sync", error="no answer from 10.0.0.1", days=3, ...): an event so many days before NOW, with a failed call."""

    def happen(*, tool: str = "", error: str = "", days: float = 0, **fields: Any) -> Event:
        at = NOW - dt.timedelta(days=days)
        spans = [IncomingSpan(name=tool, kind="tool", status="error", error=error)] if tool else []
        fields.setdefault("output", f"What do you need, {fields.get('user_id', 'you')}?")
        return make_event(timestamp=at, spans=spans, **fields)

    return happen


@pytest.fixture
def broken(project: Project, happen: Happen) -> list[Event]:
    """24 events through the pipeline: half want flights, half invoices; `sync` refuses 6 users, `export` times out for 4."""
    events = []
    for n, place in enumerate(PLACES * 4):
        wish = WISHES[n % 2].format(place)
        failed = {"tool": "sync", "error": f"connection refused by node {n}"} if n < 6 else {}
        if 6 <= n < 10:
            failed = {"tool": "export", "error": f"timed out after {n} s"}
        events.append(
            happen(
                days=20 - n / 2,
                user_id=f"u{n}",
                convo_id=f"c{n}",
                input=wish,
                output=f"What exactly do you need for {place}?",
                model="m",
                **failed,
            )
        )
    run_pipeline()
    return events


def run_pipeline() -> None:
    queued = list(QueuedEvent.objects.values_list("event_id", flat=True))
    process(queued)
    QueuedEvent.objects.filter(event_id__in=queued).delete()
