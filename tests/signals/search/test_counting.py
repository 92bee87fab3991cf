"""Counts of all events of a time by the roll-ups, beside those by the rows."""

import datetime as dt
from typing import Any

import pytest

from ingest.counts.rollups import count_events
from ingest.models import Event, ProcessingFailure, QueuedEvent
from signals.matching.matches import NewMatch, save_matches
from signals.models import SignalDefinition
from signals.search import counting
from signals.search.counting import Counts, count_found
from signals.search.language.parsing import parse
from signals.search.scope import Scope

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 12, 20, tzinfo=dt.UTC)


def test_the_rollups_count_all_events_of_a_time_as_the_rows_do(
    project: Any, other_project: Any, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also events that the pipeline has not counted, that are not finished, that it gave up, and those of the hour in which the time begins."""
    for name, user, talk, minutes in (
        ("a", "u1", "c1", 0), ("b", "u2", "c2", 30), ("c", "u1", "c1", 59), ("d", None, None, 61), ("e", "u3", "c2", 70), ("f", "u4", "c4", 89),
        ("g", "u5", "c5", 180), ("ahead", "u6", "c6", -5),
    ):  # fmt: skip
        make_event(event_id=name, user_id=user, convo_id=talk, timestamp=NOW - dt.timedelta(minutes=minutes))
    make_event(of=other_project, event_id="foreign", user_id="u9", convo_id="c9", timestamp=NOW)
    count_events(list(Event.objects.all()))
    QueuedEvent.objects.all().delete()
    make_event(event_id="open", user_id="u7", convo_id="c7", timestamp=NOW, is_pending=True)
    QueuedEvent.objects.all().delete()
    make_event(event_id="waits", user_id="u1", convo_id="c8", timestamp=NOW - dt.timedelta(minutes=65))
    given_up = make_event(
        event_id="given up", user_id="u8", convo_id="c1", timestamp=NOW - dt.timedelta(minutes=45)
    )
    QueuedEvent.objects.filter(event=given_up).delete()
    ProcessingFailure.objects.create(project=project, event=given_up, attempts=3, reason="it raised")
    scope, queries = (
        Scope(project, NOW),
        [parse(text) for text in ("", "-1h", "-80m", "-90m", "-2h", "-1d", "-52w")],
    )
    by_rows = [count_found(query, scope) for query in queries]
    monkeypatch.setattr(counting, "MOST", 3)
    monkeypatch.setattr(counting, "_by_rows", lambda found: pytest.fail("counted by the rows"))
    assert [count_found(query, scope) for query in queries] == by_rows
    assert by_rows[0] == Counts(11, 8, 7) and by_rows[1] == Counts(6, 5, 4)


def test_what_a_signal_finds_is_counted_as_its_rows_are(
    project: Any, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all time and of some days; also after a match is gone, and after an event went to another conversation."""
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger")
    events = [
        make_event(
            event_id=f"e{n}",
            user_id=f"u{n % 3}",
            convo_id=f"c{n // 2}",
            timestamp=NOW - dt.timedelta(hours=n),
        )
        for n in range(7)
    ]
    count_events(events)
    for event in events[:6]:
        _match(event, signal)
    save_matches(events=events[:1], matches=[], ran={signal.pk})
    Event.objects.filter(pk=events[1].pk).update(conversation=events[6].conversation_id)
    events[1].refresh_from_db()
    _match(events[1], signal)
    scope = Scope(project, NOW)
    queries = [parse(text) for text in ("signal:anger", "signal:anger -4h", "-1d signal:Anger")]
    by_rows = [count_found(query, scope) for query in queries]
    assert by_rows == [Counts(5, 3, 3), Counts(4, 3, 3), Counts(5, 3, 3)]
    monkeypatch.setattr(counting, "MOST", 1)
    monkeypatch.setattr(counting, "_by_rows", lambda found: pytest.fail("counted by the rows"))
    assert [count_found(query, scope) for query in queries] == by_rows
    monkeypatch.setattr(counting, "_by_rows", lambda found: None)
    for other in ("-signal:anger", "signal:anger OR model:x", "signal:anger has:user", "-5d -2d"):
        assert count_found(parse(other), scope) is None, other


def _match(event: Event, signal: SignalDefinition) -> None:
    found = NewMatch(
        signal.pk, event.pk, event.project_id, event.end_user_id, event.timestamp, 1.0, "rule", "[]"
    )
    save_matches(events=[event], matches=[found], ran={signal.pk})
