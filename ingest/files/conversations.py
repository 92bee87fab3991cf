"""The conversation shape, one of the file formats: messages of user, assistant and tool, turned into events. Pure: no database.

Each user message with the assistant text that follows is one event; tool calls and their results in between are its
spans. Messages may carry a `timestamp`: a tool's span then lasts from the message that calls it to the one with its result. Where they have
none, the moments made here are believable distances for reading and typing, the same ones for the same conversation. No latency is made
up: a tool span begins and ends at one moment.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from ingest.files.plain_messages import plain_messages
from ingest.incoming.cleaning import count_keys, depth_of, parse_timestamp
from ingest.incoming.values import MAX_DEPTH, MAX_ID, MAX_KEYS, IncomingEvent, IncomingSpan

# Characters per second at which people write and read, and at which an agent writes.
TYPING, READING, WRITING = 6.0, 40.0, 60.0
LONGEST_PAUSE = 240.0  # seconds
TOOL_SECONDS = 1.5
ERROR_LENGTH = 2000


class BadConversation(ValueError):
    """What is wrong with a line of the conversation shape."""


@dataclass
class Turn:
    """A user's message and what the agent did about it."""

    user: dict[str, Any]
    timestamp: Any = None  # the first that one of its messages carries
    texts: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(
        default_factory=list
    )  # {"id", "name", "arguments", "called"?, "result"?, "failed"?, "returned"?}: `called` and `returned` are the messages' timestamps


def events_of_conversation(
    conversation: dict[str, Any], *, start: dt.datetime, keep_labels: bool = False
) -> list[IncomingEvent]:
    """The conversation's events, the first one at `start` unless the messages carry a `timestamp` of their own. An event's
    id is made from the conversation's id and its place in it, so that importing twice is harmless. Raises
    BadConversation."""
    own_id, turns = _conversation_id(conversation), turns_of(conversation)
    meta = conversation.get("meta") if isinstance(conversation.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    model = conversation.get("model") or meta.get("model")
    moments = [start + dt.timedelta(seconds=offset) for offset in offsets_of(own_id, turns)]
    user_id = conversation.get("user_id")
    return [
        IncomingEvent(
            event_id=f"{own_id}:{place}",
            name="chat_message",
            user_id=str(user_id)[:MAX_ID] if user_id not in (None, "") else None,
            convo_id=own_id,
            timestamp=(moment := _own_time(turn) or moments[place]),
            model=str(model) if model else None,
            input=text_of(turn.user.get("content")),
            output="\n\n".join(turn.texts),
            properties=_properties(conversation) | (_labels(conversation, turn, meta) if keep_labels else {}),
            spans=[_span(call, number, moment) for number, call in enumerate(turn.calls)],
        )
        for place, turn in enumerate(turns)
    ]


def turns_of(conversation: dict[str, Any]) -> list[Turn]:
    """The conversation cut at the user's messages. What the agent says before the first one is a turn with no input;
    system messages are the agent's instructions, not part of the interaction."""
    turns: list[Turn] = []
    for number, message in enumerate(plain_messages(conversation["messages"])):
        if not isinstance(message, dict):
            raise BadConversation(f"message {number} is not an object")
        role = message.get("role")
        if role == "user":
            turns.append(Turn(message, message.get("timestamp")))
            continue
        if role in ("system", "developer"):
            continue
        if role not in ("assistant", "tool", "function"):  # a tuple: it may be a list
            raise BadConversation(f"message {number} has the role {role!r}")
        if not turns:
            turns.append(Turn({}))
        turns[-1].timestamp = turns[-1].timestamp or message.get("timestamp")
        if role == "assistant":
            if text := text_of(message.get("content")).strip():
                turns[-1].texts.append(text)
            calls = message.get("tool_calls") or []
            if not isinstance(calls, list):
                raise BadConversation(f"message {number} has tool_calls that are not a list")
            turns[-1].calls += [_call(call, number) | {"called": message.get("timestamp")} for call in calls]
        else:
            _add_result(turns[-1].calls, message)
    if not turns:
        raise BadConversation("there is no message of a user or an assistant")
    return turns


def offsets_of(own_id: str, turns: list[Turn]) -> list[float]:
    """Seconds from the start at which each turn begins."""
    offsets, now = [], 0.0
    for place, turn in enumerate(turns):
        if place:
            answer = sum(map(len, turns[place - 1].texts))
            agent = answer / WRITING + TOOL_SECONDS * len(turns[place - 1].calls)
            person = answer / READING + len(text_of(turn.user.get("content"))) / TYPING
            now += agent + min(LONGEST_PAUSE, (2 + person) * (0.5 + _chance(own_id, place)))
        offsets.append(now)
    return offsets


def own_times(turns: list[Turn]) -> dict[int, dt.datetime]:
    """The times that the messages carry, by the place of their turn."""
    return {place: moment for place, turn in enumerate(turns) if (moment := _own_time(turn))}


def _properties(conversation: dict[str, Any]) -> dict[str, Any]:
    """What the line says of the conversation as a whole, such as the release: a property of each of its events."""
    properties = conversation.get("properties") or {}
    if not isinstance(properties, dict):
        raise BadConversation("properties is not an object")
    if depth_of(properties, limit=MAX_DEPTH) > MAX_DEPTH or count_keys(properties) > MAX_KEYS:
        raise BadConversation(f"properties has more than {MAX_KEYS} keys or {MAX_DEPTH} levels")
    return properties


def _conversation_id(conversation: dict[str, Any]) -> str:
    own_id = conversation.get("conversation_id")
    if not isinstance(own_id, str | int) or isinstance(own_id, bool) or not str(own_id).strip():
        raise BadConversation("conversation_id is missing")
    if len(str(own_id)) > MAX_ID - 10:
        raise BadConversation(f"conversation_id is longer than {MAX_ID - 10} characters")
    return str(own_id)


def _chance(*parts: object) -> float:
    """A number in [0, 1) that is always the same for the same parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode(errors="replace")).digest()
    return int.from_bytes(digest[:7]) / 2**56


def _own_time(turn: Turn) -> dt.datetime | None:
    try:
        return parse_timestamp(turn.timestamp) if turn.timestamp else None
    except ValueError as error:
        raise BadConversation(str(error)) from None


def text_of(content: Any) -> str:
    """A message's text: a string, or the text parts of a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [
            part if isinstance(part, str) else part.get("text")
            for part in content
            if isinstance(part, str | dict)
        ]
        return "\n".join(part for part in parts if isinstance(part, str))
    return json.dumps(content, ensure_ascii=False)


