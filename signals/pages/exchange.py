"""The app's page for the taxonomy as a file, and what it shares with the admin's."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from ingest.models import Project, User
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from signals.pages.forms.exchange import ExchangeForm
from signals.taxonomy.exchange import Outcome, export_signals, import_signals
from signals.taxonomy.exchange_file import FileRefused, Problem, read_file


@project_page()
def taxonomy_file(request: ProjectRequest, project: Project) -> HttpResponse:
    """The taxonomy as a file: out, and, for members, in."""
    if "download" in request.GET:
        return as_download(project)
    form = ExchangeForm()
    outcomes: list[Outcome] | None = None
    problems: list[Problem] = []
    if request.method == "POST":
        if request.role == Role.VIEWER:
            return HttpResponse("A viewer may only read.", status=403)
        form = ExchangeForm(request.POST, request.FILES)
        if form.is_valid():
            applying, text = request.POST.get("action") == "apply", form.cleaned_data["text"]
            outcomes, problems = try_import(project, text, user=request.user, dry_run=not applying)
            if applying and outcomes is not None:
                messages.success(request, f"{summary(outcomes)}.")
                return redirect("signals", project.slug)
            form = ExchangeForm(initial={"text": text})
    context = {
        "form": form,
        "outcomes": outcomes,
        "problems": problems,
        "summary": summary(outcomes) if outcomes is not None else "",
        "may_edit": request.role != Role.VIEWER,
    }
    return render(request, "signals/file.html", context, status=400 if problems or form.errors else 200)


def as_download(project: Project) -> HttpResponse:
    response = HttpResponse(export_signals(project), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="signals-{project.slug}.yaml"'
    return response


def try_import(
    project: Project, text: str, *, user: Any, dry_run: bool
) -> tuple[list[Outcome] | None, list[Problem]]:
    """(what it does or would do, []), or (None, what is wrong with the file)."""
    assert isinstance(user, User)
    try:
        return import_signals(project=project, taxonomy=read_file(text), user=user, dry_run=dry_run), []
    except FileRefused as refused:
        return None, refused.problems


def summary(outcomes: list[Outcome]) -> str:
    """Such as "2 signals made, 1 changed, 14 as they were"."""
    counts = {
        what: sum(outcome.what == what for outcome in outcomes) for what in ("create", "change", "keep")
    }
    plural = "" if counts["create"] == 1 else "s"
    return (
        f"{counts['create']} signal{plural} made, {counts['change']} changed, {counts['keep']} as they were"
    )
