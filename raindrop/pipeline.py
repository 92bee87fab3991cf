"""The order in which an event is processed, and the only place where it is written.

An event is queued (ingest.models.QueuedEvent) in the transaction that stores it. `dispatch` claims queued rows and hands them
to django-q2, a batch to a task; `run_batch` is that task. What is claimed and not finished in time, because a worker
was killed, is claimed again. A batch that raises is retried event by event, so that one event that cannot be
processed fails alone, after MAX_ATTEMPTS, and is shown with its reason in the admin (ProcessingFailure).
"""

import datetime as dt
import logging
import math
import time
import traceback
import uuid
from collections.abc import Callable
from functools import partial

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, F, When, prefetch_related_objects
from django.db.models.functions import Greatest
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

import ingest.counts.appearances
import ingest.counts.rollups
import ingest.jobs.queueing
import ingest.limits.flushing
import ingest.retention.expiring
import ingest.store.events
import ingest.store.feedback
import ingest.store.merged_events
import ingest.tracing.earlier_turns
import ingest.tracing.evaluations
import ingest.tracing.handoffs
import ingest.tracing.plain_spans
import ingest.tracing.trace_events
import issues.alerts.sending
import issues.classifier.scoring
import issues.escalation.opening
import issues.escalation.watch
import issues.following.deciding
import issues.impact
import issues.states.doors
import labeling.drift.watching
import labeling.teaching
import signals.clusters.assigning
import signals.clusters.refresh
import signals.detection.abandonment
import signals.detection.stage
import signals.questions.asking
import signals.reader.noting
import signals.reader.working
import signals.vectors.embedding
import signals.vectors.reindexing
from ingest.models import Event, Lane, ProcessingFailure, QueuedEvent
from ingest.store.claiming import count_in_flight, lock_next, next_lane
from raindrop import live
from raindrop.server.instances import is_alone, living_servers, this_instance
from raindrop.server.priority import stand_back_as_told

logger = logging.getLogger(__name__)

STAGES: list[Callable[[list[Event]], None]] = [
    ingest.tracing.handoffs.link_to_parents,
    signals.vectors.embedding.embed,
    signals.detection.stage.detect,
    signals.detection.abandonment.watch_endings,
    signals.clusters.assigning.assign_clusters,
    issues.classifier.scoring.score,
    issues.following.deciding.follow,
    ingest.counts.rollups.count_events,
    ingest.counts.appearances.note_appearances,
    signals.reader.noting.note_conversations,
]

RUN_BATCH = "raindrop.pipeline.run_batch"
BATCH_SIZE = 128
# A batch smaller than BATCH_SIZE waits this long for more, so that many small requests cost few tasks.
GATHER_SECONDS = 0.2
# What is shared among several workers is at least so much for each.
LEAST_SHARE = 32
# Longer than a worker may run (Q_CLUSTER timeout), so that a batch is not claimed twice while it is worked on.
CLAIM_SECONDS = 600
MAX_ATTEMPTS = 4
# A signal and its event that arrive at the same moment do not see each other: so long is looked for such signals.
CROSSING = dt.timedelta(minutes=1)
FINISH_TRACES_SECONDS = 0.5
# One round begins no further batch of traces after this long: then it looks at all else, and whether it is to end.
TRACES_SECONDS = 5
# Batches that were begun and ended in silence: the worker was killed. More are forgiven than errors, but not without
# end, since the event may be what kills the worker.
MAX_CLAIMS = 10
ALONE_AFTER_CLAIMS = 3
# A worker whose database is gone waits this long for it to come back, so as to hand its events back itself.
DATABASE_SECONDS = 60


def dispatch() -> int:
    """Hands what is queued to the workers, as far as they can take it; returns the number of events handed over."""
    now = timezone.now()
    if not QueuedEvent.objects.filter(available_at__lte=now).exists():
        return 0  # the usual answer, ten times a second
    in_flight, empty, handed = count_in_flight(now), set[Lane](), 0
    workers = int(settings.Q_CLUSTER["workers"]) * living_servers()
    while (lane := next_lane(in_flight, batch=BATCH_SIZE, workers=workers, empty=empty)) is not None:
        with transaction.atomic():
            rows = lock_next(lane, now=now, limit=BATCH_SIZE)
            if len(rows) < BATCH_SIZE and not _ripe(rows, now):
                empty.add(lane)
                continue
            given_up = [row for row in rows if row.claims >= MAX_CLAIMS]
            if given_up:
                _give_up(given_up, reason=f"The worker died on it {MAX_CLAIMS} times.", trace="")
            claimed = [row for row in rows if row.claims < MAX_CLAIMS]
            QueuedEvent.objects.filter(id__in=[row.id for row in claimed]).update(
                waiting=False, available_at=now + dt.timedelta(seconds=CLAIM_SECONDS), holder=""
            )
            together = [row for row in claimed if not row.attempts and row.claims < ALONE_AFTER_CLAIMS]
            alone = [row for row in claimed if row.attempts or row.claims >= ALONE_AFTER_CLAIMS]
            for batch in [*_shares(together), *([row] for row in alone)]:
                # With the ORM broker the task is written in this transaction; with Redis it may be lost, and
                # then the claim runs out.
                async_task(RUN_BATCH, [str(row.id) for row in batch])
        handed += len(rows)
        in_flight[lane] += len(rows)
    return handed


