"""The signals' pages: the list, and one signal."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ingest.counts import rollups
from ingest.counts.period import Period
from ingest.counts.rates import rate_series
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from raindrop.web.regions import render_page
from signals.catalogue.access import find_signal
from signals.catalogue.audit_results import FEWEST
from signals.catalogue.builtins import BY_KEY
from signals.catalogue.history import changes_of
from signals.catalogue.installing import ensure_signals
from signals.detection.backfill import backfills_of, has_history
from signals.detection.stage import detector_of
from signals.kinds.registry import asks_llm, form_of, is_scored, kind_of
from signals.learning.precision import precision_of
from signals.learning.standing import standings
from signals.models import SignalDefinition, SignalGroup, SignalMatch
from signals.models.definitions import Kind, Sentiment
from signals.pages.forms.parameters import shown_parameters
from signals.pages.forms.signal import SignalForm
from signals.pages.forms.taxonomy import unreviewed
from signals.pages.insights import DEFAULT, PERIODS
from signals.pages.panels import Page, panels_of
from signals.pages.question_panel import attach_verdicts, panel_of
from signals.taxonomy.defaults import deviations
from signals.taxonomy.definitions import DAYS, SignalFilters, change_signal, rate, signal_rows
from signals.taxonomy.joining import double_of, joined_to
from signals.taxonomy.languages_read import language_shares, not_read, over_read
from signals.taxonomy.reach import reach_of

NEWEST = 20
COLOURS = {
    Sentiment.NEGATIVE: "--signal-negative",
    Sentiment.POSITIVE: "--signal-positive",
    Sentiment.NEUTRAL: "--tblr-primary",
}


@project_page()
def signal_list(request: ProjectRequest, project: Project) -> HttpResponse:
    ensure_signals(project)
    filters = SignalFilters(
        **{name: request.GET.get(name, "")[:200] for name in ("q", "kind", "sentiment", "group", "reviewed")}
    )
    mine = SignalDefinition.objects.filter(project=project)
    signals = list(filters.apply(mine).select_related("group"))
    context = {
        "rows": signal_rows(project, signals, today=_today()),
        "filters": filters,
        "filtered": filters != SignalFilters(),
        "counting": backfills_of(project, signals),
        "groups": SignalGroup.objects.filter(project=project),
        "kinds": Kind.choices,
        "sentiments": Sentiment.choices,
        "unreviewed": unreviewed(project).count(),
        "days": DAYS,
        "range": f"{DAYS}d",
        "may_edit": _may_edit(request),
    }
    return render_page(request, "signals/signal_list.html", context)


@project_page()
def signal_page(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    form = SignalForm(instance=signal)
    if request.method == "POST":
        form = SignalForm(request.POST, instance=find_signal(project, key))
        if (answer := _edit(request, project, signal, form)) is not None:
            return answer
    period = request.GET.get("period", "")
    period = period if period in PERIODS else DEFAULT
    context = {
        "signal": signal,
        "may_edit": _may_edit(request),
        "period": period,
        "is_scored": is_scored(signal),
        "job": backfills_of(project, [signal]).get(signal.id),
    }
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "numbers": lambda: _numbers(project, signal, period, request.GET.get("chart", "")),
        "matches": lambda: {"matches": _newest(project, signal)},
        "question": lambda: {"question": panel_of(signal) if asks_llm(signal) else None},
    }

    def rest() -> dict[str, Any]:
        return {
            "form": form,
            "panels": panels_of(Page.SIGNAL),
            "detector": detector_of(signal),
            "has_history": has_history(signal),
            "parameters": shown_parameters(signal),
            "rule": kind.describe(signal.config) if (kind := kind_of(signal)) else "",
            "has_form": form_of(signal) is not None,
            "double": _double(project, signal),
            "joined": _named(project, joined_to(signal)),
            "off_by_default": signal.builtin and not BY_KEY[signal.key].enabled,
            "deviations": deviations(signal),
            "changes": changes_of(signal),
        }

    status = 400 if form.errors else 200
    return render_page(request, "signals/signal.html", context, parts=parts, rest=rest, status=status)


@require_POST
@project_page(Role.MEMBER)
def toggle(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Switches a signal on or off, as the form's `enabled` says."""
    signal = change_signal(
        signal=find_signal(project, key),
        user=request.user,
        enabled=request.POST.get("enabled") == "on",
    )
    if request.htmx:
        return render(
            request, "signals/_toggle.html", {"signal": signal, "may_edit": True, "project": project}
        )
    return redirect("signals", project.slug)


