"""Messages whose content is a list of parts (Anthropic's, Gemini's, the AI SDK's, OpenAI's newer ones), as plain ones: text, `tool_calls`,
and results of the role `tool`. Pure."""

from typing import Any

from ingest.otlp.message_parts import TOOL_CALLS, TOOL_RESULTS, is_known_part
from ingest.otlp.messages import ROLES, read_message

KEPT = ("timestamp", "labels", "name")
ITEMS = {
    "function_call": "assistant",
    "function_call_output": "tool",
}  # of OpenAI's Responses API: they have no role


def plain_messages(messages: list[Any]) -> list[Any]:
    """The messages in their order; what is plain already, or is no message, stays as it is. A message of tool results alone is
    nobody's turn, whatever role it came under."""
    return [plain for message in messages for plain in _plain(message)]


def _plain(message: Any) -> list[Any]:
    if not isinstance(message, dict):
        return [message]
    kind = str(message.get("type") or "")
    if not message.get("role") and (kind in ITEMS or kind == "reasoning"):
        message = {"role": ITEMS.get(kind, "assistant"), "content": [message]}
    role = message.get("role")
    if isinstance(role, str) and role not in ("user", "assistant", "tool", "function", "system", "developer"):
        message = {**message, "role": ROLES.get(role.lower(), role)}
    if not _has_parts(message):
        return [message]
    read = read_message(message, "user")
    kept = {name: message[name] for name in KEPT if message.get(name)}
    made: list[Any] = [
        {"role": "tool", "tool_call_id": result.id, "content": result.text, "is_error": result.failed, **kept}
        for result in read.tool_results
    ]
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in read.tool_calls]
    if read.says or calls or not made:
        made.append({**kept, "role": message.get("role"), "content": read.says, "tool_calls": calls})
    return made


def _has_parts(message: dict[str, Any]) -> bool:
    """Whether there is more to it than text and `tool_calls`."""
    if message.get("role") not in ("user", "assistant", "tool", "function"):
        return False
    parts = message.get("parts") if message.get("parts") is not None else message.get("content")
    if isinstance(parts, list) and any(is_known_part(part) for part in parts):
        if message["role"] in ("tool", "function"):
            return any(
                _kind(part) in TOOL_RESULTS or "functionResponse" in part
                for part in parts
                if isinstance(part, dict)
            )
        return True
    refused = isinstance(message.get("refusal"), str) and message["refusal"]
    return bool(refused or isinstance(message.get("function_call"), dict)) or any(
        _kind(part) in TOOL_CALLS
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict)
    )


def _kind(part: dict[str, Any]) -> str:
    return str(part.get("type") or "").replace("-", "_")
