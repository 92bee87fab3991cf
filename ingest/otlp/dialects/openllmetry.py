"""OpenLLMetry (Traceloop), before semconv_ai 0.5: `gen_ai.prompt.N.*`, `gen_ai.completion.N.*`. Later ones write generation C."""

from typing import Any

from ingest.otlp.attributes import numbered
from ingest.otlp.mapped import Message
from ingest.otlp.messages import read_message, read_messages
from ingest.otlp.raw import RawSpan


def input_messages(span: RawSpan) -> list[Message]:
    return _messages(span.attributes, "gen_ai.prompt", "user")


def output_messages(span: RawSpan) -> list[Message]:
    return _messages(span.attributes, "gen_ai.completion", "assistant")


def _messages(attributes: dict[str, Any], prefix: str, role: Any) -> list[Message]:
    if isinstance(attributes.get(prefix), str):
        return read_messages(attributes[prefix], role)
    found = []
    for item in numbered(attributes, prefix):
        message = read_message(
            {
                "role": item.get("role"),
                "content": item.get("content"),
                "refusal": item.get("refusal"),
                "tool_calls": numbered(item, "tool_calls"),
                "tool_call_id": item.get("tool_call_id"),
            },
            role,
        )
        if not message.empty:
            found.append(message)
    return found


def unwrap_arguments(value: Any) -> Any:
    """A traced function's `{"args": [...], "kwargs": {}}` with nothing to wrap: its only argument, or its keywords."""
    if isinstance(value, dict) and "args" in value and set(value) <= {"args", "kwargs"}:
        arguments, keywords = value["args"], value.get("kwargs")
        if isinstance(arguments, list) and len(arguments) == 1 and not keywords:
            return arguments[0]
        if not arguments:
            return keywords or None
    return value
