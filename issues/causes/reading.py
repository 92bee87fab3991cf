"""Looking for what explains an issue: at once in a small project, else by a job that keeps what it found."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from ingest.counts import rollups
from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project, User
from issues.causes.dimensions import own_dimensions
from issues.causes.finding import Cause, Unit, find_causes
from issues.models import Issue, IssueCauses, IssueMatch
from raindrop import live
from signals.dimensions.facts import Facts, facts_of
from signals.dimensions.names import Value, query_of

CAUSES = "causes"  # the job's kind
# Events of a project up to which a caller waits: about a second.
AT_ONCE = 5000
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
    newest = Event.objects.filter(project=issue.project_id, is_pending=False).order_by("-timestamp", "-id")
    matches = IssueMatch.objects.filter(issue=issue).order_by("-timestamp", "-id")
    held = set(matches.values_list("event_id", flat=True)[:MATCHES])
    ids = dict.fromkeys([*newest.values_list("id", flat=True)[:EVENTS], *held])
    return units_among(issue.project, list(ids), held=held, without=own_dimensions(issue))


def units_among(
    project: Project,
    event_ids: Collection[uuid.UUID],
    *,
    held: Collection[uuid.UUID],
    without: Collection[str],
) -> list[Unit]:
    """The conversations of these events, of which those in `held` have the problem. `without`: dimensions by which it is defined."""
    facts = facts_of(project, event_ids, without=without)
    talks: dict[uuid.UUID, list[tuple[Facts, bool]]] = defaultdict(list)
    for event, one in facts.items():
        talks[one.conversation or event].append((one, event in held))
    return [_unit(events) for events in talks.values()]


def _unit(events: list[tuple[Facts, bool]]) -> Unit:
    values: set[Value] = set()
    for one, _ in events:
        values |= one.values
    mine = [one for one, is_held in events if is_held]
    return Unit(
        frozenset(values),
        events=len(mine),
        users=frozenset(one.user for one in mine if one.user),
        first=min((one.at for one in mine), default=None),
    )


def as_item(cause: Cause) -> dict[str, Any]:
    return {
        **named(cause.values),
        "events": cause.events,
        "conversations": cause.conversations,
        "users": cause.users,
        "rate": round(cause.rate, 4),
        "lift": round(cause.lift, 4),
        "low": round(cause.low, 4),
        "high": round(cause.high, 4),
        "since": cause.since.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if cause.since else None,
        "p": cause.p,
        "explained_by": named(cause.explained_by.values) if cause.explained_by else None,
        "query": query_of(cause.values),
    }


def named(values: tuple[Value, ...]) -> dict[str, Any]:
    if len(values) == 1:
        return {"dimension": values[0][0], "value": values[0][1]}
    return {"dimensions": [one for one, _ in values], "values": [value for _, value in values]}
