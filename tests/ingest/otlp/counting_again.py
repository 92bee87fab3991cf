"""What is counted and observed of a project's events, as it stands and as the rows tell it."""

from typing import Any

import raindrop.pipeline
from ingest.counts import rollups
from ingest.models import (
    Conversation,
    Day,
    DayUser,
    EndUser,
    Event,
    Hour,
    Project,
    SubjectConversation,
    SubjectUser,
    Total,
)
from issues.models import IssueMatch
from signals.models import SignalMatch


def observed(project: Project) -> Any:
    """What the pipeline makes of the events."""
    matches = SignalMatch.objects.filter(project=project)
    people = EndUser.objects.filter(project=project, events_count__gt=0)
    talks = Conversation.objects.filter(project=project, events_count__gt=0)
    total = Total.objects.get(subject=project.id)
    return {
        "matches": sorted(
            (*row, user or "")
            for *row, user in matches.values_list(
                "event__event_id", "signal__key", "score", "timestamp", "end_user__user_id"
            )
        ),
        "total": (total.events, total.users, total.first_seen, total.last_seen),
        "people": sorted(people.values_list("user_id", "events_count", "first_seen", "last_seen")),
        "talks": sorted(talks.values_list("convo_id", "events_count", "started_at", "last_message_at")),
    }


def process() -> None:
    raindrop.pipeline.process(list(Event.objects.values_list("id", flat=True)))


def counted() -> dict[str, Any]:
    """The counts as the pages read them, rows of zeros left out."""
    return {
        "total": sorted(Total.objects.exclude(events=0).values_list("subject", "events", "users", "conversations", "first_seen", "last_seen")),
        "hour": sorted(Hour.objects.exclude(events=0).values_list("subject", "start", "events")),
        "day": sorted(Day.objects.exclude(events=0).values_list("subject", "start", "events", "users")),
        "day_user": sorted(DayUser.objects.values_list("subject", "start", "end_user", "events")),
        "user": sorted(SubjectUser.objects.values_list("subject", "end_user", "events", "last_hour")),
        "talk": sorted(SubjectConversation.objects.values_list("subject", "conversation", "events")),
        "people": sorted(EndUser.objects.exclude(events_count=0).values_list("user_id", "events_count", "first_seen", "last_seen")),
        "talks": sorted(Conversation.objects.exclude(events_count=0).values_list("convo_id", "events_count", "started_at", "last_message_at")),
    }  # fmt: skip


def recount() -> dict[str, Any]:
    """The same from the rows that are counted, after everything that was counted is forgotten."""
    for table in (Total, Hour, Day, DayUser, SubjectUser, SubjectConversation):
        table.objects.all().delete()
    EndUser.objects.update(events_count=0)
    Conversation.objects.update(events_count=0)
    Event.objects.update(counted=False)
    rollups.count_events(list(Event.objects.all()))
    for matches, column in ((SignalMatch, "signal_id"), (IssueMatch, "issue_id")):
        rollups.record(
            rollups.Occurrence(
                getattr(row, column),
                row.project_id,
                row.timestamp,
                row.end_user_id,
                row.conversation_id,
            )
            for row in matches.objects.all()
        )
    return counted()
