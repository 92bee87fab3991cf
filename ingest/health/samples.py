"""What was refused, as a sample for the page "Ingest health": never without redaction, never a key, at most 2 KB."""

import json
import re
from typing import Any, NewType

from ingest.incoming.cleaning import clean_json, clean_text
from ingest.models import Project
from ingest.redaction import Redactor
from ingest.redaction.settings import redactor_for
from raindrop.errors import ApiError

MAX_SAMPLE = 2048  # bytes
# A longer body is not looked at: redaction needs the whole text (a cut may hide where a secret begins), and has its price.
MAX_BODY = 256 * 1024

# Text that went through `redacted`. `health_counts.count` takes no other.
Redacted = NewType("Redacted", str)

_OUR_KEYS = re.compile(r"rd_(?:write|query|admin)_\w+")
_always = Redactor()  # the default kinds: also where the project has switched them off


def redacted(text: str, *, project: Project) -> Redacted:
    """The text with what the project hides, and what is hidden by default, replaced; then cut."""
    text = redactor_for(project).text(_always.text(clean_text(text)))
    return _cut(_OUR_KEYS.sub("<KEY>", text))


def sample_of(*, error: ApiError, body: bytes, project: Project) -> Redacted:
    """The error's message, and of the body the item that it names. A body that is not JSON is shown as it began."""
    message = redacted(error.message, project=project)
    shown = _shown(body, _index(error.details), project)
    return _cut(f"{message}\n{shown}" if shown else message)


def _shown(body: bytes, index: int | None, project: Project) -> str:
    if not body:
        return ""
    if len(body) > MAX_BODY:
        return f"(a body of {len(body):,} bytes)"
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        try:
            return redacted(body.decode(), project=project)
        except UnicodeDecodeError:
            return f"({len(body):,} bytes that are not text)"
    if isinstance(value, list) and index is not None and index < len(value):
        value = value[index]
    try:
        value = redactor_for(project).value(_always.value(clean_json(value)))
        return redacted(json.dumps(value, ensure_ascii=False), project=project)
    except RecursionError:
        return f"(a body of {len(body):,} bytes, nested very deeply)"


def _index(details: object) -> int | None:
    """Of the first item that the error complains about."""
    if isinstance(details, list) and details and isinstance(details[0], dict):
        index = details[0].get("index")
        return index if isinstance(index, int) else None
    return None


def _cut(text: str) -> Redacted:
    encoded = text.encode(errors="replace")
    if len(encoded) <= MAX_SAMPLE:
        return Redacted(text)
    return Redacted(encoded[: MAX_SAMPLE - 3].decode(errors="ignore") + "…")
