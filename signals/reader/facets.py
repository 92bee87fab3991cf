"""Writing what was said of conversations, and reading it again."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ingest.models import Conversation, Event, Project
from signals.models import Facet
from signals.reader.prompt import Finding
from signals.reader.transcript import Transcript


@transaction.atomic
def save_facet(
    *,
    transcript: Transcript,
    finding: Finding,
    sampled: str,
    probability: float | None,
    source: str,
    prompt_version: str,
    model: str = "",
    text_hash: bytes | None = None,
) -> Facet:
    """Stores it as the newest reading of the conversation (of the event, where there is none). The transcript has events. `text_hash`: of the text
    that was read; None: the transcript's."""
    last = transcript.events[-1]
    shown = next((event for event in transcript.events if event.id == finding.event), last)
    values = {
        "project_id": last.project_id,
        "event_id": shown.id,
        "end_user_id": shown.end_user_id or last.end_user_id,
        "timestamp": shown.timestamp,
        "text_hash": transcript.hash if text_hash is None else text_hash,
        "prompt_version": prompt_version,
        "sampled": sampled,
        "probability": probability,
        "source": source,
        "model": model,
        "read_at": timezone.now(),
        "intent": finding.intent,
        "went_wrong": finding.went_wrong,
        "quote": finding.quote,
        "where": finding.where,
        "severity": finding.severity,
        "user_noticed": finding.user_noticed,
        "resolved": finding.resolved,
    }
    if last.conversation_id is None:
        facet, _ = Facet.objects.update_or_create(conversation=None, event_id=shown.id, defaults=values)
        return facet
    # What was read while an event had no conversation yet is now part of this one.
    Facet.objects.filter(conversation=None, event__in=[event.id for event in transcript.events]).delete()
    facet, _ = Facet.objects.update_or_create(conversation_id=last.conversation_id, defaults=values)
    return facet


def facets_of_events(events: Sequence[Event]) -> dict[uuid.UUID, list[Facet]]:
    """By event (all of one project): the readings of its conversation, or its own."""
    if not events:
        return {}
    talks = {event.conversation_id for event in events if event.conversation_id}
    lone = [event.id for event in events if event.conversation_id is None]
    rows = Facet.objects.filter(project=events[0].project_id).filter(
        Q(conversation__in=talks) | Q(conversation=None, event__in=lone)
    )
    found = list(rows.select_related("event", "conversation"))
    return {
        event.id: [
            facet
            for facet in found
            if (facet.conversation_id == event.conversation_id if event.conversation_id else facet.event_id == event.id)
        ]
        for event in events
    }  # fmt: skip


def facets_of(project: Project, *, event: Event | None = None, conversation: Conversation | None = None) -> QuerySet[Facet]:  # fmt: skip
    """Of an event (its conversation's), of a conversation, or all."""
    rows = Facet.objects.filter(project=project).select_related("event", "conversation")
    if event is not None:
        own = Q(conversation=None, event=event.id)
        rows = rows.filter(Q(conversation=event.conversation_id) if event.conversation_id else own)
    return rows.filter(conversation=conversation.id) if conversation is not None else rows
