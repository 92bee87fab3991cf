"""Dialects of one or two attributes each: Pydantic AI, Logfire, Google ADK, LiveKit, MLflow, Genkit, bare input and output."""

from typing import Any

from ingest.incoming.cleaning import clean_text
from ingest.otlp.attributes import as_object
from ingest.otlp.dialects.semconv import MESSAGE_EVENTS, OUTPUT_EVENTS, message_event
from ingest.otlp.json_text import load, unquote
from ingest.otlp.mapped import Message, Role
from ingest.otlp.messages import read_messages
from ingest.otlp.raw import RawSpan

# The first that is there; strong ones hold messages, weak ones whatever a function was called with.
STRONG_INPUT = (
    "gcp.vertex.agent.llm_request", "lk.chat_ctx", "lk.user_transcript", "lk.user_input",
)  # fmt: skip
STRONG_OUTPUT = ("final_result", "gcp.vertex.agent.llm_response", "lk.response.text")
WEAK_INPUT = (
    "traceloop.entity.input", "input.value", "mlflow.spanInputs", "genkit:input", "gen_ai.task.input",
    "gen_ai.retrieval.query.text", "gen_ai.memory.query.text", "haystack.pipeline.input_data", "haystack.component.input",
    "mastra.agent_run.input", "mastra.model_generation.input", "input", "prompt",
)  # fmt: skip
WEAK_OUTPUT = (
    "traceloop.entity.output",
    "output.value",
    "mlflow.spanOutputs",
    "genkit:output",
    "gen_ai.task.output",
    "haystack.pipeline.output_data",
    "haystack.component.output",
    "mastra.agent_run.output",
    "mastra.model_generation.output",
    "output",
    "completion",
)
JSON_ALWAYS = frozenset(
    ("traceloop.entity.input", "traceloop.entity.output", "mlflow.spanInputs", "mlflow.spanOutputs", "genkit:input", "genkit:output")
)  # fmt: skip
MIME_TYPES = {"input.value": "input.mime_type", "output.value": "output.mime_type"}
HISTORIES = ("pydantic_ai.all_messages", "all_messages_events")


def history_input(span: RawSpan) -> list[Message]:
    """A whole run's messages: all up to the last that is not the assistant's are input."""
    messages = _history(span)
    return messages[: _last_turn(messages)]


def history_output(span: RawSpan) -> list[Message]:
    messages = _history(span)
    return messages[_last_turn(messages) :]


def logfire_input(span: RawSpan) -> list[Message]:
    return _logfire(span, outputs=False)


def logfire_output(span: RawSpan) -> list[Message]:
    return _logfire(span, outputs=True)


def request_data(span: RawSpan) -> list[Message]:
    """What Logfire keeps of a request to OpenAI or Anthropic: its body."""
    return read_messages(as_object(span.attributes.get("request_data")), "user")


def response_data(span: RawSpan) -> list[Message]:
    """The answer to it, of a stream as `combined_chunk_content`."""
    return read_messages(as_object(span.attributes.get("response_data")), "assistant")


def strong_input(span: RawSpan) -> list[Message]:
    return _first(span, STRONG_INPUT, "user")


def strong_output(span: RawSpan) -> list[Message]:
    return _first(span, STRONG_OUTPUT, "assistant")


def weak_input(span: RawSpan) -> list[Message]:
    return _first(span, WEAK_INPUT, "user")


def weak_output(span: RawSpan) -> list[Message]:
    return _first(span, WEAK_OUTPUT, "assistant")


def _first(span: RawSpan, names: tuple[str, ...], role: Role) -> list[Message]:
    for name in names:
        value = span.attributes.get(name)
        if value is None or value == "":
            continue
        if name == "gcp.vertex.agent.llm_response":
            value = as_object(value).get("content") or value
        if name in JSON_ALWAYS:
            if value == "null":
                continue  # a function that returned nothing
            value = unquote(value)
        elif span.attributes.get(MIME_TYPES.get(name, "")) == "text/plain" and isinstance(value, str):
            return [Message(role, clean_text(value))]  # typed so, JSON or not
        messages = _of_components(value, role) if name.startswith("haystack.") else read_messages(value, role)
        if messages:
            return messages
    return []


def _of_components(value: Any, role: Role) -> list[Message]:
    """Haystack's inputs or outputs: {component: {socket: value}}, or {socket: value}; the first that are words."""
    held = as_object(value)
    for item in (held, *(one for one in held.values() if isinstance(one, dict))):
        messages = read_messages(item, role)
        if any(not message.dump for message in messages):
            return messages
    return read_messages(value, role)


def _history(span: RawSpan) -> list[Message]:
    return next((m for name in HISTORIES if (m := read_messages(span.attributes.get(name), "user"))), [])


def _last_turn(messages: list[Message]) -> int:
    at = len(messages)
    while at and messages[at - 1].role == "assistant":
        at -= 1
    return at


def _logfire(span: RawSpan, *, outputs: bool) -> list[Message]:
    """Logfire's `events`: generation B's events as one JSON list, each with its `event.name`."""
    found: list[Message] = []
    events = load(span.attributes.get("events"))
    for event in events if isinstance(events, list) else ():
        name = event.get("event.name") if isinstance(event, dict) else None
        if isinstance(name, str) and name in MESSAGE_EVENTS and (name in OUTPUT_EVENTS) == outputs:
            found += message_event(name, {k: v for k, v in event.items() if k != "event.name"})
    return found
