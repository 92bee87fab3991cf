"""The overview: how the agent does, what goes wrong most, and what is still being processed.

Counts come from roll-ups. Those that do not are bounded: conversations (an index range, cut off at COUNT_LIMIT), the pipeline's queue
(likewise), and the shares of events with a negative signal (shares.py). Only signals that are not tentative stand in these shares.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse

from ingest.counts.period import COUNT_LIMIT, DAYS, Period, change, shares
from ingest.counts.rollups import totals
from ingest.counts.waiting import count_waiting, why_not_compared
from ingest.models import ApiKey, Event, ProcessingFailure, Project
from ingest.projects.access import ProjectRequest, project_page
from issues.models import Issue
from issues.pages.shares import SHARE_OF, bucket_windows, events_with, newest_window, share_with
from raindrop.web.plurals import counted
from raindrop.web.regions import render_page
from signals.catalogue.installing import install_builtin_signals
from signals.learning.standing import Standing, standings
from signals.models import SignalDefinition, SignalMatch
from signals.models.definitions import Sentiment

# The period before must have at least this share of the events of now to be compared with.
COMPARABLE = 0.05
RECENT_EVENTS = 8
TOP_ISSUES = 6
TOP_SIGNALS = 10


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal in the period: its share of the events, and how the share changed against the period before."""

    signal: SignalDefinition
    events: int
    rate: float
    users: int
    change: float | None
    trend: list[float]  # the share per hour or day
    standing: Standing


@dataclass(frozen=True, slots=True)
class IssueRow:
    issue: Issue
    events: int
    users: int
    trend: list[float]


@project_page()
def overview(request: ProjectRequest, project: Project) -> HttpResponse:
    total = totals([project.id])[project.id]
    context: dict[str, Any] = {"pipeline": pipeline_state(project), "total": total}
    if not total.events and not context["pipeline"]["queued"]:
        keys = ApiKey.objects.filter(project=project, kind="write", revoked_at=None)
        context |= {"write_key": keys.first(), "track_url": request.build_absolute_uri("/v1/events/track")}
        return render_page(request, "issues/getting_started.html", context)
    period = Period.named(request.GET.get("period", ""))
    signals = shown_signals(project)
    trust = standings(signals)
    sure = [signal for signal in signals if not trust[signal.pk].tentative]
    series = period.series([project.id, *(signal.id for signal in signals)])
    sums = period.sums(series)
    before = period.previous_sums(series)
    earlier = before.get(project.id, 0)
    not_compared = why_not_compared(
        project, period.previous[0], period.until, events=sums.get(project.id, 0) + earlier
    )
    if not_compared:
        before, not_compared = {}, f"No change is shown: {not_compared}"
    elif earlier < COMPARABLE * sums.get(project.id, 0):
        before = {}  # the project had hardly begun: a change of 70,000 % says nothing
        not_compared = (
            f"No change is shown: the {period.key} before had {counted(earlier, 'event')}, "
            f"less than {COMPARABLE:.0%} of now"
        )
    context |= {
        "period": period,
        "periods": list(DAYS),
        "not_compared": not_compared,
        "numbers": numbers(project, period, sure, sums, before),
        "tentative": [
            signal
            for signal in signals
            if trust[signal.pk].tentative and signal.sentiment == Sentiment.NEGATIVE and sums.get(signal.pk)
        ],
        "chart": chart_data(project, period, sure, series[project.id]),
        "chart_label": f"Events and signals per {'hour' if period.is_hourly else 'day'}",
        "signals": signal_rows(project, period, signals, series, sums, before, trust),
        "issues": top_issues(project, period),
        "share_of": SHARE_OF,
        "events": recent_events(project),
    }
    return render_page(request, "issues/overview.html", context)


def shown_signals(project: Project) -> list[SignalDefinition]:
    """Those that are enabled and not muted."""
    definitions = SignalDefinition.objects.filter(project=project)
    if not definitions.exists():
        install_builtin_signals(project)
    return list(definitions.filter(enabled=True, muted=False))


def numbers(
    project: Project,
    period: Period,
    signals: list[SignalDefinition],
    sums: dict[uuid.UUID, int],
    before: dict[uuid.UUID, int],
) -> dict[str, Any]:
    """`signals`: those that a headline may stand on. The four numbers on top, each with its change against the period before (None: nothing to compare with)."""
    negative = [signal.id for signal in signals if signal.sentiment == Sentiment.NEGATIVE]
    events, events_before = sums.get(project.id, 0), before.get(project.id, 0)
    rate = share_with(negative, newest_window(project, period.start, period.until)) if negative else None
    rate_before = None
    if before and negative:
        rate_before = share_with(negative, newest_window(project, *period.previous))
    conversations = period.conversations(project)
    return {
        "events": events,
        "events_change": change(events, events_before),
        "conversations": conversations,
        "conversations_capped": conversations >= COUNT_LIMIT,
        "conversations_change": change(conversations, period.previous_conversations(project))
        if before
        else None,
        "users": period.users([project.id]).get(project.id, 0),
        "users_change": period.daily_users_change(project.id) if before else None,
        "negative_rate": rate,
        "negative_change": change(rate, rate_before) if rate is not None and rate_before else None,
    }


