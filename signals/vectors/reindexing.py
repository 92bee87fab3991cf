"""The job that makes the text-search documents anew that an older version made: with accents, and without the language.

New events are indexed by the pipeline; a migration of all would lock a large table for hours.
"""

import time
import uuid

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import is_under_way, report_job
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project
from ingest.store.event_locks import hold_events
from raindrop.web.plurals import counted
from signals.models import EventText
from signals.vectors.embedding import index_texts, read_language

REINDEX = "index_texts"
CHUNK = 500
BUDGET = 60  # seconds, after which the next job has its turn


def request_reindexing() -> None:
    """Queues the job for each project that has older documents. Called every minute."""
    before = EventText.objects.filter(project=OuterRef("pk"), language=None)
    for project in Project.objects.filter(Exists(before)):
        if not is_under_way(project=project, kind=REINDEX, subject=project.id):
            queue_job(project=project, kind=REINDEX, subject=project.id)


@job_kind(REINDEX, cluster="slow", title="Indexing the texts of older events anew")
def index_again(job: Job) -> str | Pause:
    started = time.monotonic()
    after = uuid.UUID(job.position) if job.position else uuid.UUID(int=0)
    if not job.position:
        report_job(job, total=_before(job, after).count(), message="Indexing texts.")
    while ids := list(_before(job, after).order_by("event_id").values_list("event_id", flat=True)[:CHUNK]):
        _index(ids)
        after = ids[-1]
        report_job(
            job, done=job.done + len(ids), total=max(job.total, job.done + len(ids)), position=str(after)
        )
        if time.monotonic() - started > BUDGET:
            return Pause.HAND_ON
    return f"{counted(job.done, 'event')} indexed."


def _before(job: Job, after: uuid.UUID) -> QuerySet[EventText]:
    return EventText.objects.filter(project=job.project_id, language=None, event_id__gt=after)


def _index(ids: list[uuid.UUID]) -> None:
    """An event that is revised meanwhile is left to the pipeline's run; a document whose event is gone goes too."""
    events = list(Event.objects.filter(id__in=ids).order_by("id").defer("properties", "feature_flags"))
    gone = set(ids) - {event.id for event in events}
    languages = {event.id: read_language(event) for event in events}
    with transaction.atomic():
        index_texts({event.id: languages[event.id] for event in hold_events(events)})
        EventText.objects.filter(event__in=gone).delete()
