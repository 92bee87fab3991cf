"""`/api/compare/`: releases, models, flags or queries side by side on a signal or an issue."""

from dataclasses import asdict
from typing import Any

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.counts.period import DAYS, Period
from ingest.projects.authentication import project_of
from issues.api.lookup import read_choice
from issues.causes.comparing import MOST_SIDES, NEWEST, compare, in_words, read_sides, read_subject
from raindrop.api.shapes import answers, refuse_unknown
from raindrop.errors import ApiError
from signals.search.language.errors import QueryError

PARAMETERS = [
    OpenApiParameter("subject", OpenApiTypes.STR, required=True, description="`issue:12` or `signal:KEY`."),
    OpenApiParameter("by", OpenApiTypes.STR, description="A dimension, as `causes` names them, such as `release`."),
    OpenApiParameter(
        "value", OpenApiTypes.STR, many=True,
        description=f"With `by`: the values, 2 to {MOST_SIDES}. Left out: those that most of the newest events have.",
    ),
    OpenApiParameter(
        "side", OpenApiTypes.STR, many=True, description=f"Without `by`: 1 to {MOST_SIDES} queries. One is compared with all other events."
    ),
    OpenApiParameter("period", OpenApiTypes.STR, enum=[key for key in DAYS if key != "24h"], default="14d"),
]  # fmt: skip


class DifferenceItem(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(help_text="Newcombe's interval, 90 % in all.")
    high = serializers.FloatField()


class SideItem(serializers.Serializer[Any]):
    name = serializers.CharField()
    query = serializers.CharField()
    events = serializers.IntegerField(help_text=f"That were read: the newest {NEWEST:,} at most.")
    conversations = serializers.IntegerField()
    matches = serializers.IntegerField(help_text="Of the events.")
    matched = serializers.IntegerField(help_text="Of the conversations.")
    users = serializers.IntegerField(help_text="Of the matches.")
    rate = serializers.FloatField(allow_null=True, help_text="`matched` of `conversations`.")
    low = serializers.FloatField(allow_null=True, help_text="Of the rate: Wilson, 90 %.")
    high = serializers.FloatField(allow_null=True)
    difference = DifferenceItem(allow_null=True, help_text="Of the rate, to that of the first side.")
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    curve = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="The rate per day of the period."
    )


class ComparisonItem(serializers.Serializer[Any]):
    results = SideItem(many=True)
    summary = serializers.CharField(help_text="In a sentence; empty where there is nothing to say.")


@extend_schema(
    operation_id="compare",
    tags=["Issues"],
    summary="Sets of events side by side on a signal or an issue",
    parameters=PARAMETERS,
    responses=answers(ComparisonItem),
)
@api_view(["GET"])
def comparison(request: Request) -> Response:
    """Each side's rate with its interval, its curve, and its difference to the first side. The unit is the conversation."""
    refuse_unknown(request, PARAMETERS)
    project = project_of(request)
    subject = read_subject(project, request.GET.get("subject", ""))
    period = Period.named(read_choice(request, "period", [key for key in DAYS if key != "24h"], "14d"))
    params: QueryDict = request.GET
    try:
        sides = read_sides(
            project, by=params.get("by", ""), values=params.getlist("value"), queries=params.getlist("side"), period=period
        )  # fmt: skip
        seen = compare(subject, sides, period=period)
    except QueryError as error:
        raise error.as_api_error(field="side") from error
    except ValueError as error:
        raise ApiError(400, str(error), details={"field": "by" if params.get("by") else "side"}) from error
    return Response(
        {
            "results": [
                {
                    "name": one.side.name, "query": one.side.query, "events": one.events, "conversations": one.conversations,
                    "matches": one.matches, "matched": one.matched, "users": one.users, "rate": one.rate, "low": one.low,
                    "high": one.high, "difference": one.difference and asdict(one.difference), "first_seen": one.first,
                    "last_seen": one.last, "curve": one.curve,
                }
                for one in seen
            ],
            "summary": in_words(seen),
        }
    )  # fmt: skip
