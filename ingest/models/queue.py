"""The pipeline's queue: an outbox, written in the transaction that stores the event.

`raindrop/pipeline.py` claims rows, a batch at a time; a row is deleted when its batch is through. An event may be queued
several times (a late signal, a merge): processing is idempotent, so that is harmless.
"""

from django.db import models
from django.utils import timezone

from ingest.models.events import BigForeignKey, Event
from ingest.models.projects import Project
from raindrop.ids import new_id


class Lane(models.IntegerChoices):
    """Who is served first: see ingest/store/claiming.py."""

    LIVE = 0, "live"
    BACKLOG = 1, "backlog"


class QueuedEvent(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, db_index=False, related_name="+")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    lane = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.LIVE, db_default=Lane.LIVE)
    queued_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often processing raised.")
    claims = models.PositiveSmallIntegerField(default=0, help_text="How often it was handed to a worker.")
    waiting = models.BooleanField(default=False, help_text="Not with a worker, but waiting to be retried.")
    available_at = models.DateTimeField(
        default=timezone.now, help_text="Claimed until then; after that it may be claimed again."
    )
    last_error = models.TextField(default="", blank=True)
    holder = models.CharField(
        max_length=80,
        db_default="",
        blank=True,
        help_text="The server whose worker began it (raindrop/server/instances.py).",
    )

    class Meta:
        indexes = [
            models.Index(fields=["available_at", "id"], name="queued_event_available"),
            models.Index(fields=["lane", "project", "available_at", "id"], name="queued_event_turn"),
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class ProcessingFailure(models.Model):
    """An event that the pipeline gave up on, with the reason. Shown in the admin, where it can be retried."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = BigForeignKey(Project, related_name="+")
    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    attempts = models.PositiveSmallIntegerField()
    reason = models.TextField()
    traceback = models.TextField(blank=True)
    failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-failed_at"]

    def __str__(self) -> str:
        return self.reason[:80]
