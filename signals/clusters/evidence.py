"""What events say of problems and intents, read from the database: tools that failed, signals with their sentence, reasons, facets."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import orjson
from django.db import connection

from ingest.models import Event
from signals.discovery.evidence import (
    COMPLAINTS,
    FAMILIES,
    LONGEST,
    sentence_of,
    source_of,
    without_reports,
)
from signals.discovery.observations import Observation, Source, text_of
from signals.discovery.told_before import said_key
from signals.models.definitions import Kind, Sentiment

TOOL_FAILURE = "tool_failure"
ERROR = 2000  # characters of a failed call's error, and of its result


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of some events. `problems`: by event. `intents`: by event, what the reader (an LLM) said that its conversation is about. `by_reader`:
    those whose conversation it read."""

    problems: dict[uuid.UUID, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    intents: dict[uuid.UUID, str] = field(default_factory=dict)
    by_reader: set[uuid.UUID] = field(default_factory=set)


def key_of(observation: Observation) -> str:
    """The same for what says the same: two events with this key in common have the same problem. 16 hex digits."""
    return _hash(observation.source, observation.key, text_of(observation).casefold())


def intent_key(text: str) -> str:
    return _hash("intent", "", " ".join(text.split()).casefold())


def origin_key(source: str, key: str) -> str:
    """Of a cluster to which all that is read from there belongs."""
    return _hash("origin", source, key)


def keys_of(observation: Observation) -> tuple[str, str]:
    """By which a cluster may know it: what it says, and where it is read."""
    return key_of(observation), origin_key(observation.source, observation.key)


def origin_of(source: str, key: str) -> str:
    """What Cluster.origin says, the same for all that discovery/problems.py groups together: `tool NAME`, `facet`, `signal FAMILY`..."""
    if source == "tool":
        return f"tool {key}"[:200]
    if source in ("facet", "explicit"):
        return source
    return "complaint" if key in COMPLAINTS else f"signal {FAMILIES.get(key, key)}"[:200]


def read_evidence(events: Sequence[Event]) -> Read:
    """Of events of one project, with their texts. Four queries at most. A conversation that was read by an LLM has what that found in place
    of signals: it says what went wrong, and a signal only that something did."""
    read = Read()
    if not events:
        return read
    by_id = {event.id: event for event in events}
    facets = _facets(events)
    seen = {facet.conversation_id or facet.event_id for facet in facets.values()}
    for event in events:
        facet = facets.get(event.conversation_id or event.id)
        if facet is None:
            continue
        read.by_reader.add(event.id)
        if facet.intent:
            read.intents[event.id] = facet.intent
        if facet.went_wrong and facet.event_id == event.id:
            read.problems[event.id].append(
                _observation(event, "facet", "", facet.went_wrong, quote=facet.quote)
            )
    spans: dict[uuid.UUID, set[str]] = defaultdict(set)
    for event_id, key, kind, evidence in _matches(list(by_id)):
        event = by_id[event_id]
        pieces = [piece for piece in orjson.loads(evidence) if isinstance(piece, dict)]
        if key == TOOL_FAILURE:
            spans[event_id] |= {str(piece.get("span_id", "")) for piece in pieces}
            continue
        if kind != Kind.EXPLICIT and (event.conversation_id or event.id) in seen:
            continue
        piece = next((piece for piece in pieces if str(piece.get("text", "")).strip()), {})
        source = source_of(key, is_explicit=kind == Kind.EXPLICIT)
        phrase = sentence_of(piece, user=event.input, assistant=event.output)
        own = key if source == "explicit" else said_key(key, phrase)
        read.problems[event_id].append(
            _observation(event, source, own, phrase, quote=str(piece.get("text", "")))
        )
    for event_id, tool, error in _failed_calls(events, spans):
        read.problems[event_id].append(_observation(by_id[event_id], "tool", tool, error, quote=error))
    for event_id, observations in read.problems.items():
        read.problems[event_id] = without_reports(observations)
    return read


def _observation(event: Event, source: Source, key: str, phrase: str, *, quote: str) -> Observation:
    return Observation(
        event=event.id,
        conversation=event.conversation_id,
        user=event.end_user_id,
        at=event.timestamp,
        source=source,
        key=key,
        phrase=phrase,
        quote=quote[:LONGEST],
    )


class _Said(NamedTuple):
    """What a Facet says that matters here."""

    event_id: uuid.UUID
    conversation_id: uuid.UUID | None
    intent: str
    went_wrong: str
    quote: str


def _facets(events: Sequence[Event]) -> dict[uuid.UUID, _Said]:
    """By conversation; by event where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT event_id, conversation_id, intent, went_wrong, quote FROM signals_facet
               WHERE project_id = %s AND (conversation_id = ANY(%s) OR (conversation_id IS NULL AND event_id = ANY(%s)))""",
            [
                events[0].project_id,
                sorted({event.conversation_id for event in events if event.conversation_id}),
                [event.id for event in events if not event.conversation_id],
            ],
        )
        rows = [_Said(*row) for row in cursor.fetchall()]
    return {reading.conversation_id or reading.event_id: reading for reading in rows}


def _matches(event_ids: list[uuid.UUID]) -> list[tuple[uuid.UUID, str, str, str]]:
    """(event, the signal's key and kind, its evidence as JSON), of the negative signals that are looked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT m.event_id, d.key, d.kind, m.evidence::text FROM signals_signalmatch m
               JOIN signals_signaldefinition d ON d.id = m.signal_id
               WHERE m.event_id = ANY(%s) AND d.sentiment = %s AND d.enabled ORDER BY m.event_id, d.key""",
            [event_ids, Sentiment.NEGATIVE],
        )
        rows: list[tuple[uuid.UUID, str, str, str]] = cursor.fetchall()
        return rows


def _failed_calls(
    events: Sequence[Event], spans: dict[uuid.UUID, set[str]]
) -> list[tuple[uuid.UUID, str, str]]:
    """(event, tool, what it said), once for each tool and text. `spans`: those that a signal calls failed though their status does not."""
    wanted = [event.id for event in events if event.tool_errors or spans.get(event.id)]
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT event_id, name, left(coalesce(nullif(error, ''), output), %s), span_id, status FROM ingest_span
               WHERE event_id = ANY(%s) AND kind = 'tool' AND (status = 'error' OR span_id = ANY(%s)) ORDER BY 1, 2, 3""",
            [ERROR, wanted, sorted({one for ids in spans.values() for one in ids})],
        )
        rows = cursor.fetchall()
    return list(
        dict.fromkeys(
            (event, name, message)
            for event, name, message, span, status in rows
            if status == "error" or span in spans[event]
        )
    )


def _hash(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
