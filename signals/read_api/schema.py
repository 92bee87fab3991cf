"""What the OpenAPI schema says of the read path. The views answer plain dicts (signals/read_api/items.py); these describe them."""

import functools
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from raindrop.api.openapi import WireError
from raindrop.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from signals.read_api.filters import SIGNAL_OPS, STRING_OPS, TIME_OPS, VALUE_OPS, Parameters


class WireEventSignal(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    score = serializers.FloatField()


class WireEventAttachment(serializers.Serializer[Any]):
    attachment_id = serializers.CharField()
    attachment_type = serializers.CharField()
    name = serializers.CharField()
    value = serializers.CharField()
    role = serializers.CharField()
    language = serializers.CharField()


class WireEventErrorSpan(serializers.Serializer[Any]):
    span_id = serializers.CharField()
    started_at = serializers.DateTimeField()
    status = serializers.CharField()
    duration_ms = serializers.FloatField()
    span_type = serializers.CharField()
    span_name = serializers.CharField()
    output_payload = serializers.CharField()


class WireEventToolCall(serializers.Serializer[Any]):
    tool_name = serializers.CharField()
    status = serializers.CharField()
    duration_ms = serializers.FloatField()
    started_at = serializers.DateTimeField()
    span_id = serializers.CharField()


class WireEvent(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The app's own id.")
    event_name = serializers.CharField()
    user_id = serializers.CharField(allow_null=True)
    convo_id = serializers.CharField(allow_null=True)
    timestamp = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    user_input = serializers.CharField(allow_null=True)
    assistant_output = serializers.CharField(allow_null=True)
    model = serializers.CharField(required=False)
    topics = serializers.ListField(child=serializers.CharField())
    input_attachments = WireEventAttachment(many=True)
    output_attachments = WireEventAttachment(many=True)
    signals = WireEventSignal(many=True)
    error_spans = WireEventErrorSpan(many=True)
    tool_calls = WireEventToolCall(many=True)
    feature_flags = serializers.DictField(child=serializers.CharField(), required=False)
    properties = serializers.DictField()
    relevance_score = serializers.FloatField(required=False, help_text="In search only.")


class WireTotal(serializers.Serializer[Any]):
    total = serializers.IntegerField()


class WireBucket(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField()
    count = serializers.IntegerField()


class WireTimeseries(serializers.Serializer[Any]):
    buckets = WireBucket(many=True)
    total = serializers.IntegerField()


class WireWindow(serializers.Serializer[Any]):
    gte = serializers.DateTimeField()
    lt = serializers.DateTimeField()


class WireFacet(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField()


class WireSignal(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    type = serializers.CharField(help_text="topic, regex, instrumented or code.")
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    group_id = serializers.UUIDField(allow_null=True)
    group_name = serializers.CharField(allow_null=True)
    sentiment = serializers.CharField(help_text="NEGATIVE, POSITIVE or NEUTRAL.")


class WireSignalGroup(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    org_id = serializers.UUIDField(help_text="The project's id.")
    created_at = serializers.DateTimeField()
    signal_count = serializers.IntegerField()


class WireUser(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The app's own user id.")
    traits = serializers.DictField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    event_count = serializers.IntegerField()


class WireConversationSignal(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    count = serializers.IntegerField()


class WireConversation(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The app's own conversation id.")
    user_id = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()
    message_count = serializers.IntegerField()
    signals = WireConversationSignal(many=True)


class WireTraceSpan(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    parent_span_id = serializers.CharField(allow_null=True)
    span_name = serializers.CharField()
    span_type = serializers.CharField(help_text="INTERNAL, LLM_GENERATION or TOOL_CALL.")
    status = serializers.CharField(help_text="UNSET, OK or ERROR.")
    status_message = serializers.CharField(allow_null=True)
    start_time_ns = serializers.IntegerField()
    end_time_ns = serializers.IntegerField()
    duration_ns = serializers.IntegerField()
    input = serializers.CharField(allow_null=True)
    output = serializers.CharField(allow_null=True)
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    provider = serializers.CharField(allow_null=True)
    attributes = serializers.DictField()


class WirePageMeta(serializers.Serializer[Any]):
    cursor = serializers.CharField(allow_null=True, help_text="Send it as `cursor` for the next page.")
    has_more = serializers.BooleanField()


@functools.cache  # drf-spectacular wants one class for one name
def list_of(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    return enveloped(f"{item.__name__}Page", data=item(many=True), meta=WirePageMeta())


@functools.cache
def one_of(item: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    return enveloped(f"{item.__name__}Answer", data=item())


def enveloped(name: str, **fields: serializers.Field[Any, Any, Any, Any]) -> serializers.Serializer[Any]:
    made: serializers.Serializer[Any] = inline_serializer(name, fields)
    return made


def responses(good: serializers.Serializer[Any], *, missing: bool = False) -> dict[int, Any]:
    refused = {
        400: "A parameter is wrong; the details name it.",
        401: "No key, or an unknown one.",
        403: "A key that may not read this: a write key, or another project's.",
    }
    if missing:
        refused[404] = "There is no such thing in this project."
    return {200: good, **{status: OpenApiResponse(WireError, text) for status, text in refused.items()}}


def parameters_of(
    parameters: Parameters,
    *,
    order_by: tuple[str, ...] = (),
    limit: tuple[int, int] = (DEFAULT_LIMIT, MAX_LIMIT),
    enums: dict[str, tuple[str, ...]] | None = None,
    required: tuple[str, ...] = (),
) -> list[OpenApiParameter]:
    """The parameters of one endpoint. `limit`: the default and the highest. `enums`: values, the default first."""
    made = []
    for name in parameters.plain:
        schema: Any = OpenApiTypes.STR
        if name == "limit":
            schema = {"type": "integer", "minimum": 1, "maximum": limit[1], "default": limit[0]}
        values = order_by if name == "order_by" else (enums or {}).get(name, ())
        if values:
            schema = {"type": "string", "enum": list(values), "default": values[0]}
        made.append(OpenApiParameter(name, schema, required=name in required))
    made += [
        OpenApiParameter(f"{name}[{op}]", OpenApiTypes.DATETIME, description=f"Also `{name}.{op}`.")
        for name in parameters.times
        for op in TIME_OPS
    ]
    for names, ops in ((parameters.strings, STRING_OPS), (parameters.signals, SIGNAL_OPS)):
        for name in names:
            made.append(OpenApiParameter(name, OpenApiTypes.STR, description=f"Equal to. Also `{name}[eq]`."))
            made += [OpenApiParameter(f"{name}[{op}]", OpenApiTypes.STR) for op in ops if op != "eq"]
    for name in parameters.maps:
        text = f"`{name}[KEY]=value` (equal to), or `{name}[KEY][OP]=value` with OP one of {', '.join(VALUE_OPS)}."
        made.append(
            OpenApiParameter(
                name,
                {"type": "object", "additionalProperties": {"type": "string"}},
                style="deepObject",
                explode=True,
                description=text,
            )
        )
    return made
