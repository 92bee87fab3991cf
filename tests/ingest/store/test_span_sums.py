"""An event that comes with its spans is written once, and says what `refresh_span_summary` counts from the stored spans."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.incoming.values import MAX_INTEGER, IncomingEvent, IncomingSpan
from ingest.models import Event, Project, Span
from ingest.store import events as store
from ingest.store.rows import COPY_FROM
from ingest.store.spans import refresh_span_summary, store_spans
from tests.examples import examples

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SUMS = ("tool_calls", "tool_errors", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "model")
COLUMNS = (*SUMS, "event_id", "name", "input", "output", "trace_id", "is_pending", "revision")

numbers = itertools.count()


def updates_of_events() -> int:
    """Of this transaction, and of those before it that the connection has not reported yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'ingest_event'")
        return int(cursor.fetchone()[0])


@contextlib.contextmanager
def updates(*, expected: int) -> Iterator[None]:
    """`expected`: how often the block updates a row of the events. Nothing is reported amid a transaction, so a difference is exact."""
    before = updates_of_events()
    yield
    assert updates_of_events() - before == expected


def assert_recounts() -> None:
    """A recount of the spans that are stored changes no event."""
    with updates(expected=0):
        refresh_span_summary(Event.objects.values_list("id", flat=True))


def told(project: Project) -> list[dict[str, Any]]:
    return list(Event.objects.filter(project=project).order_by("event_id").values(*COLUMNS))


def tool(span_id: str, **fields: Any) -> IncomingSpan:
    return IncomingSpan(span_id=span_id, kind="tool", name="look_up", started_at=NOON, **fields)


def llm(span_id: str, **fields: Any) -> IncomingSpan:
    return IncomingSpan(span_id=span_id, kind="llm", started_at=NOON, **fields)


def test_an_event_with_its_spans_is_written_once(project: Project) -> None:
    spans = [
        llm("1", ended_at=NOON + dt.timedelta(milliseconds=1500), model="m", input_tokens=7, output_tokens=MAX_INTEGER, cost_usd=0.5),
        tool("2", status="error"),
        llm("3", output_tokens=1, counts=5),
    ]  # fmt: skip
    event = IncomingEvent(event_id="e", timestamp=NOON, input="hi", cost_usd=9.0, spans=spans)
    with updates(expected=0):
        store.store_events(project=project, events=[event])
    assert [told(project)[0][name] for name in SUMS] == [1, 1, 7, MAX_INTEGER, 0.5, 1500.0, "m"]
    assert_recounts()


def test_many_events_with_their_spans_are_written_once(project: Project) -> None:
    """Beyond rows.COPY_FROM another way into the table is taken."""
    events = [
        IncomingEvent(event_id=f"e{n:03}", spans=[tool("a"), llm("b", input_tokens=n)])
        for n in range(COPY_FROM)
    ]
    with updates(expected=0):
        store.store_events(project=project, events=events)
    assert [row["input_tokens"] for row in told(project)] == list(range(COPY_FROM))
    assert_recounts()


def test_a_late_span_still_reaches_its_event(project: Project) -> None:
    event = IncomingEvent(event_id="e", timestamp=NOON, spans=[tool("1")])
    store.store_events(project=project, events=[event])
    late = IncomingEvent(event_id="e", timestamp=NOON, spans=[tool("2"), llm("3", input_tokens=3)])
    with updates(expected=1):
        store.store_events(project=project, events=[late])
    assert [told(project)[0][name] for name in SUMS[:3]] == [2, 0, 3]


times = st.sampled_from([None, *(NOON + dt.timedelta(microseconds=n) for n in (-86_400_000_000, -1001, 0, 1, 333_333))])  # fmt: skip
tokens = st.none() | st.sampled_from([0, 1, 17, MAX_INTEGER])
costs = st.none() | st.integers(0, 2**20).map(lambda n: n / 1024)  # whose sums are the same in any order
ids = st.sampled_from("abcd")


@st.composite
def incoming_spans(draw: st.DrawFn, trace: str = "") -> IncomingSpan:
    return IncomingSpan(
        kind=draw(st.sampled_from(["llm", "tool", "agent", "other"])),
        status=draw(st.sampled_from(["unset", "ok", "error"])),
        trace_id=trace, span_id=draw(ids), started_at=draw(times), ended_at=draw(times),
        model=draw(st.sampled_from(["", "one", "two"])), input_tokens=draw(tokens), output_tokens=draw(tokens), cost_usd=draw(costs),
        counts=draw(st.none() | st.integers(0, 7)),
    )  # fmt: skip


@st.composite
def parts(draw: st.DrawFn) -> IncomingEvent:
    return IncomingEvent(
        event_id=draw(st.sampled_from("xyz")), timestamp=NOON, is_pending=draw(st.booleans()),
        trace_id=draw(st.sampled_from(["", "1" * 32, "2" * 32])), model=draw(st.sampled_from([None, "", "own"])),
        input=draw(st.none() | st.just("hi")), spans=draw(st.lists(incoming_spans(), max_size=4)),
        input_tokens=draw(tokens), cost_usd=draw(costs), latency_ms=draw(st.none() | st.just(12.5)),
    )  # fmt: skip


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    yield


@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    early=st.lists(incoming_spans(trace="1" * 32), max_size=2),
    batches=st.lists(st.lists(parts(), min_size=1, max_size=4), min_size=1, max_size=2),
)
@example(  # a late part of the same batch names a model before the spans are asked
    early=[],
    batches=[
        [
            IncomingEvent(event_id="x", timestamp=NOON, spans=[llm("a", model="one")]),
            IncomingEvent(event_id="x", timestamp=NOON, is_pending=True, model="own"),
        ]
    ],
)
@example(  # what a span that was there says of what counts stays
    early=[llm("a", trace_id="1" * 32, input_tokens=3, counts=0)],
    batches=[
        [IncomingEvent(event_id="x", timestamp=NOON, trace_id="1" * 32, spans=[llm("a", input_tokens=3)])]
    ],
)
@example(  # two events name one span: it is the later one's
    early=[],
    batches=[
        [IncomingEvent(event_id=name, timestamp=NOON, trace_id="1" * 32, spans=[tool("a")]) for name in "xy"]
    ],
)
def test_the_sums_are_those_of_a_recount(
    project: Project,
    other_project: Project,
    one_moment: None,
    early: list[IncomingSpan],
    batches: list[list[IncomingEvent]],
) -> None:
    """The same batches, summed beforehand and in the database, where the spans of the first trace may be there before."""
    Event.objects.all().delete()
    Span.objects.all().delete()
    run = f"{next(numbers)}-"
    for owner in (project, other_project):
        with pytest.MonkeyPatch.context() as patch:
            if owner == other_project:  # `refresh_span_summary` has to find everything
                patch.setattr(store, "_summed", lambda *batch, merged: {})
            store_spans(owner, [(None, span) for span in early], default_time=NOON)
            for batch in batches:
                events = [_renamed(event, run) for event in batch]
                store.store_events(project=owner, events=events)
    assert told(project) == told(other_project)


def _renamed(event: IncomingEvent, run: str) -> IncomingEvent:
    """Of its own for each example: the keys of deleted events stay. The store writes the spans' ids into them."""
    return replace(event, event_id=run + event.event_id, spans=[replace(span) for span in event.spans])
