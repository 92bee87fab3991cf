"""`/api/matrix/`: signals, problems or issues by intent."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import project_of
from raindrop.api.fields import hiding
from raindrop.api.shapes import answers
from raindrop.errors import ApiError
from signals.clusters.matrix import Line, make_matrix, row_kinds

ROWS = ["signal", "issue", "problem"]


class LineItem(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="A signal's key, else the id.")
    label = hiding(serializers.CharField())
    events = serializers.IntegerField()


class CellItem(serializers.Serializer[Any]):
    row = serializers.CharField(help_text="A signal's key, else the id.")
    column = serializers.CharField(help_text="The intent's id.")
    events = serializers.IntegerField(help_text="Those of both.")
    lift = serializers.FloatField(
        allow_null=True, help_text="The row's rate within the intent over its rate in all events."
    )
    low = serializers.FloatField(allow_null=True, help_text="Of the lift, 90 %.")
    high = serializers.FloatField(allow_null=True, help_text="Of the lift, 90 %.")


MATRIX = inline_serializer(
    "Matrix",
    {
        "rows": LineItem(many=True),
        "columns": LineItem(many=True),
        "cells": CellItem(many=True),
        "results": CellItem(many=True, help_text="The cells, as every list is called."),
        "next": serializers.CharField(allow_null=True, help_text="Always null: it is one page."),
        "since": serializers.DateTimeField(
            required=False,
            help_text="All numbers are of the events from then on; of all events where it is not there.",
        ),
    },
)


@extend_schema(
    operation_id="matrix_get", tags=["Clusters"], summary="Signals, problems or issues by intent", responses=answers(MATRIX, missing=False),
    parameters=[
        OpenApiParameter("rows", OpenApiTypes.STR, enum=ROWS, default="problem"),
        OpenApiParameter("columns", OpenApiTypes.STR, enum=["intent"], default="intent"),
    ],
)  # fmt: skip
@api_view(["GET"])
def matrix(request: Request) -> Response:
    """The 40 rows and 25 finest intents with the most events, most first, and a cell for each pair of them."""
    rows = request.GET.get("rows") or "problem"
    known = [kind.name for kind in row_kinds()]
    if rows not in known:
        raise ApiError(400, f"rows must be one of: {', '.join(known)}.", details={"field": "rows"})
    if (request.GET.get("columns") or "intent") != "intent":
        raise ApiError(400, "columns must be intent.", details={"field": "columns"})
    found = make_matrix(project_of(request), rows=rows)
    cells = [
        {
            "row": cell.row.key,
            "column": cell.column.key,
            **{name: getattr(cell, name) for name in ("events", "lift", "low", "high")},
        }
        for cell in found.cells
    ]
    lines = {"rows": [_line(one) for one in found.rows], "columns": [_line(one) for one in found.columns]}
    since = {} if found.since is None else {"since": found.since}
    return Response({**lines, "cells": cells, "results": cells, "next": None, **since})


def _line(line: Line) -> dict[str, Any]:
    return {"id": line.key, "label": line.label, "events": line.events}
