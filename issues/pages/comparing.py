"""Comparing releases, models, flags or queries on a signal or an issue."""

from typing import Any

from django.http import HttpResponse

from ingest.counts.period import DAYS, Period
from ingest.counts.waiting import count_waiting
from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from issues.causes.comparing import NEWEST, ComparedSet, Seen, compare, in_words, read_sides, read_subject
from issues.models import Issue
from raindrop.web.regions import render_page
from signals.search.language.errors import QueryError

PERIODS = [key for key in DAYS if key != "24h"]
BY = ["release", "model", "event", "tool.called", "tool.failed", "language"]


@project_page()
def comparison(request: ProjectRequest, project: Project) -> HttpResponse:
    """`subject=issue:12` or `signal:KEY`; `by=DIMENSION` with `value=` for each side (left out: the commonest), or `side=` for each query."""
    subject = read_subject(project, request.GET.get("subject", ""))
    period = Period.named(request.GET.get("period", ""))
    period = Period.named("14d") if period.is_hourly else period
    by, wrong = request.GET.get("by", ""), ""
    sides: list[ComparedSet] = []
    seen: list[Seen] = []
    try:
        sides = read_sides(
            project,
            by=by,
            values=request.GET.getlist("value"),
            queries=request.GET.getlist("side"),
            period=period,
        )
        seen = compare(subject, sides, period=period)
    except QueryError as error:
        wrong = f"{error.message} (at character {error.start + 1})"
    except ValueError as error:
        wrong = str(error)
    context: dict[str, Any] = {
        "subject": subject,
        "is_issue": isinstance(subject, Issue),
        "asked": request.GET.get("subject", ""),
        "by": by,
        "dimensions": BY if by in BY or not by else [*BY, by],
        "period": period,
        "periods": PERIODS,
        "seen": seen,
        "words": in_words(seen) if seen else "",
        "wrong": wrong,
        "newest": NEWEST,
        "waiting": count_waiting(project),
        "queries": [side.query for side in sides] if not by else ["", ""],
        "chart": {
            "labels": period.labels(),
            "series": [{"name": one.side.name, "values": one.curve, "type": "line"} for one in seen],
            "fraction": True,
            "unfinished": True,
        },
    }
    return render_page(request, "issues/compare.html", context, status=400 if wrong else 200)
