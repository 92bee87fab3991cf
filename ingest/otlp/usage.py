"""Tokens and cost of one span.

One meaning for all dialects: `input` holds all tokens of the prompt, those read from or written to a cache too; `output` all tokens
of the answer, those of reasoning too. Where a dialect tells cached tokens beside its input (Anthropic's own usage), they are added.
"""

from collections.abc import Mapping
from typing import Any

from ingest.otlp import precedence as order
from ingest.otlp.attributes import amount, as_object, first, whole
from ingest.otlp.dialects import langfuse
from ingest.otlp.mapped import Tokens

# Attributes that hold an answer's JSON. They are read when no attribute tells the usage.
ANSWERS = (
    "mlflow.chat.tokenUsage", "response_data", "gcp.vertex.agent.llm_response", "gen_ai.completion", "output.value", "langfuse.observation.output",
    "mlflow.spanOutputs", "traceloop.entity.output", "genkit:output",
)  # fmt: skip
USAGE = (
    ("usage",), ("usage_metadata",), ("usageMetadata",), ("token_usage",), ("tokenUsage",), ("llm_output", "token_usage"),
    ("response_metadata", "token_usage"), ("outputs", "llm_output", "token_usage"),
)  # fmt: skip
MAX_ANSWER = 200_000  # characters of an answer that is read only for its usage
PARTS = ("input", "output", "cache_read", "cache_write", "reasoning")


def tokens_of(attributes: Mapping[str, Any]) -> Tokens:
    """What the span's attributes tell, else what the JSON of its answer tells."""
    tokens = Tokens()
    if "langfuse.observation.usage_details" in attributes:
        tokens = _of_usage(as_object(attributes["langfuse.observation.usage_details"]))
    if tokens:
        return tokens
    for field, wanted in order.TOKENS.items():
        for name in wanted:
            if name in attributes and (number := whole(attributes[name])) is not None:
                setattr(tokens, field, number)
                break
    if not tokens:
        return _of_answer(attributes) or tokens
    total = next((number for name in order.TOTALS if (number := whole(attributes.get(name)))), None)
    return _with_cached_and_reasoning(tokens, total, input_is_rest=False, output_is_rest=False)


def cost_of(attributes: Mapping[str, Any]) -> float | None:
    """In US dollars; never negative."""
    if "langfuse.observation.cost_details" in attributes:
        found = langfuse.cost(attributes["langfuse.observation.cost_details"])
        if found is not None:
            return max(found, 0.0)
    for name in order.COST:
        value = attributes.get(name)
        found = amount(value)
        if found is None and (held := as_object(value)):
            found = amount(first(held, ("total", "total_cost", "cost")))
        if found is not None:
            return max(found, 0.0)
    for names in order.COST_PARTS:
        parts = [part for name in names if (part := amount(attributes.get(name))) is not None]
        if parts:
            return max(sum(parts), 0.0)
    return None


def _of_answer(attributes: Mapping[str, Any]) -> Tokens:
    for name in ANSWERS:
        value = attributes.get(name)
        if value is None or isinstance(value, str) and (len(value) > MAX_ANSWER or "oken" not in value):
            continue
        held = as_object(value)
        for path in ((), *USAGE) if name == "mlflow.chat.tokenUsage" else USAGE:
            found: Any = held
            for key in path:
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, dict) and (tokens := _of_usage(found)):
                return tokens
    return Tokens()


def _of_usage(usage: Mapping[str, Any]) -> Tokens:
    """A provider's usage object, or Langfuse's."""
    tokens = Tokens(**{field: whole(first(usage, order.USAGE_KEYS[field])) for field in PARTS})
    for key in ("prompt_tokens_details", "input_tokens_details"):
        tokens.cache_read = _or(tokens.cache_read, as_object(usage.get(key)).get("cached_tokens"))
    for key in ("completion_tokens_details", "output_tokens_details"):
        tokens.reasoning = _or(tokens.reasoning, as_object(usage.get(key)).get("reasoning_tokens"))
    return _with_cached_and_reasoning(
        tokens,
        whole(first(usage, order.USAGE_TOTAL)),
        input_is_rest=any(name in usage for name in order.BESIDE_INPUT),
        output_is_rest=any(name in usage for name in order.BESIDE_OUTPUT),
    )


def _with_cached_and_reasoning(
    tokens: Tokens, total: int | None, *, input_is_rest: bool, output_is_rest: bool
) -> Tokens:
    """The same with all of the prompt's tokens in `input`, and all of the answer's in `output`. What the sender's total says is
    believed first; `..._is_rest` is what the dialect's names say."""
    cached = (tokens.cache_read or 0) + (tokens.cache_write or 0)
    reasoning = tokens.reasoning or 0
    told = (tokens.input or 0) + (tokens.output or 0)
    if total is not None and total == told:
        return tokens
    if total is not None and total == told + cached + reasoning:
        input_is_rest, output_is_rest = True, True
    if tokens.input is not None and (input_is_rest or cached > tokens.input):
        tokens.input += cached
    if tokens.output is not None and (output_is_rest or reasoning > tokens.output):
        tokens.output += reasoning
    return tokens


def _or(known: int | None, value: Any) -> int | None:
    return known if known is not None else whole(value)
