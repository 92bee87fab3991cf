"""How much memory a body takes while it is read and stored, told before it is decoded.

64 KiB of gzip can hold 64 MiB of `[1,1,1,...]` or 30 million empty protobuf messages, each of which is an object of 100 bytes.
So values are counted in the bytes themselves. The count is rough first (a few passes in C); only where that is alarming is it
exact: what stands inside JSON's strings, or inside protobuf's, is no value.
"""

import re

import numpy as np

from raindrop.errors import ApiError

MIB = 1024 * 1024
# Bytes of a mark of JSON's (a list's item, a dict's entry, a list, a dict: half of an empty dict, a msgspec.Raw, a number), and of a
# protobuf message while it is decoded and mapped (a span event without anything in it: 232). Measured on CPython 3.11.
MARK_BYTES = 64
MESSAGE_BYTES = 256
# A text's bytes exist about so many times at once: received, decompressed, decoded, and in the statement that stores them.
COPIES = 3
SHORT = 4096
BLOCK = MIB  # numpy's passes over a body are made in blocks, so that their arrays stay small
# A rough count below this many bytes is not worth an exact one.
CHEAP = 32 * MIB
# More are refused. The OpenTelemetry Collector sends 8,192 spans at a time: with 40 attributes each they are 660,000 messages, and
# 1,600,000 marks in JSON.
MAX_MARKS = 4_000_000
MAX_MESSAGES = 1_000_000
MAX_WEIGHT = 512 * MIB  # of one body, and of all that a process has in hand
# How characters beyond the first 65,536 begin, in UTF-8 and as JSON's escapes; and how any escaped character does. These ways to
# look for them cost least: in 115 KB each single byte takes 1 µs (memchr), an expression that begins with fixed characters 40;
# `b"\\u" in body` took 250.
_WIDE = [bytes([lead]) for lead in range(0xF0, 0xF5)]
_WIDE_ESCAPE = re.compile(rb"\\u[dD][89abAB]")
_ESCAPE = re.compile(rb"\\u")
# Field numbers under which OTLP's messages repeat, as the first byte of a length-delimited field: (number << 3) | 2.
_TAGS = np.zeros(256, dtype=bool)
_TAGS[[0x0A, 0x12, 0x1A, 0x4A, 0x5A, 0x6A]] = True
_TEXT_LIKE_TAGS = np.zeros(256, dtype=bool)
_TEXT_LIKE_TAGS[[0x22, 0x32]] = True  # also `"` and `2`: only with a length that is no letter
_MARKS = np.zeros(256, dtype=bool)
_MARKS[list(b",:[{")] = True


def json_weight(body: bytes) -> int:
    """Bytes of memory that a JSON body takes while it is read and stored. At most 2 ms a MiB (of escapes alone 6), and 12 more
    where the rough count is alarming. Raises ApiError 413 beyond MAX_MARKS."""
    texts = _text_weight(body)
    marks = 0
    if len(body) < SHORT:  # numpy costs 15 µs before it counts
        marks = body.count(b",") + body.count(b"[") + body.count(b"{")
    for start in range(0, len(body), BLOCK) if len(body) >= SHORT else ():
        plain = np.frombuffer(body[start : start + BLOCK], dtype=np.uint8)
        marks += sum(int(np.count_nonzero(plain == mark)) for mark in b",[{")
    if marks * MARK_BYTES > max(CHEAP, len(body)):
        marks = _marks_outside_strings(body)
    if marks > MAX_MARKS:
        raise too_many()
    return texts + marks * MARK_BYTES


def protobuf_weight(body: bytes, *, logs: bool = False) -> int:
    """Bytes of memory that an OTLP protobuf body takes. At most 5 ms a MiB, and where the rough count is alarming the time of a
    walk in Python over its fields, which ends at MAX_MESSAGES. Raises ApiError 413 beyond them."""
    texts = (COPIES + 3) * len(body)  # upb's copy, the mapped span and its JSON
    messages = _messages_at_most(body)
    if messages * MESSAGE_BYTES > max(CHEAP, 2 * len(body)):
        messages = _messages(body, LOG_REQUEST if logs else TRACE_REQUEST)
    if messages > MAX_MESSAGES:
        raise too_many()
    return texts + messages * MESSAGE_BYTES


def _text_weight(body: bytes) -> int:
    """A Python text takes 1, 2 or 4 bytes a character, by its widest: one emoji makes a megabyte four."""
    escaped = b"\\" in body
    width = 1
    if (not body.isascii() and any(lead in body for lead in _WIDE)) or (
        escaped and _holds(_WIDE_ESCAPE, body)
    ):
        width = 4
    elif not body.isascii() or (escaped and _holds(_ESCAPE, body)):
        width = 2
    return (COPIES + width) * len(body)


