"""Reading messages in all the shapes that SDKs write them: semconv parts, OpenAI, Anthropic, Gemini, Bedrock, AI SDK, LangChain.

All readers are lenient: what is not understood becomes text, and nothing raises.
"""

from typing import Any

from ingest.incoming.cleaning import clean_text
from ingest.otlp.json_text import dump, load
from ingest.otlp.mapped import Message, Role, ToolResult
from ingest.otlp.message_parts import add_tool_call, fill, is_known_part, load_parts

MAX_NESTING = 24
MAX_MESSAGES = 5_000

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "customer": "user",
    "end_user": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "agent": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "tool": "tool",
    "function": "tool",
}
# Keys under which a wrapper keeps its messages; the first that is there wins.
MESSAGE_KEYS = (
    "messages", "contents", "chat_history", "choices", "generations", "candidates", "chatMessages", "chat_messages",
    "input_messages", "output_messages", "new_messages", "replies", "items",
)  # fmt: skip
# Keys under which it keeps the one text that matters, or another wrapper; the first that is not empty wins.
TEXT_KEYS: dict[Role, tuple[str, ...]] = {
    "user": (
        "prompt", "question", "query", "user_input", "user_message", "user_query", "input", "text", "message", "contents", "task",
        "inputs", "transcript", "utterance", "request", "state", "kwargs",
    ),
    "assistant": (
        "output", "answer", "response", "final_output", "final_answer", "result", "completion", "combined_chunk_content", "text",
        "message", "reply", "outputs", "output_text", "generation", "raw", "state", "update",
    ),
}  # fmt: skip
# How the names of other keys end that hold the words ("customer_question").
TEXT_ENDINGS: dict[Role, tuple[str, ...]] = {
    "user": ("question", "query", "prompt", "message", "input", "utterance", "text"),
    "assistant": ("answer", "response", "reply", "output", "completion", "message", "text"),
}
ENDING_KEYS = ("system", "instructions", "system_prompt")
# What LangChain calls its callbacks with: data, and what tells of the run.
CALLBACK_DATA = frozenset(("inputs", "input_str", "outputs", "output"))
CALLBACK_KEYS = CALLBACK_DATA | {
    "tags",
    "metadata",
    "kwargs",
    "serialized",
    "run_id",
    "parent_run_id",
    "name",
}
RESPONSES_ITEMS = frozenset(
    ("function_call", "function_call_output", "reasoning")
)  # of OpenAI's Responses API


def is_callback(value: Any) -> bool:
    """Whether it is what LangChain's callbacks were called with, as OpenLLMetry writes it: the data beside the callback's own arguments."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("kwargs"), dict)
        and not CALLBACK_DATA.isdisjoint(value)
        and CALLBACK_KEYS.issuperset(value)
    )


def open_callback(value: dict[str, Any]) -> Any:
    """The data in it: the inputs as they are rather than as text, the content of a message rather than its constructor."""
    inner = next(
        (value[key] for key in ("inputs", "input_str", "outputs", "output") if value.get(key) is not None),
        None,
    )
    if (
        isinstance(inner, dict)
        and isinstance(inner.get("kwargs"), dict)
        and "lc" in inner
        and "content" in inner["kwargs"]
    ):
        return inner["kwargs"]["content"] if inner["kwargs"].get("type") == "tool" else inner
    return inner


def read_messages(value: Any, role: Role) -> list[Message]:
    """Messages from anything. `role` is given to what does not say whose words it is."""
    found: list[Message] = []
    _read(load(value), role, found, 0)
    kept = [message for message in found if not message.empty or message.denied]
    if len(kept) == 1 and kept[0].dump and isinstance(value, str):
        kept[0].text = clean_text(value)  # perhaps a person typed it
    return kept


def _read(value: Any, role: Role, found: list[Message], depth: int) -> None:
    if value is None or value == "" or len(found) >= MAX_MESSAGES:
        return
    if depth >= MAX_NESTING and isinstance(value, list | dict):
        found.append(Message(role, dump(value), dump=True))
    elif isinstance(value, list):
        _read_list(value, role, found, depth)
    elif isinstance(value, dict):
        _read_object(value, role, found, depth)
    else:
        found.append(Message(role, dump(value)))


def _read_list(value: list[Any], role: Role, found: list[Message], depth: int) -> None:
    if all(isinstance(item, str) for item in value):
        if len(value) == 2 and value[0].lower() in ROLES:  # LangChain's pair
            found.append(Message(ROLES[value[0].lower()], clean_text(value[1])))
        else:
            found.append(Message(role, clean_text("\n".join(value))))
    elif all(isinstance(item, dict | list) for item in value):
        if all(_is_part(item) for item in value):
            found.append(read_message({"role": role, "content": value}, role))
            return
        for item in value:
            _read(item, role, found, depth + 1)
    else:
        found.append(Message(role, dump(value), dump=True))


def _read_object(value: dict[str, Any], role: Role, found: list[Message], depth: int) -> None:
    if isinstance(value.get("kwargs"), dict) and isinstance(value.get("id"), list):
        _read_constructor(value, role, found, depth)
    elif "args" in value and set(value) <= {"args", "kwargs"}:
        _read_arguments(value, role, found, depth)
    elif is_callback(value):
        _read(load(open_callback(value)), role, found, depth + 1)
    elif _is_message(value):
        found.append(read_message(value, role))
    elif isinstance(inner := value.get("message"), dict):  # a choice
        _read(inner, role, found, depth + 1)
    elif str(value.get("type")) in RESPONSES_ITEMS:
        found.append(read_message({"role": role, "content": [value]}, role))
    else:
        _read_wrapper(value, role, found, depth)


def _read_constructor(value: dict[str, Any], role: Role, found: list[Message], depth: int) -> None:
    """LangChain's serialised constructor: {"lc": 1, "id": [..., "HumanMessage"], "kwargs": {...}}."""
    kind = _message_class(value["id"][-1]) if value["id"] else ""
    kwargs = value["kwargs"]
    _read({**kwargs, **({"role": kind} if kind and not kwargs.get("role") else {})}, role, found, depth + 1)


