"""Annotations of a whole session, which every trace of it repeats (OpenInference's `session.annotations`): told once, of the event
that first brought them."""

from collections.abc import Iterable

import msgspec

from ingest.incoming.values import IncomingSignal
from ingest.models import Event, ExplicitSignal, Project
from ingest.otlp.dialects.openinference import SESSION
from ingest.store.people import conversation_id

MAX_EVENTS = 1000  # of the conversations, that are looked at


def once_a_session(
    project: Project, signals: Iterable[tuple[str | None, IncomingSignal]]
) -> list[IncomingSignal]:
    """`signals`, each with its conversation (the app's id), without those that another event of it has had."""
    signals = list(signals)
    talks = {convo for convo, signal in signals if convo and signal.properties.get("scope") == SESSION}
    if not talks:
        return [signal for _, signal in signals]
    ids = {conversation_id(project, convo): convo for convo in talks}
    events = dict(
        Event.objects.filter(conversation_id__in=ids)
        .order_by("-timestamp")
        .values_list("event_id", "conversation_id")[:MAX_EVENTS]
    )
    told = {
        (ids[events[event]], name, _text(properties)): event
        for event, name, properties in ExplicitSignal.objects.filter(
            project=project, app_event_id__in=events, properties__scope=SESSION
        ).values_list("app_event_id", "name", "properties")
    }
    kept = []
    for convo, signal in signals:
        of_session = convo is not None and signal.properties.get("scope") == SESSION
        key = (convo or "", signal.name, _text(signal.properties))
        if not of_session or told.setdefault(key, signal.event_id) == signal.event_id:
            kept.append(signal)
    return kept


def _text(properties: dict[str, object]) -> bytes:
    return msgspec.json.encode(properties, order="sorted")