def _holds(sign: re.Pattern[bytes], body: bytes) -> bool:
    """In blocks, between which other threads may run; each looks 3 bytes into the next, where a sign of 4 may end."""
    return any(sign.search(body, start, start + BLOCK + 3) for start in range(0, len(body), BLOCK))


def _marks_outside_strings(body: bytes) -> int:
    """How many of JSON's marks `, : [ {` stand outside its strings. Of a body that is no JSON, whatever comes out."""
    marks, inside = 0, False
    carried = b""
    for start in range(0, len(body), BLOCK):
        block = carried + body[start : start + BLOCK]
        carried = b""
        if (len(block) - len(block.rstrip(b"\\"))) % 2:  # an escape that goes on in the next block
            block, carried = block[:-1], b"\\"
        plain = np.frombuffer(block.replace(b"\\\\", b"__").replace(b'\\"', b"__"), dtype=np.uint8)
        if not plain.size:
            continue
        quotes = np.cumsum(plain == 0x22, dtype=np.int32)
        outside = (quotes + inside) % 2 == 0
        marks += int(np.count_nonzero(_MARKS[plain] & outside))
        inside = bool((int(quotes[-1]) + inside) % 2)
    return marks


def _messages_at_most(body: bytes) -> int:
    """No fewer than the messages of 127 bytes or less in an OTLP body (longer ones are few): counted are the places that look
    like a field's beginning, wherever they stand."""
    found = 0
    for start in range(0, len(body), BLOCK):
        block = np.frombuffer(body[start : start + BLOCK + 1], dtype=np.uint8)
        first, second = block[:-1], block[1:]
        found += int(np.count_nonzero(_TAGS[first] & (second < 0x80)))
        found += int(np.count_nonzero(_TEXT_LIKE_TAGS[first] & (second < 0x20)))
    return found + len(body) // 128


# Which length-delimited fields of a message are messages: field number -> that message, by its name here. What is not named is a
# text, or of no interest. (opentelemetry-proto 1: trace.proto, logs.proto, common.proto, resource.proto)
Schema = dict[str, dict[int, str]]
_COMMON: Schema = {
    "resources": {1: "resource", 2: "scopes"},
    "resource": {1: "pair", 3: "leaf"},
    "scope": {3: "pair"},
    "pair": {2: "value"},
    "value": {5: "list", 6: "map"},
    "list": {1: "value"},
    "map": {1: "pair"},
    "leaf": {},
}
TRACE_REQUEST: Schema = _COMMON | {
    "request": {1: "resources"},
    "scopes": {1: "scope", 2: "span"},
    "span": {9: "pair", 11: "event", 13: "link", 15: "leaf"},
    "event": {3: "pair"},
    "link": {4: "pair"},
}
LOG_REQUEST: Schema = _COMMON | {
    "request": {1: "resources"},
    "scopes": {1: "scope", 2: "record"},
    "record": {5: "value", 6: "pair"},
}


def _messages(body: bytes, schema: Schema) -> int:
    """How many messages the body holds, or some number above MAX_MESSAGES. Of a body that is no protobuf, of its readable part."""
    found, position = 0, 0
    ends, kinds = [len(body)], [schema["request"]]
    while ends:
        if position >= ends[-1]:
            ends.pop()
            kinds.pop()
            continue
        try:
            tag = body[position]
            position += 1
            if tag >= 0x80:
                tag, position = varint(body, position - 1)
            wire_type = tag & 7
            if wire_type == 2:
                length = body[position]
                position += 1
                if length >= 0x80:
                    length, position = varint(body, position - 1)
                name = kinds[-1].get(tag >> 3)
                if name is None:
                    position += length
                    continue
                found += 1
                if found > MAX_MESSAGES or position + length > ends[-1] or len(ends) > 300:
                    return found
                if not length:
                    continue
                ends.append(position + length)
                kinds.append(schema[name])
            elif wire_type == 0:
                _, position = varint(body, position)
            elif wire_type in {1, 5}:
                position += 8 if wire_type == 1 else 4
            else:
                return found
        except IndexError:  # the body ends inside a field
            return found
    return found


def varint(body: bytes, position: int) -> tuple[int, int]:
    """The number, and where it ends."""
    byte = body[position]
    position += 1
    if byte < 0x80:
        return byte, position
    number, shift = byte & 0x7F, 7
    while True:
        byte = body[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80 or shift > 63:
            return number, position
        shift += 7


def check_weight(weight: int) -> int:
    """The weight. Raises ApiError 413 for a body that no process reads."""
    if weight > MAX_WEIGHT:
        raise too_many()
    return weight


def too_many() -> ApiError:
    return ApiError(413, "The body holds more than can be read at once: send fewer events at a time.")
