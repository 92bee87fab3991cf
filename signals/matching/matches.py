"""Writing signal matches, and the counts that go with them."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from ingest.counts import rollups
from ingest.models import Event
from ingest.store.event_locks import hold_events
from raindrop.ids import id_at
from signals.models import SignalMatch

TABLE = SignalMatch._meta.db_table
Key = tuple[uuid.UUID, uuid.UUID]  # event, signal


@dataclass(frozen=True, slots=True)
class NewMatch:
    """A match to be stored, which gets its event's conversation as well. `evidence` is JSON text."""

    signal: uuid.UUID
    event: uuid.UUID
    project: uuid.UUID
    end_user: uuid.UUID | None
    timestamp: dt.datetime
    score: float
    source: str
    evidence: str


@transaction.atomic
def save_matches(*, events: Sequence[Event], matches: list[NewMatch], ran: set[uuid.UUID]) -> tuple[int, int]:
    """Makes the stored matches of these events what they ought to be; returns how many were inserted and deleted.

    `ran`: the signals that were looked for; a match of one of these that is not among `matches` is deleted. Matches of other
    signals (explicit, disabled) stay. A match whose event got another user, conversation or time is counted anew. Events whose
    revision moved on since they were loaded are skipped. The roll-ups are written last (ingest/counts/rollups.py says why): a
    transaction of the caller's ends with this.
    """
    current = {event.id: event for event in hold_events(events)}
    chosen = {(match.event, match.signal): match for match in matches if match.event in current}
    stored = _stored(list(current))
    moved = {
        key
        for key, row in stored.items()
        if (row["end_user"], row["conversation"], row["timestamp"]) != _whose(current[key[0]])
        and (key in chosen or key[1] not in ran)
    }
    for key in moved - chosen.keys():
        chosen[key] = _as_stored(current[key[0]], key[1], stored[key])
    gone = {key for key in stored if key not in chosen and key[1] in ran} | moved
    deleted = _delete([stored.pop(key)["id"] for key in gone])
    talks = {event.id: event.conversation_id for event in current.values()}
    inserted = _insert([match for key, match in chosen.items() if key not in stored], talks)
    _update([match for key, match in chosen.items() if key in stored and _differs(stored[key], match)])
    rollups.record(inserted, removed=deleted)
    if deleted:
        rollups.look_again(deleted, table=TABLE, column="signal_id")
    return len(inserted), len(deleted)


def _whose(event: Event) -> tuple[uuid.UUID | None, uuid.UUID | None, dt.datetime]:
    return event.end_user_id, event.conversation_id, event.timestamp


def _stored(event_ids: list[uuid.UUID]) -> dict[Key, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT event_id, signal_id, id, end_user_id, conversation_id, timestamp, score, source, evidence::text
                FROM {TABLE} WHERE event_id = ANY(%s)""",
            [event_ids],
        )
        names = ("id", "end_user", "conversation", "timestamp", "score", "source", "evidence")
        return {(row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in cursor.fetchall()}


def _as_stored(event: Event, signal: uuid.UUID, row: dict[str, Any]) -> NewMatch:
    return NewMatch(
        signal, event.id, event.project_id, event.end_user_id, event.timestamp,
        row["score"], row["source"], row["evidence"],
    )  # fmt: skip


def _differs(row: dict[str, Any], match: NewMatch) -> bool:
    return (row["score"], row["source"]) != (match.score, match.source) or orjson.loads(
        row["evidence"]
    ) != orjson.loads(match.evidence)


def _insert(matches: list[NewMatch], talks: Mapping[uuid.UUID, uuid.UUID | None]) -> list[rollups.Occurrence]:
    """Inserts what is not there yet; returns exactly what was inserted. `talks`: each event's conversation."""
    if not matches:
        return []
    matches = sorted(matches, key=lambda match: (match.event, match.signal))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {TABLE}
                  (id, project_id, signal_id, event_id, end_user_id, conversation_id, timestamp, score, source, evidence, created_at)
                SELECT g.*, now() FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[],
                  %s::timestamptz[], %s::float8[], %s::text[], %s::jsonb[]) AS g
                ON CONFLICT (event_id, signal_id) DO NOTHING
                RETURNING signal_id, project_id, timestamp, end_user_id, conversation_id""",
            [
                [id_at(match.timestamp) for match in matches],
                [match.project for match in matches],
                [match.signal for match in matches],
                [match.event for match in matches],
                [match.end_user for match in matches],
                [talks[match.event] for match in matches],
                [match.timestamp for match in matches],
                [match.score for match in matches],
                [match.source for match in matches],
                [match.evidence for match in matches],
            ],
        )
        return [rollups.Occurrence(*row) for row in cursor.fetchall()]


def _delete(ids: list[uuid.UUID]) -> list[rollups.Occurrence]:
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE id = ANY(%s) RETURNING signal_id, project_id, timestamp, end_user_id, conversation_id",
            [sorted(ids)],
        )
        return [rollups.Occurrence(*row) for row in cursor.fetchall()]


def _update(matches: list[NewMatch]) -> None:
    if not matches:
        return
    matches = sorted(matches, key=lambda match: (match.event, match.signal))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {TABLE} t SET score = g.score, source = g.source, evidence = g.evidence
                FROM unnest(%s::uuid[], %s::uuid[], %s::float8[], %s::text[], %s::jsonb[])
                  AS g(event, signal, score, source, evidence)
                WHERE t.event_id = g.event AND t.signal_id = g.signal""",
            [
                [match.event for match in matches],
                [match.signal for match in matches],
                [match.score for match in matches],
                [match.source for match in matches],
                [match.evidence for match in matches],
            ],
        )
