"""Events drawn at random from a project, without a scan of its history."""

import datetime as dt
import random
import uuid

from django.db.models import QuerySet

from ingest.counts.rollups import totals
from ingest.models import Event, Project

SMALL = 4000  # up to here all ids are read (8 ms) and the draw is exactly uniform
RUN = 16  # beyond, this many neighbours in time are read at each random moment: an index range each


def random_event_ids(*, project: Project, count: int, seed: int | None = None) -> list[uuid.UUID]:
    """As `draw_events`, without their number."""
    return draw_events(project=project, count=count, seed=seed)[0]


def draw_events(*, project: Project, count: int, seed: int | None = None) -> tuple[list[uuid.UUID], int]:
    """(Up to `count` ids of events, processed or in process, each once, in random order; how many events there are to draw from.)

    In a large project moments are drawn uniformly from the time between its first and last event, so that events
    of quiet hours are somewhat more likely than others; how many events there are is then what the roll-ups counted.
    """
    ids, is_all = _drawn(
        Event.objects.filter(project=project, is_pending=False),
        count,
        random.Random(seed),  # noqa: S311 - a sample, not a secret
    )
    number = len(ids) if is_all else max(SMALL + 1, totals([project.pk])[project.pk].events)
    return ids[:count], number


def draw_between(
    *,
    project: Project,
    count: int,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    seed: int | None = None,
) -> list[uuid.UUID]:
    """As `draw_events`, of the events from `since` on and before `until`, without their number."""
    events = Event.objects.filter(project=project, is_pending=False)
    if since is not None:
        events = events.filter(timestamp__gte=since)
    if until is not None:
        events = events.filter(timestamp__lt=until)
    return _drawn(events, count, random.Random(seed))[0][:count]  # noqa: S311 - a sample, not a secret


def _drawn(events: QuerySet[Event], count: int, draw: random.Random) -> tuple[list[uuid.UUID], bool]:
    """(Ids in random order, at least `count` where there are so many; whether these are all.)"""
    events = events.order_by("-timestamp", "-id")
    ids = list(events.values_list("id", flat=True)[: SMALL + 1])
    is_all = len(ids) <= SMALL
    if not is_all:
        newest = events.values_list("timestamp", flat=True)[0]
        oldest = events.reverse().values_list("timestamp", flat=True)[0]
        found: dict[uuid.UUID, None] = {}
        for _ in range(4 * -(-count // RUN)):
            moment = oldest + (newest - oldest) * draw.random()
            run = events.filter(timestamp__lte=moment).values_list("id", flat=True)[:RUN]
            found.update(dict.fromkeys(run))
            if len(found) >= count:
                break
        ids = list(found)
    draw.shuffle(ids)
    return ids, is_all
