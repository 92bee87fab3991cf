"""What tests of issues that follow something share."""

import datetime as dt
from typing import Any

import raindrop.pipeline
from ingest.counts import rollups
from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.models import (
    Day,
    DayUser,
    Event,
    Hour,
    Project,
    QueuedEvent,
    SubjectConversation,
    SubjectUser,
    Total,
)
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from issues.models import Issue, IssueMatch

START = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def send(project: Project, *numbers: int, signal: str = "", **fields: Any) -> list[Event]:
    """Events e0, e1... an hour apart, of 7 users, three in a conversation; with that explicit signal. Through the whole pipeline."""
    known = {
        "input": "hello", "output": "Here you are.", "name": "chat",
    }  # fmt: skip
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id=f"e{i}", user_id=f"u{i % 7}", convo_id=f"c{i // 3}", timestamp=START + dt.timedelta(hours=i), **{**known, **fields}
            )
            for i in numbers
        ],
    )  # fmt: skip
    if signal:
        store_signals(
            project=project,
            signals=[
                IncomingSignal(
                    event_id=f"e{i}", name=signal, timestamp=START + dt.timedelta(hours=i, minutes=1), signal_type="default"
                )
                for i in numbers
            ],
        )  # fmt: skip
    events = list(Event.objects.filter(project=project, event_id__in=[f"e{i}" for i in numbers]))
    raindrop.pipeline.process([event.id for event in events])
    QueuedEvent.objects.filter(
        event__in=[event.id for event in events]
    ).delete()  # as a batch that is through
    return list(Event.objects.filter(id__in=[event.id for event in events]).order_by("timestamp"))


def matched(issue: Issue) -> set[str]:
    return set(issue.matches.values_list("event__event_id", flat=True))


def counted(subject: Any) -> dict[str, Any]:
    total = Total.objects.filter(subject=subject).exclude(events=0)
    return {
        "total": list(total.values_list("events", "users", "conversations", "first_seen", "last_seen")),
        "hours": sorted(Hour.objects.filter(subject=subject).exclude(events=0).values_list("start", "events")),
        "days": sorted(Day.objects.filter(subject=subject).exclude(events=0).values_list("start", "events", "users")),
        "day_users": sorted(DayUser.objects.filter(subject=subject).values_list("start", "end_user", "events")),
        "users": sorted(SubjectUser.objects.filter(subject=subject).values_list("end_user", "events", "last_hour")),
        "talks": sorted(SubjectConversation.objects.filter(subject=subject).values_list("conversation", "events")),
    }  # fmt: skip


def assert_exact(issue: Issue) -> None:
    """The issue's counts are what counting its matches again gives, and each match says what its event does."""
    before = counted(issue.pk)
    rows = list(IssueMatch.objects.filter(issue=issue).select_related("event"))
    for row in rows:
        event = row.event
        assert (row.end_user_id, row.conversation_id, row.timestamp) == (
            event.end_user_id,
            event.conversation_id,
            event.timestamp,
        )
    rollups.forget(issue.pk)
    rollups.record(
        rollups.Occurrence(issue.pk, issue.project_id, row.timestamp, row.end_user_id, row.conversation_id)
        for row in rows
    )
    assert counted(issue.pk) == before
