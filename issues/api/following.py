"""What an issue follows, as the API takes it; and `/api/clusters/{id}/promote/`, which makes an issue that follows a cluster."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Project
from ingest.projects.authentication import project_of
from issues.actions import TITLE_LENGTH
from issues.api.lookup import actor, issue_items, read_whole
from issues.api.schema import DESCRIPTION_LENGTH, IssueItem
from issues.following.promoting import promote_cluster
from issues.following.sources import Source, UnknownSource, find_cluster, read_source
from issues.models import Issue
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError
from signals.search.language.errors import QueryError


def read_follows(
    project: Project, choice: Mapping[str, Any] | None, *, issue: Issue | None = None, field: str = "follows"
) -> Source:
    """`field`: where it stands in the request. Raises ApiError 400, which names the character of a query that is wrong."""
    try:
        return read_source(project, choice, issue=issue)
    except QueryError as error:
        raise error.as_api_error(field=f"{field}.query") from error
    except UnknownSource as error:
        name = f"{field}." + "".join(choice or {})
        raise ApiError(400, str(error), details={"field": name}) from error


class Promotion(Strict):
    title = serializers.CharField(
        max_length=TITLE_LENGTH, required=False, help_text="By default the cluster's label."
    )
    description = serializers.CharField(
        max_length=DESCRIPTION_LENGTH, allow_blank=True, required=False, help_text="By default the cluster's."
    )


@extend_schema(
    operation_id="clusters_promote",
    tags=["Clusters"],
    summary="Make an issue of a cluster",
    request=Promotion,
    responses=answers(IssueItem, status=201),
)
@api_view(["POST"])
def promote(request: Request, cluster_id: uuid.UUID) -> Response:
    """An issue that follows the cluster, with the cluster's events, users and history; the one that follows it already, with status 200,
    when there is one."""
    project = project_of(request)
    try:
        cluster = find_cluster(project, str(cluster_id))
    except UnknownSource as error:
        raise Http404(str(error)) from error
    body = Promotion(data=request.data)
    body.is_valid(raise_exception=True)
    issue, is_new = promote_cluster(cluster=cluster, user=actor(request), **body.validated_data)
    loaded = read_whole(Issue.objects.filter(pk=issue.pk)).get()
    return Response(issue_items([loaded])[0], status=201 if is_new else 200)
