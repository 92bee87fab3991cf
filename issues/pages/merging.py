"""Merging an issue into another from its page, and taking it out again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from issues.merging.doors import CannotMerge, merge_issue, unmerge_issue

JOINING = " Its matches are being joined."


@require_POST
@project_page(Role.MEMBER)
def merge(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Into the issue whose number was sent (12, #12 or DEMO-12)."""
    issue = get_issue(project, number)
    text = request.POST.get("into", "").strip().rpartition("-")[2].lstrip("#")
    try:
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Http404("There is no issue of that number in this project.")
        into = get_issue(project, int(text))
        job = merge_issue(issue=issue, into=into, user=request.user)
    except (Http404, CannotMerge) as error:
        messages.warning(request, str(error))
        return redirect("issue", project.slug, number)
    messages.success(request, f"#{issue.number} is a part of this issue now.{JOINING if job else ''}")
    return redirect("issue", project.slug, into.number)


@require_POST
@project_page(Role.MEMBER)
def unmerge(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    try:
        unmerge_issue(issue=issue, user=request.user)
    except CannotMerge as error:
        messages.warning(request, str(error))
    return redirect("issue", project.slug, number)
