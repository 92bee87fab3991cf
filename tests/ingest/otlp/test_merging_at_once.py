"""Merging events while other workers are at them: nothing is lost, nothing is counted twice, and nobody waits in a circle."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

import raindrop.pipeline
from ingest.incoming.values import IncomingEvent, IncomingSignal
from ingest.models import Event, ExplicitSignal, MergedEvent, Project, Span
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from ingest.store.merged_events import move_stragglers
from ingest.tracing import trace_events
from ingest.tracing.traces import SILENCE
from issues.actions import create_issue
from labeling.labels.labels import record_label, standing_labels
from signals.models import SignalMatch
from tests.ingest.otlp.counting_again import counted, process, recount
from tests.ingest.otlp.test_arrival_order import Spans, agents, send
from tests.ingest.otlp.test_surplus_events import ROOT
from tests.ingest.otlp.test_traces import finish

pytestmark = pytest.mark.django_db(transaction=True)
TRACES = 24


@pytest.fixture
def roots(project: Project) -> list[Spans]:
    """Of TRACES traces, two agents' events each, through the pipeline; the roots are still to come. All are of one user."""
    found, children = [], []
    for number in range(TRACES):
        root, *others = agents(
            ROOT | {"session.id": f"talk {number % 5}"}, number=2, trace=f"{number + 1:032x}"
        )
        found.append([root])
        children += others
    send(project, children)
    finish(after=SILENCE)
    process()
    assert Event.objects.count() == 2 * TRACES
    return found


def at_once(*works: Callable[[], None]) -> None:
    errors: list[Exception] = []
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            begin.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_two_makers_the_pipeline_and_what_clients_send(
    project: Project, roots: list[Spans], member: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_events, "BATCH", 4)
    issue = create_issue(project=project, title="Refuses", description="")
    events = list(Event.objects.order_by("timestamp", "event_id"))
    for root in roots:
        send(project, root)

    def make() -> None:
        finished = trace_events.finish_open_traces(timezone.now() + 2 * SILENCE)
        assert not finished.failed

    def pipeline() -> None:
        for start in range(0, len(events), 8):
            raindrop.pipeline.process([event.id for event in events[start : start + 8]])

    def clients() -> None:
        for event in events:
            signal = IncomingSignal(event_id=event.event_id, name="thumbs_down", sentiment="NEGATIVE")
            store_signals(project=project, signals=[signal])
            store_events(
                project=project,
                events=[IncomingEvent(event_id=event.event_id, properties={event.event_id: 1})],
            )

    def people() -> None:
        for event in events:
            record_label(subject=issue, event=event, answer="match", user=member)  # type: ignore[arg-type]  # an issue is a subject

    at_once(make, make, pipeline, clients, people)
    finish(after=SILENCE)
    move_stragglers(now=timezone.now())
    process()
    remaining = {event.event_id: event for event in Event.objects.all()}
    assert len(remaining) == TRACES
    assert MergedEvent.objects.count() == TRACES
    assert not Span.objects.exclude(event__in=[event.id for event in remaining.values()]).exists()
    assert set(ExplicitSignal.objects.values_list("event", "app_event_id")) == {
        (event.id, event.event_id) for event in remaining.values()
    }
    assert ExplicitSignal.objects.count() == 2 * TRACES
    assert SignalMatch.objects.filter(signal__key="thumbs_down").count() == TRACES
    assert set(standing_labels(issue).values_list("event", flat=True)) == {
        event.id for event in remaining.values()
    }
    assert standing_labels(issue).count() == TRACES
    told = {name for event in remaining.values() for name in event.properties}
    assert told >= {event.event_id for event in events}
    assert counted() == recount()
