"""What every page needs: the projects to switch between, and where we are."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt

from ingest.models import Project
from raindrop.errors import error_response


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `project` (when the page belongs to one), `my_projects`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    mine = Project.objects.all() if user.is_superuser else Project.objects.filter(members=user)
    context: dict[str, Any] = {"my_projects": mine}
    if project := getattr(request, "project", None):
        context |= {"project": project, "role": getattr(request, "role", None)}
    return context


@csrf_exempt  # an exporter whose URL lacks its path posts here, and should read why
def home(request: HttpRequest) -> HttpResponse:
    """To the project that was last open, else the first of mine; a page that says what to do when there is none."""
    if request.method not in {"GET", "HEAD"}:
        return error_response(
            405,
            "Nothing is taken here. Traces go to /v1/traces, logs to /v1/logs, events to /v1/events/track.",
        )
    if not request.user.is_authenticated:
        return redirect("login")
    mine = navigation(request)["my_projects"]
    project = mine.filter(slug=request.session.get("project", "")).first() or mine.first()
    if project is None:
        return render(request, "ingest/no_project.html")
    return redirect("overview", project.slug)
