"""One span, in any dialect -> MappedSpan. Never raises on a decoded span, never gates on the scope's name.

The order in which attributes are believed is in `precedence.py`; for messages it is INPUT and OUTPUT here.
"""

import functools
from collections.abc import Callable
from typing import Any, cast

from ingest.otlp import precedence as order
from ingest.otlp.attributes import as_object, first, first_text
from ingest.otlp.dialects import langfuse, openinference, openllmetry, others, raindrop_sdk, semconv, vercel
from ingest.otlp.history import earlier_turns, follows
from ingest.otlp.identity import NAMES, convo_and_user
from ingest.otlp.json_text import dump, load, unquote
from ingest.otlp.mapped import Kind, MappedSpan, Message, TraceSignal
from ingest.otlp.raw import SENT_AT, RawSpan
from ingest.otlp.tool_calls import read_tool_call
from ingest.otlp.usage import ANSWERS, cost_of, tokens_of

MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_CHARS = 8192
MAX_NAME = 512
MAX_REPEATED = 4_000
MAX_SIGNALS = 64  # of one span

Reader = Callable[[RawSpan], list[Message]]
SPAN_EVENTS = ()

# (the attributes that a source reads, by name or "prefix.", its reader); the first that finds messages is believed.
INPUT: tuple[tuple[tuple[str, ...], Reader], ...] = (
    (("langfuse.observation.input",), langfuse.observation_input),
    (("gen_ai.input.messages",), semconv.span_input),  # and gen_ai.system_instructions
    (SPAN_EVENTS, semconv.details_input),  # gen_ai.client.inference.operation.details
    (SPAN_EVENTS, semconv.event_input),  # gen_ai.<role>.message, gen_ai.content.prompt
    (("llm.input_messages.",), openinference.input_messages),
    (("gen_ai.prompt.", "gen_ai.prompt"), openllmetry.input_messages),
    (("ai.prompt.messages",), vercel.prompt_messages),
    (("ai.prompt",), vercel.prompt),
    (others.HISTORIES, others.history_input),
    (("events",), others.logfire_input),
    (("request_data",), others.request_data),
    (others.STRONG_INPUT, others.strong_input),
    (("llm.prompts.",), openinference.prompts),
    (others.WEAK_INPUT, others.weak_input),
    (("langfuse.trace.input",), langfuse.trace_input),
)
OUTPUT: tuple[tuple[tuple[str, ...], Reader], ...] = (
    (("langfuse.observation.output",), langfuse.observation_output),
    (("gen_ai.output.messages",), semconv.span_output),
    (SPAN_EVENTS, semconv.details_output),
    (SPAN_EVENTS, semconv.event_output),  # gen_ai.choice, gen_ai.content.completion
    (("llm.output_messages.",), openinference.output_messages),
    (("gen_ai.completion.", "gen_ai.completion"), openllmetry.output_messages),
    (("ai.response.", "ai.result."), vercel.response),
    (others.HISTORIES, others.history_output),
    (("events",), others.logfire_output),
    (("response_data",), others.response_data),
    (others.STRONG_OUTPUT, others.strong_output),
    (("llm.choices.",), openinference.completions),
    (others.WEAK_OUTPUT, others.weak_output),
    (("langfuse.trace.output",), langfuse.trace_output),
)


# What a span tells of when one of its attributes' names has one of these in it.
TOPICS = {
    "tokens": ("usage", "token"),
    "cost": ("cost",),
    "raindrop": ("raindrop.",),
    "signals": ("annotations.", "evaluations."),
}


@functools.lru_cache(maxsize=20_000)
def told_by(name: str) -> frozenset[object]:
    """What an attribute is good for, by its name alone: the readers of INPUT and OUTPUT that may read it, TOPICS, "property",
    "genai"; and "unmapped" when nothing else keeps it."""
    told: set[object] = {topic for topic, parts in TOPICS.items() if any(part in name for part in parts)}
    for names, reader in (*INPUT, *OUTPUT):
        if any(name == one or one.endswith(".") and name.startswith(one) for one in names):
            told.add(reader)
    if name in ANSWERS:
        told.add("tokens")
    if name.startswith(order.PROPERTIES):
        told.add("property")
    if name.startswith(order.GENAI_PREFIXES):
        told.add("genai")
    mapped = name in order.MAPPED or name in NAMES or name.startswith(order.MAPPED_PREFIXES)
    if not (mapped or name in order.SECRETS or name.startswith(order.SECRET_PREFIXES)):
        told.add("unmapped")
    return frozenset(told)


