"""Deleting events by their age. What is relevant (labelled, in an issue's history) is kept for longer."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from ingest.jobs.kinds import job_kind
from ingest.jobs.progress import is_under_way, report_job
from ingest.jobs.queueing import queue_job
from ingest.models import Event, Job, Project
from ingest.store.erasing import erase_empty_people, erase_events, events_by_age, relevant
from raindrop import live

EXPIRE = "expire"  # the job's kind
EVERY = dt.timedelta(days=1)
LEAST_DAYS, MOST_DAYS = 1, 3650


class BadRetention(ValueError):
    """The message is meant for people; `field` is the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def set_retention(*, project: Project, days: int | None, relevant_days: int | None) -> Project:
    """For how long events, and relevant ones, are kept; None: for ever. Raises BadRetention."""
    for field, value in (("days", days), ("relevant_days", relevant_days)):
        if value is not None and not LEAST_DAYS <= value <= MOST_DAYS:
            raise BadRetention(field, f"{field} is {LEAST_DAYS} to {MOST_DAYS}, or null: for ever.")
    if relevant_days is not None and (days is None or relevant_days < days):
        raise BadRetention("relevant_days", "What is relevant is kept at least as long as all else.")
    Project.objects.filter(pk=project.pk).update(retention_days=days, retention_relevant_days=relevant_days)
    project.retention_days, project.retention_relevant_days = days, relevant_days
    live.changed([project.pk])
    return project


def request_expiries(*, now: dt.datetime) -> int:
    """Queues a job for each project that keeps events for a time and had none for EVERY. To be called every minute; returns how many."""
    queued = 0
    for project in Project.objects.filter(retention_days__isnull=False):
        jobs = Job.objects.filter(project=project, kind=EXPIRE)
        lately = jobs.filter(created_at__gt=now - EVERY).exists()
        if not lately and not is_under_way(project=project, kind=EXPIRE, subject=project.pk):
            queue_job(project=project, kind=EXPIRE, subject=project.pk)
            queued += 1
    return queued


@job_kind(EXPIRE, cluster="slow", title="Deleting events that are older than the project keeps them")
def expire(job: Job) -> str:
    """Goes through the events that are old enough, the oldest first. Those that are kept for longer are looked at each time, and passed."""
    project = Project.objects.get(pk=job.project_id)
    days, relevant_days = project.retention_days, project.retention_relevant_days
    if days is None:
        return "Events are kept for ever."
    now = timezone.now()
    cutoff = now - dt.timedelta(days=days)
    for_ever = relevant_days is None
    later = now - dt.timedelta(days=relevant_days or 0)
    done, kept, position = job.done, 0, job.position
    while page := events_by_age(project, after=position, before=cutoff):
        held = relevant([pk for pk, *_ in page])
        gone = [pk for pk, at, _ in page if pk not in held or not (for_ever or at >= later)]
        of_these = list(Event.objects.filter(pk__in=gone).values_list("end_user_id", "conversation_id"))
        done += erase_events(project=project, event_ids=gone)
        erase_empty_people(
            project=project,
            end_users={user for user, _ in of_these if user},
            conversations={talk for _, talk in of_these if talk},
        )
        kept += len(page) - len(gone)
        position = page[-1][2]
        report_job(job, done=done, position=position)
    return f"{done:,} events older than {days} days deleted; {kept:,} are kept for longer."