def chart_data(
    project: Project, period: Period, signals: list[SignalDefinition], events: list[int]
) -> dict[str, Any]:
    """`events` per bucket, and of these how many hold any negative, and any positive, of the signals: one with several counts once."""
    by_sentiment = {
        sentiment: [signal.id for signal in signals if signal.sentiment == sentiment]
        for sentiment in Sentiment
    }
    windows = bucket_windows(project, period, len(events))
    negative = events_with(by_sentiment[Sentiment.NEGATIVE], windows, events)
    positive = events_with(by_sentiment[Sentiment.POSITIVE], windows, events)
    return {
        "labels": period.labels(),
        "unfinished": True,
        "series": [
            {"name": "Events", "values": events, "type": "bar", "color": "--chart-events"},
            {
                "name": "Negative",
                "values": negative,
                "type": "line",
                "color": "--signal-negative",
            },
            {
                "name": "Positive",
                "values": positive,
                "type": "line",
                "color": "--signal-positive",
            },
        ],
    }


def signal_rows(
    project: Project,
    period: Period,
    signals: list[SignalDefinition],
    series: dict[uuid.UUID, list[int]],
    sums: dict[uuid.UUID, int],
    before: dict[uuid.UUID, int],
    trust: dict[uuid.UUID, Standing],
) -> list[SignalRow]:
    """The negative ones first, then neutral, then positive; the most frequent first. At most TOP_SIGNALS."""
    rank = {Sentiment.NEGATIVE.value: 0, Sentiment.NEUTRAL.value: 1, Sentiment.POSITIVE.value: 2}
    seen = [signal for signal in signals if sums.get(signal.id)]
    seen.sort(key=lambda signal: (rank[signal.sentiment], -sums[signal.id], signal.name))
    worst = [signal for signal in seen if signal.sentiment != Sentiment.POSITIVE]
    best = [signal for signal in seen if signal.sentiment == Sentiment.POSITIVE][: TOP_SIGNALS // 3]
    chosen = worst[: TOP_SIGNALS - len(best)] + best
    users = period.users(signal.id for signal in chosen)
    events, events_before = sums.get(project.id, 0), before.get(project.id, 0)
    rows = []
    for signal in chosen:
        rate = sums[signal.id] / events if events else 0.0
        rate_before = before.get(signal.id, 0) / events_before if events_before else 0.0
        rows.append(
            SignalRow(
                signal,
                sums[signal.id],
                rate,
                users.get(signal.id, 0),
                change(rate, rate_before),
                shares(series[signal.id], series[project.id]),
                trust[signal.id],
            )
        )
    return rows


def top_issues(project: Project, period: Period) -> list[IssueRow]:
    """Open issues with the most matches in the period; those without any follow, newest first."""
    open_issues = list(
        Issue.objects.in_project(project).with_state("open").select_related("assignee").order_by("-number")
    )
    sums = period.sums(issue.id for issue in open_issues)
    open_issues.sort(key=lambda issue: -sums.get(issue.id, 0))
    chosen = open_issues[:TOP_ISSUES]
    ids = [issue.id for issue in chosen]
    trends, users = period.rates(ids, project=project.id), period.users(ids)
    return [
        IssueRow(issue, sums.get(issue.id, 0), users.get(issue.id, 0), trends[issue.id]) for issue in chosen
    ]


def recent_events(project: Project) -> list[Event]:
    """The newest, with the matches of their signals as `found_signals`."""
    matches = SignalMatch.objects.filter(project=project, signal__enabled=True).with_feedback()
    return list(
        Event.objects.filter(project=project)
        .select_related("end_user", "conversation")
        .prefetch_related(
            Prefetch("signal_matches", queryset=matches.select_related("signal"), to_attr="found_signals"),
        )
        .order_by("-timestamp", "-id")[:RECENT_EVENTS]
    )


def pipeline_state(project: Project) -> dict[str, int]:
    """How many events wait or are being worked on (at most COUNT_LIMIT), and how many were given up."""
    return {
        "queued": count_waiting(project),
        "failed": ProcessingFailure.objects.filter(project=project)[:COUNT_LIMIT].count(),
    }
