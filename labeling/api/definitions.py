"""`/api/issues/{id}/definitions/`: the versions of an issue's definition, writing one and going back to one."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from issues.actions import TITLE_LENGTH
from issues.api.lookup import actor, find_issue
from issues.api.schema import DESCRIPTION_LENGTH, QualityItem
from issues.classifier.audit import published
from issues.models import Issue
from labeling.api.refinement_schema import EffectItem
from labeling.refinement.versions import UnknownVersion, Version, revert_to, versions_of, write_version
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, Strict, answers, listed
from raindrop.errors import ApiError


class DefinitionItem(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField()
    author = serializers.CharField(allow_null=True, help_text="Null when a key or the system wrote it.")
    created_at = serializers.DateTimeField()
    current = serializers.BooleanField()
    diff = serializers.CharField(
        allow_null=True,
        help_text="To the version before: lines that begin with + came, with - went. Null of the first.",
    )
    classifier_version = serializers.IntegerField(
        allow_null=True, help_text="Of the last classifier that was trained on it."
    )
    quality = QualityItem(allow_null=True, help_text="Of that classifier.")
    effect = EffectItem(allow_null=True, help_text="What the question's answer was worked out to change.")


class NewDefinition(Strict):
    revert_to = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="The number of an earlier version."
    )
    title = serializers.CharField(max_length=TITLE_LENGTH, required=False)
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, allow_blank=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs or ("revert_to" in attrs and len(attrs) > 1):
            raise serializers.ValidationError("Send revert_to alone, or title, description or both.")
        return attrs


@extend_schema(
    methods=["GET"],
    operation_id="issues_definitions_list",
    tags=["Issues"],
    summary="The versions of its definition, newest first",
    parameters=PAGE,
    responses=answers(listed(DefinitionItem)),
)
@extend_schema(
    methods=["POST"],
    operation_id="issues_definitions_create",
    tags=["Issues"],
    summary="Write a version of its definition, or go back to one",
    parameters=[OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH)],
    request=NewDefinition,
    responses=answers(DefinitionItem, status=201),
)
@api_view(["GET", "POST"])
def definitions(request: Request, key: str) -> Response:
    """Old versions stay: going back makes a new version of the old text. A new text trains the classifier anew in the background."""
    issue = find_issue(request, key)
    if request.method == "POST":
        version = _write(issue, request)
        return Response(definition_item(version), status=201)
    page = page_of(issue.definitions.select_related("author"), request=request, order=("-version", "-id"))
    return Response(page.body([definition_item(one) for one in versions_of(issue, page.rows)]))


def _write(issue: Issue, request: Request) -> Version:
    form = NewDefinition(data=request.data)
    form.is_valid(raise_exception=True)
    fields, user = form.validated_data, actor(request)
    try:
        if "revert_to" in fields:
            written = revert_to(issue=issue, user=user, version=fields["revert_to"])
        else:
            written = write_version(issue=issue, user=user, **fields)
    except UnknownVersion as error:
        raise ApiError(400, str(error), details={"field": "revert_to"}) from error
    except ValueError as error:
        raise ApiError(400, str(error), details={"field": "title"}) from error
    [version] = versions_of(issue, [written])
    return version


def definition_item(version: Version) -> dict[str, Any]:
    row, classifier = version.definition, version.classifier
    return {
        "version": row.version,
        "title": row.title,
        "description": row.description,
        "author": row.author.username if row.author else None,
        "created_at": row.created_at,
        "current": version.is_current,
        "diff": version.diff,
        "classifier_version": classifier.version if classifier else None,
        "quality": published(classifier.quality) if classifier else None,
        "effect": version.effect,
    }
