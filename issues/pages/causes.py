"""Fragments for pages of signals below: what a signal or a cluster comes from (signals/pages/panels.py)."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render

from ingest.counts.period import Period
from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from issues.causes.subjects import causes_of_cluster, causes_of_signal
from signals.catalogue.access import find_signal
from signals.clusters.reading import find_cluster


@project_page()
def of_signal(request: ProjectRequest, project: Project, key: str) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    found = causes_of_signal(find_signal(project, key), since=period.start)
    return render(
        request,
        "issues/_subject_causes.html",
        {"found": found, "period": period.key, "compare": f"signal:{key}"},
    )


@project_page()
def of_cluster(request: ProjectRequest, project: Project, cluster_id: uuid.UUID) -> HttpResponse:
    period = Period.named(request.GET.get("period", ""))
    found = causes_of_cluster(find_cluster(project, cluster_id), since=period.start)
    return render(request, "issues/_subject_causes.html", {"found": found, "period": period.key})
