"""What a signal's page reads after itself, as fragments: clusters of evidence, dimensions, and what its labels taught."""

import datetime as dt
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ingest.counts.waiting import count_waiting
from ingest.jobs.progress import is_under_way
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from signals.catalogue.access import find_signal
from signals.clusters.reading import problems_of
from signals.clusters.refresh import last_refresh, refresh_of
from signals.detection.backfill import backfills_of
from signals.dimensions.breakdown import EVENTS, MATCHES, break_down_for_page
from signals.learning.precision import precision_of
from signals.learning.thresholds import LEAST_LABELS
from signals.learning.tuning import (
    TUNE,
    CannotDecide,
    apply_tuning,
    can_tune,
    is_current,
    request_tuning,
    revert_tuning,
)
from signals.models import SignalDefinition, SignalMatch, SignalTuning

PERIODS = {"7d": 7, "14d": 14, "30d": 30}
DEFAULT = "14d"
TUNINGS = 5


@project_page()
def clusters(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """The problems that its events of these days are of."""
    signal, days = find_signal(project, key), _days(request)
    found = problems_of(signal, since=_midnight() - dt.timedelta(days=days - 1))
    context = {
        "signal": signal,
        "period": f"{days}d",
        "found": found,
        "counting": bool(backfills_of(project, [signal])),
        "running": refresh_of(project),
        "looked": last_refresh(project),
        "largest": max((one.events for one in found), default=0),
    }
    return render(request, "signals/_clusters.html", context)


@project_page()
def breakdown(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal, days = find_signal(project, key), _days(request)
    since = _midnight() - dt.timedelta(days=days - 1)
    context = {
        "signal": signal,
        "dimensions": break_down_for_page(newest_events(signal, since=since), project=project, since=since),
        "since": since,
        "where": {"q": f"signal:{signal.key}", "range": f"{days}d"},
        "most": MATCHES,
        "events": EVENTS,
        "waiting": count_waiting(project),
    }
    return render(request, "signals/_breakdown.html", context)


@project_page()
def tuning(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    tunings = [
        (one, is_current(one, signal)) for one in signal.tunings.select_related("decided_by")[:TUNINGS]
    ]
    context = {
        "signal": signal,
        "tunings": tunings,
        "precision": precision_of(signal),
        "least": LEAST_LABELS,
        "can_tune": can_tune(signal),
        "working": is_under_way(project=project, kind=TUNE, subject=signal.pk),
        "may_edit": request.role != Role.VIEWER,
    }
    return render(request, "signals/_tuning.html", context)


@require_POST
@project_page(Role.MEMBER)
def tune(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Learns from the labels now."""
    signal = find_signal(project, key)
    if can_tune(signal):
        request_tuning(signal, user=request.user)
    return redirect("signal", project.slug, signal.key)


@require_POST
@project_page(Role.MEMBER)
def decide(request: ProjectRequest, project: Project, key: str, tuning_id: uuid.UUID) -> HttpResponse:
    """`action`: apply or revert."""
    signal = find_signal(project, key)
    found = SignalTuning.objects.filter(signal=signal, project=project, id=tuning_id).first()
    write = {"apply": apply_tuning, "revert": revert_tuning}.get(request.POST.get("action", ""))
    if found is None or write is None:
        raise Http404("There is no such proposal.")
    try:
        write(tuning=found, user=request.user)
        messages.success(request, "Done. The history is being read again.")
    except CannotDecide as error:
        messages.warning(request, str(error))
    return redirect("signal", project.slug, signal.key)


def newest_events(signal: SignalDefinition, *, since: dt.datetime) -> list[uuid.UUID]:
    """The events of its newest matches from `since` on, at most MATCHES."""
    matches = SignalMatch.objects.filter(signal=signal, project=signal.project_id, timestamp__gte=since)
    return list(matches.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:MATCHES])


def _days(request: ProjectRequest) -> int:
    return PERIODS.get(request.GET.get("period", ""), PERIODS[DEFAULT])


def _midnight() -> dt.datetime:
    return timezone.now().astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
