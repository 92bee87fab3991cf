"""An answer in the form of a JSON schema: how it is asked for, and what is read of it."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from raindrop import llm

if TYPE_CHECKING:
    from anthropic.types import Message


class Void(ValueError):
    """The answer is not to be used; the text says why."""


def output_config(schema: Mapping[str, object]) -> dict[str, Any]:
    """The parameter of `messages.create`, with the effort that is set."""
    config: dict[str, Any] = {"format": {"type": "json_schema", "schema": dict(schema)}}
    if effort := llm.effort():
        config["effort"] = effort
    return config


def read_answer(message: "Message") -> Any:
    """The JSON of a whole answer, of whatever shape. Raises Void."""
    stopped = getattr(message, "stop_reason", None)
    if stopped == "refusal":
        raise Void("The model declined to answer.")
    if stopped != "end_turn":
        raise Void(f"The answer was cut off ({str(stopped)[:40]}).")
    try:
        return json.loads("".join(block.text for block in message.content if block.type == "text"))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise Void("The answer is not JSON.") from error


def read_verdict(message: "Message") -> tuple[bool, str, str]:
    """(match, quote, reason) of an answer with just these fields. Raises Void."""
    answer = read_answer(message)
    if not isinstance(answer, dict) or set(answer) != {"match", "quote", "reason"}:
        raise Void("The answer has not the asked-for fields.")
    match, quote, reason = answer["match"], answer["quote"], answer["reason"]
    if not isinstance(match, bool) or not isinstance(quote, str) or not isinstance(reason, str):
        raise Void("A field of the answer is of the wrong type.")
    return match, quote, reason
