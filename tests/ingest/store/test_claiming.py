"""Which queued events come next: any backlog, any burst, any number of projects."""

import datetime as dt
import uuid
from collections import Counter, deque
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.models import Lane, QueuedEvent
from ingest.store.claiming import (
    BACKLOG_LEAST,
    BACKLOG_WAITING,
    LIVE_BATCHES,
    count_in_flight,
    lock_next,
    next_lane,
)
from raindrop.ids import new_id

BATCH = 4


@settings(max_examples=200, deadline=None)
@given(
    workers=st.integers(1, 3),
    steps=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(list(Lane)), st.integers(1, 60)),
            st.tuples(st.just("finish"), st.integers(1, 6)),
        ),
        max_size=40,
    ),
)
def test_neither_lane_waits_for_the_other_to_be_empty(workers: int, steps: list[tuple[Any, int]]) -> None:
    waiting: Counter[Lane] = Counter()
    handed: deque[tuple[Lane, int]] = deque()  # tasks, in the order in which the workers take them
    room = (workers + BACKLOG_WAITING) * BATCH

    def in_flight() -> Counter[Lane]:
        return Counter({lane: sum(n for of, n in handed if of == lane) for lane in Lane})

    def dispatch() -> None:
        empty: set[Lane] = set()
        while (lane := next_lane(in_flight(), batch=BATCH, workers=workers, empty=empty)) is not None:
            number = min(BATCH, waiting[lane])
            if not number:
                empty.add(lane)
                continue
            # Never more of the backlog in the way of a live event than the workers need.
            assert lane == Lane.LIVE or in_flight()[lane] < max(room, BACKLOG_LEAST * BATCH)
            waiting[lane] -= number
            handed.append((lane, number))

    for step, number in [*steps, *[("finish", 1)] * 200]:
        if step == "finish":
            for _ in range(min(number, len(handed))):
                handed.popleft()
        else:
            waiting[step] += number
        dispatch()
        flying = in_flight()
        if waiting[Lane.LIVE]:  # only behind live ones
            assert flying[Lane.LIVE] >= LIVE_BATCHES * workers * BATCH
        if waiting[Lane.BACKLOG]:  # comes on, however many live ones there are
            assert flying[Lane.BACKLOG] >= BACKLOG_LEAST * BATCH
            assert len(handed) >= workers, "a worker has nothing to do"
        assert flying[Lane.BACKLOG] < room + BATCH
    assert not waiting.total() and not handed


def queue(owners: list[tuple[uuid.UUID, Lane]]) -> list[QueuedEvent]:
    """Rows in the order of their arrival, a second between two."""
    began = timezone.now() - dt.timedelta(hours=1)
    return QueuedEvent.objects.bulk_create(
        QueuedEvent(
            project_id=owner,
            event_id=new_id(),
            lane=lane,
            available_at=began + dt.timedelta(seconds=place),
        )
        for place, (owner, lane) in enumerate(owners)
    )


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owners=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(list(Lane))), min_size=1, max_size=30),
    limit=st.integers(1, 7),
    holding=st.integers(0, 3),
)
def test_projects_take_turns_and_every_row_is_taken_once(
    owners: list[tuple[int, Lane]], limit: int, holding: int
) -> None:
    now = timezone.now()
    with transaction.atomic():
        QueuedEvent.objects.all().delete()
        rows = queue([(uuid.UUID(int=owner), lane) for owner, lane in owners])
        later = {row.pk for row in rows[:holding]}
        QueuedEvent.objects.filter(pk__in=later).update(available_at=now + dt.timedelta(minutes=5))
        order = {row.pk: place for place, row in enumerate(rows)}
        for lane in Lane:
            waiting = {row.pk: row.project_id for row in rows if row.lane == lane and row.pk not in later}
            assert count_in_flight(now)[lane] == sum(row.lane == lane for row in rows[:holding])
            while waiting:
                batch = lock_next(lane, now=now, limit=limit)
                assert len(batch) == min(limit, len(waiting)), "a batch is as full as it can be"
                before = Counter(waiting.values())
                got = Counter(row.project_id for row in batch)
                for row in batch:
                    owner = waiting.pop(row.pk)  # once, and only what waits in this lane
                    assert all(order[row.pk] < order[pk] for pk in waiting if waiting[pk] == owner), (
                        "a project's oldest first"
                    )
                for one in before:
                    for other in before:
                        assert got[one] >= got[other] - 1 or got[one] == before[one]
                QueuedEvent.objects.filter(pk__in=[row.pk for row in batch]).delete()
            assert not lock_next(lane, now=now, limit=limit)
        transaction.set_rollback(True)
