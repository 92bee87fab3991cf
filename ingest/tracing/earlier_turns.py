"""Turns that were never received, made events of: a trace's first call repeats what was said before.

When a team starts to send its traces, or lost some, conversations begin in the middle. The turns of the history are kept beside
the trace until the traces that came with it have their events (TRACE_SILENCE); then those that no event of the conversation
tells of are stored, in their order, just before the event that they led to, with the property `raindrop.backfilled`.

Not of a trace without a conversation of its own, nor of one whose event the app names: the app tells of its turns itself. A
pair of question and answer is made an event once in a project: examples that stand in every prompt are no conversation.
"""

import datetime as dt
import hashlib
import logging
import math
import time
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import connection, transaction

from ingest.incoming.values import IncomingEvent
from ingest.models import EarlierTurns, Event, OpenTrace, Project
from ingest.otlp.history import missing_turns
from ingest.otlp.mapped import MappedSpan
from ingest.otlp.stored import moment
from ingest.store.events import store_events
from ingest.store.rows import insert_rows, json_text
from ingest.tracing.trace_events import GIVEN_UP_RETRY

logger = logging.getLogger(__name__)

BACKFILLED = "raindrop.backfilled"
BATCH = 100
MAX_EVENTS = 1000  # of a conversation that are looked at, the latest
STEP = dt.timedelta(milliseconds=1)  # between turns whose time nobody knows


def keep_turns(*, project: Project, spans: Iterable[MappedSpan], now: dt.datetime) -> None:
    """Keeps what the redacted spans repeat of earlier turns: of a trace, what its first span tells. To be called in the
    transaction that stores them."""
    telling: dict[str, MappedSpan] = {}
    for span in spans:
        first = telling.get(span.trace_id)
        if span.turns and (first is None or span.start_ns < first.start_ns):
            telling[span.trace_id] = span
    insert_rows(
        EarlierTurns._meta.db_table,
        {
            "project_id": "uuid",
            "trace_id": "text",
            "told_at": "timestamptz",
            "turns": "jsonb",
            "due_at": "timestamptz",
        },
        [
            (
                project.id,
                trace_id,
                moment(telling[trace_id].start_ns),
                json_text(telling[trace_id].turns),
                now + settings.TRACE_SILENCE,
            )
            for trace_id in sorted(telling)
        ],
        conflict="""ON CONFLICT (project_id, trace_id) DO UPDATE SET due_at = EXCLUDED.due_at,
            turns = CASE WHEN EXCLUDED.told_at < t.told_at THEN EXCLUDED.turns ELSE t.turns END,
            told_at = least(t.told_at, EXCLUDED.told_at)""",
    )


def backfill_turns(now: dt.datetime, *, deadline: float = math.inf) -> int:
    """Makes the events of what is due by `now`; returns how many. Begins no further batch after `deadline` (time.monotonic()). To be
    called every minute or so, safe to run twice at once."""
    made = 0
    while True:
        looked_at, number = _backfill_due(now)
        made += number
        if looked_at < BATCH or time.monotonic() > deadline:
            return made


def _backfill_due(now: dt.datetime) -> tuple[int, int]:
    """One batch: (how many rows, how many events were made). When it fails as a whole, its rows are tried one by one, so that a bad one
    fails alone."""
    kept: list[EarlierTurns] = []
    due = EarlierTurns.objects.filter(due_at__lte=now).select_for_update(skip_locked=True)
    try:
        with transaction.atomic():
            kept = list(due.order_by("due_at", "project_id", "trace_id")[:BATCH])
            return len(kept), _look_at(kept, now)
    except Exception as error:
        if not kept:
            raise
        logger.warning("The earlier turns of %s traces failed, trying one by one: %s", len(kept), error)
    return len(kept), sum(_backfill_alone(row, now) for row in kept)


def _backfill_alone(row: EarlierTurns, now: dt.datetime) -> int:
    rows = EarlierTurns.objects.filter(project_id=row.project_id, trace_id=row.trace_id)
    try:
        with transaction.atomic():
            return _look_at(list(rows.filter(due_at__lte=now).select_for_update(skip_locked=True)), now)
    except Exception:
        logger.exception("The earlier turns of trace %s cannot be made events", row.trace_id)
        rows.update(due_at=now + GIVEN_UP_RETRY)  # never dropped: they were acknowledged
        return 0


