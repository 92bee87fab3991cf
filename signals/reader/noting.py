"""Noting which conversations are to be read: each one that an event came to, once it has been quiet for a while; or those of the past."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from ingest.models import Event
from raindrop import llm
from raindrop.ids import id_at
from signals.llm import budget
from signals.llm.workers import READER_TASK, call_worker
from signals.models import Reading
from signals.models.readings import ReadingState

PAST_DAYS = 28
MOST = 20_000  # conversations of the past that are noted at a time
SPENT = "The day's budget was spent."
OFF = "The day's budget is 0."
# Rows that came to nothing for want of a budget, and are looked at again when it is raised: those of this many days.
RAISED_DAYS = 7

# A conversation that a worker or a batch has in hand stays with it, and is looked at again afterwards (`wake_at`).
_INSERT = """INSERT INTO signals_reading AS t (id, project_id, conversation_id, event_id, state, problem, available_at, woken_at, sampled, draw_rate,
    why, text_hash, prompt_version, attempts, model, input_tokens, cache_write_tokens, cache_read_tokens, output_tokens, cost, held, sent_hash) """
_NEW = "%(state)s, '', %(at)s, now(), '', 0, '', '', '', 0, '', 0, 0, 0, 0, 0, 0, ''"
_AGAIN = """ DO UPDATE SET event_id = EXCLUDED.event_id, woken_at = EXCLUDED.woken_at,
    state = CASE WHEN t.state IN ('reading', 'batched') THEN t.state ELSE EXCLUDED.state END,
    available_at = CASE WHEN t.state IN ('reading', 'batched') THEN t.available_at ELSE EXCLUDED.available_at END,
    wake_at = CASE WHEN t.state IN ('reading', 'batched') THEN EXCLUDED.available_at END,
    sampled = CASE WHEN t.state IN ('reading', 'batched') THEN t.sampled ELSE '' END,
    attempts = CASE WHEN t.state IN ('reading', 'batched') THEN t.attempts ELSE 0 END"""
_OF_CONVERSATION = " ON CONFLICT (conversation_id) WHERE conversation_id IS NOT NULL"
_OF_EVENT = " ON CONFLICT (event_id) WHERE conversation_id IS NULL"


def is_on(project_id: uuid.UUID) -> bool:
    """Whether the project's conversations are read: there is a key, and a budget that is not 0."""
    return not llm.why_not() and not budget.meter(project_id).off


def note_conversations(events: list[Event]) -> None:
    """The pipeline's stage: has the events' conversations read when nothing has come to them for settings.READER_QUIET. Without a key it does
    nothing. Idempotent."""
    if llm.why_not():
        return
    on = {project for project in {event.project_id for event in events} if is_on(project)}
    _note([event for event in events if event.project_id in on], settings.READER_QUIET)


@transaction.atomic
def _note(events: Iterable[Event], quiet: dt.timedelta) -> None:
    at = timezone.now() + quiet
    talks = {event.conversation_id: event for event in events if event.conversation_id is not None}
    lone = sorted((event for event in events if event.conversation_id is None), key=lambda event: event.id)
    with connection.cursor() as cursor:
        for rows, conflict in (
            ([talks[talk] for talk in sorted(talks)], _OF_CONVERSATION),
            (lone, _OF_EVENT),
        ):
            if not rows:
                continue
            cursor.execute(
                f"""{_INSERT} SELECT g.id, g.project, g.conversation, g.event, {_NEW}
                    FROM unnest(%(id)s::uuid[], %(project)s::uuid[], %(conversation)s::uuid[], %(event)s::uuid[])
                      AS g(id, project, conversation, event) {conflict}{_AGAIN}""",
                {
                    "state": ReadingState.WAITING,
                    "at": at,
                    "id": [id_at(event.timestamp) for event in rows],
                    "project": [event.project_id for event in rows],
                    "conversation": [event.conversation_id for event in rows],
                    "event": [event.id for event in rows],
                },
            )


def past_of(project_id: uuid.UUID) -> dt.datetime:
    """PAST_DAYS before the project's last event: what is read of the past, imported or not, begins then."""
    last = Event.objects.filter(project=project_id).order_by("-timestamp").values_list("timestamp", flat=True)
    return (last.first() or timezone.now()) - dt.timedelta(days=PAST_DAYS)


