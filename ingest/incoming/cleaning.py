"""What arrives is hostile: text and JSON made safe for PostgreSQL, timestamps and trace ids read in all their forms."""

import base64
import binascii
import datetime as dt
import math
import re
from typing import Any

# The limit and the mark of the published SDKs, so that what an SDK cut is not cut again.
MAX_TEXT = 1_000_000
CUT_MARK = "...[truncated by raindrop]"

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
DIGITS = re.compile(r"^-?\d{9,19}(\.\d+)?$")
HEX_TRACE_ID = re.compile(r"^[0-9a-f]{32}$")


def clean_text(text: str) -> str:
    """`sound_text`, cut at MAX_TEXT."""
    text = sound_text(text)
    if len(text) > MAX_TEXT and not (len(text) <= MAX_TEXT + len(CUT_MARK) and text.endswith(CUT_MARK)):
        text = text[:MAX_TEXT] + CUT_MARK
    return text


def sound_text(text: str) -> str:
    """Without NUL, with U+FFFD for each lone surrogate: PostgreSQL's UTF-8 holds neither."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # through UTF-16, so that the two halves of one character find each other
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_json(value: Any) -> Any:
    """The same for all text of a JSON value, keys included; NaN and the infinities, which JSON has not, become null."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def count_keys(value: Any) -> int:
    """How many keys a JSON value holds, on all levels."""
    if isinstance(value, dict):
        return len(value) + sum(count_keys(item) for item in value.values() if isinstance(item, dict | list))
    if isinstance(value, list):
        return sum(count_keys(item) for item in value if isinstance(item, dict | list))
    return 0


def depth_of(value: Any, *, limit: int) -> int:
    """How deep a JSON value is nested: 0 for a scalar. Looks no deeper than `limit + 1`."""
    if limit < 0 or not isinstance(value, dict | list):
        return 0
    items = value.values() if isinstance(value, dict) else value
    deepest = 0
    for item in items:
        if isinstance(item, dict | list):
            deepest = max(deepest, depth_of(item, limit=limit - 1))
    return deepest + 1


def parse_timestamp(value: object) -> dt.datetime:
    """ISO 8601 text (without an offset: UTC), or a number: seconds, milliseconds, microseconds or nanoseconds since
    1970, told apart by their size. Returns an aware datetime in UTC. Raises ValueError with what was expected."""
    try:
        if isinstance(value, str):
            text = value.strip()
            moment = _from_epoch(float(text)) if DIGITS.match(text) else dt.datetime.fromisoformat(text)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = _from_epoch(float(value))
        elif isinstance(value, dt.datetime):
            moment = value
        else:
            raise ValueError
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            "Expected a time in ISO 8601, such as 2026-11-23T09:56:38Z, or in Unix seconds."
        ) from None
    if not EARLIEST <= moment < LATEST:
        raise ValueError("Expected a time between 1970 and 2100.")
    return moment


def parse_trace_id(value: object) -> str:
    """32 lower-case hex digits from hex (with or without dashes) or from base64 of 16 bytes (what the vendor's SDKs
    send in JSON); "" when it is neither."""
    if not isinstance(value, str) or len(value) > 40:
        return ""
    text = value.strip()
    if HEX_TRACE_ID.match(plain := text.replace("-", "").lower()):
        return plain
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 16 else ""


def _from_epoch(number: float) -> dt.datetime:
    if not math.isfinite(number):
        raise ValueError
    for unit, below in ((1, 1e11), (1e3, 1e14), (1e6, 1e17), (1e9, 1e20)):
        if abs(number) < below:
            return EARLIEST + dt.timedelta(microseconds=round(number / unit * 1e6))
    raise ValueError
