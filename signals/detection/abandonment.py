"""The signal `abandonment`: conversations that ended right after a failure.

That nothing followed cannot be seen when an event is processed. So the pipeline notes each conversation whose last event failed
(`watch_endings`: a stage), and what is due is looked at again once a minute (`find_abandoned`). When the conversation goes on, the stage
takes the match back. "Last" and "silent" go by the events' own times: an imported conversation of last year is due at once.

Cost: the stage reads the last event of each conversation of the batch; the step reads only rows that are due, LIMIT of them a run.
"""

import datetime as dt
import uuid
from collections import defaultdict

import orjson
from django.db import connection, transaction
from django.utils import timezone

from ingest.models import Event
from ingest.store.event_locks import lock_events
from raindrop import live
from signals.catalogue.parameters import value_of
from signals.detectors.abandonment import FAILURES, KEY, MINUTES, SOURCE, STAYS, TOOL_FAILURE, judge
from signals.detectors.batch import Evidence
from signals.matching.batches import load_batch
from signals.matching.matches import NewMatch, save_matches
from signals.matching.observers import tell_changed
from signals.models import FailedEnding, SignalDefinition, SignalMatch

READ_SIGNALS = {*FAILURES, TOOL_FAILURE, *STAYS}
CHUNK = 250
LIMIT = 2000


def watch_endings(events: list[Event]) -> None:
    """The pipeline's stage after detection. Idempotent; two at once that hold turns of the same conversation wait for each other."""
    tell_changed(_watch(events))


@transaction.atomic
def _watch(events: list[Event]) -> list[uuid.UUID]:
    """Returns the earlier events whose match was taken back."""
    definitions = _definitions({event.project_id for event in events})
    talks = {
        event.conversation_id: event.project_id
        for event in events
        if event.conversation_id is not None and event.project_id in definitions
    }
    if not talks:
        return []
    _lock_conversations(list(talks))
    rows = {
        row.conversation_id: row
        for row in FailedEnding.objects.select_for_update()
        .filter(conversation__in=list(talks))
        .order_by("conversation_id")
    }
    last = _last_events(talks)
    failed = _failed([event for event, _ in last.values()])
    kept, gone, back = [], [], []
    now = timezone.now()
    for talk, project in sorted(talks.items()):
        row, (event, timestamp) = rows.get(talk), last.get(talk, (None, None))
        due = None
        if event is not None and timestamp is not None and event in failed:
            due = timestamp + dt.timedelta(minutes=value_of(definitions[project], MINUTES))
        if row is not None and row.matched:
            if row.event_id == event and due is not None and due <= now:
                continue  # it stands
            back.append(row.event_id)
        if due is None or event is None:
            gone.append(talk)
        elif definitions[project].enabled:
            kept.append(FailedEnding(conversation_id=talk, project_id=project, event_id=event, due_at=due))
    FailedEnding.objects.filter(conversation__in=gone).delete()
    FailedEnding.objects.bulk_create(
        kept,
        update_conflicts=True,
        unique_fields=["conversation"],
        update_fields=["project", "event", "due_at", "matched"],
    )
    if back:  # last: it changes the roll-ups
        save_matches(
            events=list(lock_events(back)),
            matches=[],
            ran={definition.pk for definition in definitions.values()},
        )
    return back


def find_abandoned(*, now: dt.datetime, limit: int = LIMIT) -> int:
    """The periodic step: matches the last events of conversations that have been silent for long enough; returns how many. What it does
    not get to waits for the next run."""
    found, looked = 0, 0
    while looked < limit:
        taken, matched, judged, projects = _decide(now, min(CHUNK, limit - looked))
        tell_changed(judged)
        looked += taken
        found += matched
        live.changed(projects)
        if taken == 0:
            break
    return found


