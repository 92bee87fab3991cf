"""Reading a signal off the whole history, in the background: after it was made or changed, or when somebody asks."""

import datetime as dt
import time
import uuid
from contextlib import nullcontext

import orjson
from django.db.models import Q

from ingest.counts import rollups
from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import jobs_under_way, report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project, User
from raindrop.web.plurals import counted
from signals.detection.abandonment import watch_endings
from signals.detection.stage import detector_of, held_for_verdicts, joined_matches, matches_to_store
from signals.detectors import abandonment
from signals.detectors.batch import Detector
from signals.kinds.registry import asks_llm, needs_spans
from signals.matching.batches import load_batch, load_texts
from signals.matching.matches import save_matches
from signals.matching.observers import tell_changed
from signals.models import SignalDefinition
from signals.questions.detector import ask_where_plausible

BACKFILL = "backfill"  # the job's kind
CHUNK = 250
BUDGET = 1200.0  # seconds after which the task hands the rest to another one: a task may take an hour


def request_backfill(signal: SignalDefinition, *, user: User | None = None) -> Job:
    """Queues a run over the history; the one that waits already when there is one."""
    return queue_job(project=signal.project, kind=BACKFILL, subject=signal.pk, user=user)


def has_history(signal: SignalDefinition) -> bool:
    """Whether a run over the history can find anything: not for what the app sends."""
    by_time = signal.builtin and signal.key == abandonment.KEY
    return by_time or detector_of(signal) is not None


def backfills_of(project: Project, signals: list[SignalDefinition]) -> dict[uuid.UUID, Job]:
    """By signal: its run that is under way, else the one that waits."""
    found = jobs_under_way(
        project_id=project.pk, subjects=[signal.pk for signal in signals], kinds=[BACKFILL]
    )
    return {subject: jobs[0] for subject, jobs in found.items()}


@job_kind(BACKFILL, cluster="slow", title="Reading the signal off the history", rewrites=True)
def read_history(job: Job) -> str | Pause:
    """Newest events first, in chunks, each stored as live detection stores it. A run that was cut off goes on where its last chunk ended."""
    started = time.monotonic()
    before = _position(job)
    total = rollups.totals([job.project_id])[job.project_id].events
    report_job(job, total=max(job.done, total), message="Reading the history.")
    while True:
        # Anew for each chunk: a change made meanwhile counts at once (and has a run of its own waiting).
        signal = SignalDefinition.objects.select_related("project").filter(pk=subject_of(job)).first()
        if signal is None or not signal.enabled:
            return "The signal was switched off."
        if not has_history(signal):
            return "Nothing here reads this signal off an event."
        detector = detector_of(signal)
        events = _older(job.project_id, before)
        if events:
            if detector is None:
                watch_endings(events)  # what is due is decided within a minute
            else:
                _store(signal, detector, events)
            before = (events[-1].timestamp, events[-1].id)
            done = job.done + len(events)
            position = orjson.dumps([before[0].isoformat(), str(before[1])]).decode()
            report_job(job, done=done, total=max(done, total), position=position)
        if len(events) < CHUNK:
            count = rollups.totals([signal.pk])[signal.pk].events
            return f"{counted(count, 'event')} of {job.done:,} match{'es' if count == 1 else ''}."
        if time.monotonic() - started > BUDGET:
            return Pause.HAND_ON


def _position(job: Job) -> tuple[dt.datetime, uuid.UUID] | None:
    if not job.position:
        return None
    timestamp, event_id = orjson.loads(job.position)
    return dt.datetime.fromisoformat(timestamp), uuid.UUID(event_id)


def _older(project_id: uuid.UUID, before: tuple[dt.datetime, uuid.UUID] | None) -> list[Event]:
    events = Event.objects.filter(project=project_id, is_pending=False).order_by("-timestamp", "-id")
    if before is not None:
        timestamp, event_id = before
        events = events.filter(
            Q(timestamp__lt=timestamp) | Q(timestamp=timestamp, id__lt=event_id), timestamp__lte=timestamp
        )
    return list(events[:CHUNK])


def _store(signal: SignalDefinition, detector: Detector, events: list[Event]) -> None:
    asks = asks_llm(signal)
    batch = load_batch(events) if needs_spans(signal) else load_texts(events)
    with held_for_verdicts(events) if asks else nullcontext():
        matches = joined_matches(signal, events) + matches_to_store(signal, detector, batch)
        if asks:
            ask_where_plausible(signal, batch, history=True)
        save_matches(events=events, matches=matches, ran={signal.pk})
    tell_changed([event.id for event in events])
