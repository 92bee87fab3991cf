"""Explicit signals: what the app says about an event (thumbs, edits, feedback). One may arrive before its event."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Collection, Iterable

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from ingest.incoming.cleaning import clean_text
from ingest.incoming.values import IncomingSignal
from ingest.models import EventKey, ExplicitSignal, Lane, Project
from ingest.redaction import OnlyClear, Redactor, redact_signal
from ingest.redaction.settings import redactor_for
from ingest.store.queueing import enqueue
from ingest.store.rows import insert_rows, json_text
from raindrop.ids import id_at

# An SDK repeats a delivery after 0.5 to 1 s. Two equal signals that carry no time and come
# closer than this are one; two that carry different times are two.
REPEAT_WINDOW = dt.timedelta(seconds=10)

_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "app_event_id": "text",
    "event_id": "uuid",
    "name": "text",
    "signal_type": "text",
    "sentiment": "text",
    "attachment_id": "text",
    "properties": "jsonb",
    "timestamp": "timestamptz",
    "received_at": "timestamptz",
    "fingerprint": "text",
}


def prepare_signals(
    project: Project, signals: Iterable[IncomingSignal], redactor: Redactor | OnlyClear | None = None
) -> list[IncomingSignal]:
    """The signals as they are stored: redacted. `redactor` as in preparing.prepare_events."""
    redactor = redactor or redactor_for(project)
    return [redact_signal(_cleaned(signal), redactor) for signal in signals]


@transaction.atomic
def store_signals(
    *,
    project: Project,
    signals: list[IncomingSignal],
    queued: Collection[uuid.UUID] = (),
    prepared: bool = False,
) -> int:
    """Stores explicit signals, redacted, and queues their events again, but those in `queued`, which the same
    transaction has queued. `prepared`: they come from `prepare_signals`. Returns how many were new."""
    now = timezone.now()
    if not prepared:
        signals = prepare_signals(project, signals)
    event_ids = sorted({signal.event_id for signal in signals})
    keys = EventKey.objects.filter(project=project, event_id__in=event_ids)
    # event id -> (ours, the id that the event has where this one's was merged into it)
    events = {name: found for name, *found in keys.values_list("event_id", "event_uuid", "merged_into")}
    prints = {fingerprint(signal, now=now): signal for signal in signals}
    repeated = _arrived_lately(project, signals, now=now)
    rows = []
    for mark, signal in sorted(prints.items()):
        if mark in repeated:
            continue
        event, merged_into = events.get(signal.event_id, (None, None))
        rows.append(
            (
                id_at(now), project.id, merged_into or signal.event_id, event, signal.name,
                signal.signal_type, signal.sentiment, signal.attachment_id,
                json_text(signal.properties), signal.timestamp or now, now, mark,
            )
        )  # fmt: skip
    stored = insert_rows(
        "ingest_explicitsignal",
        _COLUMNS,
        rows,
        conflict="ON CONFLICT (project_id, fingerprint) DO NOTHING",
        returning="event_id",
    )
    events_changed = {event for (event,) in stored if event is not None}.difference(queued)
    enqueue(((project.id, event) for event in sorted(events_changed)), lane=Lane.LIVE)
    return len(stored)


def take_back_signals(*, project: Project, signals: list[IncomingSignal]) -> None:
    """Deletes signals, each with a time of its own, that whoever told them no longer tells. Their events are the caller's to queue."""
    now = timezone.now()
    prints = [fingerprint(signal, now=now) for signal in prepare_signals(project, signals)]
    ExplicitSignal.objects.filter(project=project, fingerprint__in=prints).delete()


def fingerprint(signal: IncomingSignal, *, now: dt.datetime) -> str:
    """The same for two deliveries of one signal. A signal without a time of its own is told apart from a later equal one by
    the window in which it arrived."""
    window = int(now.timestamp() // REPEAT_WINDOW.total_seconds()) if signal.timestamp is None else None
    parts = [
        signal.event_id, signal.name, signal.signal_type, signal.sentiment, signal.attachment_id,
        json_text(signal.properties), signal.timestamp, window,
    ]  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def link_signals(events: dict[str, uuid.UUID], project: Project) -> None:
    """Links the signals that were there before their events. `events`: the app's event id -> ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_explicitsignal s SET event_id = v.id FROM unnest(%s::text[], %s::uuid[]) AS v(event_id, id)
               WHERE s.project_id = %s AND s.app_event_id = v.event_id AND s.event_id IS NULL""",
            [list(events), list(events.values()), project.id],
        )


def link_orphans(*, now: dt.datetime, since: dt.timedelta = dt.timedelta(minutes=15)) -> int:
    """Links signals whose event was being stored at the same moment, so that neither request saw the other's row.
    To be called every minute or so; looks at signals that arrived within `since`. Returns how many were linked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ingest_explicitsignal s
               SET event_id = k.event_uuid, app_event_id = coalesce(k.merged_into, s.app_event_id) FROM ingest_eventkey k
               WHERE s.id IN (SELECT o.id FROM ingest_explicitsignal o WHERE o.id >= %s AND o.event_id IS NULL
                              FOR UPDATE SKIP LOCKED)
                 AND k.project_id = s.project_id AND k.event_id = s.app_event_id
               RETURNING s.project_id, s.event_id""",
            [_first_id(now - since)],
        )
        linked = cursor.fetchall()
        enqueue(sorted(set(linked)), lane=Lane.LIVE)
    return len(linked)


def _first_id(at: dt.datetime) -> uuid.UUID:
    """Ids begin with the time of arrival."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def _cleaned(signal: IncomingSignal) -> IncomingSignal:
    return msgspec.structs.replace(
        signal,
        event_id=clean_text(signal.event_id),
        name=clean_text(signal.name),
        signal_type=clean_text(signal.signal_type),
        attachment_id=clean_text(signal.attachment_id),
    )


def _arrived_lately(project: Project, signals: list[IncomingSignal], *, now: dt.datetime) -> set[str]:
    """Of the signals without a time, those that arrived in the window before and less than REPEAT_WINDOW ago."""
    before = {
        fingerprint(signal, now=now - REPEAT_WINDOW): fingerprint(signal, now=now)
        for signal in signals
        if signal.timestamp is None
    }
    if not before:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT fingerprint FROM ingest_explicitsignal
               WHERE project_id = %s AND fingerprint = ANY(%s) AND received_at > %s""",
            [project.id, list(before), now - REPEAT_WINDOW],
        )
        return {before[row[0]] for row in cursor.fetchall()}
