"""Looking for what explains an issue: at once in a small project, else by a job that keeps what it found."""

import datetime as dt
from typing import Any

from django.utils import timezone

from ingest.counts import rollups
from ingest.counts.waiting import processed
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, User
from issues.causes.dimensions import own_dimensions
from issues.models import Issue, IssueCauses, IssueMatch
from raindrop import live
from signals.dimensions.finding import Unit, find_causes
from signals.dimensions.units import AT_ONCE, units_among
from signals.dimensions.words import as_item

CAUSES = "causes"  # the job's kind
MATCHES, EVENTS = 10_000, 50_000  # the newest of the issue and of the project that are read
KEPT = dt.timedelta(hours=1)  # for which what a job found is answered


def causes_of(issue: Issue, *, user: User | None = None) -> list[dict[str, Any]] | Job:
    """As the API answers, best first; or the job after which it is there."""
    if rollups.totals([issue.project_id])[issue.project_id].events <= AT_ONCE:
        return look(issue)
    kept = IssueCauses.objects.filter(issue=issue, follows_version=issue.follows_version).first()
    if kept is not None and timezone.now() - kept.found_at < KEPT:
        found: list[dict[str, Any]] = kept.found
        return found
    return queue_job(project=issue.project, kind=CAUSES, subject=issue.pk, user=user)


def last_found(issue: Issue) -> IssueCauses | None:
    """What a job found last, however old."""
    return IssueCauses.objects.filter(issue=issue, follows_version=issue.follows_version).first()


@job_kind(CAUSES, cluster="slow", title="Looking for what the issue comes from")
def find_in_background(job: Job) -> str:
    issue = Issue.objects.select_related("project", "signal").filter(pk=subject_of(job)).first()
    if issue is None:
        return "The issue is gone."
    total = rollups.totals([issue.project_id])[issue.project_id].events
    report_job(job, total=min(total, EVENTS), message="Reading the events.")
    found = look(issue)
    IssueCauses.objects.update_or_create(
        issue=issue,
        defaults={
            "found": found,
            "follows_version": issue.follows_version,
            "events": rollups.totals([issue.pk])[issue.pk].events,
            "found_at": timezone.now(),
        },
    )
    report_job(job, done=min(total, EVENTS))
    live.changed([issue.project_id])
    return f"{len(found)} found."


def look(issue: Issue) -> list[dict[str, Any]]:
    return [as_item(cause) for cause in find_causes(units_of(issue))]


def units_of(issue: Issue) -> list[Unit]:
    """The conversations of the newest EVENTS events of the project and of the newest MATCHES of the issue."""
    newest = processed(Event.objects.all(), project=issue.project_id).order_by("-timestamp", "-id")
    matches = IssueMatch.objects.filter(issue=issue).order_by("-timestamp", "-id")
    held = set(matches.values_list("event_id", flat=True)[:MATCHES])
    ids = dict.fromkeys([*newest.values_list("id", flat=True)[:EVENTS], *held])
    return units_among(issue.project, list(ids), held=held, without=own_dimensions(issue))
