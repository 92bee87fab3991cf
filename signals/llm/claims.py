"""Rows that are claimed for a call of the LLM, whatever they are about: money is held for each of them until what came of the call is put down."""

import datetime as dt
import uuid
from typing import Protocol

from django.utils import timezone

from raindrop import llm
from signals.llm import budget
from signals.llm.workers import DENIED

MAX_ATTEMPTS = 4
# Longer than a task may run (Q_CLUSTER), so that nobody takes up what is still worked on.
LEASE = dt.timedelta(seconds=1200)
# Until money that is held for calls under way may have come back.
HELD_FOR = dt.timedelta(seconds=30)
BACKOFF_SECONDS = (60, 300, 1800)
MAX_WAIT_SECONDS = 6 * 3600.0
DIED = "The worker died on it again and again."
# States that the rows of each use have under these names.
WAITING, BATCHED, FAILED = "waiting", "batched", "failed"


class Held(Protocol):
    """`held`: microdollars of the budget of `day`, None while nothing is held; `cost`: of all attempts."""

    project_id: uuid.UUID
    day: dt.date | None
    held: int
    cost: int


class Repeated(Held, Protocol):
    """A row that is asked about again, from `available_at` on, until so many `attempts` have failed."""

    state: str
    problem: str
    attempts: int
    available_at: dt.datetime


def settle(row: Held, *, cost: int, reached_model: bool = True) -> None:
    """Replaces the money that is held by what the call cost. The row is the caller's to save."""
    assert row.day is not None  # nothing is held
    budget.settle(
        project_id=row.project_id, day=row.day, held=row.held, cost=cost, reached_model=reached_model
    )
    row.cost, row.held, row.day = row.cost + cost, 0, None


def forfeit(row: Held) -> None:
    """Its worker is gone: what was held for it may have been spent, and counts as spent."""
    if row.day is not None:
        settle(row, cost=row.held)


def postpone(row: Repeated, error: llm.Unavailable, *, past: str) -> None:
    """The service gave no answer: the row is given up, or waits. `past`: the state of one that a run over the past takes up again. A
    key that is refused takes no attempt."""
    row.problem = f"The service gave no answer. {error}"[:500]
    if error.denied:
        row.attempts -= 1
    elif error.refused or row.attempts >= MAX_ATTEMPTS:
        row.state = FAILED
        return
    if row.state == BATCHED:
        row.state = past
        return
    backoff = DENIED.total_seconds() if error.denied else BACKOFF_SECONDS[row.attempts - 1]
    wait = max(backoff, min(error.retry_after or 0.0, MAX_WAIT_SECONDS))
    row.state, row.available_at = WAITING, timezone.now() + dt.timedelta(seconds=wait)
