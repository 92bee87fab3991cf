"""Matches as pages show them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ingest.models import Event
from signals.models import SignalMatch


def signals_of_events(events: Sequence[Event]) -> dict[uuid.UUID, list[SignalMatch]]:
    """Event id -> its matches with their signal, negative first; one query. Events of one or several projects."""
    found: dict[uuid.UUID, list[SignalMatch]] = defaultdict(list)
    projects = {event.id: event.project_id for event in events}
    matches = SignalMatch.objects.filter(event_id__in=list(projects), signal__enabled=True).with_feedback()
    for match in matches.select_related("signal").order_by("signal__sentiment", "signal__name"):
        if projects[match.event_id] == match.project_id:
            found[match.event_id].append(match)
    return found


def matches_of_event(event: Event) -> list[SignalMatch]:
    return signals_of_events([event])[event.id]


def evidence_by_side(matches: Sequence[SignalMatch]) -> dict[str, list[dict[str, Any]]]:
    """The evidence of several matches on one event, by side ("user", "assistant", "span", "signal")."""
    sides: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for match in matches:
        for piece in match.evidence:
            sides[piece["side"]].append(piece)
    return sides