@require_POST
@project_page(Role.MEMBER)
def review(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Says that somebody looked at a name that the app sent."""
    signal = change_signal(signal=find_signal(project, key), user=request.user, reviewed=True)
    messages.success(request, f"“{signal.name}” is reviewed.")
    return redirect("signal", project.slug, signal.key)


def _edit(
    request: ProjectRequest, project: Project, signal: SignalDefinition, form: SignalForm
) -> HttpResponse | None:
    """Saves the form; the answer, or None when the page is to show what is wrong."""
    if not _may_edit(request):
        return HttpResponse("A viewer may only read.", status=403)
    if not form.is_valid():
        return None
    try:
        change_signal(signal=signal, user=request.user, **form.changes())
    except ValidationError as error:
        for message in error.messages:
            form.add_error(None, message)
        return None
    messages.success(request, "Saved.")
    return redirect("signal", project.slug, signal.key)


def _numbers(project: Project, signal: SignalDefinition, period: str, chart: str) -> dict[str, Any]:
    """The period's sums and rates, and the chart of matches or of the rate by day."""
    today = _today()
    start = today - dt.timedelta(days=PERIODS[period] - 1)
    midnight = dt.datetime.combine(start, dt.time(), dt.UTC)
    end = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), dt.UTC)
    points = rate_series(
        signal.pk,
        project=project.pk,
        interval="day",
        start=midnight,
        end=end,
    )
    events = sum(point.events for point in points)
    everything = sum(p.events for p in rollups.daily([project.id], start=start, end=today)[project.id])
    unread = not_read(signal, language_shares(project, midnight, end))
    shows_rate = chart == "rate"
    name = "Share of events" if shows_rate else "Matches"
    values = [(point.rate or 0.0) if shows_rate else point.events for point in points]
    return {
        "periods": list(PERIODS),
        "standing": standings([signal])[signal.pk],
        "precision": precision_of(signal),
        "asked_for": FEWEST,
        "has_matches": SignalMatch.objects.filter(project=project, signal=signal).exists(),
        "events": events,
        "users": rollups.users_since([signal.id], midnight).get(signal.id, 0),
        "rate": over_read(rate(events, everything), unread),
        "unread": unread,
        "reach": reach_of(signal, Period.named(period)),
        "total": rollups.totals([signal.id])[signal.id],
        "shows_rate": shows_rate,
        "chart_label": f"{name} of {signal.name} per day"
        if not shows_rate
        else f"Share of events with {signal.name} per day",
        "chart": {
            "labels": [f"{point.start:%d %b}" for point in points],
            "series": [{"name": name, "values": values, "color": COLOURS[Sentiment(signal.sentiment)]}],
            "fraction": shows_rate,
            "unfinished": True,
        },
    }


def _newest(project: Project, signal: SignalDefinition) -> list[SignalMatch]:
    """With what people said of each, and of a question with what the model answered."""
    found = SignalMatch.objects.filter(project=project, signal=signal).with_feedback()
    matches = list(
        found.order_by("-timestamp", "-id").select_related("event__conversation", "end_user")[:NEWEST]
    )
    if asks_llm(signal):
        attach_verdicts(signal, matches)
    return matches


def _double(project: Project, signal: SignalDefinition) -> SignalDefinition | None:
    """The built-in signal that the name says the same as, and may be joined to."""
    return _named(project, double_of(signal))


def _named(project: Project, key: str | None) -> SignalDefinition | None:
    return SignalDefinition.objects.filter(project=project, key=key, builtin=True).first() if key else None


def _may_edit(request: ProjectRequest) -> bool:
    return bool(request.role != Role.VIEWER)


def _today() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date()
