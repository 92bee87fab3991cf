"""Reading messages in all the shapes that SDKs write them: semconv parts, OpenAI, Anthropic, Gemini, AI SDK, LangChain.

All readers are lenient: what is not understood becomes text, and nothing raises.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from ingest.cleaning import CUT_MARK, MAX_TEXT, clean_text
from ingest.otlp.mapped import Message, Role, ToolCall, ToolResult
from ingest.otlp.raw import clean_json

MAX_NESTING = 6
MAX_MESSAGES = 5_000
MAX_PARTS = 64  # of a message that must be cut

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "agent": "assistant",
    "chatbot": "assistant",
    "tool": "tool",
    "function": "tool",
}
# Keys under which a wrapper keeps its messages, or the one text that matters; the first that is there wins.
MESSAGE_KEYS = ("messages", "contents", "chat_history", "choices", "generations", "chatMessages")
TEXT_KEYS: dict[Role, tuple[str, ...]] = {
    "user": ("prompt", "question", "query", "user_input", "input", "text", "message", "contents", "task"),
    "assistant": ("output", "answer", "response", "final_output", "result", "completion", "text", "message"),
}
ENDING_KEYS = ("system", "instructions", "system_prompt")
MEDIA = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "file": "file",
    "input_file": "file",
    "document": "document",
    "media": "file",
}


def load(value: Any) -> Any:
    """JSON text as its value; all else as it is."""
    if isinstance(value, str):
        head = value.lstrip()[:1]
        if head in ("{", "["):
            try:
                loaded = orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
            # orjson lets \u0000 through; and only what was escaped can hide it
            return clean_json(loaded) if "\\u" in value or len(value) > 100_000 else loaded
    return value


def unquote(value: Any) -> Any:
    """Text that is a JSON string, as tracers of functions write it, without its quotes."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        try:
            loaded = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return clean_text(loaded)
    return value


