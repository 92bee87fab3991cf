"""The admin's two pages for taxonomies as YAML files."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from ingest.models import Project
from signals.pages.exchange import as_download, summary, try_import
from signals.pages.forms.exchange import AdminExchangeForm
from signals.taxonomy.exchange import Outcome
from signals.taxonomy.exchange_file import Problem


def export_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    project = Project.objects.filter(slug=request.GET.get("project", "").replace("\x00", "")).first()
    if project is None:
        raise Http404("There is no such project.")
    return as_download(project)


def import_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    form = AdminExchangeForm(request.POST or None, request.FILES or None)
    outcomes: list[Outcome] | None = None
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        project, text = form.cleaned_data["project"], form.cleaned_data["text"]
        applying = request.POST.get("action") == "apply"
        outcomes, problems = try_import(project, text, user=request.user, dry_run=not applying)
        if applying and outcomes is not None:
            messages.success(request, f"{summary(outcomes)} in {project}.")
            return redirect("admin:signals_signaldefinition_changelist")
        form = AdminExchangeForm(initial={"project": project, "text": text})
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Import and export signals",
        "opts": model_admin.model._meta,
        "form": form,
        "outcomes": outcomes,
        "problems": problems,
        "summary": summary(outcomes) if outcomes is not None else "",
        "projects": Project.objects.all()[:200],
    }
    return TemplateResponse(request, "signals/admin_exchange.html", context, status=400 if problems else 200)
