"""Managing the taxonomy in the app: many signals at once, the names that the app sent, defaults."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.counts import rollups
from ingest.models import Project, Total
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from signals.catalogue.access import find_signal
from signals.models import SignalDefinition, SignalGroup, SignalMatch
from signals.models.definitions import Sentiment
from signals.pages.forms.taxonomy import DONE, BulkForm, NameForm, unreviewed
from signals.taxonomy.bulk import change_signals
from signals.taxonomy.defaults import reset_signals
from signals.taxonomy.definitions import change_signal
from signals.taxonomy.joining import join_signal, separate_signal

NAMES = 100
FILTERS = ("q", "kind", "sentiment", "group", "reviewed")


@require_POST
@project_page(Role.MEMBER)
def bulk(request: ProjectRequest, project: Project) -> HttpResponse:
    """Does one thing to the ticked signals, and goes back to the list that they were ticked on."""
    back = _back(request, project)
    form = BulkForm(request.POST, project=project)
    if not form.is_valid():
        first = next(
            iter(form.errors.get("sentiment", [])), "tick signals of this project, then choose an action."
        )
        messages.error(request, f"Nothing was changed: {first}")
        return redirect(back)
    action = form.cleaned_data["action"]
    chosen = SignalDefinition.objects.filter(project=project, key__in=form.cleaned_data["signal"])
    user = request.user
    if action == "reset":
        count = reset_signals(signals=chosen.order_by(), user=user)
    else:
        count = change_signals(signals=chosen.order_by(), user=user, **form.changes())
    messages.success(request, f"{count} signal{'' if count == 1 else 's'} {DONE[action]}.")
    return redirect(back)


@dataclass(frozen=True, slots=True)
class NameRow:
    """`newest`: the last event that the app sent it for."""

    signal: SignalDefinition
    form: NameForm
    total: Total
    newest: SignalMatch | None


@project_page()
def names(request: ProjectRequest, project: Project) -> HttpResponse:
    """The names that the app sent and nobody looked at yet, each with its form."""
    return _names(request, project, None)


@require_POST
@project_page(Role.MEMBER)
def name_one(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Saves one row of the names: it then counts as reviewed."""
    signal = find_signal(project, key)
    form = NameForm(request.POST, instance=signal)
    if not form.is_valid():
        return _names(request, project, form)
    original = SignalDefinition.objects.get(pk=signal.pk)
    try:
        changed = change_signal(signal=original, user=request.user, **form.changes())
    except ValidationError as error:
        form.add_error(None, error.messages[0])
        return _names(request, project, form)
    messages.success(request, f"“{changed.name}” is {'muted' if changed.muted else 'reviewed'}.")
    return redirect("signal-names", project.slug)


@require_POST
@project_page(Role.MEMBER)
def join(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    """Counts a name that the app sends as the built-in signal that it says the same as; `undo` makes it a signal of its own again."""
    signal = find_signal(project, key)
    try:
        if request.POST.get("undo"):
            separate_signal(signal=signal, user=request.user)
            messages.success(request, f"“{signal.name}” is a signal of its own again.")
            return redirect("signal", project.slug, signal.key)
        target = join_signal(signal=signal, user=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("signal", project.slug, signal.key)
    messages.success(
        request, f"What the app sends as “{signal.name}” now counts as “{target.name}”, in old events too."
    )
    return redirect("signal", project.slug, target.key)


@require_POST
@project_page(Role.MEMBER)
def reset(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    signal = find_signal(project, key)
    reset_signals(signals=SignalDefinition.objects.filter(pk=signal.pk), user=request.user)
    messages.success(request, f"“{signal.name}” is as the server's default has it, and follows it.")
    return redirect("signal", project.slug, signal.key)


def _names(request: ProjectRequest, project: Project, wrong: NameForm | None) -> HttpResponse:
    signals = list(unreviewed(project).select_related("group", "project")[:NAMES])
    totals = rollups.totals(signal.id for signal in signals)
    newest = _newest(signals)
    rows = [
        NameRow(
            signal,
            wrong if wrong and wrong.instance.pk == signal.pk else NameForm(instance=signal),
            totals[signal.id],
            newest.get(signal.key),
        )
        for signal in signals
    ]
    context = {
        "rows": sorted(rows, key=lambda row: -row.total.events),
        "groups": SignalGroup.objects.filter(project=project),
        "sentiments": Sentiment.choices,
        "may_edit": request.role != Role.VIEWER,
    }
    return render(request, "signals/names.html", context, status=400 if wrong else 200)


def _newest(signals: list[SignalDefinition]) -> dict[str, SignalMatch]:
    """By key. One short index scan each (signal_match_recent), in one statement."""
    if not signals:
        return {}
    rows = SignalMatch.objects.raw(
        """SELECT m.* FROM unnest(%s::uuid[]) s, LATERAL (
             SELECT * FROM signals_signalmatch WHERE signal_id = s ORDER BY timestamp DESC, id DESC LIMIT 1) m""",
        [[signal.id for signal in signals]],
    )
    keys = {signal.id: signal.key for signal in signals}
    return {keys[row.signal_id]: row for row in rows.prefetch_related("event")}


def _back(request: ProjectRequest, project: Project) -> str:
    """The page it came from, with its own filters only, so that the form's field cannot lead elsewhere."""
    if request.POST.get("page") == "names":
        return reverse("signal-names", args=[project.slug])
    shown, kept = QueryDict(request.POST.get("back", "").removeprefix("?")), QueryDict(mutable=True)
    for name in FILTERS:
        if value := shown.get(name):
            kept[name] = value
    return reverse("signals", args=[project.slug]) + (f"?{kept.urlencode()}" if kept else "")
