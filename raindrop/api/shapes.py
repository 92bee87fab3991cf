"""The shapes that all of the management API shares."""

import functools
from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from raindrop.api.openapi import WireError
from raindrop.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from raindrop.errors import ApiError

PAGE = [
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    ),
]


def refuse_unknown(request: Request, parameters: Sequence[OpenApiParameter]) -> None:
    """A filter that is misspelt would list everything as if it held. Raises ApiError 400."""
    names = [parameter.name for parameter in parameters]
    for name in request.GET:
        if name not in names and name not in ("project", "format"):
            message = f"There is no parameter {name[:80]!r} here. There are: {', '.join(names)}."
            raise ApiError(400, message, details={"field": name[:200], "allowed_fields": names})


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt field is an error, not a change that never happens."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = (
            sorted(str(name) for name in data if name not in self.fields) if isinstance(data, dict) else []
        )
        if unknown:
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


@functools.cache  # one component of the schema, however many views answer it
def listed(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """{"results": [...], "next": cursor|null}"""
    made: serializers.Serializer[Any] = inline_serializer(
        f"{item.__name__.removesuffix('Item')}List",
        {
            "results": item(many=True),
            "next": serializers.CharField(allow_null=True, help_text="Send it as `cursor`."),
        },
    )
    return made


@functools.cache
def results(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """{"results": [...]}"""
    made: serializers.Serializer[Any] = inline_serializer(
        f"{item.__name__.removesuffix('Item')}Results", {"results": item(many=True)}
    )
    return made


def answers(
    good: type[serializers.Serializer[Any]] | serializers.Serializer[Any],
    *,
    status: int = 200,
    conflict: bool = False,
    missing: bool = True,
) -> dict[int, Any]:
    """What a view answers, with the errors that any view may."""
    refused = {
        400: "Something in the request is wrong; the details name it.",
        401: "No key, or an unknown one.",
        403: "This key or role may not do this.",
    }
    if missing:
        refused[404] = "There is no such thing in this project."
    if conflict:
        refused[409] = "The state of the thing does not allow this change."
    return {status: good, **{code: OpenApiResponse(WireError, text) for code, text in refused.items()}}
