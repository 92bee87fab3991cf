"""Tools: how each does, and one tool: what it says when it fails, since when, and in which conversations."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from ingest.counts.period import DAYS, Period, shares
from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from raindrop.statistics import wilson
from signals.detectors.tool_failure import DETECTOR
from signals.models import SignalMatch
from signals.search.language.nodes import Comparison, Text
from signals.tools.calls import CALLS, Call, ToolHealth, error_templates, health, read_calls, tools_of

LATEST = 12  # failing conversations and signals that are shown
READ = 1000  # failed calls whose events' signals are counted, the newest
Z90 = 1.6448536269514722  # a two-sided 90 % interval
RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Row:
    """`trend`: the share of the calls that failed, per day or hour."""

    tool: ToolHealth
    trend: list[float]


@dataclass(frozen=True, slots=True)
class InRelease:
    """`low` to `high`: 90 % (Wilson) of the share of the calls that failed."""

    release: str
    calls: int
    errors: int
    rate: float
    low: float
    high: float
    since: dt.datetime


@project_page()
def tools(request: ProjectRequest, project: Project) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    calls = read_calls(project.pk, start=period.start, end=period.until)
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_name[call.name].append(call)
    rows = [Row(tool, _trend(by_name[tool.name], period)) for tool in tools_of(calls)]
    any_call = bool(rows) or bool(read_calls(project.pk, limit=1))
    context = {
        "section": "tools", "rows": rows, "period": period.key, "periods": list(DAYS), "any_call": any_call, "most": CALLS,
        "cut": len(calls) == CALLS,
    }  # fmt: skip
    return render(request, "signals/tools.html", context)


@project_page()
def tool(request: ProjectRequest, project: Project, name: str) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    everything = read_calls(project.pk, start=period.start, end=period.until)
    calls = [call for call in everything if call.name == name]
    if not calls and not any(call.name == name for call in read_calls(project.pk)):
        raise Http404(f"No tool {name[:80]!r} was called.")
    failed = [call for call in calls if call.failed]
    called, failed_by_status = (Comparison(field, "", (Text(name),)) for field in ("tool", "tool.failed"))
    context: dict[str, Any] = {
        "section": "tools", "name": name, "period": period.key, "periods": list(DAYS), "most": CALLS, "cut": len(everything) == CALLS,
        "tool": health(name, calls) if calls else None,
        "query": str(called),
        # By the call's status, or by its result, as the signal reads it.
        "failed_query": f"{failed_by_status} OR ({called} signal:{DETECTOR.key})",
    }  # fmt: skip
    if calls:
        context |= {
            "chart": _chart(calls, period),
            "templates": error_templates(project.pk, calls),
            "talks": _failing_talks(project, failed),
            "signals": _signals(project, failed),
            "releases": _releases(project, calls),
        }
    return render(request, "signals/tool.html", context)


def _place(at: dt.datetime, period: Period) -> int:
    step = dt.timedelta(hours=1) if period.is_hourly else dt.timedelta(days=1)
    return int((at - period.start) / step)


def _per_bucket(calls: Sequence[Call], period: Period) -> tuple[list[int], list[int]]:
    """(calls, failed calls) per hour or day of the period."""
    every, failed = [0] * len(period.labels()), [0] * len(period.labels())
    for call in calls:
        place = _place(call.at, period)
        if 0 <= place < len(every):
            every[place] += 1
            failed[place] += call.failed
    return every, failed


def _trend(calls: Sequence[Call], period: Period) -> list[float]:
    every, failed = _per_bucket(calls, period)
    return shares(failed, every)


def _chart(calls: Sequence[Call], period: Period) -> dict[str, Any]:
    every, failed = _per_bucket(calls, period)
    return {
        "labels": period.labels(),
        "unfinished": True,
        "series": [
            {"name": "Calls", "values": every, "type": "bar", "color": "--chart-events"},
            {"name": "Failed", "values": failed, "type": "line", "color": "--signal-negative"},
        ],
    }


def _failing_talks(project: Project, failed: Sequence[Call]) -> list[dict[str, Any]]:
    """The conversations in which it failed last, each once, with the newest event in which it did."""
    newest: dict[uuid.UUID, Call] = {}
    for call in reversed(failed):
        newest.setdefault(call.talk, call)
        if len(newest) == LATEST:
            break
    times = Counter(call.talk for call in failed)
    events = Event.objects.filter(project=project, id__in=[call.event for call in newest.values()])
    known = {
        event.pk: event
        for event in events.select_related("conversation", "end_user").only(
            "event_id", "conversation__convo_id", "end_user__user_id"
        )
    }
    return [
        {"event": known[call.event], "at": call.at, "times": times[talk]}
        for talk, call in newest.items()
        if call.event in known
    ]


def _signals(project: Project, failed: Sequence[Call]) -> list[dict[str, Any]]:
    """The signals that hold on the newest events in which it failed: each with how many of these."""
    events = list(dict.fromkeys(call.event for call in reversed(failed)))[:READ]
    rows = SignalMatch.objects.filter(project=project, event__in=events, signal__enabled=True)
    counts = Counter(rows.values_list("signal__key", "signal__name", "signal__sentiment"))
    return [
        {"key": key, "name": title, "sentiment": sentiment, "events": n, "share": n / len(events)}
        for (key, title, sentiment), n in counts.most_common(LATEST)
    ]


def _releases(project: Project, calls: Sequence[Call]) -> list[InRelease]:
    """Its share of failed calls by the events' property `release`, in the order in which the releases were first seen."""
    named = dict(
        Event.objects.filter(
            project=project, id__in={call.event for call in calls}, properties__has_key=RELEASE
        ).values_list("id", f"properties__{RELEASE}")
    )
    mine: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.event in named:
            mine[str(named[call.event])[:80]].append(call)
    found = []
    for release, some in mine.items():
        errors = sum(call.failed for call in some)
        low, high = wilson(errors, len(some), z=Z90) or (0.0, 1.0)
        found.append(InRelease(release, len(some), errors, errors / len(some), low, high, some[0].at))
    return sorted(found, key=lambda one: one.since)[-LATEST:]