def _ripe(rows: list[QueuedEvent], now: dt.datetime) -> bool:
    return any((now - row.queued_at).total_seconds() >= GATHER_SECONDS for row in rows)


def _shares(rows: list[QueuedEvent]) -> list[list[QueuedEvent]]:
    """The last of what waits, shared among the workers: one would be at it alone while the others have nothing to do."""
    shares = (
        min(int(settings.Q_CLUSTER["workers"]), len(rows) // LEAST_SHARE) if len(rows) < BATCH_SIZE else 1
    )
    size = max(1, math.ceil(len(rows) / max(1, shares)))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def run_batch(queue_ids: list[str]) -> None:
    """The django-q2 task: takes the queued events through all stages."""
    stand_back_as_told()
    try:
        _run(queue_ids)
    except (OperationalError, InterfaceError) as error:
        # Another batch was in the way, the database was restarted, its disk is full: no fault of these events, so it counts
        # as no attempt.
        _connection_lost()
        logger.warning("A batch of %s events is handed back: %s", len(queue_ids), error)
        _hand_back(queue_ids)


def _run(queue_ids: list[str]) -> None:
    rows = list(QueuedEvent.objects.filter(id__in=queue_ids))
    if not rows:
        return  # done before: a task may be delivered twice
    # Counted here and not when it is handed over: what only waited for a worker that was killed is not suspect.
    QueuedEvent.objects.filter(id__in=queue_ids).update(claims=F("claims") + 1, holder=this_instance())
    try:
        process([row.event_id for row in rows])
    except Exception as error:
        if _connection_lost():
            raise OperationalError(str(error)) from error
        if isinstance(error, OperationalError | InterfaceError) and not _is_cancelled(error):
            raise
        logger.warning("A batch of %s events failed: %s", len(rows), error)
        _retry(rows, error)
    else:
        QueuedEvent.objects.filter(id__in=[row.id for row in rows]).delete()
    live.changed({row.project_id for row in rows})


def _is_cancelled(error: Exception) -> bool:
    """Whether a statement took longer than its time: that may well be the events' fault, and counts as an attempt."""
    return isinstance(error.__cause__, psycopg.errors.QueryCanceled)


def _connection_lost() -> bool:
    """Whether the connection broke; it is closed then, so that the next query makes a new one."""
    if connection.in_atomic_block:
        return False  # the caller's transaction, and his to end
    if connection.connection is not None and (not connection.errors_occurred or connection.is_usable()):
        return False
    connection.close()
    return True


def _hand_back(queue_ids: list[str]) -> None:
    """Lets the events wait a second, and takes back the claim where `_run` came to count it: it wrote the holder with it."""
    uncounted = Case(When(holder="", then=F("claims")), default=Greatest(F("claims") - 1, 0))
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            again = timezone.now() + dt.timedelta(seconds=1)
            QueuedEvent.objects.filter(id__in=queue_ids).update(
                waiting=True, available_at=again, claims=uncounted
            )
            return
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def process(event_ids: list[uuid.UUID]) -> None:
    """Takes the events through all stages. Raises what a stage raises."""
    events = list(Event.objects.filter(id__in=event_ids, is_pending=False).order_by("timestamp", "id"))
    prefetch_related_objects(events, "project")  # one for all its events, and not a join for each
    if events:
        for stage in STAGES:
            stage(events)


def release_claims() -> None:
    """Makes what this server's workers had in hand available now. Called when none of them runs: before the first one
    starts, and after the whole cluster was ended.

    When no other server shares the database that is all that is claimed; else it is what the workers had begun. What
    waits in the queue that the servers share is for the others then, and what a killed cluster had only taken off it waits
    until its claim runs out.
    """
    claimed = QueuedEvent.objects.filter(available_at__gt=timezone.now(), waiting=False)
    if is_alone():
        for task in OrmQ.objects.all():  # none with Redis; a task that comes back late finds its rows gone
            if task.func() == RUN_BATCH:
                task.delete()
    else:
        claimed = claimed.filter(holder=this_instance())
    claimed.update(available_at=timezone.now())


def release_tasks(cluster: str | None = None) -> None:
    """Makes the tasks available now that killed workers of the cluster held (None: of any). Called as above. When other
    servers share the queue, nobody knows whose they are: then ingest/jobs/queueing.py hands silent jobs out again."""
    if is_alone():
        held = OrmQ.objects.filter(lock__gt=timezone.now())
        (held.filter(key=cluster) if cluster else held).update(lock=timezone.now())


def finish_traces() -> None:
    """Makes the events of the traces that are over, and links what crossed its event on the way (an SDK sends a signal and its event
    at once). Called every FINISH_TRACES_SECONDS by a process of its own (`manage.py make_events`): on a worker it would wait behind the
    batches that it makes. Safe to run twice at once."""
    now, deadline = timezone.now(), time.monotonic() + TRACES_SECONDS
    _each(
        lambda: ingest.store.feedback.link_orphans(now=now, since=CROSSING),
        lambda: ingest.tracing.evaluations.open_crossed(now, since=CROSSING),
        lambda: ingest.tracing.trace_events.finish_open_traces(now, deadline=deadline),
        lambda: ingest.tracing.earlier_turns.backfill_turns(now, deadline=deadline),
        ingest.limits.flushing.flush_if_due,
    )


def every_minute() -> None:
    """What time alone brings about (a schedule: raindrop/workers.py)."""
    now = timezone.now()
    _each(
        lambda: ingest.store.events.finish_silent_partials(now=now),
        lambda: ingest.tracing.evaluations.forget_evaluations(now),
        lambda: ingest.tracing.plain_spans.forget_plain_spans(now),
        lambda: ingest.store.feedback.link_orphans(now=now),
        lambda: ingest.store.merged_events.move_stragglers(now=now),
        lambda: signals.detection.abandonment.find_abandoned(now=now),
        lambda: signals.questions.asking.call_workers(),
        lambda: signals.reader.working.call_workers(),
        lambda: signals.vectors.reindexing.request_reindexing(),
        lambda: signals.clusters.refresh.refresh_due(now=now),
        lambda: ingest.jobs.queueing.resume_silent_jobs(now=now),
        lambda: ingest.jobs.queueing.purge_old_jobs(now=now),
        lambda: ingest.retention.expiring.request_expiries(now=now),
        lambda: issues.impact.prioritise_by_impact(now=now),
        lambda: issues.states.doors.age_issues(now=now),
        lambda: watch_for_rises(now=now),
        lambda: issues.alerts.sending.purge_old_deliveries(now=now),
        lambda: labeling.teaching.retrain_redefined(),
        lambda: labeling.drift.watching.watch_drift(now=now),
    )


def watch_for_rises(*, now: dt.datetime) -> None:
    """Marks the issues that escalate, and opens those that a project wants opened."""
    watched = issues.escalation.watch.watch_due(now=now)
    _each(*(partial(issues.escalation.opening.open_issues, project, now=now) for project in watched))


def _each(*steps: Callable[[], object]) -> None:
    """Takes every step: one that raises is logged, and keeps no other from its turn. Raises only when the database is gone."""
    for step in steps:
        try:
            step()
        except Exception:
            if _connection_lost():
                raise
            logger.exception("A step failed; the others go on")


def _retry(rows: list[QueuedEvent], error: Exception) -> None:
    reason, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
    now = timezone.now()
    with transaction.atomic():
        for row in rows:
            row.attempts += 1
            row.last_error = reason[:2000]
            row.waiting = True
            row.available_at = now + dt.timedelta(seconds=2 ** (row.attempts - 1))
        _give_up([row for row in rows if row.attempts >= MAX_ATTEMPTS], reason=reason, trace=trace)
        QueuedEvent.objects.bulk_update(
            [row for row in rows if row.attempts < MAX_ATTEMPTS],
            ["attempts", "last_error", "waiting", "available_at"],
        )


def _give_up(rows: list[QueuedEvent], *, reason: str, trace: str) -> None:
    for row in rows:
        ProcessingFailure.objects.update_or_create(
            event_id=row.event_id,
            defaults={
                "project_id": row.project_id,
                "attempts": row.attempts,
                "reason": reason[:2000],
                "traceback": trace[-10_000:],
                "failed_at": timezone.now(),
            },
        )
    QueuedEvent.objects.filter(id__in=[row.id for row in rows]).delete()
