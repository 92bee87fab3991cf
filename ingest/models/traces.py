"""What waits for more: traces that are still open, turns that a trace repeats, evaluations of a response that has not come."""

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


class PlainSpan(models.Model):
    """A span that is not about GenAI, but tells who its trace is about, and came before the rest of it (ingest/tracing/plain_spans.py)."""

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    trace_id = models.TextField()
    span_id = models.TextField()
    is_root = models.BooleanField()
    record = models.JSONField(help_text="The span as it will be stored, redacted.")
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="plain_span_age")]

    def __str__(self) -> str:
        return self.span_id


class EarlierTurns(models.Model):
    """What was said before a trace, as its first call repeats it: ingest/tracing/earlier_turns.py makes events of those turns that never
    came. Written with the trace's spans, deleted when that was looked at."""

    pk = models.CompositePrimaryKey("project_id", "trace_id")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    trace_id = models.TextField()
    told_at = models.DateTimeField(
        help_text="The start of the span that tells: of several, the first is believed."
    )
    turns = models.JSONField(help_text="[[what the user said, what was answered], ...], redacted.")
    due_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "earlier turns"
        indexes = [models.Index(fields=["due_at"], name="earlier_turns_due")]

    def __str__(self) -> str:
        return self.trace_id


class WaitingEvaluation(models.Model):
    """An evaluation that names no span, and a response that no span has had yet (ingest/tracing/evaluations.py)."""

    pk = models.CompositePrimaryKey("project_id", "response_id", "digest")
    project = BigForeignKey(Project, db_index=False, related_name="+")
    response_id = models.TextField(help_text="gen_ai.response.id, its first 200 characters.")
    digest = models.TextField(help_text="Of what was sent: a repeated delivery is one.")
    record = models.JSONField(help_text="The log record, redacted.")
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="waiting_evaluation_age")]

    def __str__(self) -> str:
        return self.response_id
