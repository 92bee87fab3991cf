"""The two stages over real PostgreSQL: idempotent, exact in their counts, safe twice at once."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connection, connections

from ingest.counts.rollups import totals
from ingest.models import Event, ExplicitSignal, Project, Span, Total
from raindrop.embedder import TONES, embed_texts, read_texts
from signals.catalogue.builtins import BUILT_IN_KEYS
from signals.catalogue.installing import install_builtin_signals
from signals.detection.stage import detect
from signals.detectors import DETECTORS
from signals.matching.batches import load_batch
from signals.matching.matches import NewMatch, save_matches
from signals.models import EventEmbedding, EventText, SignalDefinition, SignalMatch
from signals.vectors.embedding import embed
from signals.vectors.nearest import nearest_events
from signals.vectors.reading import iter_ranges, vectors_of
from signals.vectors.text_search import search_events

MakeEvent = Callable[..., Event]


def signal(project: Project, key: str) -> SignalDefinition:
    return SignalDefinition.objects.get(project=project, key=key)


def loaded(*events: Event) -> list[Event]:
    """As the pipeline loads them."""
    return list(
        Event.objects.filter(id__in=[event.id for event in events])
        .select_related("project", "conversation", "end_user")
        .order_by("timestamp", "id")
    )


def matches(event: Event) -> set[str]:
    return set(SignalMatch.objects.filter(event=event).values_list("signal__key", flat=True))


# -- embed


def test_embed_stores_a_vector_per_side(project: Project, make_event: MakeEvent) -> None:
    both = make_event(input="Where is my order?", output="It is on its way.")
    silent = make_event(input="Hello there", output="")
    embed(loaded(both, silent))
    chunk = vectors_of(project=project, event_ids=[silent.id, both.id])
    assert chunk.ids == [silent.id, both.id]
    assert np.allclose(np.linalg.norm(chunk.user, axis=1), 1, atol=1e-2)
    assert not chunk.agent[0].any()
    assert EventEmbedding.objects.get(event=silent).agent_vector is None
    expected = embed_texts(["Where is my order?"])[0]
    assert float(chunk.user[1] @ expected) > 0.97


def test_embed_stores_the_users_tones_and_detectors_are_given_them(
    project: Project, make_event: MakeEvent
) -> None:
    angry = make_event(input="You are a stupid useless machine", output="Hello")
    silent = make_event(input="", output="Hello")
    embed(loaded(angry, silent))
    batch = load_batch(loaded(angry, silent))
    assert np.allclose(batch.user_tones[0], read_texts([angry.input]).tones[0][: len(TONES)], atol=0.5)
    assert not batch.user_tones[1].any()
    assert np.allclose(batch.agent_tones[0], read_texts([angry.output]).tones[0][len(TONES) :], atol=0.5)
    assert EventEmbedding.objects.get(event=silent).user_tones is None
    assert np.array_equal(batch.part([1]).user_tones, batch.user_tones[1:])


def test_detectors_know_which_tools_the_projects_agents_call(
    project: Project, other_project: Project, make_event: MakeEvent
) -> None:
    working, talking, stranger = make_event(), make_event(), make_event(of=other_project)
    kinds = [("book_table", "tool"), ("book_table", "tool"), ("gpt", "llm")]
    for number, (name, kind) in enumerate(kinds):
        Span.objects.create(
            project=project, event=working, trace_id="1" * 32, span_id=f"{number:016x}", kind=kind, name=name,
            started_at=working.timestamp, ended_at=working.timestamp,
        )  # fmt: skip
    batch = load_batch([talking, stranger])
    assert [turn.agent_tools for turn in batch.turns] == [frozenset({"book_table"}), frozenset()]


def test_embed_skips_what_did_not_change(project: Project, make_event: MakeEvent, monkeypatch: Any) -> None:
    event = make_event(input="one", output="two")
    embed(loaded(event))
    before = bytes(EventEmbedding.objects.get(event=event).text_hash)
    monkeypatch.setattr("signals.vectors.embedding.read_texts", lambda texts: pytest.fail("embedded again"))
    embed(loaded(event))
    monkeypatch.undo()
    Event.objects.filter(id=event.id).update(output="three")
    embed(loaded(event))
    row = EventEmbedding.objects.get(event=event)
    assert bytes(row.text_hash) != before
    assert EventEmbedding.objects.count() == EventText.objects.count() == 1
    assert search_events(Event.objects.all(), "three").get() == event
    assert not search_events(Event.objects.all(), "two").exists()


def test_embedded_events_come_in_ranges_and_stay_in_their_project(
    project: Project, other_project: Project, make_event: MakeEvent
) -> None:
    events = [make_event(input=f"question number {i}", output="fine") for i in range(7)]
    stranger = make_event(of=other_project, input="question number 3", output="")
    embed(loaded(*events, stranger))
    ids = sorted(event.id for event in events)
    assert list(iter_ranges(project=project, size=3)) == [(ids[2], 3), (ids[5], 3), (ids[6], 1)]
    assert list(iter_ranges(project=project, after=ids[4], size=3)) == [(ids[6], 2)]
    assert list(iter_ranges(project=project, after=ids[6], size=3)) == []
    assert list(vectors_of(project=project, event_ids=[stranger.id]).ids) == []


def test_nearest_events_are_ordered_by_cosine(project: Project, make_event: MakeEvent) -> None:
    refund = make_event(input="I want my money back", output="")
    weather = make_event(input="Will it rain tomorrow?", output="")
    claim = make_event(input="", output="We have refunded your purchase.")
    embed(loaded(refund, weather, claim))
    vector = embed_texts(["Please refund me, I want my money back"])[0]
    both = nearest_events(project=project, vector=vector, limit=3)
    assert [event_id for event_id, _ in both][:2] == [refund.id, claim.id]
    assert both[0][1] > both[1][1] > both[2][1] and both[0][1] <= 1.01
    assert [
        event_id for event_id, _ in nearest_events(project=project, vector=vector, limit=5, side="agent")
    ] == [claim.id]
    assert nearest_events(project=project, vector=np.zeros(384, dtype=np.float32), limit=5) == []


def test_a_slow_worker_does_not_embed_an_older_text(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="I love it.", output="")
    slow = loaded(event)
    make_event(event_id=event.event_id, input="Cancel my flight to Rome.")
    embed(loaded(event))
    embed(slow)
    assert (
        vectors_of(project=project, event_ids=[event.id]).user[0]
        @ embed_texts(["Cancel my flight to Rome."])[0]
        > 0.97
    )
    assert search_events(Event.objects.all(), "Rome").get() == event


@pytest.mark.parametrize(
    "unit", ["a-b-c-", "𐐷𐐷-𐐷", "http://exämple.com/ß/x ", "漢字 ", "x", "😀 ", "1.2.3-4 "]
)
def test_any_long_text_is_indexed(project: Project, make_event: MakeEvent, unit: str) -> None:
    event = make_event(input=unit * (400_000 // len(unit)), output="findme")
    embed(loaded(event))
    assert EventText.objects.filter(event=event).exists()


def test_text_search_speaks_web_search(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="My refund never arrived", output="I am sorry")
    make_event(input="My order arrived", output="Great")
    embed(loaded(*Event.objects.all()))
    everything = Event.objects.filter(project=project)
    assert search_events(everything, '"refund never" sorry').get() == event
    assert search_events(everything, "arrived -refund").get() != event
    assert search_events(everything, "  \x00 ").count() == 2
    assert search_events(everything, "' OR 1=1 -- ) & | !(").count() == 0


# -- detect


def test_detect_finds_counts_and_repeats_itself(project: Project, make_event: MakeEvent) -> None:
    angry = make_event(
        input="This is ridiculous, you keep ignoring me!", output="I'm sorry, but I can't help with that."
    )
    happy = make_event(input="Thank you so much, it works now!", output="You're welcome.", user_id="user-2")
    for _ in range(3):
        detect(loaded(angry, happy))
    assert matches(angry) == {"user_frustration", "refusal"}
    assert matches(happy) == {"win"}
    assert SignalMatch.objects.count() == 3
    total = totals([signal(project, "win").id])[signal(project, "win").id]
    assert (total.events, total.users) == (1, 1)
    match = SignalMatch.objects.get(event=angry, signal__key="user_frustration")
    assert match.timestamp == angry.timestamp and match.end_user_id == angry.end_user_id
    assert match.source == f"user_frustration@{DETECTORS['user_frustration'].version}"
    for piece in match.evidence:
        assert angry.input[piece["start"] : piece["end"]] == piece["text"]


def test_a_match_that_no_longer_holds_is_taken_back(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="This is ridiculous.", output="ok")
    detect(loaded(event))
    Event.objects.filter(id=event.id).update(input="This is fine.", revision=1)
    detect(loaded(event))
    assert matches(event) == set()
    definition = signal(project, "user_frustration")
    assert totals([definition.id])[definition.id].events == 0


def test_a_stale_run_changes_nothing(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="This is ridiculous.", output="ok")
    stale = loaded(event)
    Event.objects.filter(id=event.id).update(input="This is fine.", revision=1)
    detect(stale)
    assert matches(event) == set()


def test_an_event_that_changes_hands_is_counted_for_its_new_user(
    project: Project, make_event: MakeEvent
) -> None:
    event, other = make_event(input="This is ridiculous."), make_event(input="hi", user_id="user-2")
    detect(loaded(event))
    Event.objects.filter(id=event.id).update(end_user=other.end_user_id, revision=1)
    detect(loaded(event))
    assert SignalMatch.objects.get(event=event).end_user_id == other.end_user_id
    definition = signal(project, "user_frustration")
    total = totals([definition.id])[definition.id]
    assert (total.events, total.users) == (1, 1)


def test_a_disabled_signal_finds_nothing_new_and_keeps_what_it_found(
    project: Project, make_event: MakeEvent
) -> None:
    old = make_event(input="This is ridiculous.")
    detect(loaded(old))
    SignalDefinition.objects.filter(key="user_frustration").update(enabled=False)
    new = make_event(input="This is ridiculous.")
    detect(loaded(old, new))
    assert matches(old) == {"user_frustration"} and matches(new) == set()


def test_a_threshold_decides(project: Project, make_event: MakeEvent) -> None:
    install_builtin_signals(project)
    SignalDefinition.objects.filter(key="user_frustration").update(threshold=1.0)
    event = make_event(input="This is ridiculous.")
    detect(loaded(event))
    assert matches(event) == set()


def test_two_at_once_store_each_match_once(
    transactional_db: None, make_event: MakeEvent, project: Project
) -> None:
    events = [make_event(input="This is ridiculous.", user_id=f"u{i % 3}") for i in range(20)]
    errors: list[Exception] = []

    def run(order: int) -> None:
        try:
            detect(loaded(*events)[::order])
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    definition = signal(project, "user_frustration")
    total = Total.objects.get(subject=definition.id)
    assert SignalMatch.objects.count() == 20
    assert (total.events, total.users) == (20, 3)


def test_a_failed_tool_is_seen_with_its_words(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="book it", output="Done")
    Span.objects.create(
        project=project, event=event, trace_id="0" * 32, span_id="1" * 16, kind="tool", name="book", status="error",
        output="Error: card declined", started_at=event.timestamp, ended_at=event.timestamp,
    )  # fmt: skip
    detect(loaded(event))
    [match] = SignalMatch.objects.filter(event=event, signal__key="tool_failure")
    assert match.evidence == [
        {"side": "span", "start": 0, "end": 20, "text": "Error: card declined", "span_id": "1" * 16}
    ]


def explicit(project: Project, event: Event, name: str, **fields: Any) -> ExplicitSignal:
    fields.setdefault("timestamp", event.timestamp)
    return ExplicitSignal.objects.create(
        project=project,
        app_event_id=event.event_id,
        event=event,
        name=name,
        fingerprint=f"{name}{fields}",
        **fields,
    )


def test_what_the_app_sends_becomes_a_signal_of_its_own(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="hi", output="The answer is forty-two, as always.")
    explicit(project, event, "Thumbs Down", sentiment="NEGATIVE", properties={"comment": "Wrong number"})
    explicit(project, event, "copy", sentiment="POSITIVE", properties={"text": "answer is forty-two"})
    explicit(project, event, "refusal", sentiment="NEGATIVE")
    for _ in range(2):
        detect(loaded(event))
    assert matches(event) == {"thumbs_down", "copy", "refusal_sent"}
    thumbs = signal(project, "thumbs_down")
    assert (thumbs.kind, thumbs.detector, thumbs.sentiment, thumbs.reviewed) == (
        "explicit",
        "sdk",
        "negative",
        False,
    )
    assert signal(project, "copy").sentiment == "positive"
    assert thumbs.name == "Thumbs Down" and thumbs.group is not None
    match = SignalMatch.objects.get(signal=thumbs)
    assert match.source == "sdk" and match.evidence[0]["text"] == "Wrong number"
    [copied] = SignalMatch.objects.get(signal=signal(project, "copy")).evidence
    assert event.output[copied["start"] : copied["end"]] == "answer is forty-two"


def test_two_equal_signals_are_one_match(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="hi", output="ho")
    explicit(project, event, "thumbs_down")
    explicit(project, event, "thumbs_down", properties={"n": 2})
    detect(loaded(event))
    assert SignalMatch.objects.filter(event=event).count() == 1


def test_projects_in_one_batch_stay_apart(
    project: Project, other_project: Project, make_event: MakeEvent
) -> None:
    mine = make_event(event_id="same", input="This is ridiculous.")
    theirs = make_event(of=other_project, event_id="same", input="This is ridiculous.")
    explicit(project, mine, "thumbs_down")
    detect(loaded(mine, theirs))
    assert matches(mine) == {"user_frustration", "thumbs_down"}
    assert matches(theirs) == {"user_frustration"}
    assert SignalMatch.objects.get(event=theirs).signal.project == other_project


def test_a_words_signal_made_by_a_person_is_detected(project: Project, make_event: MakeEvent) -> None:
    SignalDefinition.objects.create(
        project=project, key="refunds", name="Refunds", config={"words": ["money back"]}
    )
    event = make_event(input="I want my MONEY  back")
    detect(loaded(event))
    [match] = SignalMatch.objects.filter(event=event)
    assert match.evidence[0]["text"] == "MONEY  back"


def test_install_is_idempotent_and_keeps_changes(project: Project) -> None:
    install_builtin_signals(project)
    SignalDefinition.objects.filter(key="win").update(name="Praise", enabled=False)
    install_builtin_signals(project)
    assert set(SignalDefinition.objects.values_list("key", flat=True)) == BUILT_IN_KEYS
    assert signal(project, "win").name == "Praise" and not signal(project, "win").enabled


def test_a_batch_costs_few_statements(
    project: Project, make_event: MakeEvent, django_assert_max_num_queries: Any
) -> None:
    events = [
        make_event(input="This is ridiculous.", output="I can't help with that.", convo_id="c")
        for _ in range(30)
    ]
    embed(loaded(*events[:1]))
    detect(loaded(*events[:1]))
    batch = loaded(*events)
    with django_assert_max_num_queries(6):  # two of them are the transaction's
        embed(batch)
    with django_assert_max_num_queries(22):
        detect(batch)
    assert connection.vendor == "postgresql"


def test_matches_come_and_go_in_many_batches_at_once_without_a_deadlock(
    transactional_db: None, make_event: MakeEvent, project: Project
) -> None:
    install_builtin_signals(project)
    pair = [signal(project, key) for key in ("user_frustration", "refusal")]
    batches = [
        loaded(*(make_event(user_id=f"u{i}", convo_id=f"c{n}-{i}") for i in range(6))) for n in range(4)
    ]
    errors: list[Exception] = []

    def flip(number: int) -> None:
        try:
            for turn in range(24):
                wanted = [
                    NewMatch(
                        pair[(turn + i + number) % 2].id, event.id, project.id, event.end_user_id, event.timestamp, 1.0, "rule", "[]"
                    )
                    for i, event in enumerate(batches[number])
                ]  # fmt: skip
                save_matches(events=batches[number], matches=wanted, ran={one.id for one in pair})
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=flip, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(total.events for total in totals([one.id for one in pair]).values()) == 24


def test_first_and_last_seen_follow_what_is_taken_back(project: Project, make_event: MakeEvent) -> None:
    times = [dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC) for day in (10, 12, 14)]
    events = [make_event(input="This is ridiculous.", timestamp=time) for time in times]
    detect(loaded(*events))
    definition = signal(project, "user_frustration")
    for gone, seen in ((2, (times[0], times[1])), (0, (times[1], times[1])), (1, (None, None))):
        Event.objects.filter(id=events[gone].id).update(input="This is fine.", revision=1)
        detect(loaded(*events))
        total = totals([definition.id])[definition.id]
        assert (total.first_seen, total.last_seen) == seen
