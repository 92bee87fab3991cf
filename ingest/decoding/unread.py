"""Fields of the write API that nobody reads: misspelt, or in another place than it takes them. They are ignored, as ever, but the
answer says so, and the page "Ingest health" counts them."""

import difflib
import functools
from typing import Any, get_args

import msgspec
import msgspec.structs

MAX_NAMED = 10  # in one answer
MAX_NAME = 80

# What people write for it, without case and punctuation -> the field that is read.
_MEANT = {
    "conversationid": "ai_data.convo_id", "sessionid": "ai_data.convo_id", "threadid": "ai_data.convo_id", "chatid": "ai_data.convo_id",
    "prompt": "ai_data.input", "question": "ai_data.input", "response": "ai_data.output", "completion": "ai_data.output",
    "answer": "ai_data.output", "metadata": "properties", "attributes": "properties", "tags": "properties", "eventname": "event",
    "id": "event_id", "time": "timestamp", "createdat": "timestamp", "user": "user_id", "flags": "feature_flags",
    "signal": "signal_name", "name": "signal_name", "score": "properties", "comment": "properties",
}  # fmt: skip


def unread_fields(raw: bytes | msgspec.Raw, wire: type[msgspec.Struct]) -> tuple[str, ...]:
    """The keys of this JSON object that `wire` has no field for, those of its `ai_data` with it: "userId", "ai_data.inputs"."""
    value: Any = msgspec.json.decode(raw)
    known = fields_of(wire)
    found = [key for key in value if key not in known]
    inner = value.get("ai_data")
    if isinstance(inner, dict) and "ai_data" in known:
        found += [name for key in inner if (name := f"ai_data.{key}") not in known]
    return tuple(name[:MAX_NAME] for name in found)


@functools.cache
def fields_of(wire: type[msgspec.Struct]) -> frozenset[str]:
    """Its fields, and those of `ai_data` as "ai_data.input"."""
    known = set(wire.__struct_fields__)
    for field in msgspec.structs.fields(wire):
        for inner in get_args(field.type):  # of `WireAiData | None`
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                known |= {f"{field.name}.{name}" for name in inner.__struct_fields__}
    return frozenset(known)


def warning(name: str, known: frozenset[str]) -> str:
    """What to say about an unread field."""
    plain = _plain(name)
    meant = _MEANT.get(plain)
    if meant not in known:
        by_plain = {_plain(field): field for field in sorted(known)}
        close = difflib.get_close_matches(plain, by_plain, n=1, cutoff=0.75)
        meant = by_plain[close[0]] if close else None
    if meant is None and "traits" in known:
        meant = "traits"
    hint = (
        f" Did you mean `{meant}`?"
        if meant
        else " What an event should be filtered by belongs into `properties`."
    )
    return f"`{name}` is not read.{hint}"


def _plain(name: str) -> str:
    return "".join(char for char in name.rpartition(".")[2].lower() if char.isalnum())
