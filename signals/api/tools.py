"""`/api/tools/`: how each tool does, and what it says when it fails."""

from dataclasses import asdict
from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Event, Project
from ingest.projects.authentication import project_of
from raindrop.api.fields import hiding
from raindrop.api.shapes import answers, refuse_unknown, results
from raindrop.errors import ApiError
from raindrop.web.moments import read_moment
from signals.tools.calls import CALLS, Call, error_templates, read_calls, tools_of

TAGS = ["Tools"]
WITHIN = [
    OpenApiParameter("start", OpenApiTypes.DATETIME, description="Of the calls. By default without a bound."),
    OpenApiParameter("end", OpenApiTypes.DATETIME, description="Not included. By default without a bound."),
]


class ToolItem(serializers.Serializer[Any]):
    name = serializers.CharField()
    calls = serializers.IntegerField()
    errors = hiding(
        serializers.IntegerField(
            help_text="Calls that failed, as the signal tool_failure has it: by their status or their result."
        )
    )
    error_rate = serializers.FloatField()
    p50_ms = serializers.FloatField(
        allow_null=True, help_text="Of the calls that tell how long they took; null: none does."
    )
    p95_ms = serializers.FloatField(allow_null=True)
    calls_per_conversation = serializers.FloatField(help_text="Of the conversations that call it.")
    longest_streak = serializers.IntegerField(help_text="Failed calls in a row, in the order of time.")
    conversations = serializers.IntegerField(help_text="That call it.")
    failing_conversations = serializers.IntegerField(help_text="In which it failed.")
    first_call = serializers.DateTimeField()
    last_call = serializers.DateTimeField()


class ToolErrorItem(serializers.Serializer[Any]):
    template = serializers.CharField(
        allow_blank=True, help_text="The message; … stands for ids, numbers, names. Empty: it says nothing."
    )
    count = serializers.IntegerField(help_text="Failed calls.")
    conversations = serializers.IntegerField()
    example = serializers.CharField(allow_blank=True, help_text="The most frequent message in full.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    event_ids = serializers.ListField(
        child=serializers.CharField(), help_text="The newest events, by the app's own ids."
    )


@extend_schema(
    operation_id="tools_list",
    tags=TAGS,
    summary="How each tool does",
    parameters=WITHIN,
    responses=answers(results(ToolItem), missing=False),
)
@api_view(["GET"])
def tools(request: Request) -> Response:
    """Of the newest 20,000 tool calls, or of those within `start` and `end`. The tools with the most failed calls come first."""
    return Response({"results": [asdict(tool) for tool in tools_of(_calls(request, project_of(request)))]})


@extend_schema(
    operation_id="tools_errors",
    tags=TAGS,
    summary="What a tool says when it fails",
    parameters=WITHIN,
    responses=answers(results(ToolErrorItem)),
)
@api_view(["GET"])
def errors(request: Request, name: str) -> Response:
    """Its failed calls by the template of their message, the most frequent first."""
    project = project_of(request)
    calls = [call for call in _calls(request, project) if call.name == name]
    if not calls:
        raise Http404(f"No tool {name[:80]!r} was called in this time.")
    found = error_templates(project.pk, calls)
    wanted = {event for one in found for event in one.events}
    ids = dict(Event.objects.filter(project=project, id__in=wanted).values_list("id", "event_id"))
    rows = []
    for one in found:
        row = asdict(one)
        row["event_ids"] = [ids[event] for event in row.pop("events") if event in ids]
        rows.append(row)
    return Response({"results": rows})


def _calls(request: Request, project: Project) -> list[Call]:
    refuse_unknown(request, WITHIN)
    start, end = read_moment(request, "start"), read_moment(request, "end")
    if start is not None and end is not None and start >= end:
        raise ApiError(400, "start must lie before end.", details={"field": "start"})
    return read_calls(project.pk, start=start, end=end, limit=CALLS)
