"""The parts of one message: text, refusals, thoughts, media, tool calls and their results, in every provider's shape."""

from collections.abc import Iterable
from typing import Any

from ingest.incoming.cleaning import clean_text
from ingest.otlp.json_text import dump, load
from ingest.otlp.mapped import Message, ToolCall, ToolResult

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
    "blob": "file",
    "uri": "file",
}
TEXTS = frozenset(("text", "input_text", "output_text", "summary_text", "refusal"))
THOUGHTS = frozenset(("reasoning", "thinking", "redacted_thinking"))
TOOL_CALLS = frozenset(
    ("tool_call", "tool_use", "function_call", "server_tool_call", "server_tool_use", "mcp_tool_use")
)
TOOL_RESULTS = frozenset(
    (
        "tool_call_response",
        "tool_result",
        "function_call_output",
        "function_response",
        "server_tool_call_response",
        "mcp_tool_result",
    )
)
OTHERS = frozenset(("tool_approval_response", "tool_approval_request", "compaction"))
KNOWN = TEXTS | THOUGHTS | TOOL_CALLS | TOOL_RESULTS | OTHERS | frozenset(MEDIA)
# Parts that have no type: Gemini's and Bedrock's are told by their only key.
ONLY_KEYS = frozenset(
    (
        "text", "functionCall", "function_call", "functionResponse", "function_response", "inlineData", "inline_data", "fileData",
        "toolUse", "toolResult", "reasoningContent", "guardContent", "cachePoint", "thought", "thoughtSignature", "thought_signature",
        "image", "document", "video",
    )
)  # fmt: skip


def is_known_part(item: Any) -> bool:
    """Whether it is surely a part of a message, and no JSON that a person typed."""
    if not isinstance(item, dict) or item.get("role"):
        return False
    kind = item.get("type")
    if isinstance(kind, str):
        return kind.replace("-", "_") in KNOWN
    return bool(item) and ONLY_KEYS.issuperset(item)


def load_parts(content: Any) -> Any:
    """Content that is JSON text of parts, or a list of such texts, as its parts; other text stays as it was typed."""
    loaded = load(content)
    if isinstance(loaded, dict) and is_known_part(loaded):
        loaded = [loaded]
    elif isinstance(loaded, list) and all(isinstance(item, list) for item in loaded):
        loaded = [part for item in loaded for part in item]
    if isinstance(loaded, list) and loaded and all(is_known_part(item) for item in loaded):
        return loaded
    return content


def fill(message: Message, content: Any) -> None:
    """Adds the parts to the message. Text of several parts is joined by line breaks."""
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
    if kind in THOUGHTS or "reasoningContent" in part or part.get("thought") is True:
        _thought(message, part)
    elif kind in TOOL_CALLS:
        add_tool_call(message, part)
    elif kind in TOOL_RESULTS:
        _tool_result(message, part)
    elif kind == "tool_approval_response":
        if part.get("approved") is False:
            message.denied.append(dump(part.get("reason")) or "denied")
    elif kind in MEDIA:
        general, _, _ = str(part.get("mediaType") or part.get("mime_type") or "").partition("/")
        modality = str(part.get("modality") or MEDIA.get(general) or MEDIA.get(kind) or "file")
        message.media.append(clean_text(modality)[:40])
        texts.append(dump(part.get("transcript")))
    elif isinstance(
        call := part.get("functionCall") or part.get("function_call") or part.get("toolUse"), dict
    ):
        add_tool_call(message, call)
    elif isinstance(
        result := part.get("functionResponse") or part.get("function_response") or part.get("toolResult"),
        dict,
    ):
        _tool_result(message, result)
    elif "inlineData" in part or "inline_data" in part or "fileData" in part:
        message.media.append("file")
    elif kind != "compaction":  # a summary of the history, not somebody's words
        body = next(
            (
                part[key]
                for key in ("text", "content", "refusal", "guardContent")
                if part.get(key) is not None
            ),
            None,
        )
        if isinstance(body, dict) and isinstance(body.get("text"), str | dict):  # Bedrock's guardContent
            body = body["text"]
        if isinstance(body, dict) and isinstance(body.get("text") or body.get("value"), str):
            body = body.get("text") or body.get("value")
        if isinstance(body, str):
            texts.append(body)
        elif isinstance(body, list | dict):
            texts.append(dump(body))
        else:
            message.media += [kind for kind in ("image", "document", "video") if kind in part]


def _thought(message: Message, part: dict[str, Any]) -> None:
    inner = part.get("reasoningContent")
    if isinstance(inner, dict):
        told = inner.get("reasoningText")
        part = told if isinstance(told, dict) else inner
    thought = part.get("content") or part.get("text") or part.get("thinking") or part.get("summary")
    if thought:
        message.reasoning = clean_text((message.reasoning + "\n" + dump(thought)).strip())


def add_tool_call(message: Message, call: dict[str, Any]) -> None:
    function = call.get("function")
    named = function if isinstance(function, dict) else call
    arguments = None
    for key in ("arguments", "args", "input", "parameters", "server_tool_call"):
        if (arguments := named.get(key)) is not None:
            break
    identity = next(
        (call[key] for key in ("id", "toolCallId", "call_id", "tool_call_id", "toolUseId") if call.get(key)),
        "",
    )
    name = named.get("name") or named.get("toolName") or ""
    message.tool_calls.append(ToolCall(dump(identity), dump(name), dump(arguments)))


def _tool_result(message: Message, part: dict[str, Any]) -> None:
    result = None
    for key in ("response", "result", "output", "content", "server_tool_call_response"):
        if (result := part.get(key)) is not None:
            break
    identity = ""
    for key in ("id", "toolCallId", "tool_use_id", "call_id", "tool_call_id", "toolUseId"):
        if part.get(key):
            identity = dump(part[key])
            break
    if isinstance(result, dict) and (
        result.get("denied") is True or result.get("type") == "execution-denied"
    ):
        message.denied.append(dump(result.get("reason")) or "denied")
    failed = (
        part.get("is_error") is True
        or part.get("isError") is True
        or str(part.get("status")).lower() == "error"
    )
    message.tool_results.append(ToolResult(identity, result_text(result), failed))


def result_text(result: Any) -> str:
    """The words of a result that is a list of parts, as MCP's, Anthropic's and Bedrock's are; else the result as it is."""
    if isinstance(result, list) and result and all(_is_result_part(part) for part in result):
        return clean_text(
            "\n".join(dump(part["text"] if "text" in part else part["json"]) for part in result)
        )
    return dump(result)


def _is_result_part(part: Any) -> bool:
    return isinstance(part, dict) and (isinstance(part.get("text"), str) or set(part) == {"json"})
