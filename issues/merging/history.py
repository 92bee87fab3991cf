"""Giving an issue the matches of those that are merged into it, and taking them off it again: at once where they are few, else by a job."""

import uuid

import orjson

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job, User
from issues.classifier.merged_issues import join_history
from issues.following.deciding import follow_dependents, light_events
from issues.models import Issue
from raindrop import live
from raindrop.web.plurals import counted

MERGE = "merge"  # the job's kind
AT_ONCE = 5000  # matches that are joined while the caller waits: about a second


def refill(issue: Issue, *, matches: int, user: User | None) -> Job | None:
    """`matches`: of the issue that was merged or taken out. Returns the job that does it, None where it is done."""
    if matches > AT_ONCE:
        return queue_job(project=issue.project, kind=MERGE, subject=issue.pk, user=user)
    for _, _, events in join_history(issue):
        _tell(issue, events)
    live.changed([issue.project_id])
    return None


@job_kind(MERGE, cluster="slow", title="Joining the matches of merged issues", rewrites=True)
def join_matches(job: Job) -> str:
    """A run that was cut off goes on where its last chunk ended. What was merged or taken out meanwhile has a job of its own."""
    issue = Issue.objects.select_related("project").filter(pk=subject_of(job)).first()
    if issue is None:
        return "The issue is gone."
    before = None
    if job.position:
        phase, last = orjson.loads(job.position)
        before = (phase, uuid.UUID(last))
    done = job.done
    for phase, last, events in join_history(issue, before=before):
        _tell(issue, events)
        done += len(events)
        report_job(job, done=done, total=done, position=orjson.dumps([phase, str(last)]).decode())
    live.changed([issue.project_id])
    return f"{counted(done, 'match', 'matches')} joined."


def _tell(issue: Issue, events: list[uuid.UUID]) -> None:
    """Issues whose query asks for this one change with it."""
    follow_dependents(project=issue.project, events=light_events(events), but=issue.pk)
