"""Langfuse's own attributes. Its SDKs write JSON as text into all of them."""

from typing import Any

from ingest.otlp.attributes import amount, as_object, first, whole
from ingest.otlp.mapped import Message, Tokens
from ingest.otlp.messages import read_messages
from ingest.otlp.precedence import LANGFUSE_TOKENS
from ingest.otlp.raw import RawSpan


def observation_input(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.observation.input"), "user")


def observation_output(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.observation.output"), "assistant")


def trace_input(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.trace.input"), "user")


def trace_output(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.trace.output"), "assistant")


def tokens(attributes: dict[str, Any]) -> Tokens:
    details = as_object(attributes.get("langfuse.observation.usage_details"))
    return Tokens(**{name: whole(first(details, keys)) for name, keys in LANGFUSE_TOKENS.items()})


def cost(attributes: dict[str, Any]) -> float | None:
    details = as_object(attributes.get("langfuse.observation.cost_details"))
    if (total := amount(details.get("total"))) is not None:
        return total
    parts = [number for value in details.values() if (number := amount(value)) is not None]
    return sum(parts) if parts else None


def is_error(attributes: dict[str, Any]) -> bool:
    return attributes.get("langfuse.observation.level") == "ERROR"
