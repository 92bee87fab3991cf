"""`/api/taxonomy/`: the whole taxonomy as a YAML file, out and in. (One signal, or a few: signals/api/signals.py.)"""

import dataclasses
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes, renderer_classes
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import project_of
from raindrop.api.shapes import answers, results
from raindrop.errors import ApiError
from signals.api.signals import actor_of
from signals.taxonomy.exchange import export_signals, import_signals
from signals.taxonomy.exchange_file import MAX_BYTES, FileRefused, read_file

YAML = "application/yaml"
DRY_RUN = OpenApiParameter(
    "dry_run", OpenApiTypes.STR, enum=["true", "false"], description="Say what it would do, and do nothing."
)


class FileParser(BaseParser):
    """The text, whatever it is called. Raises ApiError."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body: bytes = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise ApiError(413, f"The file is larger than {MAX_BYTES:,} bytes.")
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ApiError(400, "The file is not text in UTF-8.") from None


class YamlRenderer(JSONRenderer):
    """For who accepts nothing but YAML: JSON is YAML."""

    media_type, format = YAML, "yaml"


class FieldDifference(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class TaxonomyOutcome(serializers.Serializer[Any]):
    what = serializers.CharField(help_text="create, change or keep.")
    key = serializers.CharField()
    name = serializers.CharField()
    fields_changed = FieldDifference(many=True)


@extend_schema(
    methods=["GET"], operation_id="taxonomy_get", tags=["Signals"], summary="The taxonomy as a YAML file",
    responses={
        (200, YAML): OpenApiTypes.STR,
        **{status: shape for status, shape in answers(TaxonomyOutcome, missing=False).items() if status != 200},
    },
)  # fmt: skip
@extend_schema(
    methods=["PUT"], operation_id="taxonomy_put", tags=["Signals"], summary="Take a taxonomy in from a YAML file", parameters=[DRY_RUN],
    request={YAML: OpenApiTypes.STR}, responses=answers(results(TaxonomyOutcome), missing=False),
)  # fmt: skip
@api_view(["GET", "PUT"])
@parser_classes([FileParser])
@renderer_classes([JSONRenderer, YamlRenderer])
def taxonomy(request: Request) -> HttpResponse:
    """All signals and groups, in a file that goes into any project; or such a file, all of it or nothing. What the file does not name
    stays as it is. A refusal lists every problem with its line."""
    project = project_of(request)
    if request.method == "GET":
        return HttpResponse(export_signals(project), content_type=f"{YAML}; charset=utf-8")
    dry_run = request.GET.get("dry_run", "false")
    if dry_run not in {"true", "false"}:
        raise ApiError(400, "dry_run must be true or false.", details={"field": "dry_run"})
    try:
        file = read_file(request.data if isinstance(request.data, str) else "")
        outcomes = import_signals(
            project=project, taxonomy=file, dry_run=dry_run == "true", **actor_of(request)
        )
    except FileRefused as refused:
        problems = [dataclasses.asdict(problem) for problem in refused.problems]
        raise ApiError(400, "The file cannot be taken in.", details={"problems": problems}) from None
    return Response({"results": [
        {"what": one.what, "key": one.key, "name": one.name, "fields_changed": [dataclasses.asdict(field) for field in one.fields]}
        for one in outcomes
    ]})  # fmt: skip
