"""The JS SDK sends a signal and its event at the same moment, so that neither request sees the other's row (tests/sdks)."""

from typing import Any

from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.models import Event, ExplicitSignal, QueuedEvent
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from raindrop import pipeline


def test_a_signal_that_crossed_its_event_waits_seconds_not_a_minute(project: Any) -> None:
    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    store_signals(project=project, signals=[IncomingSignal(event_id="e", name="copy")])
    ExplicitSignal.objects.update(event=None)
    QueuedEvent.objects.all().delete()
    pipeline.finish_traces()
    assert ExplicitSignal.objects.get().event == Event.objects.get()
    assert QueuedEvent.objects.count() == 1
