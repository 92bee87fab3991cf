"""Loading events as detectors read them: with their spans, their conversation's last turns and their vectors."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from ingest.models import Event, Span
from signals.detectors.batch import (
    NEARNESS,
    PREVIOUS_TURNS,
    Batch,
    Exchange,
    SpanFacts,
    Turn,
    nearness_of,
)
from signals.detectors.text import READ_CHARACTERS, Text
from signals.vectors.reading import VectorChunk, vectors_by_event

# Earlier turns only say what was asked and given; their beginnings do.
PREVIOUS_CHARACTERS = 4000
SPANS_PER_EVENT = 200
# A tool's arguments are only compared with each other.
SPAN_INPUT_CHARACTERS = 2000
ERROR_CHARACTERS = 2000
# Of an earlier turn's tool calls.
TOOLS_PER_TURN = 30
LAST_CALLS = 200  # of a project, whose names are what its agents can do
PREVIOUS_SPAN_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class EventBatch(Batch):
    """With the stored events (events[i] is turns[i]), for what reads more of them than detectors do: numbers, properties."""

    events: list[Event] = field(default_factory=list)

    def part(self, indexes: list[int]) -> "EventBatch":
        if len(indexes) == len(self.turns):
            return self
        return EventBatch(
            [self.turns[i] for i in indexes],
            self.user_vectors[indexes],
            self.agent_vectors[indexes],
            [self.events[i] for i in indexes],
            user_tones=self.user_tones[indexes],
            agent_tones=self.agent_tones[indexes] if len(self.agent_tones) else self.agent_tones,
            nearness=self.nearness[indexes] if len(self.nearness) else self.nearness,
        )


class _Texts(dict[str, Text]):
    """One Text for equal strings. An event's text is often an earlier turn of the next event, and a Text keeps what was worked out
    of it."""

    def __missing__(self, raw: str) -> Text:
        text = self[raw] = Text(raw)
        return text


def load_batch(events: list[Event]) -> EventBatch:
    """Six queries for all the events (of any projects). Row i of the batch is events[i]."""
    texts = _Texts()
    spans = _spans(events)
    tools = _agent_tools({event.project_id for event in events})
    earlier = _previous(events, texts)
    vectors = vectors_by_event([event.id for event in events])
    turns = [
        Turn(
            id=event.id,
            input=texts[event.input],
            output=texts[event.output],
            model=event.model,
            spans=spans[event.id],
            previous=earlier.exchanges[event.id],
            agent_tools=tools[event.project_id],
            **_facts(event),
        )
        for event in events
    ]
    return EventBatch(
        turns,
        vectors.user,
        vectors.agent,
        events,
        user_tones=vectors.tones,
        agent_tones=vectors.agent_tones,
        nearness=_nearness(events, earlier, vectors),
    )


def load_texts(events: list[Event]) -> EventBatch:
    """As load_batch, without spans and earlier turns: one query."""
    vectors = vectors_by_event([event.id for event in events])
    turns = [
        Turn(
            id=event.id,
            input=Text(event.input),
            output=Text(event.output),
            model=event.model,
            **_facts(event),
        )
        for event in events
    ]
    return EventBatch(
        turns, vectors.user, vectors.agent, events, user_tones=vectors.tones, agent_tones=vectors.agent_tones
    )


# How providers say that an answer ended in order to call a tool.
CALLS_TOOL = frozenset(("tool_calls", "tool_call", "tool_use", "function_call"))


def _facts(event: Event) -> dict[str, Any]:
    """What stands on the event itself beside its texts."""
    tokens = [count for count in (event.input_tokens, event.output_tokens) if count is not None]
    properties = event.properties if isinstance(event.properties, dict) else {}
    # As the SDKs send a failed run.
    error = [properties[name] for name in ("error.type", "error.message") if properties.get(name)]
    return {
        "at": event.timestamp,
        "latency_ms": event.latency_ms,
        "cost_usd": event.cost_usd,
        "tokens": sum(tokens) if tokens else None,
        "error": ": ".join(part[:ERROR_CHARACTERS] for part in error if isinstance(part, str)),
        "is_step": _is_step(properties),
    }


def _is_step(properties: dict[str, Any]) -> bool:
    """Whether the app says that the event is one call of the model within a run: it ended by calling a tool, or a node of a graph made it."""
    if "langgraph_node" in properties and "$context" in properties:  # of the SDK's callback, not of a trace
        return True
    return any(
        name.endswith("finish_reason")
        and str(value).lower().rpartition(".")[2].replace("-", "_") in CALLS_TOOL
        for name, value in properties.items()
    )


def turns_so_far(events: list[Event]) -> dict[uuid.UUID, int]:
    """For each event that is part of a conversation, its turns up to and with this one."""
    talking = [event for event in events if event.conversation_id is not None]
    if not talking:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.id, 1 + (SELECT count(*) FROM ingest_event
                                 WHERE conversation_id = e.conversation AND project_id = e.project
                                   AND timestamp <= e.at AND (timestamp, id) < (e.at, e.id) AND NOT is_pending)
               FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS e(id, project, conversation, at)""",
            [
                [event.id for event in talking],
                [event.project_id for event in talking],
                [event.conversation_id for event in talking],
                [event.timestamp for event in talking],
            ],
        )
        return dict(cursor.fetchall())


