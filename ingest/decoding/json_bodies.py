"""From a body's JSON to what the store takes: what the published SDKs send, read leniently.

Unknown keys are ignored, which the answer says (ingest/decoding/unread.py), and nulls mean "not sent"; a wrong type is an error that names the item and the field. One bad item
refuses the whole request, so that nothing is stored by half.
"""

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec
from django.utils import timezone

from ingest.decoding.clocks import set_back_items
from ingest.decoding.sdk_words import answer_in, question_in
from ingest.decoding.unread import unread_fields
from ingest.incoming.cleaning import clean_json, count_keys, depth_of, parse_timestamp, parse_trace_id
from ingest.incoming.values import (
    MAX_DEPTH,
    MAX_ID,
    MAX_INTEGER,
    MAX_KEYS,
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingUser,
)
from raindrop.errors import ApiError

MAX_EVENT_BYTES = 1024 * 1024
MAX_ITEMS = 10_000
MAX_PROBLEMS = 20  # as many are listed in an answer

Text = str | int | float | None
Wire = TypeVar("Wire", bound=msgspec.Struct)
Item = TypeVar("Item", IncomingEvent, IncomingSignal, IncomingUser)
Timed = TypeVar("Timed", IncomingEvent, IncomingSignal)


class FieldError(ValueError):
    """What is wrong with one field of one item."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class WireAiData(msgspec.Struct):
    model: Text = None
    input: Text | bool = None
    output: Text | bool = None
    convo_id: Text = None


class WireAttachment(msgspec.Struct):
    value: Text | bool = None
    type: str | None = None
    role: str | None = None
    name: Text = None
    language: str | None = None
    attachment_id: Text = None


class WireEvent(msgspec.Struct):
    event_id: Text = None
    event: Text = None
    user_id: Text = None
    timestamp: Any = None
    properties: dict[str, Any] | None = None
    attachments: list[WireAttachment] | None = None
    ai_data: WireAiData | None = None
    feature_flags: dict[str, Any] | list[str] | None = None
    is_pending: bool | None = None


class WireSignal(msgspec.Struct):
    event_id: Text = None
    signal_name: Text = None
    timestamp: Any = None
    properties: dict[str, Any] | None = None
    attachment_id: Text = None
    sentiment: str | None = None
    signal_type: str | None = None


class WireUser(msgspec.Struct):
    user_id: Text = None
    traits: dict[str, Any] | None = None


def decode_events(body: bytes) -> list[IncomingEvent]:
    """Of `events/track`: final, whatever they say. Raises ApiError (400, 413) with every problem found."""
    return _in_time(_decode(body, WireEvent, lambda wire: to_event(wire, partial=False), noun="event"))


def decode_partials(body: bytes) -> list[IncomingEvent]:
    """Of `events/track_partial`: parts of events; final unless they say `is_pending`."""
    return _in_time(_decode(body, WireEvent, lambda wire: to_event(wire, partial=True), noun="event"))


def decode_signals(body: bytes) -> list[IncomingSignal]:
    return _in_time(_decode(body, WireSignal, to_signal, noun="signal"))


def decode_users(body: bytes) -> list[IncomingUser]:
    return _decode(body, WireUser, to_user, noun="user")


def to_event(wire: WireEvent, *, partial: bool) -> IncomingEvent:
    ai = wire.ai_data or WireAiData()
    properties = _mapping("properties", wire.properties)
    event = IncomingEvent(
        event_id=_id("event_id", wire.event_id, required=partial),
        name=_id("event", wire.event) or None,
        user_id=_id("user_id", wire.user_id) or None,
        convo_id=_id("ai_data.convo_id", ai.convo_id) or None,
        timestamp=_timestamp(wire.timestamp),
        model=_id("ai_data.model", ai.model) or None,
        input=question_in(question, properties) if (question := _text(ai.input)) else question,
        output=answer_in(answered) if (answered := _text(ai.output)) else answered,
        properties=properties,
        feature_flags=_flags(wire, properties),
        attachments=[_attachment(i, item) for i, item in enumerate(wire.attachments or [])],
        trace_id=parse_trace_id(properties.get("trace_id")),
        is_pending=partial and bool(wire.is_pending),
        input_tokens=_tokens(properties.get("ai.usage.prompt_tokens")),
        output_tokens=_tokens(properties.get("ai.usage.completion_tokens")),
    )
    if not partial and not (event.name or event.input or event.output):
        raise FieldError(
            "event", "Missing: give the event a name (`event`), or `ai_data` with an input or an output."
        )
    return event


def to_signal(wire: WireSignal) -> IncomingSignal:
    sentiment = (wire.sentiment or "").upper()
    if sentiment not in {"", "POSITIVE", "NEGATIVE"}:
        raise FieldError("sentiment", "Expected POSITIVE, NEGATIVE or null.")
    return IncomingSignal(
        event_id=_id("event_id", wire.event_id, required=True),
        name=_id("signal_name", wire.signal_name, required=True),
        signal_type=_id("signal_type", wire.signal_type) or "default",
        sentiment=sentiment,
        attachment_id=_id("attachment_id", wire.attachment_id),
        properties=_mapping("properties", wire.properties),
        timestamp=_timestamp(wire.timestamp),
    )


def to_user(wire: WireUser) -> IncomingUser:
    return IncomingUser(
        user_id=_id("user_id", wire.user_id, required=True), traits=_mapping("traits", wire.traits)
    )


class _KnownAiData(WireAiData, forbid_unknown_fields=True):
    pass


class _KnownEvent(WireEvent, forbid_unknown_fields=True):
    ai_data: _KnownAiData | None = None


class _KnownSignal(WireSignal, forbid_unknown_fields=True):
    pass


class _KnownUser(WireUser, forbid_unknown_fields=True):
    pass


# What has only known fields, which is nearly everything, is decoded once; the rest again, leniently.
_KNOWN: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {
    WireEvent: msgspec.json.Decoder(_KnownEvent),
    WireSignal: msgspec.json.Decoder(_KnownSignal),
    WireUser: msgspec.json.Decoder(_KnownUser),
}
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def _in_time(items: list[Timed]) -> list[Timed]:
    set_back_items(items, now=timezone.now())
    return items


def _decode(body: bytes, wire: type[Wire], convert: Callable[[Wire], Item], *, noun: str) -> list[Item]:
    if b"\\u0000" in body:
        return _decode_items(repair(body), wire, convert, noun=noun)
    try:
        return _decode_items(body, wire, convert, noun=noun)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_items(repair(body), wire, convert, noun=noun)


def repair(body: bytes) -> bytes:
    """The same JSON without NUL and lone surrogates. The strict decoder refuses the latter, and some emoji cut in half
    by a client are no reason to lose an event. Raises ApiError 400 when it is not JSON."""
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
        return msgspec.json.encode(clean_json(value))
    except UnicodeDecodeError:
        if body.startswith(b"\x1f\x8b"):
            raise ApiError(400, "The body is compressed: send Content-Encoding: gzip with it.") from None
        raise ApiError(400, "The body is not valid UTF-8.") from None
    except RecursionError:
        raise ApiError(400, "The body is nested too deeply.") from None
    except ValueError as error:
        lines = " To send several items, send an array." if str(error).startswith("Extra data") else ""
        raise ApiError(400, f"The body is not valid JSON: {error}.{lines}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value, send null")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def _decode_items(body: bytes, wire: type[Wire], convert: Callable[[Wire], Item], *, noun: str) -> list[Item]:
    items: list[Item] = []
    problems: list[dict[str, Any]] = []
    for index, raw in enumerate(_split(body, noun=noun)):
        if len(raw) > MAX_EVENT_BYTES:
            raise ApiError(
                413,
                f"One {noun} is larger than 1 MiB. Nothing was stored.",
                details=[{"index": index, "bytes": len(raw)}],
            )
        try:
            items.append(_item(raw, wire, convert))
        except FieldError as error:
            problems.append({"index": index, "field": error.field, "message": error.message})
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            problems.append({"index": index, "field": path.strip("`").lstrip("$."), "message": message})
        except RecursionError:
            problems.append({"index": index, "field": "", "message": "Nested too deeply."})
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        first = problems[0]
        where = f"{noun} {first['index']}" + (f", {first['field']}" if first["field"] else "")
        raise ApiError(400, f"Nothing was stored: {where}: {first['message']}", details=problems)
    return items


def _item(raw: msgspec.Raw, wire: type[Wire], convert: Callable[[Wire], Item]) -> Item:
    try:
        return convert(_KNOWN[wire].decode(raw))
    except msgspec.ValidationError:
        item = convert(msgspec.json.decode(raw, type=wire))
        item.unread = unread_fields(raw, wire)
        return item


def _split(body: bytes, *, noun: str) -> list[msgspec.Raw]:
    """The items of an array, or the bare object, each still JSON."""
    start = body.lstrip()[:1]
    if start == b"{":
        return [msgspec.Raw(body)]
    if not start:
        raise ApiError(400, f"The body is empty: send a JSON array of {noun}s, or one {noun} as an object.")
    try:
        items = _ITEMS.decode(body)
    except msgspec.ValidationError:
        raise ApiError(400, f"Expected a JSON array of {noun}s, or one {noun} as an object.") from None
    except RecursionError:
        raise ApiError(400, "The body is nested too deeply.") from None
    if not items:
        raise ApiError(400, f"The array is empty: send at least one {noun}.")
    if len(items) > MAX_ITEMS:
        raise ApiError(413, f"More than {MAX_ITEMS:,} {noun}s in one request: send them in several.")
    return items


# -- fields


def _id(field: str, value: Text, *, required: bool = False) -> str:
    text = _text(value) or ""
    if len(text) > MAX_ID:
        raise FieldError(field, f"Longer than {MAX_ID} characters.")
    if required and not text.strip():
        raise FieldError(field, "Missing.")
    return text


def _text(value: Text | bool) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _timestamp(value: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return parse_timestamp(value)
    except ValueError as error:
        raise FieldError("timestamp", str(error)) from None


def _mapping(field: str, value: dict[str, Any] | None) -> dict[str, Any]:
    if not value:
        return {}
    if depth_of(value, limit=MAX_DEPTH) > MAX_DEPTH:
        raise FieldError(field, f"Nested deeper than {MAX_DEPTH} levels.")
    if count_keys(value) > MAX_KEYS:
        raise FieldError(field, f"More than {MAX_KEYS} keys.")
    return value


def _flags(wire: WireEvent, properties: dict[str, Any]) -> dict[str, Any]:
    """Flags as a map; a list means that they are on. The base SDKs have no argument for flags, so that their users
    put them into the properties: taken from there too."""
    flags = wire.feature_flags or properties.get("feature_flags")
    if isinstance(flags, list):
        return {str(flag): "true" for flag in flags[:MAX_KEYS]}
    return _mapping("feature_flags", flags) if isinstance(flags, dict) else {}


def _attachment(index: int, wire: WireAttachment) -> IncomingAttachment:
    field = f"attachments[{index}]"
    value = _text(wire.value)
    if not value:
        raise FieldError(f"{field}.value", "Missing.")
    return IncomingAttachment(
        type=_id(f"{field}.type", wire.type) or "text",
        value=value,
        role=_id(f"{field}.role", wire.role),
        name=_id(f"{field}.name", wire.name),
        language=_id(f"{field}.language", wire.language),
        attachment_id=_id(f"{field}.attachment_id", wire.attachment_id),
    )


def _tokens(value: Any) -> int | None:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER
    return int(value) if whole else None
