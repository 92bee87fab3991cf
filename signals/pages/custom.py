"""Making a custom signal, changing what it looks for, and running it over the history."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.jobs.progress import stop_jobs
from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from signals.catalogue.access import find_signal
from signals.catalogue.installing import ensure_signals
from signals.detection.backfill import BACKFILL, has_history, request_backfill
from signals.detection.preview import RECENT, Preview, preview
from signals.kinds.base import SignalKind
from signals.kinds.form import KindForm
from signals.kinds.registry import KINDS, asks_llm, form_of, kind_of
from signals.llm.budget import meter
from signals.models import SignalDefinition
from signals.pages.question_panel import Trial, status_of, try_question
from signals.read_api.page import SEARCHES
from signals.taxonomy.definitions import (
    change_signal,
    check_signal,
    create_signal,
    draft_signal,
    train_signal,
)

ASK = "ask"  # a preview, and the LLM on a few of its events
PREVIEWS = {"preview", ASK}
Shown = tuple[Preview, Trial | None]


@project_page(Role.MEMBER)
def new_signal(request: ProjectRequest, project: Project) -> HttpResponse:
    """Previews or creates, as the form's `action` says."""
    ensure_signals(project)
    name = request.POST.get("kind") or request.GET.get("kind", "")
    kind = KINDS.get(name) or next(iter(KINDS.values()))
    form = kind.form(request.POST if request.method == "POST" else None, project=project)
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("action") not in PREVIEWS:
                signal = create_signal(project=project, user=request.user, **form.fields_of_signal())
                messages.success(request, f"“{signal.name}” is made. It is being looked for in the history.")
                return _go(request, signal)
            shown = _preview(request, draft_signal(project=project, **form.fields_of_signal()))
        except ValidationError as error:
            form.add_errors(error.message_dict)
    return _page(request, project, kind, form, shown, None)


@project_page(Role.MEMBER)
def change_rule(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """As new_signal, for what an existing custom signal looks for."""
    signal = find_signal(project, key)
    kind, form_type = kind_of(signal), form_of(signal)
    if kind is None or form_type is None:
        raise Http404("This signal has no form.")
    form = form_type(request.POST if request.method == "POST" else None, project=project, signal=signal)
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("action") not in PREVIEWS:
                change_signal(signal=signal, user=request.user, **form.fields_of_signal())
                messages.success(
                    request, "Saved. Where it changes what matches, the history is being read again."
                )
                return _go(request, signal)
            fields = form.fields_of_signal()
            shown = _preview(request, draft_signal(project=project, key=signal.key, **fields), of=signal)
        except ValidationError as error:
            form.add_errors(error.message_dict)
    return _page(request, project, kind, form, shown, signal)


@require_POST
@project_page(Role.MEMBER)
def run_over_history(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    if not signal.enabled or not has_history(signal):
        messages.error(
            request, "Switch the signal on first." if not signal.enabled else "The app sends this one."
        )
    else:
        request_backfill(signal, user=request.user)
    return redirect("signal", project.slug, signal.key)


@require_POST
@project_page(Role.MEMBER)
def stop_history(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    if stop_jobs(project=project, kind=BACKFILL, subject=signal.pk, user=request.user):
        messages.success(
            request,
            "Stopped. The matches that were found stay; “Run over history” looks through all of it again.",
        )
    return redirect("signal", project.slug, signal.key)


def _preview(
    request: ProjectRequest, draft: SignalDefinition, *, of: SignalDefinition | None = None
) -> Shown:
    """Raises ValidationError."""
    if of is not None:
        draft.pk, draft._state.adding = of.pk, False  # so that it does not stand in its own way
    check_signal(draft)
    train_signal(draft)
    with SEARCHES.enter(draft.project_id):  # it reads the newest 2,000 events
        shown = preview(draft)
    trial = try_question(draft, shown, ask=request.POST.get("action") == ASK) if asks_llm(draft) else None
    return shown, trial


def _page(
    request: ProjectRequest,
    project: Project,
    kind: SignalKind,
    form: KindForm,
    shown: Shown | None,
    signal: SignalDefinition | None,
) -> HttpResponse:
    found, trial = shown or (None, None)
    context: dict[str, Any] = {
        "form": form, "kinds": list(KINDS.values()), "kind": kind, "preview": found, "trial": trial, "signal": signal,
        "recent": RECENT,
    }  # fmt: skip
    if kind.asks_llm:
        context["status"] = status_of(project, meter(project.id))
    # htmx swaps in no answer with an error's status.
    wrong = form.errors and not request.htmx
    return render(request, "signals/custom.html", context, status=400 if wrong else 200)


def _go(request: ProjectRequest, signal: SignalDefinition) -> HttpResponse:
    return redirect("signal", signal.project.slug, signal.key)
