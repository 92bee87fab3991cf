"""Settings › LLM: what it may cost and has cost; and asking about the past of a question."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page, role_in
from raindrop import llm
from raindrop.web.regions import render_page
from signals.catalogue.access import find_signal
from signals.kinds.registry import asks_llm
from signals.llm import budget
from signals.models import SignalDefinition
from signals.pages.question_panel import panel_of, status_of
from signals.questions.config import question_of
from signals.questions.history import request_run, stop_run
from signals.questions.verdicts import standing_of
from signals.reader.estimates import estimate_past
from signals.reader.noting import PAST_DAYS, is_on, wake_postponed
from signals.reader.past import request_past, run_of_past, said_last, stop_past
from signals.reader.working import progress_of

DAYS = 14


class BudgetForm(forms.Form):
    daily_calls = forms.IntegerField(
        min_value=0, max_value=10_000_000, label="Calls a day",
        widget=forms.NumberInput(attrs={"class": "form-control num", "inputmode": "numeric"}),
    )  # fmt: skip
    daily_dollars = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(1_000_000), max_digits=11, decimal_places=4, label="US dollars a day",
        widget=forms.NumberInput(attrs={"class": "form-control num", "step": "0.01", "inputmode": "decimal"}),
    )  # fmt: skip
    random_percent = forms.IntegerField(
        min_value=0, max_value=100, required=False, label="Of what is read, drawn at random, %",
        widget=forms.NumberInput(attrs={"class": "form-control num", "inputmode": "numeric"}),
    )  # fmt: skip


@project_page()
def llm_settings(request: ProjectRequest, project: Project) -> HttpResponse:
    limits = budget.settings_of(project.id)
    stored = {
        "daily_calls": limits.daily_calls,
        "daily_dollars": f"{limits.daily_dollars.normalize():f}",
        "random_percent": round(limits.random_share * 100),
    }
    form = BudgetForm(request.POST if request.method == "POST" else None, initial=stored)
    may_change = request.role == Role.ADMIN
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Only an admin of the project changes this.")
        if form.is_valid():
            values = form.cleaned_data
            percent = values.pop("random_percent")
            share = limits.random_share if percent is None else percent / 100
            budget.save_budget(project=project, random_share=share, **values)
            wake_postponed(project.id)
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("llm-settings", project.slug)
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    meter, run = budget.meter(project.id), run_of_past(project.id)
    context = {
        "form": form,
        "may_change": may_change,
        "meter": meter,
        "status": status_of(project, meter),
        "model": settings.LLM_MODEL,
        "prices": llm.prices(),
        "has_key": bool(settings.ANTHROPIC_API_KEY),
        "base_url": settings.ANTHROPIC_BASE_URL,
        "questions": _questions(project),
        "chart": _chart(project),
        "history_share": budget.HISTORY_SHARE,
        "reading": progress_of(project.id),
        "past_run": run,
        "past_said": "" if run else said_last(project.id),
        "may_read": role_in(user=request.user, project=project) != Role.VIEWER,
        "past": None if meter.off or run else estimate_past(project.id),
        "past_days": PAST_DAYS,
    }
    return render_page(request, "signals/llm_settings.html", context, status=400 if form.errors else 200)


@require_POST
@project_page(Role.MEMBER)
def ask_history(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Starts a run over the past of a question."""
    found = find_signal(project, key)
    if not asks_llm(found):
        raise Http404("There is no such question.")
    panel = panel_of(found)
    if panel.history is None and panel.run is None:
        messages.error(request, panel.status.text or "There is nothing to ask the LLM about.")
    else:
        request_run(found, user=request.user)
        messages.success(request, "The LLM is being asked about the past, as far as the budget goes.")
    return redirect("signal", project.slug, found.key)


@require_POST
@project_page(Role.MEMBER)
def read_past(request: ProjectRequest, project: Project) -> HttpResponse:
    """Starts a run over the conversations of the last weeks that were not read."""
    if not is_on(project.id):
        messages.error(request, "Nothing is read: there is no key, or the day's budget is 0.")
    else:
        request_past(project, user=request.user)
        messages.success(request, "The past is being read, as far as the budget goes.")
    return redirect("llm-settings", project.slug)


@require_POST
@project_page(Role.MEMBER)
def stop_reading(request: ProjectRequest, project: Project) -> HttpResponse:
    if stop_past(project, user=request.user):
        messages.success(
            request, "Stopped. Nothing more is sent; what the LLM has answered by now is taken, and paid for."
        )
    return redirect("llm-settings", project.slug)


@require_POST
@project_page(Role.MEMBER)
def stop_asking(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    found = find_signal(project, key)
    if stop_run(found, user=request.user):
        messages.success(
            request,
            "Stopped. Nothing more is sent, and what the LLM has not answered yet is cancelled; the answers that it has given are taken, "
            "and paid for.",
        )
    return redirect("signal", project.slug, found.key)


def _questions(project: Project) -> list[dict[str, Any]]:
    mine = SignalDefinition.objects.filter(project=project, detector="llm").order_by("name")
    return [
        {"signal": signal, "standing": standing_of(project.id, question_of(signal).version)}
        for signal in mine
        if asks_llm(signal)
    ]


def _chart(project: Project) -> dict[str, Any]:
    days = budget.spent_by_day(project.id, days=DAYS)
    return {
        "labels": [f"{day.day:%d %b}" for day in days],
        "unfinished": True,
        "series": [
            {
                "name": "US cents",
                "values": [round(day.money / budget.MICRO * 100, 2) for day in days],
                "color": "--tblr-primary",
            }
        ],
    }