def _call(call: Any, number: int) -> dict[str, Any]:
    """One tool call, in our shape or OpenAI's (`{"function": {"name", "arguments"}}`)."""
    if not isinstance(call, dict):
        raise BadConversation(f"message {number} has a tool call that is not an object")
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    assert isinstance(function, dict)
    arguments = function.get("arguments")
    return {
        "id": call.get("id"),
        "name": str(function.get("name") or "tool")[:MAX_ID],
        "arguments": arguments
        if isinstance(arguments, str)
        else json.dumps(arguments or {}, ensure_ascii=False),
    }


def _add_result(calls: list[dict[str, Any]], message: dict[str, Any]) -> None:
    """Gives a result to its call: by id, else by name, else to the first call without one."""
    waiting = [call for call in calls if "result" not in call]
    wanted_id, name = message.get("tool_call_id"), message.get("name")
    for matches in (
        [call for call in waiting if wanted_id and call["id"] == wanted_id],
        [call for call in waiting if name and call["name"] == name],
        [call for call in waiting if not name],
    ):
        if matches:
            matches[0]["result"] = text_of(message.get("content"))
            matches[0]["failed"] = message.get("is_error") is True
            matches[0]["returned"] = message.get("timestamp")
            return
    calls.append(
        {
            "id": wanted_id,
            "name": str(name or "tool")[:MAX_ID],
            "arguments": "",
            "result": text_of(message.get("content")),
            "failed": message.get("is_error") is True,
        }
    )


def _span(call: dict[str, Any], number: int, moment: dt.datetime) -> IncomingSpan:
    result = call.get("result")
    failed = result is not None and (call.get("failed", False) or is_error(result))
    at = moment + dt.timedelta(milliseconds=number + 1)  # keeps the order
    called, returned = _moment(call.get("called")), _moment(call.get("returned"))
    if called and returned and returned >= called:
        at = called + dt.timedelta(microseconds=number)
    else:
        returned = at
    return IncomingSpan(
        name=call["name"],
        kind="tool",
        status="unset" if result is None else "error" if failed else "ok",
        error=(result or "")[:ERROR_LENGTH] if failed else "",
        started_at=at,
        ended_at=max(at, returned),
        input=call["arguments"],
        output=result or "",
    )


def _moment(timestamp: Any) -> dt.datetime | None:
    """None where there is none, or none that can be read: a step is kept without its length."""
    try:
        return parse_timestamp(timestamp) if timestamp else None
    except ValueError:
        return None


def is_error(result: str) -> bool:
    """Whether a tool's result says that the tool failed: it begins with "Error", or is JSON with an `error`."""
    text = result.lstrip()
    if text[:5].lower() == "error":
        return True
    if not text.startswith("{"):
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and bool(value.get("error"))


def _labels(conversation: dict[str, Any], turn: Turn, meta: dict[str, Any]) -> dict[str, Any]:
    """`label.*` of the conversation and of the user's message (which wins), `meta.*`."""
    properties: dict[str, Any] = {}
    for prefix, values in (
        ("meta", meta),
        ("label", conversation.get("labels")),
        ("label", turn.user.get("labels")),
    ):
        if isinstance(values, dict):
            properties |= {f"{prefix}.{key}": value for key, value in values.items()}
    if count_keys(properties) > MAX_KEYS or depth_of(properties, limit=MAX_DEPTH) > MAX_DEPTH:
        raise BadConversation("labels and meta have too many keys")
    return properties
