"""Matches that are stored in a caller's transaction: several workers wait for each other, never in a circle."""

import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection

from ingest.counts.rollups import Occurrence, totals
from ingest.models import Event, Project
from signals.detection.stage import held_for_verdicts
from signals.matching import matches
from signals.matching.matches import NewMatch, save_matches
from signals.models import SignalMatch
from signals.taxonomy.definitions import create_signal

MakeEvent = Callable[..., Event]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outer", [False, True])
def test_one_batch_takes_back_and_adds_while_another_one_adds(
    project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch, outer: bool
) -> None:
    first, second = sorted(
        create_signal(project=project, name=name, config={"words": [name]}).id for name in ("one", "two")
    )
    mine, theirs = make_event(input="one"), make_event(input="two")
    theirs.refresh_from_db()

    def match_of(signal: Any, event: Event) -> NewMatch:
        return NewMatch(signal, event.id, project.id, event.end_user_id, event.timestamp, 1.0, "rule", "[]")

    save_matches(events=[mine], matches=[match_of(second, mine)], ran={first, second})
    counting = threading.Event()
    errors: list[Exception] = []
    real = matches.rollups.record

    def record(added: Iterable[Occurrence] = (), **taken: Any) -> None:
        if threading.current_thread() is slow:
            counting.set()
            fast.join(timeout=1)  # it waits where it has to
        real(added, **taken)

    monkeypatch.setattr(matches.rollups, "record", record)

    def work(event: Event, *signals: Any) -> None:
        try:
            with held_for_verdicts([event]) if outer else nullcontext():
                save_matches(
                    events=[event], matches=[match_of(s, event) for s in signals], ran={first, second}
                )
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def follow() -> None:
        counting.wait()
        work(theirs, first, second)

    slow, fast = threading.Thread(target=work, args=(mine, first)), threading.Thread(target=follow)
    for thread in (fast, slow):  # the slow one joins the fast one
        thread.start()
    for thread in (slow, fast):
        thread.join()
    assert errors == []
    assert [total.events for total in totals([first, second]).values()] == [2, 1]
    assert SignalMatch.objects.count() == 3


def test_a_disabled_signals_match_that_changes_hands_is_never_gone(
    project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash half-way leaves it as it was: it could not be found again."""
    signal = create_signal(project=project, name="one", config={"words": ["one"]}).id
    event, other = make_event(input="one"), make_event(user_id="somebody-else")
    event.refresh_from_db()
    match = NewMatch(signal, event.id, project.id, event.end_user_id, event.timestamp, 1.0, "rule", "[]")
    save_matches(events=[event], matches=[match], ran={signal})
    event.end_user = other.end_user
    event.revision = 1
    Event.objects.filter(pk=event.pk).update(end_user=other.end_user, revision=1)
    with monkeypatch.context() as broken:
        broken.setattr(matches, "_insert", lambda rows, talks: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            save_matches(events=[event], matches=[], ran=set())
    assert SignalMatch.objects.get(event=event).end_user_id == match.end_user
    save_matches(events=[event], matches=[], ran=set())
    assert SignalMatch.objects.get(event=event).end_user_id == other.end_user_id
    assert totals([signal])[signal].events == 1
