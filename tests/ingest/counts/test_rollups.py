"""Counting, and taking back: what the pages read of it stays exact."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from ingest.counts import rollups
from ingest.counts.rollups import Occurrence, users_since
from ingest.models import DayUser, EndUser, Event, SubjectUser, Total

MakeEvent = Callable[..., Event]
Met = Callable[..., Occurrence]
DAY = dt.date(2026, 11, 20)


def at(hour: int, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, 30), dt.UTC)


@pytest.fixture
def met(project: Any, make_event: MakeEvent) -> Met:
    """met(moment, user="ann"): an occurrence of one subject."""
    subject = uuid.uuid4()

    def make(moment: dt.datetime, user: str = "ann") -> Occurrence:
        return Occurrence(subject, project.id, moment, make_event(user_id=user).end_user_id)

    return make


def record(*added: Occurrence, removed: list[Occurrence] | None = None) -> None:
    with transaction.atomic():
        rollups.record(added, removed=removed or [])


def counts(subject: uuid.UUID) -> tuple[int, int, list[tuple[int, int | None]]]:
    """Events, users, and both by day."""
    total = rollups.totals([subject])[subject]
    days = rollups.daily([subject], start=DAY - dt.timedelta(days=1), end=DAY)[subject]
    return total.events, total.users, [(point.events, point.users) for point in days]


def test_a_user_whose_newest_event_was_taken_back_is_not_recent(met: Met) -> None:
    older, old, new = (
        met(at(9, DAY - dt.timedelta(days=40))),
        met(at(9, DAY - dt.timedelta(days=30))),
        met(at(9)),
    )
    record(older, old, new)
    assert users_since([old.subject], at(0)) == {old.subject: 1}
    record(removed=[new])
    assert users_since([old.subject], at(0)) == {}
    assert users_since([old.subject], old.timestamp.replace(minute=0)) == {old.subject: 1}
    assert users_since([old.subject], old.timestamp.replace(hour=10, minute=0)) == {}


def test_users_are_met_once_over_days_and_from_an_hour_on(met: Met) -> None:
    tomorrow = DAY + dt.timedelta(days=1)
    early, late, both = met(at(9), "ann"), met(at(20), "bob"), met(at(9), "cho")
    record(early, late, both, met(at(8), "ann"))
    record(met(at(3, tomorrow), "cho"))
    subject = early.subject
    assert users_since([subject, uuid.uuid4()], at(0)) == {subject: 3}
    assert users_since([subject], dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)) == {subject: 3}
    assert users_since([subject], dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)) == {subject: 2}
    assert users_since([subject], dt.datetime(2026, 11, 21, tzinfo=dt.UTC)) == {subject: 1}


def test_adding_and_taking_back_in_one_pass(met: Met) -> None:
    yesterday = DAY - dt.timedelta(days=1)
    ann, bob, before = met(at(9), "ann"), met(at(9), "bob"), met(at(9, yesterday), "ann")
    record(ann, before)
    assert counts(ann.subject) == (2, 1, [(1, 1), (1, 1)])
    record(bob, removed=[ann])  # the event changed hands
    assert counts(ann.subject) == (2, 2, [(1, 1), (1, 1)])
    record(ann, removed=[ann])  # nothing changed
    assert counts(ann.subject) == (2, 2, [(1, 1), (1, 1)])
    assert users_since([ann.subject], at(0)) == {ann.subject: 1}
    record(removed=[before, bob])
    assert counts(ann.subject) == (0, 0, [(0, 0), (0, 0)])
    assert not SubjectUser.objects.filter(subject=ann.subject).exists()
    assert not DayUser.objects.filter(subject=ann.subject).exists()


def test_people_whom_an_event_got_since_it_was_loaded_are_locked_before_it(
    make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = make_event(user_id="before", convo_id="first")
    now = make_event(user_id="after", convo_id="second")
    Event.objects.filter(id=loaded.id).update(end_user=now.end_user, conversation=now.conversation)
    held: list[set[Any]] = []
    real = rollups.hold_people

    def hold(pairs: Any) -> None:
        held.append(set(pairs))
        real(pairs)

    monkeypatch.setattr(rollups, "hold_people", hold)
    rollups.count_events([loaded])
    assert [(now.end_user_id, now.conversation_id) in pairs for pairs in held] == [False, True]
    people = dict(EndUser.objects.values_list("user_id", "events_count"))
    assert people == {"before": 0, "after": 1}
    assert rollups.totals([loaded.project_id])[loaded.project_id].events == 1


def test_users_of_a_subject_are_counted_on_the_shorter_side_of_an_hour(met: Met) -> None:
    """The total less those who were not met since is what those who were are, for every hour."""
    days = [DAY - dt.timedelta(days=n) for n in range(9)]
    met_on = [met(at(9, day), f"u{n % 5}") for n, day in enumerate(days)]
    record(*met_on)
    subject = met_on[0].subject
    for hour in (at(hour, day) for day in (*days, DAY + dt.timedelta(days=1)) for hour in (0, 9, 10)):
        rows = SubjectUser.objects.filter(subject=subject, last_hour__gte=hour).count()
        assert users_since([subject], hour) == ({subject: rows} if rows else {}), hour


def test_the_counts_of_all_time_have_64_bits(met: Met) -> None:
    ann, bob = met(at(9)), met(at(10), "bob")
    record(ann)
    most = 2**31 - 1
    Total.objects.filter(subject=ann.subject).update(events=most, users=most, conversations=most + 1)
    record(bob)
    total = rollups.totals([ann.subject])[ann.subject]
    assert (total.events, total.users, total.conversations) == (most + 1, most + 1, most + 1)
    assert users_since([ann.subject], at(0)) == {ann.subject: most + 1}
    record(removed=[bob])
    assert rollups.totals([ann.subject])[ann.subject].events == most
