"""Events as `/api/events/` and an export give them."""

import uuid
from collections import defaultdict
from typing import Any

from ingest.models import Event, Project
from signals.models import SignalMatch


def found_items(rows: list[Event], *, project: Project) -> list[dict[str, Any]]:
    """The events, read whole, as FoundEventItem. `end_user` and `conversation` are selected."""
    signals = _signals([row.id for row in rows], project)
    copied = (
        "event_id", "name", "timestamp", "received_at", "is_pending", "input", "output", "properties", "feature_flags",
        "tool_calls", "tool_errors", "input_tokens", "output_tokens", "cost_usd", "latency_ms",
    )  # fmt: skip
    return [
        {name: getattr(row, name) for name in copied}
        | {
            "model": row.model or None,
            "user_id": row.end_user.user_id if row.end_user else None,
            "convo_id": row.conversation.convo_id if row.conversation else None,
            "signals": signals[row.id],
        }
        | ({"nearness": round(vars(row)["nearness"], 6)} if "nearness" in vars(row) else {})
        for row in rows
    ]


def _signals(ids: list[uuid.UUID], project: Project) -> dict[uuid.UUID, list[dict[str, Any]]]:
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    matches = SignalMatch.objects.filter(project=project, event__in=ids).select_related("signal")
    for match in matches.order_by("event_id", "signal_id"):
        signal = match.signal
        found[match.event_id].append(
            {"id": signal.pk, "key": signal.key, "name": signal.name, "score": match.score}
        )
    return found
