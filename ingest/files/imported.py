"""Storing what lines of a file hold: events, spans, logs and signals, idempotent. And the end of imported traces.

Redaction is done by the functions that store, as for every other way in.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from ingest.files.formats.langfuse import SCORE_ID
from ingest.files.formats.parsed import ParsedLine
from ingest.incoming.values import IncomingSignal
from ingest.models import Event, ExplicitSignal, OpenTrace, Project
from ingest.otlp.raw import DecodeResult
from ingest.store.events import report_stored
from ingest.store.feedback import store_signals
from ingest.store.queueing import as_backlog
from ingest.tracing.trace_events import CHILD_GRACE, finish_open_traces
from ingest.tracing.traces import store_logs, store_traces


@dataclass(slots=True)
class LineCounts:
    """What the lines held, and of that what was here already, exactly so."""

    events: int = 0
    spans: int = 0  # of traces
    signals: int = 0
    known_events: int = 0
    known_spans: int = 0
    known_signals: int = 0
    ignored: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # spans and logs, by reason; the rest is stored


@as_backlog()
def store_parsed(*, project: Project, parsed: Sequence[ParsedLine]) -> LineCounts:
    """Stores what the lines hold, each kind in a transaction of its own. Raises MergeTooLarge when an event has become too
    large; then no event is stored."""
    stored = LineCounts()
    events = [event for part in parsed for event in part.events]
    signals = [signal for part in parsed for signal in part.signals]
    about = {signal.event_id for signal in signals} | {event.event_id for event in events if event.signals}
    before = _signals_of(project, about)
    if events:
        stored.known_events = sum(report_stored(project=project, events=events).repeated)
    stored.events = len(events)
    spans = [span for part in parsed for span in part.spans]
    logs = [log for part in parsed for log in part.logs]
    for receipt in (
        store_traces(project=project, decoded=DecodeResult(items=spans), at_once=False) if spans else None,
        store_logs(project=project, decoded=DecodeResult(items=logs)) if logs else None,
    ):
        if receipt:
            stored.spans += receipt.accepted
            stored.known_spans += sum(scope.duplicates for scope in receipt.scopes.values())
            stored.ignored += receipt.ignored
            stored.refused += receipt.rejected
    new = _unknown(project, signals)
    if new:
        store_signals(project=project, signals=new)
    stored.signals = len(signals) + sum(len(event.signals) for event in events)
    stored.known_signals = max(0, stored.signals - (_signals_of(project, about) - before))
    return stored


def _signals_of(project: Project, event_ids: set[str]) -> int:
    return (
        ExplicitSignal.objects.filter(project=project, app_event_id__in=event_ids).count() if event_ids else 0
    )


@as_backlog()
def finish_traces(*, project: Project, trace_ids: list[str]) -> tuple[int, int]:
    """Makes the events of these traces now, however open they are: no more of them comes. Returns how many events they have, and
    how many of those were here before."""
    now = timezone.now()
    events = Event.objects.filter(project=project, trace_id__in=trace_ids)
    known = events.count()
    with transaction.atomic():
        rows = OpenTrace.objects.filter(project=project, trace_id__in=trace_ids)
        list(
            rows.order_by("trace_id").select_for_update().values_list("trace_id")
        )  # locked in the order of all
        rows.update(due_at=now, opened_at=now - CHILD_GRACE)  # nothing more is waited for
    finish_open_traces(now, only=(project.id, trace_ids))
    return events.count(), known


def _unknown(project: Project, signals: list[IncomingSignal]) -> list[IncomingSignal]:
    """Without the scores that are here already: a redated import gives them other times, so that they would look new."""
    scores = {signal.properties[SCORE_ID] for signal in signals if SCORE_ID in signal.properties}
    if not scores:
        return signals
    known = set(
        ExplicitSignal.objects.filter(
            project=project, app_event_id__in={signal.event_id for signal in signals}
        ).values_list("app_event_id", f"properties__{SCORE_ID}")
    )
    fresh: dict[object, IncomingSignal] = {}
    for place, signal in enumerate(signals):
        key = (signal.event_id, score) if (score := signal.properties.get(SCORE_ID)) else place
        if key not in known:
            fresh[key] = signal
    return list(fresh.values())
