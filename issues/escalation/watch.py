"""The watch over a project's issues: which escalate now, and which no longer do. It reads roll-ups alone."""

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now

from ingest.jobs.kinds import rewriting_kinds
from ingest.jobs.progress import jobs_under_way
from ingest.models import Hour, Project
from issues.escalation.limits import (
    HISTORY_HOURS,
    LEAST,
    LEFT_OUT,
    SPANS,
    USUAL_BY_NOW,
    Ending,
    Series,
    Verdict,
    baseline_of,
    look,
)
from issues.escalation.words import why_it_ends, why_it_escalates
from issues.models import Activity, Escalation, Issue, TrackingSettings
from issues.models.activity import ActivityKind
from issues.models.escalations import EscalationEnd
from issues.models.issues import State
from issues.states.doors import escalate_issue, subside_issue
from raindrop import live

logger = logging.getLogger(__name__)

EVERY = dt.timedelta(minutes=5)
READ_HOURS = HISTORY_HOURS + LEFT_OUT + USUAL_BY_NOW
READ_AT_ONCE = 50  # issues
# Its history is being written anew, or was a moment ago: the newest hours may be filled before the older ones.
SETTLES = dt.timedelta(minutes=15)
WATCHED = Q(state=State.OPEN) | Q(state=State.MUTED, terms__escalating=True)
REWRITTEN = (ActivityKind.CREATED, ActivityKind.FOLLOWS, ActivityKind.TRAINED)


def watch_due(*, now: dt.datetime) -> list[Project]:
    """Looks at the projects whose time has come, and returns them; without those that failed. Each is claimed, so that several processes may do it at once."""
    hour = full_hour(now)
    recent = Hour.objects.filter(
        subject__in=Project.objects.values("pk"), start__gte=hour - dt.timedelta(hours=SPANS[-1])
    )
    running = Escalation.objects.filter(ended_at=None).values_list("issue__project", flat=True)
    watched = []
    for project in Project.objects.filter(Q(pk__in=recent.values("subject")) | Q(pk__in=running)):
        TrackingSettings.objects.get_or_create(project=project)
        due = Q(checked_at=None) | Q(checked_at__lte=now - EVERY)
        if TrackingSettings.objects.filter(due, project=project).update(checked_at=now):
            try:
                watch_project(project, now=now)
            except (OperationalError, InterfaceError):  # the database is away: of no project in particular
                raise
            except Exception:  # no other project is to wait for it
                logger.exception("The issues of project %s cannot be watched", project.slug)
            else:
                watched.append(project)
    return watched


def watch_project(project: Project, *, now: dt.datetime) -> None:
    """Marks what escalates, and ends what no longer does."""
    running = {row.issue_id: row for row in Escalation.objects.filter(issue__project=project, ended_at=None)}
    watched = _watched(project, now=now, running=running)
    for start in range(0, len(watched), READ_AT_ONCE):
        some = watched[start : start + READ_AT_ONCE]
        levels = _levels([issue.pk for issue in some])
        for issue, series in zip(
            some, read_series(project, [issue.pk for issue in some], now=now), strict=True
        ):
            escalation = running.get(issue.pk)
            began = _hours_between(escalation.began_at, now) if escalation else None
            level = _hours_between(levels[issue.pk], now) if issue.pk in levels else None
            told = look(series, baseline_of(series, began=began, level=level), began=began)
            if isinstance(told, Verdict):
                _begin(issue, told, now=now)
            elif told is not None and escalation is not None:
                _end(issue, escalation, told, series, now=now)


def read_series(project: Project, subjects: Sequence[uuid.UUID], *, now: dt.datetime) -> list[Series]:
    """Of each subject, the last READ_HOURS, as far as the project has events."""
    hour = full_hour(now)
    start = hour - dt.timedelta(hours=READ_HOURS - 1)
    place = {subject: row for row, subject in enumerate([project.pk, *subjects])}
    found = np.zeros((len(place), READ_HOURS))
    rows = Hour.objects.filter(subject__in=place, start__gte=start, start__lte=hour)
    for subject, at, events in rows.values_list("subject", "start", "events").iterator():
        found[place[subject], _hours_between(start, at)] = events
    begun = np.flatnonzero(found[0])
    first = int(begun[0]) if len(begun) else READ_HOURS - 1
    at = start + dt.timedelta(hours=first)
    elapsed = max(1 / 3600, (now - hour).total_seconds() / 3600)
    return [
        Series(found[row, first:], found[0, first:], at.weekday() * 24 + at.hour, elapsed)
        for row in range(1, len(place))
    ]  # fmt: skip


def full_hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def busy(project: Project, subjects: Any, *, now: dt.datetime) -> list[uuid.UUID]:
    """Those of the subjects that had LEAST events in the last day: no other can be over a limit."""
    rows = Hour.objects.filter(
        subject__in=subjects, start__gt=full_hour(now) - dt.timedelta(hours=SPANS[-1]), start__lte=now
    )
    return list(
        rows.values("subject")
        .annotate(n=Sum("events"))
        .filter(n__gte=LEAST)
        .values_list("subject", flat=True)
    )


def _watched(project: Project, *, now: dt.datetime, running: dict[uuid.UUID, Escalation]) -> list[Issue]:
    """Open issues and those that are muted until they escalate, but for those whose history is being written anew."""
    issues = Issue.objects.in_project(project).filter(WATCHED)
    ids = {*busy(project, issues.values("pk"), now=now), *running}
    working = jobs_under_way(project_id=project.pk, subjects=ids, kinds=rewriting_kinds())
    rewritten = Activity.objects.filter(issue__in=ids, kind__in=REWRITTEN, created_at__gt=Now() - SETTLES)
    ids -= {*working, *rewritten.values_list("issue", flat=True)}
    return list(issues.filter(pk__in=ids).select_related("project").order_by("number"))


def _levels(issues: Sequence[uuid.UUID]) -> dict[uuid.UUID, dt.datetime]:
    """When what is usual of an issue now began, where an escalation ended so."""
    ended = Escalation.objects.filter(issue__in=issues, end=EscalationEnd.USUAL).order_by("began_at")
    return dict(ended.values_list("issue", "began_at"))


def _hours_between(start: dt.datetime, end: dt.datetime) -> int:
    return int((full_hour(end) - full_hour(start)).total_seconds() // 3600)


@transaction.atomic
def _begin(issue: Issue, verdict: Verdict, *, now: dt.datetime) -> None:
    """Unless another process was first, or the issue is not open any more."""
    Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    if Escalation.objects.filter(issue=issue, ended_at=None).exists():
        return
    data = {
        "events": verdict.events, "of": verdict.everything, "hours": verdict.hours, "usual": round(verdict.usual, 2),
        "limit": verdict.limit, "by": verdict.by,
    }  # fmt: skip
    escalate_issue(issue=issue, reason={"why": why_it_escalates(verdict), "at": now.isoformat(), **data})


@transaction.atomic
def _end(issue: Issue, escalation: Escalation, ending: Ending, series: Series, *, now: dt.datetime) -> None:
    events, of = int(series.events[-LEFT_OUT:].sum()), int(series.everything[-LEFT_OUT:].sum())
    # Before the escalation, as a person's change does.
    Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
    still = Escalation.objects.filter(pk=escalation.pk, ended_at=None)
    if still.update(ended_at=now, end=ending.value):
        data = {"events": events, "of": of, "hours": LEFT_OUT, "since": escalation.began_at.isoformat()}
        subside_issue(issue=issue, reason={"why": why_it_ends(ending, events=events, of=of), **data})
        live.changed([issue.project_id])
