"""Splitting an issue from its page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from labeling.splitting import CannotSplit, Part, split_issue
from signals.search.language.errors import QueryError


@require_POST
@project_page(Role.MEMBER)
def split(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    issue = get_issue(project, number)
    part = Part("the query", query=request.POST.get("query", "").strip())
    try:
        made, job = split_issue(
            issue=issue, part=part, title=request.POST.get("title", ""), description="", user=request.user
        )
    except QueryError as error:
        messages.warning(request, error.message)
    except (CannotSplit, ValueError) as error:  # a title that is none
        messages.warning(request, str(error))
    else:
        messages.success(
            request, f"Split off from #{issue.number}.{' Its matches are being read.' if job else ''}"
        )
        number = made.number
    return redirect("issue", project.slug, number)
