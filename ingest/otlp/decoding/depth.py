"""Bodies that are nested deeper than a parser goes: what lies too deep is taken out of the bytes, so that it costs nobody else a span.

Protobuf's parser stops at 100 messages within each other, orjson at 1,024 levels; either refuses the whole body then. What is kept of a
value is MAX_DEPTH levels anyway. Both functions are asked only after a parser has refused, and leave what is no such body as it is.
"""

import re

from ingest.limits.weight import LOG_REQUEST, TRACE_REQUEST, Schema, varint
from ingest.otlp.raw import MAX_DEPTH

TOO_DEEP = "a value was nested too deeply: what lay deeper was left out"
MAX_MESSAGES_DEEP = 95  # protobuf's parsers stop at 100
MAX_JSON_DEEP = 250  # brackets: an AnyValue in an AnyValue is three of them

# A string that never ends is taken to its end, too: it is not looked at again from each quote within.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.?)*+"?|[\[\]{}]', re.DOTALL)


def shallow_protobuf(body: bytes, *, logs: bool) -> tuple[bytes, int]:
    """The request's bytes with an empty AnyValue for each that lies too deep, and how many these were."""
    try:
        found = _Shallow(body, LOG_REQUEST if logs else TRACE_REQUEST)
        return found.message("request", 0, len(body), values=0, level=1), found.cut
    except (IndexError, ValueError):  # no such message: the parser says what is wrong
        return body, 0


class _Shallow:
    def __init__(self, body: bytes, schema: Schema) -> None:
        self.body, self.schema, self.cut = body, schema, 0

    def message(self, name: str, start: int, end: int, *, values: int, level: int) -> bytes:
        """The message of that name in body[start:end], itself within `values` AnyValues and `level` messages."""
        body, inner = self.body, self.schema[name]
        pieces: list[bytes] = []
        position = copied = start
        while position < end:
            begin = position
            tag, position = varint(body, position)
            wire_type = tag & 7
            if wire_type == 0:
                _, position = varint(body, position)
            elif wire_type in {1, 5}:
                position += 8 if wire_type == 1 else 4
            elif wire_type == 2:
                length, content = varint(body, position)
                position = content + length
                if position > end:
                    raise ValueError("a field ends after its message")
                if not length or (kind := inner.get(tag >> 3)) is None:
                    continue
                is_value = kind == "value"
                if is_value and (values >= MAX_DEPTH or level >= MAX_MESSAGES_DEEP):
                    self.cut += 1
                    made = b""
                else:
                    made = self.message(kind, content, position, values=values + is_value, level=level + 1)
                if len(made) != length:  # nothing is ever replaced by as much
                    pieces += [body[copied:begin], _number(tag), _number(len(made)), made]
                    copied = position
            else:
                raise ValueError("a group, which OTLP has none of")
        pieces.append(body[copied:end])
        return b"".join(pieces)


def shallow_json(body: bytes) -> tuple[bytes, int]:
    """The JSON text with null for each array or object that lies too deep, and how many these were."""
    pieces: list[bytes] = []
    deep = copied = cut = 0
    for match in _BRACKETS.finditer(body):
        sign = match[0]
        if sign in b"[{":
            deep += 1
            if deep == MAX_JSON_DEEP + 1:
                pieces.append(body[copied : match.start()])
        elif sign in b"]}":
            if deep == MAX_JSON_DEEP + 1:
                pieces.append(b"null")
                copied = match.end()
                cut += 1
            deep -= 1
    if deep > MAX_JSON_DEEP:
        return body, 0  # it ends too early
    pieces.append(body[copied:])
    return b"".join(pieces), cut


def _number(value: int) -> bytes:
    """A varint."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
