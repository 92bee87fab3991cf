"""How parts of one event become one event. Pure: no database.

- Scalars: the last write wins. `properties` and `feature_flags` are merged deeply, by the same rule.
- What was not sent (None) changes nothing. `is_pending` false makes the event final, and nothing makes it pending again.
- A part that says "pending" and arrives after the event is final is late: it fills in only what is missing, so that
  the order of arrival does not matter.
- A part that `fills` (a trace) behaves like a late one, but may also replace, or withdraw, what it filled in before.
- An event keeps its time once it is final (but for a trace that replaces its own); until then the earliest time wins.
"""

import uuid
from typing import Any

from ingest.incoming.cleaning import count_keys
from ingest.incoming.values import MAX_KEYS, IncomingEvent
from ingest.models import Event

TEXTS = ("name", "model", "input", "output")
NUMBERS = ("input_tokens", "output_tokens", "cost_usd", "latency_ms")
MERGED_FIELDS = (
    *TEXTS,
    *NUMBERS,
    "end_user",
    "conversation",
    "timestamp",
    "properties",
    "feature_flags",
    "trace_id",
    "is_pending",
    "received_at",
    "revision",
    "counted",
)


class MergeTooLarge(ValueError):
    """The parts together have more keys than one event, or one user, may have."""


def merge(
    event: Event, part: IncomingEvent, *, end_user: uuid.UUID | None, conversation: uuid.UUID | None
) -> bool:
    """Merges a part into the event (not saved). Returns whether anything changed. `end_user` and `conversation` are
    the rows that the part's user_id and convo_id stand for. Raises MergeTooLarge."""
    late = part.fills is not None or (part.is_pending and not event.is_pending)
    mine = part.fills or {}
    changed = False

    def put(field: str, value: Any) -> None:
        nonlocal changed
        old = getattr(event, field)
        if value in (None, "") and field in mine and old == mine[field] not in (None, ""):
            setattr(event, field, "" if field in TEXTS else None)
            changed = True
        elif value not in (None, "", old) and not (late and old not in (None, "", mine.get(field))):
            setattr(event, field, value)
            changed = True

    for field in TEXTS + NUMBERS:
        put(field, getattr(part, field))
    put("trace_id", part.trace_id)
    put("end_user_id", end_user)
    put("conversation_id", conversation)
    for field in ("properties", "feature_flags"):
        told = mine.get(field) or {}
        if (merged := _merged(event, field, getattr(part, field), told=told, late=late)) is not None:
            setattr(event, field, merged)
            changed = True
    if event.is_pending:
        if part.timestamp is not None and part.timestamp < event.timestamp:
            put("timestamp", part.timestamp)
        if not part.is_pending and part.fills is None:
            event.is_pending = False
            changed = True
    elif "timestamp" in mine:
        put("timestamp", part.timestamp)
    if changed:
        event.revision += 1
    return changed


def deep_merge(old: dict[str, Any], new: dict[str, Any], *, keep: bool = False) -> dict[str, Any]:
    """Both, maps inside merged in the same way; where both have a value, the new one (with `keep` the old one) stays."""
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = deep_merge(before, value, keep=keep)
        elif not (keep and key in merged):
            merged[key] = value
    return merged


def _merged(
    event: Event, field: str, new: dict[str, Any], *, told: dict[str, Any], late: bool
) -> dict[str, Any] | None:
    """The merged map, or None when it stays as it is. `told`: what the same source said before, and says no longer unless it is in `new`."""
    if not new and not told:
        return None
    old = getattr(event, field)
    others = {key: value for key, value in old.items() if key not in told or told[key] != value}
    merged = deep_merge(others, new, keep=late)
    if merged == old:
        return None
    if count_keys(merged) > MAX_KEYS:
        raise MergeTooLarge(
            f"With this part the event {event.event_id!r} has more than {MAX_KEYS} keys in {field}."
        )
    return merged
