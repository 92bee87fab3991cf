"""What became of all that was sent, for the page "Ingest health". Written by ingest/health/counts.py."""

import datetime as dt
import uuid

from django.db import models

from ingest.models.events import BigForeignKey
from ingest.models.projects import ApiKey, Project


class Outcome(models.TextChoices):
    ACCEPTED = "accepted"  # stored, or merged into what was there
    REJECTED = "rejected"  # not stored; the reason says why
    DUPLICATE = "duplicate"  # was there already, exactly so
    IGNORED = "ignored"  # not stored on purpose: spans that have nothing to do with an agent
    NO_TEXT = "no_text"  # an event that was stored with neither input nor output
    UNMAPPED = "unknown_attribute"  # stored; the reason is the name of an attribute that no mapping knew


class IngestCountQuerySet(models.QuerySet["IngestCount"]):
    def in_project(self, project_id: uuid.UUID | None) -> "IngestCountQuerySet":
        """None: what came with no key that is known here, which belongs to nobody."""
        return self.filter(project=None) if project_id is None else self.filter(project_id=project_id)

    def since(self, moment: dt.datetime) -> "IngestCountQuerySet":
        return self.filter(hour__gte=moment)


class IngestCount(models.Model):
    """One count of an hour. How many rows an hour may have is bounded (ingest/health/counts.py)."""

    project = BigForeignKey(Project, null=True, db_index=False, related_name="+")
    key = BigForeignKey(ApiKey, null=True, db_index=False, related_name="+")
    scope = models.TextField(
        help_text='"wire", "otlp" for OTLP requests as a whole, or an instrumentation scope.'
    )
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reason = models.TextField(default="", blank=True)
    count = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()
    sample = models.TextField(default="", blank=True, help_text="The last one, redacted and cut at 2 KB.")

    objects = IngestCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "hour", "key", "scope", "outcome", "reason"],
                name="one_ingest_count",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.outcome} {self.reason}: {self.count}"