def _told(attributes: dict[str, Any]) -> frozenset[object]:
    return frozenset().union(*[told_by(name[:MAX_NAME]) for name in attributes])


def map_span(span: RawSpan) -> MappedSpan:
    attributes = span.attributes
    told = _told(attributes)
    genai = "genai" in told or any(semconv.is_genai_event(event.name) for event in span.events)
    mapped = MappedSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status=span.status_code,
        name=span.name[:MAX_NAME],
        scope=span.scope_name[:MAX_NAME],
        unknown=not genai,
    )
    mapped.error, stack = _error(span)
    if mapped.error and span.status_code == "unset":
        mapped.status = "error"
    mapped.attributes = _unmapped(attributes)
    if stack:
        mapped.attributes["exception.stacktrace"] = stack[:MAX_ATTRIBUTE_CHARS]
    mapped.project = first_text(attributes, order.PROJECT)
    mapped.convo_id, mapped.user_id = convo_and_user(attributes, span.resource)
    if not genai:
        return mapped
    mapped.kind = kind_of(attributes)
    mapped.aside = _is_aside(attributes) or bool(order.ASIDE_NAME.search(mapped.name))
    mapped.model = first_text(attributes, order.MODEL) or first_text(
        as_object(attributes.get("llm.invocation_parameters")), ("model",)
    )  # OpenInference names the model of a failed call only there
    mapped.provider = first_text(attributes, order.PROVIDER).lower()
    if response_id := first_text(attributes, order.RESPONSE_ID):
        mapped.response_id = mapped.attributes["gen_ai.response.id"] = response_id
    mapped.event_id = first_text(attributes, order.EVENT_ID)
    mapped.event_name = first_text(attributes, order.EVENT_NAME)
    if mapped.kind == "tool":
        read_tool_call(mapped, span)
    else:
        messages = _read(INPUT, span, told)
        mapped.input_messages, earlier = without_history(messages)
        if earlier:
            mapped.turns = earlier_turns(messages)
            mapped.follows = follows(mapped.turns)
            mapped.attributes["raindrop.earlier_messages"] = earlier
        mapped.output_messages = _read(OUTPUT, span, told)
    if "tokens" in told:
        mapped.tokens = tokens_of(attributes)
    if "cost" in told:
        mapped.cost = cost_of(attributes)
    mapped.feature_flags = {**semconv.flags(span), **raindrop_sdk.feature_flags(attributes)}
    mapped.properties = _properties(mapped, span, told)
    mapped.signals = _signals(mapped, span, told)
    return mapped


def kind_of(attributes: dict[str, Any]) -> Kind:
    for name, kinds in order.KIND:
        if name in attributes and (kind := kinds.get(str(unquote(attributes[name])).lower())):
            return cast(Kind, kind)
    for name, kind in order.KIND_BY_PRESENCE:
        if attributes.get(name):
            return cast(Kind, kind)
    return "other"


def _is_aside(attributes: dict[str, Any]) -> bool:
    for name, kinds in order.ASIDE.items():
        if name in attributes and str(attributes[name]).lower() in kinds:
            return True
    return False


def _read(
    sources: tuple[tuple[tuple[str, ...], Reader], ...], span: RawSpan, told: frozenset[object]
) -> list[Message]:
    for names, reader in sources:
        if (reader in told if names else span.events) and (messages := reader(span)):
            return messages
    return []


def without_history(messages: list[Message]) -> tuple[list[Message], int]:
    """The messages that are new with this call, and how many were left out.

    Each call sends the whole conversation again; what the assistant has answered already stands in earlier spans. The
    user's last words are always kept (cut, when they are not new), so that a span alone tells what it was about.
    """
    start = max((i + 1 for i, message in enumerate(messages) if message.role == "assistant"), default=0)
    last_user = max((i for i, message in enumerate(messages) if message.role == "user"), default=-1)
    if start == len(messages):  # a finished run's whole history
        start = max(last_user, 0)
    kept = messages[start:]
    if 0 <= last_user < start:
        user = messages[last_user]
        kept = [Message("user", user.text[:MAX_REPEATED], media=user.media), *kept]
    return kept, len(messages) - len(kept)


