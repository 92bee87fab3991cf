"""`/api/reader/past/`: having the past read by the LLM, after an estimate of what that costs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import ApiKey, Project, User
from ingest.models.projects import KeyKind, Role
from ingest.projects.access import role_in
from ingest.projects.authentication import project_of
from raindrop import llm
from raindrop.api.shapes import answers
from raindrop.errors import ApiError
from signals.llm import budget
from signals.reader.estimates import estimate_past
from signals.reader.noting import is_on
from signals.reader.past import request_past, run_of_past

TAGS = ["Reader"]


class PastEstimate(serializers.Serializer[Any]):
    conversations = serializers.IntegerField(help_text="Of the last 28 days, that were not read.")
    expected_dollars = serializers.FloatField(help_text="US dollars for all of them; a guess.")
    most_dollars = serializers.FloatField(help_text="US dollars; not more, by a sample of them.")
    a_day = serializers.IntegerField(
        help_text="So many of them the share of a day's budget for the past holds."
    )
    job = serializers.UUIDField(
        allow_null=True, help_text="The run that waits or is under way: `/api/jobs/{id}/`."
    )


class PastRun(serializers.Serializer[Any]):
    job = serializers.UUIDField(help_text="`/api/jobs/{id}/` tells how far it is.")


@extend_schema(
    methods=["GET"], operation_id="reader_past_get", tags=TAGS, summary="What reading the past would cost",
    responses=answers(PastEstimate, missing=False),
)  # fmt: skip
@extend_schema(
    methods=["POST"], operation_id="reader_past_start", tags=TAGS, summary="Have the past read", request=None,
    responses=answers(PastRun, status=202, missing=False),
)  # fmt: skip
@api_view(["GET", "POST"])
def past(request: Request) -> Response:
    """Nothing is spent before somebody says so. The run goes through the Batches API, at half the price, as far as the day's budget goes, and
    on the next days until it is done; while one runs, that one is answered. With an admin key, or by a member."""
    project = project_of(request)
    _check_may(request, project)
    if request.method == "POST":
        if not is_on(project.pk):
            raise ApiError(400, f"Nothing is read: {llm.why_not() or 'the budget of a day is 0.'}")
        user = request.user if isinstance(request.user, User) else None
        return Response({"job": str(request_past(project, user=user).pk)}, status=202)
    run, found = run_of_past(project.pk), estimate_past(project.pk)
    return Response(
        {
            "conversations": found.conversations if found else 0,
            "expected_dollars": found.expected / budget.MICRO if found else 0.0,
            "most_dollars": found.most / budget.MICRO if found else 0.0,
            "a_day": found.a_day if found else 0,
            "job": str(run.pk) if run else None,
        }
    )


def _check_may(request: Request, project: Project) -> None:
    """It spends money. Raises ApiError 403."""
    if isinstance(request.auth, ApiKey):
        if request.auth.kind != KeyKind.ADMIN:
            raise ApiError(403, "A query key may not spend the budget. Use an admin key.")
    elif role_in(user=request.user, project=project) == Role.VIEWER:
        raise ApiError(403, "A viewer may not spend the budget.")
