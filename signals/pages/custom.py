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
from signals.kinds import custom
from signals.models import SignalDefinition
from signals.pages.forms.custom import FORMS, CustomForm, fits
from signals.pages.question_panel import Trial, status_of, try_question
from signals.questions.budget import meter
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
KINDS = {
    custom.WORDS: ("Words", "Words, phrases or a regular expression, on one side of the event."),
    custom.METRIC: (
        "A number",
        "Tokens, latency, cost, tool calls and errors, length or turns, against a limit.",
    ),
    custom.SENTENCE: (
        "A sentence",
        "A description and a few examples: a small model finds what means the same.",
    ),
    custom.QUESTION: (
        "Question (LLM)",
        "A yes/no question. A small model, which runs here and costs nothing, picks out the events that may be meant; an LLM judges those, "
        "and must quote the words.",
    ),
    custom.COMBINATION: (
        "A combination",
        "Other signals that hold or do not, a property, a model, a number.",
    ),
}


@project_page(Role.MEMBER)
def new_signal(request: ProjectRequest, project: Project) -> HttpResponse:
    """Previews or creates, as the form's `action` says."""
    ensure_signals(project)
    asked = request.POST.get("kind") or request.GET.get("kind", "")
    kind = asked if asked in FORMS else custom.WORDS
    form = FORMS[kind](request.POST if request.method == "POST" else None, project=project)
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
    return _page(request, project, form, shown, None)


@project_page(Role.MEMBER)
def change_rule(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """As new_signal, for what an existing custom signal looks for."""
    signal = find_signal(project, key)
    kind = custom.kind_of(signal.config)
    if not custom.is_custom(signal) or kind is None or not fits(signal.config):
        raise Http404("This signal has no form.")
    form = FORMS[kind](request.POST if request.method == "POST" else None, project=project, signal=signal)
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
    return _page(request, project, form, shown, signal)


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
    question = custom.kind_of(draft.config) == custom.QUESTION
    trial = try_question(draft, shown, ask=request.POST.get("action") == ASK) if question else None
    return shown, trial


def _page(
    request: ProjectRequest,
    project: Project,
    form: CustomForm,
    shown: Shown | None,
    signal: SignalDefinition | None,
) -> HttpResponse:
    found, trial = shown or (None, None)
    context: dict[str, Any] = {
        "form": form, "kinds": KINDS, "kind": form.kind, "about": KINDS[form.kind][1], "preview": found, "trial": trial,
        "signal": signal, "recent": RECENT,
    }  # fmt: skip
    if form.kind == custom.QUESTION:
        context["status"] = status_of(project, meter(project.id))
    # htmx swaps in no answer with an error's status.
    wrong = form.errors and not request.htmx
    return render(request, "signals/custom.html", context, status=400 if wrong else 200)


def _go(request: ProjectRequest, signal: SignalDefinition) -> HttpResponse:
    return redirect("signal", signal.project.slug, signal.key)
