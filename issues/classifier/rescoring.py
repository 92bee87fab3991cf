"""Scoring all events of a project anew for one issue, in the background, after its classifier was trained."""

import uuid

import orjson
from django.db import transaction

from ingest.counts import rollups
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job, Project, User
from ingest.store.event_locks import lock_events
from issues.classifier.matching import Outdated, store_matches
from issues.classifier.scoring import found_in
from issues.models import Classifier, Issue
from raindrop.web.plurals import counted
from signals.vectors.reading import FIRST_ID, iter_embedded, vectors_of

RESCORE = "rescore"  # the job's kind
CHUNK = 5000


def request_rescore(issue: Issue, *, user: User | None = None) -> Job:
    """Queues a rescore by the newest classifier; the one that waits already when there is one."""
    return queue_job(project=issue.project, kind=RESCORE, subject=issue.pk, user=user)


@job_kind(RESCORE, cluster="slow", title="The classifier goes over every event", rewrites=True)
def rescore_events(job: Job) -> str:
    """Goes over the project's vectors, and stores what differs from the matches that stand.

    When a newer version was trained by the end it goes over them again. A run that was cut off goes on where its last chunk ended.
    """
    while True:
        issue = Issue.objects.select_related("project").filter(pk=subject_of(job)).first()
        if issue is None:
            return "The issue is gone."
        if issue.follows:
            return "What the issue follows decides now."
        classifier = issue.classifiers.current().first()
        if classifier is None:
            return "The issue has no classifier yet."
        _go_over(job, issue, classifier)
        newest = issue.classifiers.current().first()
        if newest is None or newest.version == classifier.version:
            count = rollups.totals([issue.pk])[issue.pk].events
            return (
                f"{counted(count, 'event')} match{'es' if count == 1 else ''} version {classifier.version}."
            )


def _go_over(job: Job, issue: Issue, classifier: Classifier) -> None:
    after, done = _position(job, classifier)
    total = rollups.totals([issue.project_id])[issue.project_id].events
    report_job(job, done=done, total=max(done, total), message=f"Scoring by version {classifier.version}.")
    for event_ids in iter_embedded(project=issue.project, after=after, chunk_size=CHUNK):
        try:
            _store(issue.project, classifier, event_ids)
        except Outdated:
            return  # the issue is gone
        done += len(event_ids)
        position = orjson.dumps([classifier.version, str(event_ids[-1])]).decode()
        report_job(job, done=done, total=max(done, total), position=position)


def _position(job: Job, classifier: Classifier) -> tuple[uuid.UUID, int]:
    """The last event that this version was brought to, and how many there were."""
    version, event_id = orjson.loads(job.position) if job.position else (0, "")
    return (uuid.UUID(event_id), job.done) if version == classifier.version else (FIRST_ID, 0)


@transaction.atomic
def _store(project: Project, classifier: Classifier, event_ids: list[uuid.UUID]) -> None:
    # Before their vectors are read: what the pipeline embeds after that, it scores after this, too.
    events = lock_events(event_ids).only(
        "id", "project_id", "timestamp", "end_user_id", "conversation_id", "revision"
    )
    known = {event.id: event for event in events}
    chunk = vectors_of(project=project, event_ids=list(known))
    # An older version may write too: this job goes over all again by the newer one before it ends.
    store_matches(
        classifiers=[classifier],
        events=[known[event_id] for event_id in chunk.ids],
        found=found_in(chunk, [classifier]),
        only_current=False,
    )