def _look_at(kept: list[EarlierTurns], now: dt.datetime) -> int:
    """Makes the events of claimed rows, or puts them off. Called in the transaction that claimed them."""
    made = 0
    waiting = _unfinished(kept)
    for project_id in sorted({row.project_id for row in kept}):
        rows = [row for row in kept if row.project_id == project_id and row.pk not in waiting]
        if project := Project.objects.filter(id=project_id).first():
            made += _backfill(project, rows)
        EarlierTurns.objects.filter(
            project_id=project_id, trace_id__in=[row.trace_id for row in rows]
        ).delete()
    _postpone(waiting, now)
    return made


def _unfinished(kept: list[EarlierTurns]) -> set[tuple[uuid.UUID, str]]:
    """Those whose trace has no event yet."""
    traces = [row.trace_id for row in kept]
    projects = {row.project_id for row in kept}
    found = OpenTrace.objects.filter(project_id__in=projects, trace_id__in=traces, attempts=0)
    return set(found.values_list("project_id", "trace_id"))


def _postpone(waiting: set[tuple[uuid.UUID, str]], now: dt.datetime) -> None:
    if waiting:
        projects, traces = zip(*sorted(waiting), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE ingest_earlierturns t SET due_at = %s FROM unnest(%s::uuid[], %s::text[]) AS v(project, trace)
                   WHERE t.project_id = v.project AND t.trace_id = v.trace""",
                [now + max(settings.TRACE_SILENCE, dt.timedelta(seconds=1)), list(projects), list(traces)],
            )


def _backfill(project: Project, rows: list[EarlierTurns]) -> int:
    """One conversation after the other, so that each sees what the one before has made."""
    turns = {row.trace_id: [(user, answer) for user, answer in row.turns] for row in rows}
    told_at = {row.trace_id: row.told_at for row in rows}
    made = 0
    for event in _telling(project, told_at):
        if event.conversation and event.conversation.convo_id != event.trace_id:
            missing = _missing(project, event, turns[event.trace_id])
            if missing:
                made += len(store_events(project=project, events=missing))
    return made


def _telling(project: Project, told_at: dict[str, dt.datetime]) -> list[Event]:
    """Of each trace the event of the turn that tells: of those that the app does not name, the last that had begun. In order."""
    found: dict[str, Event] = {}
    events = Event.objects.filter(project=project, trace_id__in=told_at).select_related(
        "conversation", "end_user"
    )
    for event in sorted(events, key=lambda event: (event.timestamp, event.id)):
        own = event.event_id == event.trace_id or event.event_id.startswith(f"{event.trace_id}-")
        if own and (event.trace_id not in found or event.timestamp <= told_at[event.trace_id]):
            found[event.trace_id] = event
    return sorted(found.values(), key=lambda event: (event.timestamp, event.id))


def _missing(project: Project, event: Event, turns: list[tuple[str, str]]) -> list[IncomingEvent]:
    before = list(
        Event.objects.filter(conversation=event.conversation_id, timestamp__lte=event.timestamp)
        .exclude(id=event.id)
        .order_by("-timestamp", "-id")
        .values_list("input", "timestamp")[:MAX_EVENTS]
    )
    when = dict(before)
    places = set(missing_turns(turns, [text for text, _ in before]))
    made: list[IncomingEvent] = []
    at = event.timestamp
    for place in range(len(turns) - 1, -1, -1):
        user, answer = turns[place]
        at = (at if place in places else min(at, when.get(user, at))) - STEP
        if place in places:
            made.append(
                IncomingEvent(
                    event_id=_event_id(user, answer),
                    name=event.name,
                    user_id=event.end_user.user_id if event.end_user else None,
                    convo_id=event.conversation.convo_id if event.conversation else None,
                    timestamp=at,
                    input=user,
                    output=answer or None,
                    properties=_shared(event) | {BACKFILLED: True},
                    fills={},
                )
            )
    return made[::-1]


def _event_id(user: str, answer: str) -> str:
    return "turn-" + hashlib.sha256(f"{user}\x1f{answer}".encode(errors="replace")).hexdigest()[:32]


def _shared(event: Event) -> dict[str, object]:
    """What holds for a conversation, not for a turn."""
    return {
        key: event.properties[key] for key in ("service", "release", "environment") if key in event.properties
    }
