"""What the APIs of issues and of labels share: reading an address and a query, and writing an issue down."""

import base64
import binascii
import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.http import Http404
from rest_framework.request import Request

from ingest.counts import rollups
from ingest.jobs.kinds import rewriting_kinds
from ingest.jobs.progress import jobs_under_way
from ingest.models import ApiKey, Event, EventKey, Project, User
from ingest.projects.authentication import project_of
from issues.classifier.audit import published
from issues.following.rates import rates_of
from issues.following.sources import follows_item
from issues.models import Classifier, Issue
from issues.models.issues import IssueQuerySet
from raindrop.api.pagination import read_limit
from raindrop.errors import ApiError
from signals.search.scope import Scope

NO_QUALITY: dict[str, Any] = {
    "precision": None, "recall": None, "low": None, "high": None, "recall_low": None, "recall_high": None,
    "labels": 0, "random_labels": 0, "more_random_labels": None,
}  # fmt: skip


def read_whole(issues: IssueQuerySet) -> IssueQuerySet:
    """With all that an issue is written down with (`issue_items`)."""
    return issues.select_related(
        "project", "assignee", "signal", "cluster__merged_into", "merged_into"
    ).with_merged()


def find_issue(request: Request, key: str) -> Issue:
    """The issue of the request's project by its id or its number. Raises Http404."""
    issues = read_whole(Issue.objects.in_project(project_of(request)))
    found = None
    if key.isascii() and key.isdigit() and len(key) < 10:
        found = issues.filter(number=int(key)).first()
    else:
        with contextlib.suppress(ValueError):
            found = issues.filter(pk=uuid.UUID(key)).first()
    if found is None:
        raise Http404(f"There is no issue {key[:60]!r} in this project.")
    return found


def find_events(project: Project, event_ids: Sequence[str]) -> dict[str, Event]:
    """The project's events by the app's own ids; those it does not know are missing."""
    storable = [event_id for event_id in set(event_ids) if "\x00" not in event_id]
    keys = dict(
        EventKey.objects.filter(project=project, event_id__in=storable).values_list("event_id", "event_uuid")
    )
    events = Event.objects.filter(project=project).in_bulk(set(keys.values()))
    return {event_id: events[uid] for event_id, uid in keys.items() if uid in events}


def actor(request: Request) -> User | None:
    """Who acts: None when a key does."""
    return request.user if isinstance(request.user, User) else None


def reason(request: Request) -> dict[str, str]:
    """What an activity keeps of who acts where that is no person."""
    if not isinstance(request.auth, ApiKey):
        return {}
    return {"via": f"the key {request.auth.name}" if request.auth.name else "a key"}


def read_choice(request: Request, name: str, choices: Sequence[str], default: str) -> str:
    value = request.GET.get(name) or default
    if value not in choices:
        raise ApiError(400, f"{name} must be one of {', '.join(choices)}.", details={"field": name})
    return value


def issue_page(request: Request, issues: IssueQuerySet) -> tuple[list[Issue], str | None]:
    """One page of sorted issues, and the next one's cursor. Issues are few, and are sorted by counts that change while one
    turns pages, so that this cursor holds a place and not a value."""
    limit = read_limit(request)
    place = _decode(request.GET.get("cursor", ""))
    rows = list(issues[place : place + limit + 1])
    more = len(rows) > limit
    return rows[:limit], _encode(place + limit) if more else None


def issue_items(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    """The issues (of one project, as `read_whole` gives them) as IssueItem; four queries for all of them, and those that look for what
    a followed query names."""
    if not issues:
        return []
    project_id = issues[0].project_id
    totals = rollups.totals([project_id, *(issue.pk for issue in issues)])
    classifiers = {
        classifier.issue_id: classifier
        for classifier in Classifier.objects.filter(issue__in=issues, issue__follows="").current()
    }
    qualities = {issue.pk: issue.quality for issue in issues if issue.follows}
    qualities |= {issue: classifier.quality for issue, classifier in classifiers.items()}
    rates = rates_of([issue.pk for issue in issues], totals=totals, qualities=qualities, project=project_id)
    jobs = unfinished_jobs(issues)
    scope = Scope(issues[0].project)
    items = []
    for issue in issues:
        total, classifier, rate = totals[issue.pk], classifiers.get(issue.pk), rates[issue.pk]
        measured = classifier.quality if classifier else issue.quality if issue.follows else {}
        quality = published(measured, rate=rate.rate) if measured else NO_QUALITY
        items.append(
            {
                "id": str(issue.pk),
                "number": issue.number,
                "title": issue.title,
                "description": issue.description,
                "state": issue.state,
                "substate": issue.substate or None,
                "terms": issue.terms or None,
                "review": issue.review or None,
                "priority": issue.priority,
                "assignee": issue.assignee.username if issue.assignee else None,
                "follows": follows_item(issue, scope),
                "merged_into": issue.merged_into.number if issue.merged_into else None,
                "merged": issue.merged_numbers,
                "events": total.events,
                "conversations": total.conversations,
                "users": total.users,
                "first_seen": total.first_seen,
                "last_seen": total.last_seen,
                "rate": rate.rate,
                "conversation_rate": rate.conversation_rate,
                "corrected_rate": rate.corrected and asdict(rate.corrected),
                "corrected_conversation_rate": rate.corrected_conversations
                and asdict(rate.corrected_conversations),
                "quality": quality,
                "classifier_version": classifier.version if classifier else None,
                "job": str(jobs[issue.pk]) if issue.pk in jobs else None,
                "created_at": issue.created_at,
                "updated_at": issue.updated_at,
            }
        )
    return items


def unfinished_jobs(issues: Sequence[Issue]) -> dict[uuid.UUID, uuid.UUID]:
    """By issue, the job after which its matches are up to date: of those that write them anew the last in line."""
    found = jobs_under_way(
        project_id=issues[0].project_id, subjects=[issue.pk for issue in issues], kinds=rewriting_kinds()
    )
    return {subject: jobs[-1].pk for subject, jobs in found.items()}


def _encode(place: int) -> str:
    return base64.urlsafe_b64encode(b"issues:%d" % place).decode().rstrip("=")


def _decode(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        kind, _, place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).partition(
            b":"
        )
        if kind != b"issues" or not place.isdigit() or len(place) > 9:
            raise ValueError(cursor)
        return int(place)
    except (ValueError, binascii.Error) as error:
        raise ApiError(
            400, "This cursor is not one of ours: start again without it.", details={"field": "cursor"}
        ) from error
