"""Making an issue of a cluster, from its page."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.following.promoting import promote_cluster
from signals.clusters.reading import find_cluster


@require_POST
@project_page(Role.MEMBER)
def promote(request: ProjectRequest, project: Project, cluster_id: uuid.UUID) -> HttpResponse:
    """The issue follows the cluster: it has its events from the first moment. One that has an issue leads to that."""
    issue, is_new = promote_cluster(cluster=find_cluster(project, cluster_id), user=request.user)
    name = f"{project.slug.upper()}-{issue.number}"
    messages.success(request, f"{name} follows this cluster." if is_new else f"{name} follows it already.")
    return redirect("issue", project.slug, issue.number)
