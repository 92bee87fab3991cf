"""Events that the pipeline has still to read, and those that it has read."""

import datetime as dt
import uuid

from django.db.models import Exists, OuterRef, QuerySet

from ingest.counts.period import COUNT_LIMIT
from ingest.models import Event, ProcessingFailure, Project, QueuedEvent
from raindrop.web.plurals import counted

# The share of a period's events that may wait before its numbers are compared with others: some always do while events arrive.
FEW = 0.02


def count_waiting(project: Project) -> int:
    """Events that wait or are being worked on, at most COUNT_LIMIT."""
    return QueuedEvent.objects.filter(project=project)[:COUNT_LIMIT].count()


def count_unread(
    project: Project, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> int:
    """Of the events that wait, at most COUNT_LIMIT of them, those that are in no count yet: others are read once more. `since`, `until`: of a
    time."""
    queued = QueuedEvent.objects.filter(project=project).values("event")[:COUNT_LIMIT]
    found = Event.objects.filter(project=project, pk__in=queued, counted=False, is_pending=False)
    if since is not None:
        found = found.filter(timestamp__gte=since)
    if until is not None:
        found = found.filter(timestamp__lt=until)
    return found.count()


def why_not_compared(project: Project, since: dt.datetime, until: dt.datetime, *, events: int) -> str:
    """For people: why what was counted of a time, `events` in all, is not compared with another time. "" where it can be."""
    unread = count_unread(project, since=since, until=until)
    if unread <= FEW * (events + unread):
        return ""
    return (
        f"{counted(unread, 'event')} of this time still {'waits' if unread == 1 else 'wait'} for the pipeline"
    )


def processed(events: QuerySet[Event], *, project: uuid.UUID) -> QuerySet[Event]:
    """Those of the project's events that the pipeline has read. Others have no language and no signals yet: what is compared with all events
    is compared with these."""
    mine = {"project": project, "event": OuterRef("pk")}
    return events.filter(
        ~Exists(QueuedEvent.objects.filter(**mine)),
        ~Exists(ProcessingFailure.objects.filter(**mine)),
        project=project,
        is_pending=False,
    )
