"""Putting events into the pipeline's queue, in the transaction that stores or changes them."""

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from django.db import transaction
from django.utils import timezone

from ingest.models import Lane, ProcessingFailure, QueuedEvent
from ingest.store.rows import insert_rows
from raindrop.ids import id_at, new_id

# What happened before that is not live when it comes: the history of another tool, sent by the write path.
LIVE_FOR = dt.timedelta(days=1)

_COLUMNS = {
    "id": "uuid",
    "project_id": "uuid",
    "event_id": "uuid",
    "lane": "smallint",
    "queued_at": "timestamptz",
    "attempts": "smallint",
    "claims": "smallint",
    "waiting": "boolean",
    "available_at": "timestamptz",
    "last_error": "text",
}
_of_a_backlog: ContextVar[bool] = ContextVar("of_a_backlog", default=False)


@contextlib.contextmanager
def as_backlog() -> Iterator[None]:
    """What is queued meanwhile, by this thread, lets live events pass, whatever lane is named."""
    token = _of_a_backlog.set(True)
    try:
        yield
    finally:
        _of_a_backlog.reset(token)


def enqueue(events: Iterable[tuple[uuid.UUID, uuid.UUID]], *, lane: Lane | None = None) -> None:
    """Queues events, given as (project id, event id). An event may be queued several times: that is harmless.

    `lane`: None is the backlog where the event began more than LIVE_FOR ago, which its id tells, and live otherwise. Within `as_backlog`
    it is always the backlog."""
    now = timezone.now()
    if _of_a_backlog.get():
        lane = Lane.BACKLOG
    since = id_at(now - LIVE_FOR)

    def lane_of(event: uuid.UUID) -> Lane:
        if lane is not None:
            return lane
        return Lane.LIVE if event.int >= since.int else Lane.BACKLOG

    insert_rows(
        QueuedEvent._meta.db_table,
        _COLUMNS,
        [(new_id(), project, event, lane_of(event), now, 0, 0, False, now, "") for project, event in events],
    )


@transaction.atomic
def retry_failures(failures: list[ProcessingFailure]) -> None:
    """Queues events again that the pipeline had given up."""
    ProcessingFailure.objects.filter(pk__in=[failure.pk for failure in failures]).delete()
    enqueue((failure.project_id, failure.event_id) for failure in failures)