def _read_arguments(value: dict[str, Any], role: Role, found: list[Message], depth: int) -> None:
    """A traced function's arguments."""
    arguments = value["args"] if isinstance(value["args"], list) else [value["args"]]
    kwargs = value.get("kwargs")
    only = (
        arguments[0] if len(arguments) == 1 and not kwargs else kwargs if kwargs and not arguments else None
    )
    if isinstance(only, str | dict | list):
        _read(load(only), role, found, depth + 1)
    elif kwargs or any(argument is not None for argument in arguments):
        for item in (*arguments, kwargs):  # a state among them, beside settings
            if isinstance(item, list | dict) and (words := _words(item, role, depth)):
                found += words
                return
        found.append(Message(role, dump(value), dump=True))


def _words(value: Any, role: Role, depth: int) -> list[Message]:
    """The messages in it; none when it is only data."""
    found: list[Message] = []
    _read(value, role, found, depth + 1)
    return [] if any(message.dump for message in found) else found


def _read_wrapper(value: dict[str, Any], role: Role, found: list[Message], depth: int) -> None:
    """A state, a request, an envelope: whatever it calls the messages, or the one text, in it."""
    for key in ENDING_KEYS:
        if value.get(key) and isinstance(value[key], str | list) and role == "user":
            _read(load(value[key]), "system", found, depth + 1)
            break
    for key in MESSAGE_KEYS:
        items = load(value.get(key))
        if isinstance(items, list) and items and (key != "items" or any(_is_message(item) for item in items)):
            _read(items, role, found, depth + 1)
            return
    if isinstance(value.get("refusal"), str) and value["refusal"] and role == "assistant":
        found.append(Message(role, clean_text(value["refusal"])))
        return
    for key in TEXT_KEYS.get(role, ()):
        item = value.get(key)
        if isinstance(item, str) and item:  # messages as text, or what somebody typed
            loaded = load(item) if key not in ("text", "message") else item
            found += (loaded is not item and _words(loaded, role, depth)) or [Message(role, clean_text(item))]
            return
        if isinstance(item, list | dict) and item:
            _read(item, role, found, depth + 1)
            return
    for key, item in value.items():
        if isinstance(item, str) and item.strip() and key.lower().endswith(TEXT_ENDINGS.get(role, ())):
            found.append(Message(role, clean_text(item)))
            return
    found.append(Message(role, dump(value), dump=True))


def read_message(value: dict[str, Any], role: Role) -> Message:
    """One message object: {role, content | parts | ...}."""
    inner = value.get("message")
    if isinstance(inner, dict) and "content" not in value and "parts" not in value:
        value = {**inner, **({"role": value["role"]} if value.get("role") else {})}
    content = value.get("parts") if value.get("parts") is not None else value.get("content")
    content = load_parts(content)
    if isinstance(content, dict) and (content.get("parts") is not None or content.get("role")):
        value = {**value, **content}  # Gemini's {"content": {"role", "parts"}}
        content = load_parts(
            content.get("parts") if content.get("parts") is not None else content.get("content")
        )
    named = value.get("role") or value.get("type") or ""
    message = Message(_role(named) or role)
    fill(message, content)
    _add_refusal(message, value)
    if isinstance(thinking := value.get("reasoning_content") or value.get("reasoning"), str):
        message.reasoning = message.reasoning or clean_text(thinking)
    calls = load(value.get("tool_calls") or value.get("toolCalls"))
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            add_tool_call(message, call)
    if isinstance(call := value.get("function_call"), dict):
        add_tool_call(message, call)
    if message.role == "tool" and not message.tool_results:
        call_id = str(value.get("tool_call_id") or value.get("toolCallId") or value.get("id") or "")
        message.tool_results.append(ToolResult(call_id, message.text))
        message.text = ""
    elif message.role != "tool" and message.tool_results and not message.text and not message.media:
        message.role = "tool"  # Anthropic and Gemini send tool results as the user's
    return message


def _add_refusal(message: Message, value: dict[str, Any]) -> None:
    """OpenAI's refusal stands beside the content, LangChain keeps it among the additional arguments."""
    more = value.get("additional_kwargs")
    for holder in (value, more if isinstance(more, dict) else {}):
        if isinstance(refusal := holder.get("refusal"), str) and refusal.strip():
            if refusal not in message.text:
                message.text = clean_text("\n".join(filter(None, (message.text, refusal))))
            return


def _message_class(name: Any) -> str:
    """ "HumanMessageChunk" -> "human"."""
    return str(name).removesuffix("Chunk").removesuffix("Message").lower()


def _role(name: Any) -> Role | None:
    lowered = str(name).lower()
    return ROLES.get(lowered) or ROLES.get(lowered.removesuffix("chunk").removesuffix("message"))


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    return bool(
        value.get("role")
        or "content" in value
        or "parts" in value
        or (isinstance(kind, str) and kind in ROLES)
    )


def _is_part(item: Any) -> bool:
    """In a list of messages or parts: whatever has a type that is no role's is a part."""
    return (
        is_known_part(item)
        and item.get("type") not in ("function_call", "function_call_output")
        or (
            isinstance(item, dict)
            and not item.get("role")
            and isinstance(item.get("type"), str)
            and not _role(item["type"])
            and item["type"] not in ("message", "constructor", "function_call", "function_call_output")
            and not isinstance(item.get("message"), dict)
        )
    )
