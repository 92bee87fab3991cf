"""Storing events: once per event id, parts merged, queued when final."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from ingest.counts.rollups import count_events
from ingest.models import (
    Attachment,
    Conversation,
    EndUser,
    Event,
    EventKey,
    ExplicitSignal,
    QueuedEvent,
    Span,
    Total,
)
from ingest.store import events as store
from ingest.store.events import (
    IncomingAttachment,
    IncomingEvent,
    IncomingSignal,
    IncomingSpan,
    IncomingUser,
    conversation_id,
    end_user_id,
    finish_silent_partials,
    store_events,
    store_signals,
    store_users,
)

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def test_every_field_is_found_again(project: Any) -> None:
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id="e1",
                name="chat_message",
                user_id="u1",
                convo_id="c1",
                timestamp=NOON,
                model="gpt-4o",
                input="hi",
                output="hello",
                properties={"plan": "pro", "nested": {"a": [1, None]}},
                feature_flags={"exp": "b", "beta": True},
                trace_id="ab" * 16,
                input_tokens=3,
                output_tokens=5,
                cost_usd=0.25,
                latency_ms=120.5,
                attachments=[IncomingAttachment(type="code", value="x=1", role="output", language="python")],
            )
        ],
    )
    event = Event.objects.select_related("end_user", "conversation").get(project=project, event_id="e1")
    assert (event.name, event.model, event.input, event.output) == ("chat_message", "gpt-4o", "hi", "hello")
    assert event.timestamp == NOON
    assert event.properties == {"plan": "pro", "nested": {"a": [1, None]}}
    assert event.feature_flags == {"exp": "b", "beta": True}
    assert (
        event.end_user and event.end_user.user_id == "u1" and event.end_user_id == end_user_id(project, "u1")
    )
    assert event.conversation and event.conversation_id == conversation_id(project, "c1")
    assert event.conversation.end_user_id == event.end_user_id
    assert (event.trace_id, event.input_tokens, event.output_tokens) == ("ab" * 16, 3, 5)
    assert (event.cost_usd, event.latency_ms) == (0.25, 120.5)
    assert (event.is_pending, event.revision, event.counted) == (False, 0, False)
    assert event.id.int >> 80 == int(NOON.timestamp() * 1000), "the id is made from the event's own time"
    attachment = Attachment.objects.get(event=event)
    assert (attachment.type, attachment.value, attachment.language) == ("code", "x=1", "python")
    assert QueuedEvent.objects.get().event_id == event.id
    assert EventKey.objects.get(project=project, event_id="e1").event_uuid == event.id


def test_many_events_at_once_are_stored_as_few(project: Any) -> None:
    """Beyond rows.COPY_FROM another way into the table is taken."""
    text = 'tab\t newline\n backslash\\ quote" \\N \u00e4\u20ac\U0001f600'
    ids = store_events(
        project=project,
        events=[
            IncomingEvent(event_id=f"e{i}", user_id=f"u{i % 3}", input=text, properties={"i": i, "t": text})
            for i in range(150)
        ],
    )
    assert ids == [f"e{i}" for i in range(150)]
    assert Event.objects.filter(project=project, input=text).count() == 150
    assert Event.objects.get(event_id="e77").properties == {"i": 77, "t": text}
    assert EndUser.objects.filter(project=project).count() == 3
    assert QueuedEvent.objects.count() == 150


def test_a_repeated_event_changes_nothing(project: Any) -> None:
    event = IncomingEvent(
        event_id="e1", user_id="u", convo_id="c", timestamp=NOON, input="hi", properties={"a": 1}
    )
    for _ in range(3):
        assert store_events(project=project, events=[event]) == ["e1"]
    stored = Event.objects.get()
    assert stored.revision == 0
    assert QueuedEvent.objects.count() == 1
    assert EndUser.objects.count() == Conversation.objects.count() == 1


def test_a_repeated_event_that_differs_is_a_revision(project: Any) -> None:
    store_events(
        project=project, events=[IncomingEvent(event_id="e1", input="hi", output="a", timestamp=NOON)]
    )
    QueuedEvent.objects.all().delete()
    later = NOON + dt.timedelta(hours=1)
    store_events(project=project, events=[IncomingEvent(event_id="e1", output="b", timestamp=later)])
    event = Event.objects.get()
    assert (event.input, event.output, event.revision, event.timestamp) == ("hi", "b", 1, NOON)
    assert QueuedEvent.objects.get().event_id == event.id


def test_one_id_twice_in_one_batch_is_one_event(project: Any) -> None:
    first, second = IncomingEvent(event_id="e", input="hi"), IncomingEvent(event_id="e", output="yo")
    assert store_events(project=project, events=[first, second]) == ["e", "e"]
    event = Event.objects.get()
    assert (event.input, event.output) == ("hi", "yo")


def test_ids_belong_to_a_project(project: Any, other_project: Any) -> None:
    for owner in (project, other_project):
        store_events(
            project=owner, events=[IncomingEvent(event_id="e", user_id="u", convo_id="c", input=owner.slug)]
        )
    assert {(e.project_id, e.input) for e in Event.objects.all()} == {
        (project.id, "acme"),
        (other_project.id, "umbrella"),
    }
    assert EndUser.objects.count() == Conversation.objects.count() == 2


def test_an_event_without_an_id_gets_one(project: Any) -> None:
    [one], [two] = (store_events(project=project, events=[IncomingEvent(input="hi")]) for _ in range(2))
    assert one and two and one != two
    assert Event.objects.count() == 2


def test_hostile_text_is_cleaned(project: Any) -> None:
    store_events(
        project=project,
        events=[
            IncomingEvent(
                event_id="e\x00vil",
                user_id="u\ud800",
                input="a\x00b\ud83d\ude00\udfff",
                properties={"k\x00\ud800": ["\x00x", float("nan"), 10**30]},
                attachments=[IncomingAttachment(value="v\x00\ud800")],
                spans=[IncomingSpan(name="t\x00", kind="tool", output="\ud800", attributes={"a": "\x00"})],
            )
        ],
    )
    event = Event.objects.get(event_id="evil")
    assert event.input == "ab\U0001f600\ufffd"
    assert event.properties == {"k\ufffd": ["x", None, 10**30]}
    assert event.end_user and event.end_user.user_id == "u\ufffd"
    assert event.attachments.get().value == "v\ufffd"
    assert (event.spans.get().name, event.spans.get().output) == ("t", "\ufffd")


def test_spans_are_summed_up_in_their_event(project: Any) -> None:
    def at(seconds: float) -> dt.datetime:
        return NOON + dt.timedelta(seconds=seconds)

    spans = [
        IncomingSpan(name="search", kind="tool", status="ok", started_at=at(1), ended_at=at(2)),
        IncomingSpan(name="book", kind="tool", status="error", error="no", started_at=at(2), ended_at=at(3)),
        IncomingSpan(
            name="chat",
            kind="llm",
            model="gpt-4o",
            started_at=at(0),
            ended_at=at(4),
            input_tokens=7,
            output_tokens=2,
        ),
    ]
    event = IncomingEvent(event_id="e", timestamp=NOON, input="go", spans=spans)
    for _ in range(2):
        store_events(project=project, events=[event])
    stored = Event.objects.get()
    assert (stored.tool_calls, stored.tool_errors, stored.latency_ms) == (2, 1, 4000)
    assert (stored.input_tokens, stored.output_tokens, stored.model) == (7, 2, "gpt-4o")
    assert [s.name for s in Span.objects.order_by("started_at")] == ["chat", "search", "book"]


def test_tool_spans_alone_say_nothing_about_latency_and_tokens(project: Any) -> None:
    spans = [IncomingSpan(name="t", kind="tool", started_at=NOON, ended_at=NOON + dt.timedelta(seconds=1))]
    store_events(project=project, events=[IncomingEvent(event_id="e", spans=spans)])
    event = Event.objects.get()
    assert (event.tool_calls, event.latency_ms, event.input_tokens, event.output_tokens) == (
        1,
        None,
        None,
        None,
    )


@pytest.mark.django_db(transaction=True)
def test_the_same_event_from_many_threads_is_one_row(project: Any) -> None:
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []

    def send(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            for turn in range(5):
                batch = [
                    IncomingEvent(
                        event_id=f"e{i}",
                        user_id="u",
                        convo_id="c",
                        input="hi",
                        properties={f"p{number}": turn},
                    )
                    for i in range(10)
                ]
                store_events(project=project, events=batch if number % 2 else batch[::-1])
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(Event.objects.values_list("event_id", flat=True)) == sorted(f"e{i}" for i in range(10))
    assert all(event.properties == {f"p{n}": 4 for n in range(8)} for event in Event.objects.all()), (
        "no write was lost"
    )
    assert EndUser.objects.count() == Conversation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_events_change_hands_while_they_are_counted_without_a_deadlock(project: Any) -> None:
    ids = [f"e{i}" for i in range(8)]
    store_events(project=project, events=[IncomingEvent(event_id=one, user_id="u0") for one in ids])
    errors: list[BaseException] = []

    def hand_over(number: int) -> None:
        for turn in range(15):
            parts = [
                IncomingEvent(event_id=one, user_id=f"u{(turn + number + i) % 3}")
                for i, one in enumerate(ids)
            ]
            store_events(project=project, events=parts)

    def count(number: int) -> None:
        for _ in range(60):
            count_events(list(Event.objects.filter(project=project)))

    def run(work: Any, number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    works = [(hand_over, 0), (hand_over, 1), (count, 0), (count, 1)]
    threads = [threading.Thread(target=run, args=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    count_events(list(Event.objects.filter(project=project)))
    assert sum(EndUser.objects.values_list("events_count", flat=True)) == len(ids)
    assert Total.objects.get(subject=project.id).events == len(ids)


@pytest.mark.django_db(transaction=True)
def test_a_failed_transaction_leaves_nothing_behind(project: Any, monkeypatch: Any) -> None:
    import ingest.store.events

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(ingest.store.events, "enqueue", fail)
        with pytest.raises(RuntimeError):
            store_events(project=project, events=[IncomingEvent(event_id="e", user_id="u", convo_id="c")])
    assert not Event.objects.exists() and not EventKey.objects.exists() and not EndUser.objects.exists()
    store_events(project=project, events=[IncomingEvent(event_id="e", user_id="u", convo_id="c")])
    assert EndUser.objects.count() == Conversation.objects.count() == 1, (
        "what was rolled back was not remembered"
    )


# -- signals and users


def test_a_signal_hangs_on_its_event_and_queues_it_again(project: Any) -> None:
    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    QueuedEvent.objects.all().delete()
    signal = IncomingSignal(
        event_id="e", name="thumbs_down", sentiment="NEGATIVE", properties={"comment": "no"}
    )
    assert store_signals(project=project, signals=[signal]) == 1
    stored = ExplicitSignal.objects.get()
    event = Event.objects.get()
    assert (stored.event, stored.name, stored.sentiment) == (event, "thumbs_down", "NEGATIVE")
    assert QueuedEvent.objects.get().event_id == event.id


def test_a_signal_may_come_before_its_event(project: Any, other_project: Any) -> None:
    for owner in (project, other_project):
        store_signals(project=owner, signals=[IncomingSignal(event_id="e", name="thumbs_up")])
    assert not QueuedEvent.objects.exists()
    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    assert ExplicitSignal.objects.get(project=project).event == Event.objects.get()
    assert ExplicitSignal.objects.get(project=other_project).event is None


def test_a_signal_that_crossed_its_event_is_linked_by_the_sweep(project: Any) -> None:
    from ingest.store.feedback import link_orphans

    store_events(project=project, events=[IncomingEvent(event_id="e", input="hi")])
    store_signals(project=project, signals=[IncomingSignal(event_id="e", name="copy")])
    store_signals(project=project, signals=[IncomingSignal(event_id="never", name="copy")])
    ExplicitSignal.objects.update(event=None)
    QueuedEvent.objects.all().delete()
    now = dt.datetime.now(dt.UTC)
    assert link_orphans(now=now) == 1
    assert ExplicitSignal.objects.get(app_event_id="e").event == Event.objects.get()
    assert QueuedEvent.objects.count() == 1
    assert link_orphans(now=now) == 0


def test_a_repeated_signal_is_stored_once_and_a_second_click_twice(project: Any, monkeypatch: Any) -> None:
    import ingest.store.feedback

    clock = [NOON + dt.timedelta(seconds=8)]  # close to the end of a window
    monkeypatch.setattr(ingest.store.feedback.timezone, "now", lambda: clock[0])

    def send(**fields: Any) -> int:
        return store_signals(
            project=project, signals=[IncomingSignal(event_id="e", name="regenerate", **fields)]
        )

    assert send() == 1
    clock[0] += dt.timedelta(seconds=4)  # the next window, but a repetition
    assert send() == 0
    clock[0] += dt.timedelta(seconds=30)
    assert send() == 1
    assert send(timestamp=NOON) == 1
    assert send(timestamp=NOON) == 0
    assert send(timestamp=NOON + dt.timedelta(seconds=3)) == 1
    assert send(properties={"why": "slow"}) == 1


def test_traits_are_merged(project: Any) -> None:
    store_users(project=project, users=[IncomingUser(user_id="u", traits={"plan": "free", "age": 36})])
    store_users(
        project=project, users=[IncomingUser(user_id="u", traits={"plan": "pro"}), IncomingUser(user_id="v")]
    )
    assert EndUser.objects.get(user_id="u").traits == {"plan": "pro", "age": 36}
    store_events(project=project, events=[IncomingEvent(event_id="e", user_id="u", input="hi")])
    assert EndUser.objects.get(user_id="u").traits == {"plan": "pro", "age": 36}
    assert EndUser.objects.count() == 2


# -- partial events


def send(project: Any, **fields: Any) -> Event:
    store_events(project=project, events=[IncomingEvent(event_id="p", **fields)])
    return Event.objects.get(project=project, event_id="p")


def test_parts_are_merged_and_queued_when_final(project: Any) -> None:
    send(
        project,
        name="agent_run",
        user_id="u",
        convo_id="c",
        model="claude",
        input="do it",
        properties={"p": 1, "deep": {"a": 1, "b": [1]}},
        is_pending=True,
    )
    assert not QueuedEvent.objects.exists()
    event = send(
        project,
        output="done",
        properties={"stage": "x", "deep": {"b": [2], "c": None}},
        attachments=[IncomingAttachment(value="ctx", role="context")],
    )
    assert (event.input, event.output, event.model, event.name) == ("do it", "done", "claude", "agent_run")
    assert event.properties == {"p": 1, "stage": "x", "deep": {"a": 1, "b": [2], "c": None}}
    assert event.end_user_id == end_user_id(project, "u")
    assert not event.is_pending
    assert QueuedEvent.objects.get().event_id == event.id
    send(
        project,
        attachments=[IncomingAttachment(value="ctx", role="context"), IncomingAttachment(value="two")],
    )
    assert sorted(event.attachments.values_list("value", flat=True)) == ["ctx", "two"]


def test_finishing_twice_is_a_revision(project: Any) -> None:
    send(project, input="a", is_pending=True)
    send(project, output="one")
    event = send(project, output="two")
    assert (event.output, event.is_pending, event.revision) == ("two", False, 2)
    assert QueuedEvent.objects.count() == 2


def test_a_late_begin_fills_in_and_does_not_reopen(project: Any) -> None:
    send(project, output="done", properties={"stage": "end"})
    event = send(
        project, user_id="u", input="do it", output="", properties={"stage": "begin", "p": 1}, is_pending=True
    )
    assert (event.input, event.output, event.is_pending) == ("do it", "done", False)
    assert event.properties == {"stage": "end", "p": 1}
    assert event.end_user_id == end_user_id(project, "u")


def test_the_order_of_arrival_does_not_matter(project: Any, other_project: Any) -> None:
    parts: list[dict[str, Any]] = [
        {
            "name": "run",
            "user_id": "u",
            "input": "do it",
            "properties": {"s": 1, "d": {"x": 1}},
            "is_pending": True,
        },
        {"output": "done", "properties": {"s": 2, "d": {"y": 2}}, "model": "m"},
    ]
    send(project, **parts[0])
    one = send(project, **parts[1])
    send(other_project, **parts[1])
    two = send(other_project, **parts[0])
    for field in ("name", "input", "output", "properties", "model", "is_pending"):
        assert getattr(one, field) == getattr(two, field), field


def test_a_late_user_is_counted_in_place_of_nobody(project: Any) -> None:
    from ingest.counts.rollups import count_events
    from ingest.models import DayUser, Total

    event = send(project, output="done")
    count_events([event])
    assert (Total.objects.get(subject=project.id).events, Total.objects.get(subject=project.id).users) == (
        1,
        0,
    )
    event = send(project, user_id="u", is_pending=True)
    assert not event.counted
    count_events([event])
    total = Total.objects.get(subject=project.id)
    assert (total.events, total.users, DayUser.objects.filter(subject=project.id).count()) == (1, 1, 1)
    assert EndUser.objects.get().events_count == 1


def test_a_part_that_hears_nothing_more_becomes_final(project: Any) -> None:
    event = send(project, input="do it", is_pending=True)
    now = dt.datetime.now(dt.UTC)
    assert finish_silent_partials(now=now) == 0
    assert finish_silent_partials(now=now + dt.timedelta(hours=1)) == 1
    event.refresh_from_db()
    assert not event.is_pending
    assert QueuedEvent.objects.get().event_id == event.id
    assert finish_silent_partials(now=now + dt.timedelta(hours=2)) == 0
    assert send(project, output="late").output == "late"


def test_parts_cannot_grow_an_event_without_end(project: Any) -> None:
    from ingest.store.events import MergeTooLarge

    send(project, properties={f"a{i}": i for i in range(900)}, is_pending=True)
    with pytest.raises(MergeTooLarge):
        send(project, properties={f"b{i}": i for i in range(900)})
    assert Event.objects.get().is_pending


def test_more_silent_partials_than_one_batch_are_all_finished(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SILENT_BATCH", 2)
    events = [IncomingEvent(event_id=f"e{n}", input="so far", is_pending=True) for n in range(5)]
    store_events(project=project, events=events)
    assert finish_silent_partials(now=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)) == 5
    assert not Event.objects.filter(is_pending=True).exists()
    assert QueuedEvent.objects.count() == 5
