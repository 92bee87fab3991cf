"""`/api/retention/`, `/api/export/` and `/api/erase/`: how long events are kept, and somebody's data on request."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import ApiKey, EndUser, Project, User
from ingest.models.projects import Role
from ingest.projects.access import role_in
from ingest.projects.authentication import project_of
from ingest.retention.expiring import MOST_DAYS, BadRetention, set_retention
from ingest.retention.subjects import (
    NotKnown,
    Of,
    Subject,
    export_line,
    find_subject,
    for_export,
    request_erasure,
)
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, Strict, answers, refuse_unknown
from raindrop.errors import ApiError

TAGS = ["Retention"]
OF = [
    OpenApiParameter(of.value, OpenApiTypes.STR, description="The app's own id; one of the three.")
    for of in Of
]


class RetentionItem(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        allow_null=True, help_text="For how long events are kept; null: for ever."
    )
    relevant_days = serializers.IntegerField(
        allow_null=True, help_text="The same of events that are labelled or in an issue's history."
    )


class RetentionChange(Strict):
    days = serializers.IntegerField(allow_null=True, required=False, min_value=1, max_value=MOST_DAYS)
    relevant_days = serializers.IntegerField(
        allow_null=True, required=False, min_value=1, max_value=MOST_DAYS
    )


class ExportItem(serializers.Serializer[Any]):
    user = serializers.DictField(
        allow_null=True, help_text="With `user_id`: `{user_id, traits, first_seen, last_seen}`."
    )
    results = serializers.ListField(
        child=serializers.DictField(), help_text="Events, in the shape that `manage.py import_events` reads."
    )
    next = serializers.CharField(allow_null=True, help_text="Send it as `cursor`.")


class EraseRequest(Strict):
    user_id = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    convo_id = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    event_id = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name one of user_id, convo_id and event_id.")
        return attrs


class EraseItem(serializers.Serializer[Any]):
    events = serializers.IntegerField(help_text="That were deleted; 0 while the job does it.")
    job = serializers.UUIDField(allow_null=True, help_text="Of more than 1,000 events: `/api/jobs/{id}/`.")


@extend_schema(
    methods=["GET"],
    operation_id="retention_get",
    tags=TAGS,
    summary="How long events are kept",
    responses=answers(RetentionItem, missing=False),
)
@extend_schema(
    methods=["PATCH"], operation_id="retention_change", tags=TAGS, summary="Change how long events are kept",
    request=RetentionChange, responses=answers(RetentionItem, missing=False),
)  # fmt: skip
@api_view(["GET", "PATCH"])
def retention(request: Request) -> Response:
    """A change is made by an admin. A job deletes what is older once a day."""
    project = project_of(request)
    if request.method == "PATCH":
        _check_admin(request, project)
        form = RetentionChange(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        try:
            set_retention(
                project=project,
                days=fields.get("days", project.retention_days),
                relevant_days=fields.get("relevant_days", project.retention_relevant_days),
            )
        except BadRetention as error:
            raise ApiError(400, str(error), details={"field": error.field}) from error
    return Response({"days": project.retention_days, "relevant_days": project.retention_relevant_days})


@extend_schema(
    operation_id="export",
    tags=TAGS,
    summary="Somebody's data",
    parameters=[*OF, *PAGE],
    responses=answers(ExportItem),
)
@api_view(["GET"])
def export(request: Request) -> Response:
    """All that was sent of an end user, a conversation or an event, the newest first."""
    refuse_unknown(request, [*OF, *PAGE])
    project = project_of(request)
    subject_name = {of.value: request.GET[of.value] for of in Of if of.value in request.GET}
    if len(subject_name) != 1:
        raise ApiError(400, "Name one of user_id, convo_id and event_id.", details={"field": "user_id"})
    subject = _find(project, subject_name)
    page = page_of(for_export(project, subject), request=request)
    user = EndUser.objects.filter(pk=subject.pk).first() if subject.of is Of.USER else None
    return Response(
        {
            "user": user and {"user_id": user.user_id, "traits": user.traits, "first_seen": user.first_seen, "last_seen": user.last_seen},
            "results": [export_line(event) for event in page.rows],
            "next": page.next,
        }
    )  # fmt: skip


@extend_schema(
    operation_id="erase",
    tags=TAGS,
    summary="Delete somebody's data",
    request=EraseRequest,
    responses=answers(EraseItem),
)
@api_view(["POST"])
def erase(request: Request) -> Response:
    """All that was sent of an end user, a conversation or an event, and all that was made of it; counts are brought right. It cannot be taken
    back. By an admin."""
    project = project_of(request)
    _check_admin(request, project)
    form = EraseRequest(data=request.data)
    form.is_valid(raise_exception=True)
    subject = _find(project, form.validated_data)
    user = request.user if isinstance(request.user, User) else None
    events, job = request_erasure(project=project, subject=subject, user=user)
    return Response({"events": events, "job": str(job.pk) if job else None})


def _find(project: Project, subject_name: dict[str, str]) -> Subject:
    [(name, key)] = subject_name.items()
    try:
        return find_subject(project, Of(name), key)
    except NotKnown as error:
        raise Http404(str(error)) from error


def _check_admin(request: Request, project: Project) -> None:
    """Of those who may change things at all. Raises ApiError 403."""
    if not isinstance(request.auth, ApiKey) and role_in(user=request.user, project=project) != Role.ADMIN:
        raise ApiError(403, "Only an admin of the project does this.")
