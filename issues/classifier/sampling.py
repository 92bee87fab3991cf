"""Events drawn at random from a project, without a scan of its history."""

import random
import uuid

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
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    events = Event.objects.filter(project=project, is_pending=False).order_by("-timestamp", "-id")
    ids = list(events.values_list("id", flat=True)[: SMALL + 1])
    number = len(ids)
    if number > SMALL:
        number = max(number, totals([project.pk])[project.pk].events)
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
    return ids[:count], number
