"""Events that the pipeline has still to read, and those that it has read."""

import uuid

from django.db.models import Exists, OuterRef, QuerySet

from ingest.counts.period import COUNT_LIMIT
from ingest.models import Event, ProcessingFailure, Project, QueuedEvent


def count_waiting(project: Project) -> int:
    """Events that wait or are being worked on, at most COUNT_LIMIT."""
    return QueuedEvent.objects.filter(project=project)[:COUNT_LIMIT].count()


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
