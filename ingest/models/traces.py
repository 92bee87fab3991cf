"""Traces that are still open: spans arrive in any order and over minutes, the root usually last."""

from django.db import models
from django.utils import timezone

from ingest.models.events import BigForeignKey
from ingest.models.projects import Project


class OpenTrace(models.Model):
    """A trace with spans that no event tells of yet. Written with its spans, deleted when its events are made; a late
    span opens the trace again."""

    pk = models.CompositePrimaryKey("project_id", "trace_id")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    trace_id = models.TextField(help_text="32 hex digits.")
    opened_at = models.DateTimeField(default=timezone.now)
    root_ended = models.BooleanField(default=False)
    due_at = models.DateTimeField(help_text="When its events are made, unless more spans come.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often making its events failed.")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="open_trace_due")]

    def __str__(self) -> str:
        return self.trace_id
