"""`/api/issues/{id}/teach/`: having a teacher (an LLM) label events of an issue."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from issues.api.lookup import actor, find_issue
from labeling.teacher.agreement import agreement
from labeling.teacher.lessons import (
    MOST_CALLS,
    CannotTeach,
    request_teaching,
    under_way,
    why_not_taught,
)
from raindrop.api.shapes import Strict, answers
from raindrop.errors import ApiError

TAGS = ["Teaching"]


class Teach(Strict):
    calls = serializers.IntegerField(
        min_value=1, max_value=MOST_CALLS, help_text="Events to ask about, one a call."
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("calls"), bool | float | str):
            raise serializers.ValidationError({"calls": ["A whole number is needed."]})
        return super().to_internal_value(data)


class TeacherItem(serializers.Serializer[Any]):
    """What the teacher has labelled (`source` llm), and how far it agrees with people. Intervals are 90 %."""

    labels = serializers.IntegerField()
    matches = serializers.IntegerField(help_text="Of these, matches.")
    compared = serializers.IntegerField(help_text="Events that people have answered too.")
    agreed = serializers.FloatField(
        allow_null=True, help_text="The share of these with the same answer; null below 10."
    )
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    job = serializers.UUIDField(allow_null=True, help_text="Of the run that waits or is under way.")
    why_not = serializers.CharField(
        allow_null=True, help_text="Why no teacher can be asked now; null when one can."
    )


TEACHING = inline_serializer("TeachingJob", {"job": serializers.UUIDField()})


@extend_schema(
    methods=["GET"],
    operation_id="issues_teach_retrieve",
    tags=TAGS,
    summary="What the teacher labelled, and how far people agree",
    responses=answers(TeacherItem),
)
@extend_schema(
    methods=["POST"],
    operation_id="issues_teach_create",
    tags=TAGS,
    summary="Have a teacher label events",
    parameters=[OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH)],
    request=Teach,
    responses=answers(TEACHING, status=202, conflict=True),
)
@api_view(["GET", "POST"])
def teach(request: Request, key: str) -> Response:
    """Its labels have the source llm, are learned from where people have not answered, and count in no figure of people's. It is asked within the
    project's budget for the LLM; a run that waits or is under way is answered again. 409 says what is missing."""
    issue = find_issue(request, key)
    if request.method == "GET":
        job = under_way(issue)
        return Response(
            asdict(agreement(issue))
            | {"job": str(job.pk) if job else None, "why_not": why_not_taught(issue) or None}
        )
    form = Teach(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        job = request_teaching(issue, calls=form.validated_data["calls"], user=actor(request))
    except CannotTeach as error:
        raise ApiError(409, str(error)) from None
    return Response({"job": str(job.pk)}, status=202)
