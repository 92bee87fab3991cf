"""Events drawn at random from a project, without a scan of its history."""

import random
import uuid

from ingest.models import Event, Project

SMALL = 4000  # up to here all ids are read (8 ms) and the draw is exactly uniform
RUN = 16  # beyond, this many neighbours in time are read at each random moment: an index range each


def random_event_ids(*, project: Project, count: int, seed: int | None = None) -> list[uuid.UUID]:
    """Up to `count` ids of processed or waiting events, each once, in random order.

    In a large project moments are drawn uniformly from the time between its first and last event, so that events
    of quiet hours are somewhat more likely than others.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    events = Event.objects.filter(project=project, is_pending=False).order_by("-timestamp", "-id")
    ids = list(events.values_list("id", flat=True)[: SMALL + 1])
    if len(ids) > SMALL:
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
    return ids[:count]