def _error(span: RawSpan) -> tuple[str, str]:
    """(text, stack trace). An exception event or error.type is an error even when the status was left unset."""
    exception = next((e.attributes for e in reversed(span.events) if e.name == "exception"), None)
    kind = first_text(span.attributes, ("error.type",))
    failed = span.status_code == "error" or bool(kind) or langfuse.is_error(span.attributes)
    if exception is None and not failed:
        return "", ""
    if exception is not None and span.status_code == "ok":
        return "", ""  # it was handled
    exception = exception or {}
    kind = first_text(exception, ("exception.type",)) or kind
    text = first_text(exception, ("exception.message",), limit=MAX_ATTRIBUTE_CHARS) or span.status_message
    text = text or first_text(
        span.attributes, ("error.message", "langfuse.observation.status_message"), limit=MAX_ATTRIBUTE_CHARS
    )
    if kind and kind not in text:
        text = f"{kind}: {text}" if text else kind
    return (text or "error")[:MAX_ATTRIBUTE_CHARS], dump(exception.get("exception.stacktrace"))


def _properties(mapped: MappedSpan, span: RawSpan, told: frozenset[object]) -> dict[str, Any]:
    """The event's properties, from metadata and resource."""
    attributes = span.attributes
    properties: dict[str, Any] = {}
    for name in PROPERTY_OBJECTS:
        if name in attributes:
            properties.update(as_object(attributes[name]))
    for name, value in attributes.items() if "property" in told else ():
        if name.startswith(order.PROPERTIES) and name not in NOT_PROPERTIES:
            prefix = next(prefix for prefix in order.PROPERTIES if name.startswith(prefix))
            rest = name[len(prefix) :]
            if rest and not rest.startswith("raindrop."):
                properties[rest] = value
    if "raindrop" in told:
        if SENT_AT in attributes:
            properties[SENT_AT] = attributes[SENT_AT]
        mapped.attributes |= raindrop_sdk.handoff(attributes)
        properties |= raindrop_sdk.event_properties(attributes)
    if (tags := load(first(attributes, order.TAGS))) is not None:
        properties["tags"] = tags
    for key, wanted in order.DIMENSIONS:
        found = first_text(attributes, wanted) or first_text(span.resource, wanted)
        if found and not found.startswith("unknown_service"):
            properties.setdefault(key, found)
    return bounded(properties)


PROPERTY_OBJECTS = ("metadata", "langfuse.trace.metadata", "langsmith.metadata")
NOT_PROPERTIES = frozenset((*order.EVENT_ID, *order.EVENT_NAME, *NAMES))


def _signals(mapped: MappedSpan, span: RawSpan, told: frozenset[object]) -> list[TraceSignal]:
    found = openinference.annotations(span) if "signals" in told else []
    for event in span.events:
        if event.name == semconv.EVALUATION and (signal := semconv.evaluation(event.attributes)):
            found.append(signal)
    reasons = [
        reason for message in mapped.input_messages + mapped.output_messages for reason in message.denied
    ]
    if mapped.kind == "tool" and mapped.tool_result.startswith("{") and "denied" in mapped.tool_result[:500]:
        result = as_object(mapped.tool_result)
        if result.get("denied") is True or result.get("type") == "execution-denied":
            reasons.append(dump(result.get("reason")) or "denied")
    for reason in dict.fromkeys(reasons):
        found.append(
            TraceSignal(
                "tool call denied",
                sentiment="NEGATIVE",
                source="approval",
                properties={"reason": reason[:MAX_ATTRIBUTE_CHARS], "source": "approval"},
            )
        )
    del found[MAX_SIGNALS:]
    for signal in found:
        signal.at_ns = span.start_ns
    return found


def _unmapped(attributes: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in attributes.items() if "unmapped" in told_by(name[:MAX_NAME])}
    return bounded(kept)


def bounded(values: dict[str, Any]) -> dict[str, Any]:
    """At most MAX_ATTRIBUTES keys, and 8 KB a value; what is longer is cut, as text."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if len(kept) >= MAX_ATTRIBUTES:
            break
        if isinstance(value, str | list | dict):
            text = dump(value) if not isinstance(value, str) else value
            if len(text) > MAX_ATTRIBUTE_CHARS:
                value = text[:MAX_ATTRIBUTE_CHARS]
        kept[name[:MAX_NAME]] = value
    return kept
