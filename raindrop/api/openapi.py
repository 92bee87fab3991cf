"""What drf-spectacular cannot read off the views: the keys, the error shape, and the write path, whose views are plain Django.

The write path's bodies are those that the published SDKs send. They are lenient: what is unknown is ignored, not refused.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers

JsonSchema = dict[str, Any]


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular registers it on definition, untyped
    target_class = "ingest.projects.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> JsonSchema:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A project's key: a write key sends, a query key reads, an admin key manages.",
        }


class WireErrorDetails(serializers.Serializer[Any]):
    field = serializers.CharField(required=False)
    allowed_fields = serializers.ListField(child=serializers.CharField(), required=False)


class WireErrorBody(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    details = WireErrorDetails(required=False)


class WireError(serializers.Serializer[Any]):
    """The one error shape (raindrop/errors.py)."""

    error = WireErrorBody()


def _object(properties: JsonSchema, *, required: tuple[str, ...] = (), text: str = "") -> JsonSchema:
    schema: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": True}
    if required:
        schema["required"] = list(required)
    if text:
        schema["description"] = text
    return schema


TEXT = {"type": "string"}
MAYBE_TEXT = {"type": "string", "nullable": True}
TIME = {"type": "string", "format": "date-time"}
ANYTHING = {"type": "object", "additionalProperties": True}

AI_DATA = _object(
    {"model": MAYBE_TEXT, "input": MAYBE_TEXT, "output": MAYBE_TEXT, "convo_id": MAYBE_TEXT},
    text="At least one of input and output.",
)
ATTACHMENT = _object(
    {
        "type": {"type": "string", "enum": ["code", "text", "image", "iframe"]},
        "value": TEXT,
        "role": {"type": "string", "nullable": True, "enum": ["input", "output", "context", None]},
        "name": MAYBE_TEXT,
        "language": MAYBE_TEXT,
        "attachment_id": TEXT,
    },
    required=("type", "value"),
)
EVENT_PROPERTIES: JsonSchema = {
    "event_id": TEXT,
    "event": TEXT,
    "user_id": TEXT,
    "timestamp": TIME,
    "properties": ANYTHING,
    "attachments": {
        "type": "array",
        "nullable": True,
        "items": {"$ref": "#/components/schemas/WriteAttachment"},
    },
    "feature_flags": ANYTHING,
    "ai_data": {"$ref": "#/components/schemas/WriteAiData"},
}
SCHEMAS: JsonSchema = {
    "WriteAiData": AI_DATA,
    "WriteAttachment": ATTACHMENT,
    "WriteEvent": _object(
        EVENT_PROPERTIES,
        required=("event", "user_id"),
        text="One interaction. The server makes the event_id when there is none, and sending one again stores it once.",
    ),
    "WritePartialEvent": _object(
        {**EVENT_PROPERTIES, "is_pending": {"type": "boolean", "default": False}},
        required=("event_id",),
        text="A part of an event: merged with what came before under the same event_id, until is_pending is false.",
    ),
    "WriteSignal": _object(
        {
            "event_id": TEXT,
            "signal_name": TEXT,
            "timestamp": TIME,
            "properties": {**ANYTHING, "nullable": True},
            "attachment_id": MAYBE_TEXT,
            "sentiment": {"type": "string", "nullable": True, "enum": ["POSITIVE", "NEGATIVE", None]},
            "signal_type": {
                "type": "string",
                "enum": ["default", "feedback", "edit", "standard", "agent", "agent_internal"],
                "default": "default",
            },
        },
        required=("event_id", "signal_name"),
        text="A signal may come before its event.",
    ),
    "WriteUser": _object({"user_id": TEXT, "traits": ANYTHING}, required=("user_id", "traits")),
    "WriteAnswer": _object(
        {"events": {"type": "array", "items": _object({"event_id": TEXT}, required=("event_id",))}},
        text="What is stored: it will go through the pipeline even if the server is killed now.",
    ),
}
# path: (operation, summary, body, whether an array of them may be sent)
WRITES = {
    "/v1/events/track": ("v1_events_track", "Send finished events", "WriteEvent", True),
    "/v1/events/track_partial": (
        "v1_events_track_partial",
        "Send a part of an event",
        "WritePartialEvent",
        False,
    ),
    "/v1/signals/track": ("v1_signals_track", "Send signals on events", "WriteSignal", True),
    "/v1/users/identify": ("v1_users_identify", "Send end users' traits", "WriteUser", True),
}
REFUSALS = {
    "400": "The body is not valid; nothing of it was stored.",
    "401": "No key, or an unknown one.",
    "403": "A query key, or another project's.",
    "413": "An event of more than 1 MiB, more than 1,000 keys of an event or a user with what is known of it, or too large a body.",
    "429": "Too fast; see Retry-After.",
}


def one_spelling(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """drf-spectacular's preprocessing hook: a path that is there with and without its last slash is described once."""
    first = {(path.rstrip("/"), method): path for path, _, method, _ in reversed(endpoints)}
    return [endpoint for endpoint in endpoints if first[endpoint[0].rstrip("/"), endpoint[2]] == endpoint[0]]


def write_path(result: JsonSchema, generator: Any, request: Any, public: bool) -> JsonSchema:
    """drf-spectacular's postprocessing hook: adds the write path to the schema."""
    result.setdefault("components", {}).setdefault("schemas", {}).update(SCHEMAS)
    for path, (operation, summary, body, several) in WRITES.items():
        one = {"$ref": f"#/components/schemas/{body}"}
        schema = {"oneOf": [{"type": "array", "items": one, "minItems": 1}, one]} if several else one
        result["paths"].setdefault(path, {})["post"] = {
            "operationId": operation,
            "summary": summary,
            "tags": ["Write path"],
            "security": [{"key": []}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {
                "200": _answer("Stored.", "WriteAnswer"),
                **{status: _answer(text, "WireError") for status, text in REFUSALS.items()},
            },
        }
    return result


def _answer(description: str, schema: str) -> JsonSchema:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}
