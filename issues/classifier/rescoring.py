"""Scoring all events of a project anew for one issue, in the background, after its classifier was trained."""

import uuid

import numpy as np
import orjson
from django.db import connection, transaction

from ingest.counts import rollups
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job, Project, User
from ingest.store.event_locks import lock_events
from issues.classifier.matching import Outdated, store_matches
from issues.classifier.model import SIDE, logits
from issues.classifier.scoring import found_in, weights_of
from issues.models import Classifier, Issue
from issues.models.answers import answers
from raindrop.web.plurals import counted
from signals.vectors.reading import FIRST_ID, iter_ranges, vectors_of

RESCORE = "rescore"  # the job's kind
CHUNK = 50_000  # events whose scores one statement reads
AT_ONCE = 5000  # events that are stored in one transaction
# PostgreSQL adds up a score in another order than numpy: what lies so near to the threshold, in log-odds, is looked at again.
ROUNDING = 1e-4


def request_rescore(issue: Issue, *, user: User | None = None) -> Job:
    """Queues a rescore by the newest classifier; the one that waits already when there is one."""
    return queue_job(project=issue.project, kind=RESCORE, subject=issue.pk, user=user)


@job_kind(RESCORE, cluster="slow", title="The classifier goes over every event", rewrites=True)
def rescore_events(job: Job) -> str:
    """Goes over the project's vectors once, and stores what differs from the matches that stand. Where nothing does, nothing is written.

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
    for last, events in iter_ranges(project=issue.project, after=after, size=CHUNK):
        differing = _differing(classifier, project=issue.project, after=after, last=last)
        try:
            for start in range(0, len(differing), AT_ONCE):
                _store(issue.project, classifier, differing[start : start + AT_ONCE])
        except Outdated:
            return  # the issue is gone
        after, done = last, done + events
        position = orjson.dumps([classifier.version, str(last)]).decode()
        report_job(job, done=done, total=max(done, total), position=position)


def _differing(
    classifier: Classifier, *, project: Project, after: uuid.UUID, last: uuid.UUID
) -> list[uuid.UUID]:
    """The events behind `after`, up to `last`, whose match is not what the classifier or a person says, in the order of their ids.

    Nothing is locked: whoever embeds or answers an event after this reads it scores it by the newest classifier.
    """
    verdicts = answers().of([classifier.issue_id])
    weights = weights_of([classifier])[0]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT event_id FROM (
                 SELECT event_id, classifier_version AS version,
                   event_id = ANY(%(confirmed)s::uuid[])
                   OR (has_text AND found >= %(bound)s AND event_id <> ALL(%(denied)s::uuid[])) AS matches
                 FROM (
                   SELECT event_id, %(intercept)s - coalesce(user_vector::vector <#> %(user)s::vector, 0)
                     - coalesce(agent_vector::vector <#> %(agent)s::vector, 0) AS found,
                     user_vector IS NOT NULL OR agent_vector IS NOT NULL AS has_text
                   FROM signals_eventembedding
                   WHERE project_id = %(project)s AND event_id > %(after)s AND event_id <= %(last)s) scored
                 LEFT JOIN (SELECT event_id, classifier_version FROM issues_issuematch
                            WHERE issue_id = %(issue)s AND through_id IS NULL) standing USING (event_id)) beside
               WHERE CASE WHEN matches THEN version IS NULL OR version < %(version)s ELSE version IS NOT NULL END
               ORDER BY event_id""",
            {
                "user": str(weights[:SIDE].tolist()), "agent": str(weights[SIDE:-1].tolist()), "intercept": float(weights[-1]),
                "bound": float(logits(np.array(classifier.threshold))) - ROUNDING, "version": classifier.version,
                "project": project.pk, "after": after, "last": last, "issue": classifier.issue_id,
                "confirmed": [event for (_, event), is_match in verdicts.items() if is_match],
                "denied": [event for (_, event), is_match in verdicts.items() if not is_match],
            },
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


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
