"""OpenAI's and Anthropic's `messages`: fine-tuning sets, batches' input, logged requests with their answers.

- `{"messages": [...], "model"?, "user"?, "metadata"?, "created"?, "choices"?, "usage"?}`; the request may also stand under `request`,
  `body` or `params`, the answer under `response` (itself, or its `body`) or in `result`. Parts are read in either provider's shape.
- The conversation is what a `conversation_id`, `session_id` or `thread_id` names, else the line's `custom_id` or `id`, else a hash of
  the content. A later request of the same conversation repeats its history: those turns are known already.
- `metadata` becomes properties. Definitions of tools, weights and sampling parameters are not imported.
"""

import datetime as dt
import json
from typing import Any

from ingest.files.conversations import text_of
from ingest.files.formats.conversation import parse_conversation
from ingest.files.formats.parsed import BadLine, Line, ParsedLine, digest
from ingest.incoming.cleaning import count_keys, depth_of, parse_timestamp
from ingest.incoming.values import MAX_DEPTH, MAX_ID, MAX_KEYS
from ingest.otlp.attributes import as_object, first, first_text, whole

CONVERSATION = ("conversation_id", "session_id", "thread_id", "conversationId", "sessionId", "threadId")
OWN_ID = ("custom_id", "id")
USER = ("user", "user_id", "userId", "safety_identifier")
TIME = ("created", "created_at", "timestamp")
MEDIA = {
    "image_url": "image",
    "input_image": "image",
    "input_audio": "audio",
    "file": "file",
    "input_file": "file",
}


def recognises(line: dict[str, Any]) -> bool:
    return any(isinstance(part.get("messages"), list) for part in _requests(line))


def parse(line: Line) -> ParsedLine:
    request = next((part for part in _requests(line.value) if isinstance(part.get("messages"), list)), None)
    if request is None:
        raise BadLine("messages: expected a list")
    answer = _answer(line.value)
    sources = (line.value, request, as_object(request.get("metadata")), as_object(line.value.get("metadata")))
    choice = _choice(answer)
    messages = request["messages"] if choice is None else [*request["messages"], choice]
    known = [_message(message) for message in messages]
    model = first_text(answer, ("model",)) or first_text(request, ("model",))
    user = _named(sources, USER)
    conversation_id = (
        _named(sources, CONVERSATION) or first_text(line.value, OWN_ID) or first_text(answer, OWN_ID)
    )
    if not conversation_id:
        content = json.dumps([known, model, user], sort_keys=True, ensure_ascii=True)
        conversation_id = f"openai-{digest(content)[:24]}"
    parsed = parse_conversation(
        {
            "conversation_id": conversation_id[: MAX_ID - 10],
            "user_id": user,
            "messages": messages,
            "meta": {"model": model},
        },
        start_of=line.start_of,
        keep_labels=False,
        ended_at=_moment(line.value, answer),
    )
    properties = _properties(line.value) | _properties(request)
    usage = as_object(answer.get("usage"))
    for event in parsed.events:
        event.properties = dict(properties)
    parsed.events[-1].input_tokens = whole(first(usage, ("prompt_tokens", "input_tokens")))
    parsed.events[-1].output_tokens = whole(first(usage, ("completion_tokens", "output_tokens")))
    return parsed


def _requests(line: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        part
        for part in (line, line.get("request"), line.get("body"), line.get("params"))
        if isinstance(part, dict)
    ]


def _answer(line: dict[str, Any]) -> dict[str, Any]:
    response = as_object(line.get("response"))
    result = as_object(line.get("result"))  # of Anthropic's batches
    return as_object(response.get("body")) or response or as_object(result.get("message")) or line


def _choice(answer: dict[str, Any]) -> Any:
    choices = answer.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0].get("message")
    if answer.get("role") == "assistant" and answer.get("content"):
        return answer  # Anthropic's answer is a message itself
    return None


def _named(sources: tuple[dict[str, Any], ...], names: tuple[str, ...]) -> str:
    return next((found for source in sources if (found := first_text(source, names))), "")


def _moment(line: dict[str, Any], answer: dict[str, Any]) -> dt.datetime | None:
    value = first(line, TIME) or first(answer, TIME)
    if value is None:
        return None
    try:
        return parse_timestamp(value)
    except ValueError as error:
        raise BadLine(f"created: {error}") from None


def _message(message: Any) -> Any:
    """What a conversation without an id is known by: its words and its calls, as the first version of this format read them."""
    if not isinstance(message, dict):
        return message  # refused, with its number, by the conversation shape
    content = _content(message.get("content"))
    made = {key: message[key] for key in ("role", "name", "tool_call_id", "timestamp") if message.get(key)}
    made["content"] = content or first_text(message, ("refusal",), limit=100_000)
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise BadLine("messages: tool_calls is not a list")
    legacy = message.get("function_call")
    made["tool_calls"] = [*(calls or []), *([{"function": legacy}] if isinstance(legacy, dict) else [])]
    return made


def _content(content: Any) -> str:
    """Text; what is no text leaves a mark, such as [image], when nothing else is said."""
    text = text_of(content)
    if text or not isinstance(content, list):
        return text
    parts = [part for part in content if isinstance(part, dict)]
    refusals = [part["refusal"] for part in parts if isinstance(part.get("refusal"), str)]
    marks = [f"[{MEDIA[str(part.get('type'))]}]" for part in parts if str(part.get("type")) in MEDIA]
    return "\n".join(refusals) or " ".join(marks)


def _properties(source: dict[str, Any]) -> dict[str, Any]:
    metadata = source.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    if count_keys(metadata) > MAX_KEYS or depth_of(metadata, limit=MAX_DEPTH) > MAX_DEPTH:
        raise BadLine("metadata: too many keys, or nested too deeply")
    return metadata