def _spans(events: list[Event]) -> dict[uuid.UUID, list[SpanFacts]]:
    return _spans_of(
        {event.id: event.project_id for event in events}, characters=READ_CHARACTERS, most=SPANS_PER_EVENT
    )


def _spans_of(
    projects: dict[uuid.UUID, uuid.UUID], *, characters: int, most: int, only_tools: bool = False
) -> dict[uuid.UUID, list[SpanFacts]]:
    """By event, in order. `projects` holds each event's project; `characters` of an error and an output are read, `most` spans an event."""
    found: dict[uuid.UUID, list[SpanFacts]] = defaultdict(list)
    if not projects:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT event_id, project_id, span_id, kind, name, status, left(error, %s), left(output, %s), left(input, %s),
                  extract(epoch FROM ended_at - started_at)::float8 * 1000
                FROM {Span._meta.db_table} WHERE event_id = ANY(%s) {"AND kind = 'tool'" if only_tools else ""}
                ORDER BY event_id, started_at, id""",
            [characters, characters, SPAN_INPUT_CHARACTERS, list(projects)],
        )
        for event_id, project_id, *facts in cursor.fetchall():
            if projects[event_id] == project_id and len(found[event_id]) < most:
                found[event_id].append(SpanFacts(*facts))
    return found


def _agent_tools(projects: set[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    """By project, the tools of its LAST_CALLS calls. One walk down the index of tool calls a project."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT p.id, (SELECT array_agg(DISTINCT name) FROM (
                       SELECT name FROM {Span._meta.db_table} WHERE project_id = p.id AND kind = 'tool'
                       ORDER BY started_at DESC, id DESC LIMIT %s) calls)
                FROM unnest(%s::uuid[]) AS p(id)""",
            [LAST_CALLS, list(projects)],
        )
        return {project: frozenset(names or ()) for project, names in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The turns before some events. By event, oldest first: the earlier events' ids, and their texts and tool calls."""

    ids: dict[uuid.UUID, list[uuid.UUID]]
    exchanges: dict[uuid.UUID, list[Exchange]]


def _previous(events: list[Event], texts: _Texts) -> _Earlier:
    """The last turns before each event in its conversation.

    The condition on the project stands outside the LIMIT. Inside it, PostgreSQL without statistics scans the project's newest events.
    """
    found = _Earlier(defaultdict(list), defaultdict(list))
    talking = [event for event in events if event.conversation_id is not None]
    if not talking:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.id, e.project, p.id, p.input, p.output, p.tool_calls > 0
               FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS e(id, project, conversation, at),
                 LATERAL (SELECT id, project_id, timestamp, tool_calls, left(input, %s) AS input, left(output, %s) AS output
                          FROM ingest_event
                          WHERE conversation_id = e.conversation
                            AND timestamp <= e.at AND (timestamp, id) < (e.at, e.id) AND NOT is_pending
                          ORDER BY timestamp DESC, id DESC LIMIT %s) p
               WHERE p.project_id = e.project ORDER BY e.id, p.timestamp, p.id""",
            [
                [event.id for event in talking],
                [event.project_id for event in talking],
                [event.conversation_id for event in talking],
                [event.timestamp for event in talking],
                PREVIOUS_CHARACTERS,
                PREVIOUS_CHARACTERS,
                PREVIOUS_TURNS,
            ],
        )
        rows = cursor.fetchall()
    called = {earlier: project for _, project, earlier, _, _, tools in rows if tools}
    spans = _spans_of(called, characters=PREVIOUS_SPAN_CHARACTERS, most=TOOLS_PER_TURN, only_tools=True)
    for event_id, _, earlier, question, answer, _ in rows:
        found.ids[event_id].append(earlier)
        found.exchanges[event_id].append(
            Exchange(texts[question], texts[answer], tuple(spans.get(earlier, ())))
        )
    return found


def _nearness(events: list[Event], earlier: _Earlier, vectors: VectorChunk) -> npt.NDArray[np.float32]:
    """Batch.nearness of the events. An earlier turn that is not embedded yet counts as one without text."""
    mine = {event.id: i for i, event in enumerate(events)}
    others = sorted({old for ids in earlier.ids.values() for old in ids} - mine.keys())
    old = vectors_by_event(others)
    place = mine | {event_id: len(events) + i for i, event_id in enumerate(others)}
    users, agents = np.concatenate([vectors.user, old.user]), np.concatenate([vectors.agent, old.agent])
    rows = np.zeros((len(events), len(NEARNESS)), dtype=np.float32)
    for i, event in enumerate(events):
        before = [place[event_id] for event_id in earlier.ids.get(event.id, ())]
        rows[i] = nearness_of(users[i], agents[i], users[before], agents[before])
    return rows
