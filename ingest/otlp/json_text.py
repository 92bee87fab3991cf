"""JSON text that senders put into attributes, read as far as it goes. Pure; nothing here raises.

Strict JSON is read by orjson. What that refuses is read all the same: lone surrogates, NaN, raw line breaks, a byte order mark, text
encoded twice, nesting without end, and text that a sender's limit cut off. What is no JSON stays the text that it is.
"""

import json
import re
from typing import Any

import jiter
import orjson

from ingest.incoming.cleaning import clean_text, sound_text
from ingest.otlp.raw import clean_json

BLANK = "\ufeff \t\r\n"
DEEPEST = 100  # levels that are read; jiter's own limit is 200
MAX_ENCODINGS = 4  # of one text, one inside the other
MAX_MARK = 64  # characters of the mark that a sender's limit leaves where it cut
NOT_JSON = object()

ENCODED = re.compile(r'"\s*(?:\\ufeff)?\s*(?:[\[{]|\\")')  # a JSON string that holds JSON
# A string (perhaps unfinished), or a bracket.
PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?"?|[\[{\]}]', re.S)
CONTROL = re.compile(r"[\x00-\x1f]")
ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.S
)
MARK = re.compile(r"[,\s]*(?:\.\.\.|…|[\[(<]?\s*(?:truncated|cut|omitted))", re.I)
PLACE = re.compile(r"line (\d+) column (\d+)$")


def load(value: Any, *, encodings: int = MAX_ENCODINGS) -> Any:
    """JSON text as its value, and a list of JSON texts as the list of their values; all else as it is."""
    if isinstance(value, str):
        text = value.lstrip(BLANK)
        head = text[:1]
        if head in ("{", "["):
            loaded = _parse(text)
            return value if loaded is NOT_JSON else loaded
        if head == '"' and encodings and ENCODED.match(text):
            inner = _parse(text)
            if isinstance(inner, str):
                loaded = load(inner, encodings=encodings - 1)
                return value if isinstance(loaded, str) else loaded
    elif isinstance(value, list) and value and all(_looks_like_json(item) for item in value):
        items = [load(item, encodings=encodings) for item in value]
        return items if all(isinstance(item, dict | list) for item in items) else value
    return value


def unquote(value: Any) -> Any:
    """Text that is a JSON string, as tracers of functions write it, without its quotes."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        loaded = _parse(value)
        return loaded if isinstance(loaded, str) else value
    return value


def dump(value: Any) -> str:
    """The value as text: a string stands for itself, all else is JSON. At most MAX_TEXT characters."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None:
        return ""
    try:
        return clean_text(orjson.dumps(value).decode())
    except (TypeError, ValueError):  # too deep, or an integer of more than 64 bits
        return clean_text(str(value))


def _looks_like_json(item: Any) -> bool:
    return isinstance(item, str) and item.lstrip(BLANK)[:1] in ("{", "[", '"')


def _parse(text: str) -> Any:
    try:
        loaded = orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    else:
        if isinstance(loaded, str):
            return sound_text(loaded)
        # orjson lets \u0000 through; and only what was escaped can hide it
        return clean_json(loaded) if "\\u" in text or len(text) > 100_000 else loaded
    try:
        return clean_json(json.loads(text, strict=False))
    except (ValueError, RecursionError):
        return _parse_broken(text)


def _parse_broken(text: str) -> Any:
    """JSON that is cut off, or nested too deeply, up to where it goes; NOT_JSON for what only begins like it."""
    mended, is_open = _mended(text)
    if mended is None:
        return NOT_JSON
    try:
        loaded = jiter.from_json(mended.encode(), partial_mode="trailing-strings" if is_open else False)
    except ValueError as error:
        if not is_open or (at := _offset(mended, str(error))) is None or len(mended) - at > MAX_MARK:
            return NOT_JSON
        try:  # what a limit wrote behind its cut
            loaded = jiter.from_json(mended[:at].encode(), partial_mode="trailing-strings")
        except ValueError:
            return NOT_JSON
    if is_open and not (isinstance(loaded, str) or _holds_object(loaded)):
        return NOT_JSON
    return sound_text(loaded) if isinstance(loaded, str) else clean_json(loaded)


def _mended(text: str) -> tuple[str | None, bool]:
    """(the text with what a strict parser refuses inside strings replaced, and what lies below DEEPEST as null; whether it ends
    inside a value). None: there is something behind the value."""
    parts: list[str] = []
    at = depth = 0
    is_open = False
    for match in PIECE.finditer(text):
        piece = match[0]
        if piece[0] == '"':
            is_open = len(piece) < 2 or piece[-1] != '"' or _ends_escaped(piece)
            if depth <= DEEPEST:
                parts += text[at : match.start()], _mended_string(piece)
                at = match.end()
            if not depth and not is_open:
                return ("".join(parts), False) if not text[at:].strip() else (None, False)
        elif piece in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                parts += text[at : match.start()], "null"
        else:
            if depth == DEEPEST + 1:
                at = match.end()
            depth -= 1
            if depth <= 0:
                rest = text[match.end() :].strip()
                if rest and not (len(rest) <= MAX_MARK and MARK.match(rest)):
                    return None, False
                return "".join(parts) + text[at : match.end()], False
    if depth <= DEEPEST:
        parts.append(text[at:])
    return "".join(parts), True


def _ends_escaped(piece: str) -> bool:
    """Whether the closing quote is an escaped one: an odd number of backslashes before it."""
    body = piece[1:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def _mended_string(piece: str) -> str:
    if "\\u" in piece:
        piece = ESCAPE.sub(lambda match: "\\ufffd" if match[1] else match[0], piece)
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", piece)


def _offset(text: str, error: str) -> int | None:
    """Where jiter stopped, in characters: it tells a line, and a column in bytes."""
    match = PLACE.search(error)
    if not match:
        return None
    lines = text.split("\n")
    line, column = int(match[1]), int(match[2])
    if line > len(lines):
        return None
    before = sum(len(one) + 1 for one in lines[: line - 1])
    return before + max(0, len(lines[line - 1].encode()[:column].decode(errors="ignore")) - 1)


def _holds_object(value: Any) -> bool:
    """Whether it is more than a bracket that somebody typed."""
    if isinstance(value, list):
        return any(_holds_object(item) for item in value)
    return isinstance(value, dict) and bool(value)
