"""Langfuse's own attributes. Its SDKs write JSON as text into all of them."""

from typing import Any

from ingest.otlp.attributes import amount, as_object
from ingest.otlp.mapped import Message
from ingest.otlp.messages import read_messages
from ingest.otlp.raw import RawSpan


def observation_input(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.observation.input"), "user")


def observation_output(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.observation.output"), "assistant")


def trace_input(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.trace.input"), "user")


def trace_output(span: RawSpan) -> list[Message]:
    return read_messages(span.attributes.get("langfuse.trace.output"), "assistant")


def cost(details: Any) -> float | None:
    """Of `langfuse.observation.cost_details`."""
    held = as_object(details)
    if (total := amount(held.get("total"))) is not None:
        return total
    parts = [number for value in held.values() if (number := amount(value)) is not None]
    return sum(parts) if parts else None


def is_error(attributes: dict[str, Any]) -> bool:
    return attributes.get("langfuse.observation.level") == "ERROR"
