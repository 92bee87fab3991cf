"""Vercel's AI SDK, v3 to v6 (v7 writes generation C, or these with `LegacyOpenTelemetry`). The tracer's name says nothing."""

from typing import Any

from ingest.otlp.attributes import first
from ingest.otlp.json_text import dump, load
from ingest.otlp.mapped import Message
from ingest.otlp.messages import read_message, read_messages
from ingest.otlp.raw import RawSpan


def prompt(span: RawSpan) -> list[Message]:
    """`ai.prompt` of a root span: {"system", "prompt" | "messages"}."""
    return read_messages(span.attributes.get("ai.prompt"), "user")


def prompt_messages(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("ai.prompt.messages"), "user")


def response(span: RawSpan) -> list[Message]:
    """`ai.response.*`; v3 called it `ai.result.*`."""
    attributes = span.attributes
    content = first(
        attributes, ("ai.response.text", "ai.result.text", "ai.response.object", "ai.result.object")
    )
    calls = load(first(attributes, ("ai.response.toolCalls", "ai.result.toolCalls")))
    fields: dict[str, Any] = {
        "role": "assistant",
        "content": dump(content),
        "reasoning": dump(attributes.get("ai.response.reasoning")),
        "tool_calls": calls if isinstance(calls, list) else [],
    }
    message = read_message(fields, "assistant")
    return [] if message.empty else [message]