def unread(project_id: uuid.UUID, *, since: dt.datetime) -> int:
    """How many conversations and lone events with something since then were never drawn, MOST at most."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_UNREAD}) AS found", _asked(project_id, since))
        [count] = cursor.fetchone()
    return int(count)


def sample_unread(
    project_id: uuid.UUID, *, since: dt.datetime, count: int
) -> list[tuple[uuid.UUID | None, uuid.UUID]]:
    """Some of those that `unread` counts, the newest: (conversation or None, its last event)."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, _asked(project_id, since) | {"most": count})
        return [(conversation, event) for conversation, event, _ in cursor.fetchall()]


@transaction.atomic
def note_unread(
    project_id: uuid.UUID, *, since: dt.datetime, state: ReadingState = ReadingState.WAITING
) -> int:
    """Has those read that `unread` counts, newest first, as far as shares and budget go; returns how many were noted. By single calls; with the
    state PAST by the run that asks for it (signals/reader/past.py)."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, _asked(project_id, since))
        rows = cursor.fetchall()
    talks = [row for row in rows if row[0] is not None]
    lone = [row for row in rows if row[0] is None]
    with connection.cursor() as cursor:
        for found, conflict in (
            (sorted(talks), _OF_CONVERSATION),
            (sorted(lone, key=lambda row: row[1]), _OF_EVENT),
        ):
            if found:
                cursor.execute(
                    f"""{_INSERT} SELECT g.id, %(project)s, g.conversation, g.event, {_NEW}
                        FROM unnest(%(id)s::uuid[], %(conversation)s::uuid[], %(event)s::uuid[]) AS g(id, conversation, event)
                        {conflict}{_AGAIN}""",
                    {
                        "state": state,
                        "at": timezone.now(),
                        "project": project_id,
                        "id": [id_at(row[2]) for row in found],
                        "conversation": [row[0] for row in found],
                        "event": [row[1] for row in found],
                    },
                )
    if rows and state == ReadingState.WAITING:
        call_worker(project_id, READER_TASK)
    return len(rows)  # fmt: skip


# Newest first: (conversation or null, its last event, that one's time).
_UNREAD = """
    SELECT conversation, event, timestamp FROM (
      SELECT c.id AS conversation, e.id AS event, e.timestamp
      FROM ingest_conversation c,
        LATERAL (SELECT id, timestamp FROM ingest_event WHERE conversation_id = c.id AND project_id = c.project_id AND NOT is_pending
                 ORDER BY timestamp DESC, id DESC LIMIT 1) e
      WHERE c.project_id = %(project)s AND c.last_message_at >= %(since)s
        AND NOT EXISTS (SELECT 1 FROM signals_reading r WHERE r.conversation_id = c.id AND r.state <> 'left')
      UNION ALL
      SELECT NULL, e.id, e.timestamp FROM ingest_event e
      WHERE e.project_id = %(project)s AND e.timestamp >= %(since)s AND e.conversation_id IS NULL AND NOT e.is_pending
        AND NOT EXISTS (SELECT 1 FROM signals_reading r WHERE r.event_id = e.id AND r.conversation_id IS NULL AND r.state <> 'left')
    ) AS both_kinds ORDER BY timestamp DESC LIMIT %(most)s"""


def _asked(project_id: uuid.UUID, since: dt.datetime) -> dict[str, Any]:
    return {"project": project_id, "since": since, "most": MOST}


def wake_postponed(project_id: uuid.UUID) -> None:
    """After the budget was changed: what was not read for want of one is looked at again now."""
    since = timezone.now() - dt.timedelta(days=RAISED_DAYS)
    short = Q(state=ReadingState.POSTPONED) | Q(state=ReadingState.LEFT, problem__in=[SPENT, OFF])
    rows = Reading.objects.filter(short, project=project_id, woken_at__gte=since)
    if rows.update(state=ReadingState.WAITING, sampled="", available_at=timezone.now(), problem=""):
        call_worker(project_id, READER_TASK)
