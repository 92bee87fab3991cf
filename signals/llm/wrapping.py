"""Text of strangers in a prompt. It is hostile: it may hold instructions, and whatever would close the place that it stands in. So it is
sent as JSON with <, > and & as \\uXXXX, between two tags of ours: neither a quotation mark nor a tag in it ends anything."""

import json
from typing import Any

CUT = " [...] "


def as_data(value: object) -> str:
    """JSON in which nothing looks like a tag."""
    written = json.dumps(value, ensure_ascii=False)
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def data_bytes(value: object) -> int:
    """Of UTF-8, as `as_data` writes it."""
    return len(as_data(value).encode("utf-8", "replace"))


def cut_middle(text: str, limit: int) -> str:
    """The text without its middle, so that it takes at most `limit` bytes, escaped."""
    kept = len(text)
    cut = text
    while data_bytes(cut) > limit:
        kept = min(kept * 3 // 4, limit)
        cut = f"{text[: kept * 2 // 3]}{CUT}{text[len(text) - kept // 3 :]}"
    return cut


def prompt_bytes(request: dict[str, Any]) -> int:
    """As an upper bound of its tokens."""
    told = [request["system"], request["messages"], request["output_config"]]
    return len(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))


def storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
