"""Reading conversations: what the cluster `llm` works on beside questions. No transaction is open while the model thinks."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone

from ingest.models import Project
from raindrop import live, llm
from signals.llm.calls import ask
from signals.llm.workers import READER_TASK, call_worker, is_stopped, note_trouble, worker_began
from signals.models import Facet, Reading
from signals.models.facets import FacetSource
from signals.models.readings import IN_HAND, ReadingState
from signals.reader import past
from signals.reader.claims import OPEN, put_down, take
from signals.reader.noting import is_on, note_unread, past_of
from signals.reader.sampling import draw

# After so long a worker hands on: questions wait for the same workers. The slowest chunk takes two rounds of three attempts.
BUDGET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """`waiting`: conversations that will be looked at today, those that are not quiet yet too; `running`: with the model now."""

    enabled: bool
    read: int
    waiting: int
    running: int


def call_workers() -> None:
    """Once a minute: calls a worker for each project that has something to read, or a run over the past to go on with."""
    ripe = Reading.objects.filter(state__in=OPEN, available_at__lte=timezone.now())
    there = ripe.filter(Exists(Project.objects.filter(pk=OuterRef("project"))))
    for project_id in {
        *there.values_list("project_id", flat=True).distinct(),
        *past.READER_RUNS.projects_at_work(),
    }:
        call_worker(project_id, READER_TASK)


def work(project_id: str) -> None:
    """The background task: goes on with the project's run over the past, and reads what waits. Safe twice at once."""
    project = uuid.UUID(project_id)
    worker_began(project, READER_TASK)
    past.go_on(project)
    if read_what_waits(project, seconds=BUDGET_SECONDS):
        call_worker(project, READER_TASK)


def read_what_waits(
    project_id: uuid.UUID, *, seconds: float, report: Callable[[], None] = lambda: None
) -> bool:
    """Reads until nothing waits that is quiet and that the budget holds, or for so long: True then, there may be more. It ends when the service
    is down: what waits is not burned on it, and the schedule comes back. `report` is called now and then; what it raises ends it too."""
    deadline = time.monotonic() + seconds
    while not is_stopped(project_id):
        report()
        drawn = draw(project_id)
        claims = take(project_id)
        if claims is None and not drawn:
            return False
        outcomes = ask(claims or [])
        for claimed, outcome in outcomes:
            put_down(claimed, outcome)
        live.changed([project_id])
        wrong = [one for _, one in outcomes if isinstance(one, llm.Unavailable) and not one.refused]
        if outcomes:
            note_trouble(project_id, wrong[-1] if wrong else None)
        if wrong:
            return False
        if time.monotonic() > deadline:
            return True
    return False


def read_before_refresh(
    project_id: uuid.UUID, *, seconds: float, report: Callable[[], None] = lambda: None
) -> None:
    """Reads what the day's budget still holds of the last PAST_DAYS. For who is about to look at facets. `report` as in
    `read_what_waits`."""
    if is_on(project_id):
        note_unread(project_id, since=past_of(project_id))
        read_what_waits(project_id, seconds=seconds, report=report)


def progress_of(project_id: uuid.UUID) -> Progress:
    rows = Reading.objects.filter(project=project_id)
    enabled = is_on(project_id)
    return Progress(
        enabled=enabled,
        read=Facet.objects.filter(project=project_id, source=FacetSource.LLM).count(),
        waiting=rows.filter(state__in=[ReadingState.WAITING, ReadingState.PAST]).count() if enabled else 0,
        running=rows.filter(state__in=IN_HAND).count() if enabled else 0,
    )


def to_wait_for() -> int:
    """Conversations of all projects that are being read, or will be without anybody doing anything, today. What a run over the past has not sent
    waits for a budget, perhaps of another day."""
    if llm.why_not():
        return 0
    return Reading.objects.filter(state__in=[ReadingState.WAITING, *IN_HAND]).count()
