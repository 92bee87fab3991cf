"""Settings › Ingest health: what became of all that was sent, by key and scope, and why an event may look empty."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from ingest.health.report import HOUR, build_report, hourly
from ingest.limits import usage
from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from ingest.tracing.evaluations import waiting_evaluations
from raindrop.web.regions import render_page

PERIODS = {"24h": dt.timedelta(hours=24), "7d": dt.timedelta(days=7)}


@project_page()
def ingest_health(request: ProjectRequest, project: Project) -> HttpResponse:
    """The page. `?period=24h|7d`."""
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "24h"
    now = timezone.now()
    since = now.replace(minute=0, second=0, microsecond=0) - PERIODS[period] + HOUR
    report = build_report(project_id=project.id, since=since)
    context = {
        "period": period,
        "periods": list(PERIODS),
        "report": report,
        "chart": _chart(hourly(project_id=project.id, since=since, now=now), since),
        "quota": quota_of(project),
        "waiting": waiting_evaluations(project.id),
    }
    if request.user.is_superuser:  # whoever runs the server: what came with no key that is known here
        context["unknown"] = build_report(project_id=None, since=since).senders
    return render_page(request, "ingest/health.html", context)


def quota_of(project: Project) -> dict[str, Any]:
    """This month's events (as far as they are written), the quota, and when the count starts anew."""
    month = usage.this_month()
    used = usage.used(project.id, month)
    quota = project.monthly_quota
    return {
        "used": used,
        "quota": quota,
        "share": min(1.0, used / quota) if quota else (1.0 if quota == 0 else None),
        "resets": usage.next_month(month),
    }


def _chart(series: dict[str, list[int]], since: dt.datetime) -> dict[str, Any]:
    hours = [since + i * HOUR for i in range(len(series["accepted"]))]
    return {
        "labels": [f"{hour:%b %d %H:00}" for hour in hours],
        "stacked": True,
        "unfinished": True,
        "series": [
            {"name": "Accepted", "values": series["accepted"], "color": "--tblr-primary"},
            {"name": "Rejected", "values": series["rejected"], "color": "--signal-negative"},
        ],
    }