def dump(value: Any) -> str:
    """The value as text: a string stands for itself, all else is JSON."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None:
        return ""
    try:
        return clean_text(orjson.dumps(value).decode())
    except (TypeError, ValueError):  # too deep, or an integer of more than 64 bits
        return clean_text(str(value))


def read_messages(value: Any, role: Role) -> list[Message]:
    """Messages from anything. `role` is given to what does not say whose words it is."""
    found: list[Message] = []
    _read(load(value), role, found, 0)
    return [message for message in found if not message.empty or message.denied]


def _read(value: Any, role: Role, found: list[Message], depth: int) -> None:
    if value is None or value == "" or len(found) >= MAX_MESSAGES:
        return
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            found.append(Message(role, "\n".join(value)))
        elif depth < MAX_NESTING and all(isinstance(item, dict | list) for item in value):
            if value and all(_is_part(item) for item in value):
                found.append(read_message({"role": role, "content": value}, role))
                return
            for item in value:
                _read(item, role, found, depth + 1)
        else:
            found.append(Message(role, dump(value), dump=True))
    elif isinstance(value, dict):
        if depth < MAX_NESTING:
            _read_object(value, role, found, depth)
        else:
            found.append(Message(role, dump(value), dump=True))
    elif isinstance(value, str):
        found.append(Message(role, value))
    else:
        found.append(Message(role, dump(value)))


def _read_object(value: dict[str, Any], role: Role, found: list[Message], depth: int) -> None:
    if "kwargs" in value and isinstance(value.get("id"), list):  # LangChain's serialised constructor
        kwargs = value["kwargs"]
        if isinstance(kwargs, dict):
            name = (
                str(value["id"][-1]).removesuffix("Message").removesuffix("Chunk").lower()
                if value["id"]
                else ""
            )
            _read({"role": name, **kwargs}, role, found, depth + 1)
        return
    if "args" in value and set(value) <= {"args", "kwargs"}:  # a traced function's arguments
        arguments = value["args"] if isinstance(value["args"], list) else [value["args"]]
        kwargs = value.get("kwargs")
        only = (
            arguments[0]
            if len(arguments) == 1 and not kwargs
            else kwargs
            if kwargs and not arguments
            else None
        )
        if isinstance(only, str | dict):
            _read(only, role, found, depth + 1)
        elif kwargs or any(argument is not None for argument in arguments):
            found.append(Message(role, dump(value), dump=True))
        return
    if value.get("role") or "content" in value or "parts" in value or _names_role(value.get("type")):
        found.append(read_message(value, role))
        return
    inner = value.get("message")
    if isinstance(inner, dict):  # a choice
        _read(inner, role, found, depth + 1)
        return
    if value.get("type") in ("function_call", "function_call_output", "reasoning"):
        found.append(read_message({"role": role, "content": [value]}, role))  # OpenAI's Responses API
        return
    for key in ENDING_KEYS:
        if value.get(key) and isinstance(value[key], str | list) and role == "user":
            _read(load(value[key]), "system", found, depth + 1)
            break
    for key in MESSAGE_KEYS:
        if isinstance(items := load(value.get(key)), list) and items:
            _read(items, role, found, depth + 1)
            return
    for key in TEXT_KEYS.get(role, ()):
        if isinstance(value.get(key), str | list | dict) and value[key]:
            _read(load(value[key]), role, found, depth + 1)
            return
    found.append(Message(role, dump(value), dump=True))


def read_message(value: dict[str, Any], role: Role) -> Message:
    """One message object: {role, content | parts | ...}."""
    inner = value.get("message")
    if isinstance(inner, dict) and "content" not in value and "parts" not in value:
        value = {**inner, **({"role": value["role"]} if value.get("role") else {})}
    named = value.get("role") or value.get("type") or ""
    message = Message(ROLES.get(str(named).lower(), role))
    content = value.get("parts") if value.get("parts") is not None else value.get("content")
    _fill(message, load_parts(content))
    if isinstance(thinking := value.get("reasoning_content") or value.get("reasoning"), str):
        message.reasoning = message.reasoning or clean_text(thinking)
    calls = value.get("tool_calls") or value.get("toolCalls")
    for call in load(calls) if isinstance(load(calls), list) else ():
        if isinstance(call, dict):
            _tool_call(message, call)
    if isinstance(call := value.get("function_call"), dict):
        _tool_call(message, call)
    if message.role == "tool" and not message.tool_results:
        call_id = str(value.get("tool_call_id") or value.get("toolCallId") or value.get("id") or "")
        message.tool_results.append(ToolResult(call_id, message.text))
        message.text = ""
    elif message.role != "tool" and message.tool_results and not message.text and not message.media:
        message.role = "tool"  # Anthropic and Gemini send tool results as the user's
    return message


def load_parts(content: Any) -> Any:
    """Content that is JSON text of a list of parts, as older OpenLLMetry sends it; other text stays as it is."""
    if isinstance(content, str) and content.startswith("[{"):
        loaded = load(content)
        if isinstance(loaded, list) and all(_is_part(item) for item in loaded):
            return loaded
    return content


def _names_role(kind: Any) -> bool:
    return isinstance(kind, str) and kind in ROLES


def _is_part(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and not item.get("role")
        and (isinstance(item.get("type"), str) and not _names_role(item["type"]) or set(item) == {"text"})
        and item.get("type") not in ("message", "constructor", "function_call", "function_call_output")
    )


def _fill(message: Message, content: Any) -> None:
    if content is None:
        return
    if isinstance(content, str):
        message.text = clean_text(content)
        return
    parts: Iterable[Any] = content if isinstance(content, list) else [content]
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            _part(message, part, texts)
        elif part is not None:
            texts.append(dump(part))
    message.text = clean_text("\n".join(text for text in texts if text))


def _part(message: Message, part: dict[str, Any], texts: list[str]) -> None:
    kind = str(part.get("type") or "").replace("-", "_")
    if kind in {"reasoning", "thinking"}:
        thought = part.get("content") or part.get("text") or part.get("thinking")
        message.reasoning = (
            (message.reasoning + "\n" + dump(thought)).strip() if thought else message.reasoning
        )
    elif kind in {"tool_call", "tool_use", "function_call", "server_tool_call", "server_tool_use"}:
        _tool_call(message, part)
    elif kind in TOOL_RESULTS:
        _tool_result(message, part)
    elif kind == "tool_approval_response":
        if part.get("approved") is False:
            message.denied.append(dump(part.get("reason")) or "denied")
    elif kind in MEDIA or kind in {"blob", "uri"}:
        general, _, _ = str(part.get("mediaType") or part.get("mime_type") or "").partition("/")
        modality = str(part.get("modality") or MEDIA.get(general) or MEDIA.get(kind) or "file")
        message.media.append(clean_text(modality)[:40])
        texts.append(dump(part.get("transcript")))
    elif isinstance(call := part.get("functionCall") or part.get("function_call"), dict):
        _tool_call(message, call)
    elif isinstance(result := part.get("functionResponse") or part.get("function_response"), dict):
        _tool_result(message, result)
    elif "inlineData" in part or "inline_data" in part or "fileData" in part:
        message.media.append("file")
    elif kind != "compaction":  # a summary of the history, not somebody's words
        said = part.get("text") if part.get("text") is not None else part.get("content")
        if isinstance(said, str):
            texts.append(said)
        elif isinstance(said, list | dict):
            texts.append(dump(said))


TOOL_RESULTS = frozenset(
    (
        "tool_call_response",
        "tool_result",
        "function_call_output",
        "function_response",
        "server_tool_call_response",
    )
)


def _tool_call(message: Message, call: dict[str, Any]) -> None:
    function = call.get("function")
    named = function if isinstance(function, dict) else call
    arguments = None
    for key in ("arguments", "args", "input", "parameters", "server_tool_call"):
        if (arguments := named.get(key)) is not None:
            break
    identity = (
        call.get("id") or call.get("toolCallId") or call.get("call_id") or call.get("tool_call_id") or ""
    )
    name = named.get("name") or named.get("toolName") or ""
    message.tool_calls.append(ToolCall(dump(identity), dump(name), dump(arguments)))


def _tool_result(message: Message, part: dict[str, Any]) -> None:
    result = None
    for key in ("response", "result", "output", "content", "server_tool_call_response"):
        if (result := part.get(key)) is not None:
            break
    identity = ""
    for key in ("id", "toolCallId", "tool_use_id", "call_id", "tool_call_id"):
        if part.get(key):
            identity = dump(part[key])
            break
    if isinstance(result, dict) and (
        result.get("denied") is True or result.get("type") == "execution-denied"
    ):
        message.denied.append(dump(result.get("reason")) or "denied")
    message.tool_results.append(ToolResult(identity, dump(result)))


def to_json(messages: list[Message]) -> str:
    """Messages as the text of a span's input or output, in OpenAI's form; empty for none. Never longer than a column's text,
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
        tool_results=[ToolResult(_cut(result.id, 200), _cut(result.text, each)) for result in results],
        media=message.media[:MAX_PARTS],
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - len(CUT_MARK))] + CUT_MARK


def from_json(text: str, role: Role) -> list[Message]:
    """What `to_json` wrote, read back."""
    value = load(text)
    if not isinstance(value, list):
        return [Message(role, text)] if text else []
    messages = []
    for item in value:
        message = read_message(item, role)
        message.media = [str(kind) for kind in item.get("media", ())]
        message.dump = bool(item.get("dump"))
        messages.append(message)
    return messages


def _to_object(message: Message) -> dict[str, Any]:
    item: dict[str, Any] = {"role": message.role}
    if message.role == "tool":
        item["parts"] = [{"type": "text", "text": message.text}] if message.text else []
        item["parts"] += [
            {"type": "tool_result", "id": result.id, "result": result.text} for result in message.tool_results
        ]
    elif message.tool_results:
        item["parts"] = [{"type": "text", "text": message.text}] + [
            {"type": "tool_result", "id": result.id, "result": result.text} for result in message.tool_results
        ]
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
