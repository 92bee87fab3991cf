"""Releases: when each release, model, version of a prompt and flag was first seen, and what moved since."""

from django.http import Http404, HttpResponse
from django.utils import timezone

from ingest.models import AppearanceKind, Project
from ingest.projects.access import ProjectRequest, project_page
from issues.causes.since import find_appearance, moved_since, query_for, timeline
from raindrop.web.regions import render_page

NAMES = {
    AppearanceKind.RELEASE: "Releases",
    AppearanceKind.MODEL: "Models",
    AppearanceKind.PROMPT: "Prompts",
    AppearanceKind.FLAG: "Flags",
}


@project_page()
def releases(request: ProjectRequest, project: Project) -> HttpResponse:
    """`kind`: of one kind alone; `since=KIND:VALUE`: of which it is shown what moved; left out: of the newest."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in AppearanceKind.values else ""
    rows = timeline(project, kind=kind)
    chosen = rows[0] if rows else None
    if asked_for := request.GET.get("since", ""):
        chosen = find_appearance(project, asked_for)
        if chosen is None:
            raise Http404("No event of this project has had that.")
    since = moved_since(project, chosen, now=timezone.now()) if chosen else None
    context = {
        "rows": rows,
        "kind": kind,
        "kinds": [(one.value, name) for one, name in NAMES.items()],
        "since": since,
        "events_query": query_for(chosen) if chosen else "",
    }
    return render_page(request, "issues/releases.html", context)
