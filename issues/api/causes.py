"""`/api/issues/{id}/causes/` and `/breakdown`, `/api/signals/{id}/breakdown`: what comes with an issue or a signal more often than with all else."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Job, Project
from ingest.projects.authentication import project_of
from issues.api.lookup import actor, find_issue
from issues.causes.reading import causes_of
from issues.models import IssueMatch
from raindrop.api.shapes import answers, refuse_unknown, results
from raindrop.errors import ApiError
from signals.catalogue.access import find_signal
from signals.dimensions.breakdown import MATCHES, break_down
from signals.dimensions.finding import MOST
from signals.dimensions.names import is_dimension, plain_name
from signals.models import SignalMatch

TAGS = ["Issues"]
BY = [
    OpenApiParameter(
        "by",
        OpenApiTypes.STR,
        required=True,
        description="model, event, release, property.NAME, trait.NAME, flag.NAME, tool.called, tool.failed, language, hour, intent or signal.KEY.",
    )
]


class NamedItem(serializers.Serializer[Any]):
    dimension = serializers.CharField(required=False, help_text="model, event, release, property.NAME...")
    value = serializers.CharField(required=False)
    dimensions = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of a pair, in place of `dimension`."
    )
    values = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of a pair, in place of `value`."
    )


class CauseItem(NamedItem):
    events = serializers.IntegerField(help_text="Of the issue, in the conversations that have the value.")
    conversations = serializers.IntegerField(help_text="Of the issue, that have the value.")
    users = serializers.IntegerField()
    rate = serializers.FloatField(help_text="Share of the issue's conversations that have the value.")
    lift = serializers.FloatField(help_text="`rate` over the share of all conversations that have it.")
    low = serializers.FloatField(help_text="Of the lift: 90 % interval.")
    high = serializers.FloatField(help_text="Of the lift: 90 % interval.")
    since = serializers.DateTimeField(
        allow_null=True, help_text="The issue's first event that has the value."
    )
    p = serializers.FloatField(help_text="Fisher's exact test, one-sided, before the correction.")
    explained_by = NamedItem(
        allow_null=True, help_text="The cause after which this value says nothing more: they go together."
    )
    query = serializers.CharField(
        help_text="Finds the events that have the value, with `issue:N` those of the issue."
    )


class BreakdownItem(serializers.Serializer[Any]):
    value = serializers.CharField()
    events = serializers.IntegerField(help_text="Of the issue or signal, that have the value.")
    users = serializers.IntegerField()
    rate = serializers.FloatField(help_text="Share of its events that have the value.")
    lift = serializers.FloatField(
        allow_null=True,
        help_text="`rate` over the share of all events that have it; null where none was read.",
    )
    low = serializers.FloatField(allow_null=True, help_text="Of the lift: 90 % interval.")
    high = serializers.FloatField(allow_null=True, help_text="Of the lift: 90 % interval.")


WAITING = inline_serializer("CausesJob", {"job": serializers.UUIDField()})


@extend_schema(
    operation_id="issues_causes",
    tags=TAGS,
    summary="What explains it, best first",
    responses={
        **answers(results(CauseItem)),
        202: OpenApiResponse(WAITING, description="The project is large: ask again when the job is done."),
    },
)
@api_view(["GET"])
def causes(request: Request, key: str) -> Response:
    """The values, and pairs of values, of all dimensions that the issue's conversations have more often than all conversations, after a
    correction for how many were tried."""
    found = causes_of(find_issue(request, key), user=actor(request))
    if isinstance(found, Job):
        return Response({"job": str(found.pk)}, status=202)
    return Response({"results": found[:MOST]})


@extend_schema(
    operation_id="issues_breakdown",
    tags=TAGS,
    summary="Its values of one dimension",
    parameters=BY,
    responses=answers(results(BreakdownItem)),
)
@api_view(["GET"])
def breakdown(request: Request, key: str) -> Response:
    """Of the newest matches, against the project's newest events. The values that most of the issue's events have come first."""
    issue = find_issue(request, key)
    return Response({"results": _break_down(request, IssueMatch.objects.filter(issue=issue), issue.project)})


@extend_schema(
    operation_id="signals_breakdown",
    tags=["Signals"],
    summary="Its values of one dimension",
    parameters=BY,
    responses=answers(results(BreakdownItem)),
)
@api_view(["GET"])
def signal_breakdown(request: Request, key: str) -> Response:
    """Of the newest matches, against the project's newest events. The values that most of the signal's events have come first."""
    signal = find_signal(project_of(request), key)
    matches = SignalMatch.objects.filter(signal=signal, project=signal.project_id)
    return Response({"results": _break_down(request, matches, signal.project)})


def _break_down(
    request: Request, matches: QuerySet[IssueMatch] | QuerySet[SignalMatch], project: Project
) -> list[dict[str, Any]]:
    by = _dimension(request)
    newest = matches.order_by("-timestamp", "-id").values_list("event_id", flat=True)[:MATCHES]
    return [value.as_item() for value in break_down(list(newest), by=by, project=project)]


def _dimension(request: Request) -> str:
    """The one that is asked for. Raises ApiError (400)."""
    refuse_unknown(request, BY)
    by = request.GET.get("by", "")
    if not is_dimension(by):
        names = "model, event, release, property.NAME, trait.NAME, flag.NAME, tool.called, tool.failed, language, hour, intent, signal.KEY"
        raise ApiError(400, f"by is a dimension: {names}.", details={"field": "by"})
    return plain_name(by)
