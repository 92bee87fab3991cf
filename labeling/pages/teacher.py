"""The teacher on an issue's page: what it labelled, how far people agree, what asking it costs; and the button."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from labeling.teacher.agreement import agreement
from labeling.teacher.lessons import (
    DEFAULT_CALLS,
    MOST_CALLS,
    CannotTeach,
    estimate_teaching,
    request_teaching,
    under_way,
    why_not_taught,
)


@project_page()
def teacher(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment."""
    issue = get_issue(project, number)
    context = {
        "issue": issue, "agreement": agreement(issue), "estimate": estimate_teaching(issue), "why_not": why_not_taught(issue),
        "job": under_way(issue), "most_calls": MOST_CALLS, "calls": DEFAULT_CALLS,
    }  # fmt: skip
    return render(request, "labeling/_teacher.html", context)


@require_POST
@project_page(Role.MEMBER)
def teach(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A run of `calls` calls."""
    issue = get_issue(project, number)
    given = request.POST.get("calls", "")
    if not (given.isascii() and given.isdigit() and len(given) < 6 and 1 <= int(given) <= MOST_CALLS):
        raise BadRequest(f"calls is a whole number from 1 to {MOST_CALLS}.")
    try:
        request_teaching(issue, calls=int(given), user=request.user)
    except CannotTeach as error:
        messages.error(request, str(error))
    return redirect("issue", project.slug, issue.number)
