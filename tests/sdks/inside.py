"""What the tests do inside a live server's own environment, through `manage.py shell`; the answer is a line of JSON."""

import json
import time
from typing import Any

from ingest.models import (
    Attachment,
    EarlierTurns,
    EndUser,
    Event,
    ExplicitSignal,
    IngestCount,
    OpenTrace,
    QueuedEvent,
    Span,
)
from ingest.models.health import Outcome
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from ingest.projects.projects import create_project

PATIENCE = 240


def create(*slugs: str) -> None:
    """Prints {slug: [write key, query key]} of new projects. One process for all: `create_key` starts one for each."""
    made = {}
    for slug in slugs:
        owner = create_project(slug=slug)
        made[slug] = [create_key(project=owner, kind=kind)[1] for kind in (KeyKind.WRITE, KeyKind.QUERY)]
    print("ANSWER" + json.dumps(made))


def dump(*slugs: str) -> None:
    """Waits until nothing is open or queued, then prints {slug: project}."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(
        model.objects.exists() for model in (OpenTrace, EarlierTurns, QueuedEvent)
    ):
        time.sleep(0.5)
    print("ANSWER" + json.dumps({slug: project(slug) for slug in slugs}, default=str))


def project(slug: str) -> dict[str, Any]:
    def rows(model: Any) -> list[dict[str, Any]]:
        return list(model.objects.filter(project__slug=slug).values())

    users = {user["id"]: user for user in rows(EndUser)}
    spans, attachments, signals = rows(Span), rows(Attachment), rows(ExplicitSignal)
    names = dict(Event.objects.filter(project__slug=slug).values_list("id", "event_id"))
    events = {}
    for event in Event.objects.filter(project__slug=slug).select_related("conversation").order_by("id"):
        row = {field.name: getattr(event, field.attname) for field in Event._meta.fields}
        row["user_id"] = users[event.end_user_id]["user_id"] if event.end_user_id in users else None
        row["convo_id"] = event.conversation.convo_id if event.conversation else None
        row["timestamp"] = event.timestamp.isoformat()
        row["attachments"] = sorted(
            ({k: a[k] for k in ("type", "role", "name", "language", "value", "attachment_id")} for a in attachments
             if a["event_id"] == event.id),
            key=lambda a: (a["type"], a["value"]),
        )  # fmt: skip
        row["signals"] = sorted(
            (_signal(s) for s in signals if s["event_id"] == event.id), key=lambda s: s["name"]
        )
        row["spans"] = [
            _span(s) for s in sorted(spans, key=lambda s: s["started_at"]) if s["event_id"] == event.id
        ]
        events[event.event_id] = row
    return {
        "events": events,
        "users": {user["user_id"]: user["traits"] for user in users.values()},
        "loose_spans": [_span(s) for s in spans if s["event_id"] not in names],
        "unknown": sorted({row["reason"] for row in rows(IngestCount) if row["outcome"] == Outcome.UNMAPPED}),
        "loose_signals": [_signal(s) for s in signals if s["event_id"] not in names],
    }


def _signal(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("name", "signal_type", "sentiment", "attachment_id", "properties", "app_event_id")
    return {**{key: row[key] for key in kept}, "timestamp": row["timestamp"].isoformat()}


def _span(row: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "trace_id", "span_id", "parent_span_id", "kind", "name", "status", "error", "input", "output", "model", "provider",
        "input_tokens", "output_tokens", "cost_usd", "attributes",
    )  # fmt: skip
    return {
        **{key: row[key] for key in kept},
        "started_at": row["started_at"].isoformat(),
        "duration_ms": (row["ended_at"] - row["started_at"]).total_seconds() * 1000,
    }