@transaction.atomic
def _decide(now: dt.datetime, count: int) -> tuple[int, int, list[uuid.UUID], set[uuid.UUID]]:
    """Takes some due rows: (rows, matches made, events that were judged, projects that changed)."""
    rows = list(
        FailedEnding.objects.select_for_update(skip_locked=True)
        .filter(due_at__lte=now)
        .order_by("due_at")[:count]
    )
    if not rows:
        return 0, 0, [], set()
    definitions = _definitions({row.project_id for row in rows})
    last = _last_events({row.conversation_id: row.project_id for row in rows})
    standing = [
        row
        for row in rows
        if row.project_id in definitions
        and definitions[row.project_id].enabled
        and last.get(row.conversation_id, (None, None))[0] == row.event_id
    ]
    matches, events = _judged(standing, definitions)
    matched = {match.event for match in matches}
    FailedEnding.objects.filter(
        event__in=matched, conversation__in=[row.conversation_id for row in rows]
    ).update(due_at=None, matched=True)
    FailedEnding.objects.filter(
        conversation__in=[row.conversation_id for row in rows if row.event_id not in matched]
    ).delete()
    save_matches(events=events, matches=matches, ran={definition.pk for definition in definitions.values()})
    return len(rows), len(matched), [event.id for event in events], {match.project for match in matches}


def _judged(
    rows: list[FailedEnding], definitions: dict[uuid.UUID, SignalDefinition]
) -> tuple[list[NewMatch], list[Event]]:
    """The matches to store, and the events that were looked at."""
    events = list(lock_events([row.event_id for row in rows]))
    batch = load_batch(events)
    held: dict[uuid.UUID, dict[str, list[Evidence]]] = defaultdict(dict)
    names: dict[str, str] = {}
    for match in _matches([event.id for event in events]):
        held[match.event_id][match.signal.key] = match.evidence
        names[match.signal.key] = match.signal.name
    matches = []
    for event, turn in zip(events, batch.turns, strict=True):
        found = judge(turn, held[event.id], names=names)
        if found is not None:
            matches.append(
                NewMatch(
                    signal=definitions[event.project_id].pk,
                    event=event.id,
                    project=event.project_id,
                    end_user=event.end_user_id,
                    timestamp=event.timestamp,
                    score=found.score,
                    source=SOURCE,
                    evidence=orjson.dumps(found.evidence).decode(),
                )
            )
    return matches, events


def _lock_conversations(ids: list[uuid.UUID]) -> None:
    """In the order that every writer takes; before events, as in ingest/store/events.py."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM ingest_conversation WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(ids)],
        )


def _definitions(projects: set[uuid.UUID]) -> dict[uuid.UUID, SignalDefinition]:
    """Each project's signal."""
    rows = SignalDefinition.objects.filter(project__in=projects, key=KEY, builtin=True)
    return {row.project_id: row for row in rows}


def _last_events(talks: dict[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, dt.datetime]]:
    """Conversation -> its last event (of those under way, too: who is being answered has not left), and that one's time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t.conversation, e.id, e.timestamp FROM unnest(%s::uuid[], %s::uuid[]) AS t(conversation, project),
                 LATERAL (SELECT id, project_id, timestamp FROM ingest_event WHERE conversation_id = t.conversation
                          ORDER BY timestamp DESC, id DESC LIMIT 1) e
               WHERE e.project_id = t.project""",
            [list(talks), list(talks.values())],
        )
        return {talk: (event, timestamp) for talk, event, timestamp in cursor.fetchall()}


def _failed(event_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    return {match.event_id for match in _matches(event_ids) if match.signal.key not in STAYS}


def _matches(event_ids: list[uuid.UUID]) -> list[SignalMatch]:
    """The built-in signals that are read here and hold on these events."""
    rows = SignalMatch.objects.filter(
        event__in=event_ids, signal__key__in=READ_SIGNALS, signal__builtin=True, signal__enabled=True
    )
    return list(rows.select_related("signal").only("event", "evidence", "signal__key", "signal__name"))
