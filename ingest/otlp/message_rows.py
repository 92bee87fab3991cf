"""Messages as the text of a span's input or output, in OpenAI's form, and back."""

from dataclasses import replace
from typing import Any

import orjson

from ingest.incoming.cleaning import CUT_MARK, MAX_TEXT
from ingest.otlp.json_text import load
from ingest.otlp.mapped import Message, Role, ToolCall, ToolResult

MAX_PARTS = 64  # of a message that must be cut
ROLES: frozenset[Role] = frozenset(("system", "user", "assistant", "tool"))


def to_json(messages: list[Message]) -> str:
    """Empty for none. Never longer than a column's text,
    which would be cut where it is no JSON any more: then each message is cut instead, and if need be the earliest go."""
    if not messages:
        return ""
    text = _encoded(messages)
    limit = MAX_TEXT // len(messages)
    while len(text) > MAX_TEXT:
        limit //= 2
        if limit < 64:
            messages, limit = messages[len(messages) // 2 :], MAX_TEXT // len(messages)
        text = _encoded([_shortened(message, limit) for message in messages])
    return text


def _encoded(messages: list[Message]) -> str:
    return orjson.dumps([_to_object(message) for message in messages]).decode()


def _shortened(message: Message, limit: int) -> Message:
    """With at most `limit` characters in each of its texts, and few of them."""
    calls = message.tool_calls[:MAX_PARTS]
    results = message.tool_results[:MAX_PARTS]
    each = limit // max(1, len(calls) + len(results))
    return replace(
        message,
        text=_cut(message.text, limit),
        reasoning=_cut(message.reasoning, limit),
        tool_calls=[ToolCall(_cut(c.id, 200), _cut(c.name, 200), _cut(c.arguments, each)) for c in calls],
        tool_results=[
            replace(result, id=_cut(result.id, 200), text=_cut(result.text, each)) for result in results
        ],
        media=message.media[:MAX_PARTS],
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - len(CUT_MARK))] + CUT_MARK


def from_json(text: str, role: Role) -> list[Message]:
    """What `to_json` wrote, read back to the letter."""
    value = load(text)
    if not isinstance(value, list):
        return [Message(role, text)] if text else []
    return [_from_object(item, role) for item in value if isinstance(item, dict)]


def _from_object(item: dict[str, Any], role: Role) -> Message:
    message = Message(item["role"] if item.get("role") in ROLES else role)
    message.text = str(item.get("content") or "")
    for part in item.get("parts") or ():
        if part.get("type") == "tool_result":
            result = str(part.get("result") or "")
            message.tool_results.append(
                ToolResult(str(part.get("id") or ""), result, part.get("is_error") is True)
            )
        else:
            message.text = str(part.get("text") or "")
    message.reasoning = str(item.get("reasoning") or "")
    for call in item.get("tool_calls") or ():
        function = call["function"]
        message.tool_calls.append(ToolCall(call["id"], function["name"], function["arguments"]))
    message.media = [str(kind) for kind in item.get("media") or ()]
    message.dump = bool(item.get("dump"))
    return message


def _to_object(message: Message) -> dict[str, Any]:
    item: dict[str, Any] = {"role": message.role}
    if message.role == "tool" or message.tool_results:
        texts = [{"type": "text", "text": message.text}] if message.text or message.role != "tool" else []
        item["parts"] = texts + [_result(result) for result in message.tool_results]
    else:
        item["content"] = message.text
    if message.reasoning:
        item["reasoning"] = message.reasoning
    if message.tool_calls:
        item["tool_calls"] = [
            {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.media:
        item["media"] = message.media
    if message.dump:
        item["dump"] = True
    return item


def _result(result: ToolResult) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "tool_result", "id": result.id, "result": result.text}
    return made | {"is_error": True} if result.failed else made
