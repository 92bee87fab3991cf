"""OpenInference (Phoenix, Arize): `llm.input_messages.N.message.*`, and feedback inline as `annotations.N.annotation.*`."""

from typing import Any

from ingest.otlp.attributes import first, first_text, numbered
from ingest.otlp.dialects.semconv import scored
from ingest.otlp.json_text import dump
from ingest.otlp.mapped import Message, TraceSignal
from ingest.otlp.messages import read_message, read_messages
from ingest.otlp.raw import RawSpan

# Where annotations stand, and to what they apply. The wider ones are repeated on every span of their trace.
ANNOTATIONS = (
    ("annotations", "annotation"), ("evaluations", "evaluation"), ("trace.annotations", "annotation"),
    ("trace.evaluations", "evaluation"), ("session.annotations", "annotation"), ("session.evaluations", "evaluation"),
)  # fmt: skip
SESSION = "session"  # the property `scope` of a signal that holds for a whole conversation


def input_messages(span: RawSpan) -> list[Message]:
    return _messages(span.attributes, "llm.input_messages", "user")


def output_messages(span: RawSpan) -> list[Message]:
    return _messages(span.attributes, "llm.output_messages", "assistant")


def prompts(span: RawSpan) -> list[Message]:
    return _texts(span.attributes, "llm.prompts", "prompt.text", "user")


def completions(span: RawSpan) -> list[Message]:
    return _texts(span.attributes, "llm.choices", "completion.text", "assistant")


def annotations(span: RawSpan) -> list[TraceSignal]:
    found = []
    for prefix, word in ANNOTATIONS:
        for item in numbered(span.attributes, prefix):
            if name := first_text(item, (f"{word}.name",)):
                kind = str(item.get(f"{word}.annotator_kind") or "CODE").lower()
                found.append(
                    scored(
                        name,
                        scope=SESSION if prefix.startswith("session.") else None,
                        source=kind if kind in {"human", "llm", "code"} else "code",
                        score=item.get(f"{word}.score"),
                        label=item.get(f"{word}.label"),
                        explanation=item.get(f"{word}.explanation"),
                        identifier=item.get(f"{word}.identifier"),
                    )
                )
    return found


def _texts(attributes: dict[str, Any], prefix: str, name: str, role: Any) -> list[Message]:
    return [m for item in numbered(attributes, prefix) for m in read_messages(item.get(name), role)]


def _messages(attributes: dict[str, Any], prefix: str, role: Any) -> list[Message]:
    found = []
    for item in numbered(attributes, prefix):
        fields = {name.removeprefix("message."): value for name, value in item.items()}
        message = read_message(
            {
                "role": fields.get("role"),
                "content": fields.get("content") or _contents(fields),
                "refusal": fields.get("refusal"),
                "tool_calls": [_call(call) for call in numbered(fields, "tool_calls")],
                "tool_call_id": fields.get("tool_call_id"),
            },
            role,
        )
        if name := first_text(fields, ("function_call_name",)):
            call = {"name": name, "arguments": fields.get("function_call_arguments_json")}
            message.tool_calls += read_message({"function_call": call}, role).tool_calls
        if not message.empty:
            found.append(message)
    return found


def _call(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": fields.get("tool_call.id"),
        "name": dump(fields.get("tool_call.function.name")),
        "arguments": fields.get("tool_call.function.arguments"),
    }


def _contents(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The ordered parts of a message, in semconv's form."""
    parts = []
    for item in numbered(fields, "contents"):
        kind = str(item.get("message_content.type") or "text")
        if kind == "tool_use":
            parts.append({"type": "tool_use", **_call(item)})
        else:
            text = first(item, ("message_content.text", "message_content.refusal"))
            parts.append({"type": kind, "text": text})
    return parts
