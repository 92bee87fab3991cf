"""OpenTelemetry's GenAI semantic conventions: three generations that are all alive.

A flattens messages into `gen_ai.prompt.N.*` (OpenLLMetry's invention: openllmetry.py), B sends an event per message, C sends
`gen_ai.input.messages` on the span, or on one event `gen_ai.client.inference.operation.details`.
"""

from collections.abc import Iterable
from typing import Any

from ingest.otlp.attributes import amount, first_text
from ingest.otlp.json_text import dump, load
from ingest.otlp.mapped import Message, Role, TraceSignal
from ingest.otlp.message_parts import is_known_part
from ingest.otlp.messages import read_message, read_messages
from ingest.otlp.raw import RawSpan, RawSpanEvent

OPERATION_DETAILS = "gen_ai.client.inference.operation.details"
EVALUATION = "gen_ai.evaluation.result"
CHOICE = "gen_ai.choice"
# Generation B, and its forerunner that put all of a prompt into one event.
MESSAGE_EVENTS: dict[str, Role] = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.content.prompt": "user",
    "gen_ai.content.completion": "assistant",
    CHOICE: "assistant",
}
# Of a payload; JSON without any of them is what somebody typed.
PAYLOAD_KEYS = frozenset(("role", "content", "message", "parts", "tool_calls", "refusal"))
OUTPUT_EVENTS = frozenset((CHOICE, "gen_ai.content.completion"))


def is_genai_event(name: str) -> bool:
    return name.startswith("gen_ai.")


def input_messages(attributes: dict[str, Any]) -> list[Message]:
    """Generation C, from a span's attributes or from operation details."""
    messages = read_messages(attributes.get("gen_ai.input.messages"), "user")
    if messages and (instructions := attributes.get("gen_ai.system_instructions")):
        return with_system(messages, read_messages(instructions, "system"))
    return messages


def output_messages(attributes: dict[str, Any]) -> list[Message]:
    return read_messages(attributes.get("gen_ai.output.messages"), "assistant")


def span_input(span: RawSpan) -> list[Message]:
    return input_messages(span.attributes)


def span_output(span: RawSpan) -> list[Message]:
    return output_messages(span.attributes)


def with_system(messages: list[Message], system: list[Message]) -> list[Message]:
    """The instructions first, unless the messages hold a system message already."""
    return messages if any(message.role == "system" for message in messages) else system + messages


def details_input(span: RawSpan) -> list[Message]:
    return next(
        (m for e in span.events if e.name == OPERATION_DETAILS and (m := input_messages(e.attributes))), []
    )


def details_output(span: RawSpan) -> list[Message]:
    return next(
        (m for e in span.events if e.name == OPERATION_DETAILS and (m := output_messages(e.attributes))), []
    )


def event_input(span: RawSpan) -> list[Message]:
    return _of_events(span.events, outputs=False)


def event_output(span: RawSpan) -> list[Message]:
    return _of_events(span.events, outputs=True)


def _of_events(events: Iterable[RawSpanEvent], *, outputs: bool) -> list[Message]:
    found: list[Message] = []
    for event in events:
        if event.name in MESSAGE_EVENTS and (event.name in OUTPUT_EVENTS) == outputs:
            found += message_event(event.name, event.attributes)
    return found


def message_event(name: str, payload: Any) -> list[Message]:
    """A generation B event: the payload is a span event's attributes, or a log's body."""
    role = MESSAGE_EVENTS[name]
    payload = load(payload)
    if not isinstance(payload, dict):
        return read_messages(payload, role)
    if name == "gen_ai.content.prompt":
        return read_messages(payload.get("gen_ai.prompt"), "user")
    if name == "gen_ai.content.completion":
        return read_messages(payload.get("gen_ai.completion"), "assistant")
    fields = {key.removeprefix("gen_ai.event."): value for key, value in payload.items()}
    if not isinstance(content := fields.get("content"), str) or "gen_ai.event.content" in payload:
        inner = load(content)  # the event's whole payload, or the words alone
        if isinstance(inner, dict) and not PAYLOAD_KEYS.isdisjoint(inner):
            fields |= {"content": None, **inner}
    message = load(fields.get("message"))
    if is_known_part(message):
        fields["content"] = [message]
    elif isinstance(message, dict):
        fields = {"role": fields.get("role"), **message}
    elif message:
        fields["content"] = message
    if fields.get("content") is not None:
        fields.pop("parts", None)
        if isinstance(fields["content"], dict) and PAYLOAD_KEYS.isdisjoint(fields["content"]):
            fields["content"] = dump(fields["content"])
    read = read_message({**fields, "role": fields.get("role") or role}, role)
    return [] if read.empty else [read]


def evaluation(attributes: dict[str, Any]) -> TraceSignal | None:
    """A `gen_ai.evaluation.result`."""
    name = first_text(attributes, ("gen_ai.evaluation.name",))
    if not name:
        return None
    return scored(
        name,
        source="evaluation",
        score=attributes.get("gen_ai.evaluation.score.value"),
        label=attributes.get("gen_ai.evaluation.score.label"),
        explanation=attributes.get("gen_ai.evaluation.explanation"),
        error=attributes.get("error.type"),
    )


POSITIVE = frozenset(
    (
        "pass",
        "passed",
        "positive",
        "good",
        "correct",
        "thumbs_up",
        "thumbs-up",
        "up",
        "like",
        "relevant",
        "factual",
        "yes",
    )
)
NEGATIVE = frozenset(
    (
        "fail", "failed", "negative", "bad", "incorrect", "thumbs_down", "thumbs-down", "down", "dislike", "irrelevant",
        "unrelated", "hallucinated", "toxic", "no",
    )
)  # fmt: skip


def scored(name: str, *, source: str, score: Any, label: Any, **more: Any) -> TraceSignal:
    """A verdict. Only a label tells good from bad: whether a high score is good depends on what is scored."""
    word = dump(label).strip()
    sentiment = "POSITIVE" if word.lower() in POSITIVE else "NEGATIVE" if word.lower() in NEGATIVE else ""
    properties = {"score": amount(score), "label": word[:200], "source": source}
    properties |= {key: dump(value)[:8192] for key, value in more.items()}
    kept = {key: value for key, value in properties.items() if value is not None and value != ""}
    return TraceSignal(name, sentiment=sentiment, source=source, properties=kept)


def flags(span: RawSpan) -> dict[str, str]:
    """`feature_flag` span events (OpenTelemetry's general conventions)."""
    found: dict[str, str] = {}
    for event in span.events:
        if event.name in {"feature_flag", "feature_flag.evaluation"}:
            key = first_text(event.attributes, ("feature_flag.key",))
            names = ("feature_flag.result.variant", "feature_flag.variant", "feature_flag.result.value")
            value = next(
                (event.attributes[name] for name in names if event.attributes.get(name) is not None), ""
            )
            if key:
                found[key] = dump(value)[:200]
    return found
