"""Tools: how each does, and one tool: what it says when it fails, since when, and in which conversations."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import render

from ingest.counts.period import DAYS, Period, shares
from ingest.models import Event, Project
from ingest.projects.access import ProjectRequest, project_page
from signals.clusters.reading import clusters_of_events
from signals.detectors.tool_failure import DETECTOR
from signals.models import Cluster, ClusterKind, SignalMatch
from signals.pages.panels import Page, panels_of
from signals.search.language.nodes import Comparison, Text
from signals.tools.calls import (
    CALLS,
    Call,
    Streak,
    ToolHealth,
    error_templates,
    health,
    messages_of,
    read_calls,
    streaks,
    tools_of,
)
from signals.tools.confusion import confused_names, wrong_arguments
from signals.tools.releases import Change, by_release, change_since, last_release

LATEST = 12  # failing conversations and signals that are shown
NEWEST = 1000  # events whose signals and intents are counted, the newest
STREAKS, INTENTS = 5, 8  # that are shown
WORDS = 200  # characters of what the user said


@dataclass(frozen=True, slots=True)
class Row:
    """`trend`: the share of the calls that failed, per day or hour. `query` finds the events that called it, `failed_query` those in which it
    failed. `streak`: its longest. `change`: with the project's last release."""

    tool: ToolHealth
    trend: list[float]
    query: str
    failed_query: str
    streak: Streak | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An intent of conversations that call the tool: in how many, and in how many it failed."""

    intent: Cluster
    conversations: int
    failing: int
    rate: float
    query: str


@project_page()
def tools(request: ProjectRequest, project: Project) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    calls = read_calls(project.pk, start=period.start, end=period.until)
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_name[call.name].append(call)
    last = last_release(calls)
    changes = {
        name: change_since(last, by_release(mine), tools=len(by_name)) if last else None
        for name, mine in by_name.items()
    }
    rows = [_row(tool, by_name[tool.name], period, changes[tool.name]) for tool in tools_of(calls)]
    messages = messages_of(project.pk, [call for call in calls if call.failed])
    context = {
        "section": "tools", "rows": rows, "period": period.key, "periods": list(DAYS), "most": CALLS, "cut": len(calls) == CALLS,
        "any_call": bool(rows) or bool(read_calls(project.pk, limit=1)),
        "release": last,
        "confused": confused_names(calls, messages),
        "refused": wrong_arguments(calls, messages),
    }  # fmt: skip
    return render(request, "signals/tools.html", context)


def _row(tool: ToolHealth, calls: Sequence[Call], period: Period, change: Change | None) -> Row:
    longest = next(iter(streaks(calls)), None)
    return Row(tool, _trend(calls, period), *_queries(tool.name), longest, change)


def _queries(name: str) -> tuple[str, str]:
    """What finds the events that called a tool, and those in which it failed: by the call's status, or by its result as the signal reads it."""
    called, failed_by_status = (
        str(Comparison(field, "", (Text(name),))) for field in ("tool", "tool.failed")
    )
    return called, f"{failed_by_status} OR ({called} signal:{DETECTOR.key})"


@project_page()
def tool(request: ProjectRequest, project: Project, name: str) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    everything = read_calls(project.pk, start=period.start, end=period.until)
    calls = [call for call in everything if call.name == name]
    if not calls and not any(call.name == name for call in read_calls(project.pk)):
        raise Http404(f"No tool {name[:80]!r} was called.")
    failed = [call for call in calls if call.failed]
    query, failed_query = _queries(name)
    context: dict[str, Any] = {
        "section": "tools", "name": name, "period": period.key, "periods": list(DAYS), "most": CALLS, "cut": len(everything) == CALLS,
        "tool": health(name, calls) if calls else None,
        "query": query, "failed_query": failed_query, "panels": panels_of(Page.TOOL),
    }  # fmt: skip
    if calls:
        found = by_release(calls)
        last = last_release(everything)
        messages = messages_of(project.pk, [call for call in everything if call.failed])
        context |= {
            "chart": _chart(calls, period),
            "templates": error_templates(project.pk, calls),
            "talks": _failing_talks(project, failed),
            "signals": _signals(project, failed),
            "releases": found[-LATEST:],
            "change": change_since(last, found, tools=len({call.name for call in everything}))
            if last
            else None,
            "streaks": streaks(calls)[:STREAKS],
            "intents": _intents(project, calls, query),
            "confused": [
                one for one in confused_names(everything, messages) if name in (one.name, one.other)
            ],
            "refused": next((one for one in wrong_arguments(calls, messages)), None),
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
        for event in events.annotate(words=Left("input", WORDS))
        .select_related("conversation")
        .only("event_id", "conversation__convo_id")
    }
    return [
        {
            "event": known[call.event],
            "words": " ".join(known[call.event].words.split()),
            "at": call.at,
            "times": times[talk],
        }
        for talk, call in newest.items()
        if call.event in known
    ]


def _signals(project: Project, failed: Sequence[Call]) -> list[dict[str, Any]]:
    """The signals that hold on the newest events in which it failed: each with how many of these."""
    events = list(dict.fromkeys(call.event for call in reversed(failed)))[:NEWEST]
    rows = SignalMatch.objects.filter(project=project, event__in=events, signal__enabled=True)
    counts = Counter(rows.values_list("signal__key", "signal__name", "signal__sentiment"))
    return [
        {"key": key, "name": title, "sentiment": sentiment, "events": n, "share": n / len(events)}
        for (key, title, sentiment), n in counts.most_common(LATEST)
    ]


def _intents(project: Project, calls: Sequence[Call], query: str) -> list[Wanted]:
    """The finest intents of the NEWEST newest events that called it, those in which it failed most first."""
    events = list(dict.fromkeys(call.event for call in reversed(calls)))[:NEWEST]
    talks = {call.event: call.talk for call in calls}
    broken = {call.talk for call in calls if call.failed}
    finest: dict[uuid.UUID, Cluster] = {}
    for event, clusters in clusters_of_events(events, project=project, kind=ClusterKind.INTENT).items():
        finest[event] = max(clusters, key=lambda one: one.level)
    members: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for event, intent in finest.items():
        members[intent.pk].add(talks[event])
    named = {intent.pk: intent for intent in finest.values()}
    found = [
        Wanted(
            named[pk], len(mine), len(mine & broken), len(mine & broken) / len(mine), f"{query} intent:{pk}"
        )
        for pk, mine in members.items()
    ]
    return sorted(found, key=lambda one: (-one.failing, -one.conversations, one.intent.label))[:INTENTS]
