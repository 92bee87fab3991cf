"""The page of one group of a signal's matches: those that were read from alike words. Paged, charted, broken down."""

import datetime as dt
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import redirect, render

from ingest.counts.period import Period
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from raindrop.api.pagination import paginate
from raindrop.errors import ApiError
from signals.catalogue.access import find_signal
from signals.discovery.breakdown import EVENTS, MATCHES, break_down
from signals.discovery.evidence_report import find_cluster
from signals.models import SignalMatch
from signals.models.matches import SignalMatchQuerySet
from signals.pages.insights import DEFAULT, PERIODS, newest_events

PAGE = 25


@project_page()
def cluster(request: ProjectRequest, project: Project, key: str, cluster_id: str) -> HttpResponse:
    """One that is gone, because the groups were worked out anew, leads back to the signal."""
    signal = find_signal(project, key)
    name = request.GET.get("period", "")
    period = Period.named(name if name in PERIODS else DEFAULT)
    found = find_cluster(signal, cluster_id, days=PERIODS[period.key])
    if found is None:
        messages.info(request, "These events are grouped otherwise now.")
        return redirect("signal", project.slug, signal.key)
    matches = SignalMatch.objects.filter(project=project, signal=signal, event__in=found["events"])
    try:
        rows, cursor = paginate(
            matches.with_feedback().select_related("event__conversation", "end_user"),
            request=request,
            default=PAGE,
        )
    except ApiError as error:
        raise BadRequest(error.message) from error
    context = {
        "signal": signal,
        "cluster": found,
        "period": period.key,
        "chart": _chart(matches, period),
        "dimensions": break_down(
            newest_events(signal, since=period.start, among=found["events"]),
            project=project.pk,
            since=period.start,
        ),
        "where": {"signal": signal.key, "range": period.key},
        "since": period.start,
        "most": MATCHES,
        "events": EVENTS,
        "matches": rows,
        "next_cursor": cursor,
        "may_edit": request.role != Role.VIEWER,
    }
    return render(request, "signals/cluster.html", context)


def _chart(matches: SignalMatchQuerySet, period: Period) -> dict[str, Any]:
    """Its matches per day: counted here, because no roll-up knows the groups; there are at most NEWEST of them."""
    days = Counter(matches.annotate(day=TruncDate("timestamp", tzinfo=dt.UTC)).values_list("day", flat=True))
    first, length = period.start.date(), len(period.labels())
    values = [days[first + dt.timedelta(days=i)] for i in range(length)]
    return {
        "labels": period.labels(),
        "unfinished": True,
        "series": [{"name": "Matches", "values": values, "color": "--signal-negative"}],
    }
